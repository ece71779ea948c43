"""`gc simulate`: the size of a cache over time under a policy, as a table with bars, CSV or JSON."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict

from prunecli.cli.gc_setting import Setting
from prunecli.printable import printable
from prunecli.simulate import Day, Workload, simulate
from prunecli.tables import render_table
from prunecli.units import format_size

FORMATS = ("text", "csv", "json")
MOST_BUILDS = 200_000
"""Builds that one simulation may have; beyond, it would take longer than anybody waits."""

_HEADERS = ("DAY", "CACHE", "SHARED", "PEAK", "RECORDS", "PRUNED", "REBUILT")
_BAR = 30
_NARROW = 80
"""Columns of a terminal below which only what a day holds, prunes and builds again is shown."""


def run_simulation(setting: Setting, workload: Workload, format: str) -> None:
    """Play the workload from an empty cache on, and print its days to stdout."""
    infos = () if setting.policy.enabled is False else setting.policy.infos
    days = simulate(workload, infos, setting.profile, setting.snapshot.disk)
    if format == "csv":
        _write_csv(days)
    elif format == "json":
        from prunecli.documents import dump

        rows = [asdict(day) for day in days]
        sys.stdout.write(dump({"format": "prunecli-simulation/v1", **asdict(workload), "days_played": rows}))
    else:
        print(f"Policy: {printable(setting.policy.source)}")
        print(f"Workload: {workload.builds_per_day} builds a day for {workload.days} days, seed {workload.seed}\n")
        _draw(days) if sys.stdout.isatty() else _write_table(days)
        _sum_up(days)


def _write_csv(days: Sequence[Day]) -> None:
    import csv

    writer = csv.DictWriter(sys.stdout, list(Day.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    for day in days:
        writer.writerow(asdict(day))


def _cells(day: Day) -> tuple[str, ...]:
    sizes = (format_size(n) for n in (day.size, day.shared, day.peak))
    return str(day.number), *sizes, str(day.records), format_size(day.pruned_size), format_size(day.rebuilt_size)


def _write_table(days: Sequence[Day]) -> None:
    sys.stdout.write(render_table([_HEADERS, *(_cells(day) for day in days)]))


def _draw(days: Sequence[Day]) -> None:
    from rich import box
    from rich.bar import Bar
    from rich.console import Console
    from rich.table import Table

    highest = max((day.peak for day in days), default=0) or 1
    width = shutil.get_terminal_size().columns
    narrow = width < _NARROW
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in _HEADERS[:2]:
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("", width=min(_BAR, max(width - (40 if narrow else 66), 10)))
    for header in _HEADERS[5:] if narrow else _HEADERS[2:]:
        table.add_column(header, justify="right", no_wrap=True)
    for day in days:
        number, size, *rest = _cells(day)
        table.add_row(number, size, Bar(highest, 0, day.size), *(rest[3:] if narrow else rest))
    Console(file=sys.stdout, highlight=False, width=width).print(table)


def _sum_up(days: Sequence[Day]) -> None:
    """Say in words what the numbers come to."""
    peak = max((day.peak for day in days), default=0)
    pruned, rebuilt = sum(day.pruned_size for day in days), sum(day.rebuilt for day in days)
    print(f"\nAt most the cache held {format_size(peak)}; {format_size(pruned)} were pruned.")
    if rebuilt:
        size = format_size(sum(day.rebuilt_size for day in days))
        print(f"{rebuilt} steps ({size}) had to be built again only because they had been pruned.")
    else:
        print("No step had to be built again only because it had been pruned.")
    if any(day.free == 0 for day in days):
        first = next(day.number for day in days if day.free == 0)
        print(f"The disk was full on day {first}: the limits are too high for it.")
