"""`gc policy`: the effective rules as a table, with where each number came from and what is known to surprise."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence

from prunecli.cli.gc_setting import LIMITS, Setting, shown_disk
from prunecli.info import PruneInfo
from prunecli.policy import Policy, policy_document, surprises
from prunecli.printable import printable
from prunecli.profile import Profile
from prunecli.tables import render_table
from prunecli.units import format_duration, format_size

_HEADERS = ("RULE", "ALL", "UNUSED FOR", "RESERVED", "MAX USED", "MIN FREE", "FILTER")
_ORIGIN_HEADERS = ("RULE", "WHAT", "VALUE", "FROM")
_NARROW = 100
_NAMES = {
    "all": "all",
    "filter": "filter",
    "keep_duration": "keep duration",
    "reserved_space": "reserved space",
    "max_used_space": "max used space",
    "min_free_space": "min free space",
}


def show_policy(setting: Setting, *, as_json: bool) -> None:
    """Print a policy to stdout."""
    policy, profile, disk = setting.policy, setting.profile, setting.snapshot.disk
    if as_json:
        from prunecli.documents import dump, world_document

        about = {"world": world_document(setting.world.name()) if setting.named else None}
        sys.stdout.write(dump(policy_document(policy, profile, disk, setting.disk_origin) | about))
        return
    print(f"Policy: {printable(policy.source)}")
    print(f"Garbage collection: {_when(policy, profile)}")
    print(f"Disk: {shown_disk(disk, printable(setting.disk_origin))}\n")
    if not policy.rules:
        print("It has no rules: nothing is ever removed.")
    else:
        _table(_HEADERS, [_rule_row(number, rule.info) for number, rule in enumerate(policy.rules, 1)])
        print("\nWhere it comes from:\n")
        _table(_ORIGIN_HEADERS, list(_origin_rows(policy)))
    warnings = surprises(policy, profile, disk)
    if warnings:
        print("\nWarnings:")
        for text in warnings:
            print(f"- {printable(text)}")


def _when(policy: Policy, profile: Profile) -> str:
    return "after each build" if policy.runs_by_itself(profile) else "off, no rule runs by itself"


def _rule_row(number: int, info: PruneInfo) -> tuple[str, ...]:
    limits = (getattr(info, name) for name in LIMITS)
    return (
        str(number),
        "yes" if info.all else "no",
        "-" if info.keep_duration is None else format_duration(info.keep_duration),
        *(format_size(size) if size else "-" for size in limits),
        _filter(info) or "-",
    )


def _filter(info: PruneInfo) -> str:
    return printable(" or ".join(text for text in info.cache_filter.given if text))


def _origin_rows(policy: Policy) -> Iterator[tuple[str, ...]]:
    for number, rule in enumerate(policy.rules, 1):
        for name, origin in ((n, rule.origins[n]) for n in _NAMES if n in rule.origins):
            yield str(number), _NAMES[name], _value(rule.info, name), printable(origin)


def _value(info: PruneInfo, name: str) -> str:
    if name == "all":
        return "yes" if info.all else "no"
    if name == "filter":
        return _filter(info)
    if name == "keep_duration":
        return format_duration(info.keep_duration or 0)
    return f"{getattr(info, name)} bytes"


def _table(headers: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows below their headers: drawn on a terminal, aligned text elsewhere."""
    if not sys.stdout.isatty():
        sys.stdout.write(render_table([headers, *rows]))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = shutil.get_terminal_size().columns
    # On a narrow terminal the rules are shown without their filters, which the table of origins has too.
    columns = headers[:-1] if headers is _HEADERS and width < _NARROW else headers
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in columns:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row[: len(columns)]))
    Console(file=sys.stdout, highlight=False, width=width).print(table)
