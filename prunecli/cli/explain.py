"""`--explain`: every object of a plan with its verdict and the reason in words; a table on a terminal, else plain text.

It works on kinds of a plan alone; `notes` adds lines below a kind, such as the account of the build cache.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from prunecli.cli.order import Order, in_order
from prunecli.cli.text import WORDS, counted
from prunecli.kinds.image.references import short_id
from prunecli.plan import KindPlan
from prunecli.printable import printable
from prunecli.report import describe
from prunecli.tables import align_columns
from prunecli.units import format_size
from prunecli.verdict import Kind, Verdict

Notes = Mapping[Kind, Sequence[str]]

LONGEST_TABLE = 1000
"""Rows beyond which nobody wants a drawn table, and Rich would take seconds to measure it."""

_HEADERS = ("", "NAME", "ID", "SIZE", "WHY")

_NARROW = 70
"""Columns of a terminal below which ids and sizes have no column of their own."""


def explain(plans: Iterable[KindPlan], out: TextIO, notes: Notes | None = None, order: Order = in_order) -> None:
    """Write every verdict of these kinds: what goes first, then what stays."""
    for number, plan in enumerate(plans):
        if number:
            out.write("\n")
        below = (notes or {}).get(plan.kind, ())
        explain_kind(plan, out, below, order)
    out.flush()


def explain_kind(plan: KindPlan, out: TextIO, notes: Sequence[str] = (), order: Order = in_order) -> None:
    """Write one kind's verdicts below a line that counts them."""
    out.write(headline(plan) + "\n")
    ordered = order(plan.verdicts)
    if ordered and out.isatty() and len(ordered) <= LONGEST_TABLE:
        _draw(ordered, out)
    elif ordered:
        out.write(align_columns("".join("\t".join(cells(v)) + "\n" for v in ordered)))
    for note in notes:
        out.write(f"{printable(note)}\n")


def headline(plan: KindPlan) -> str:
    """Return `Containers: 3 to remove (15.73MB), 1 kept`."""
    name = WORDS[plan.kind][1]
    if not plan.verdicts:
        return f"{name.capitalize()}: none"
    going, staying = len(plan.removals), len(plan.verdicts) - len(plan.removals)
    freed = "" if plan.kind is Kind.NETWORK else f" ({format_size(plan.reclaimable)})"
    return f"{name.capitalize()}: {going} to remove{freed}, {staying} kept"


def cells(verdict: Verdict) -> tuple[str, str, str, str, str]:
    """Return what is said of one object: verdict, name, id where the name does not say it, size, and why."""
    verb = "remove" if verdict.removed else "keep"
    return verb, printable(verdict.name), shown_id(verdict), shown_size(verdict), why(verdict)


def shown_id(verdict: Verdict) -> str:
    """Return the id by which a person finds the object again, empty for what is known by its name alone."""
    shown = verdict.id if verdict.kind in (Kind.BUILD_CACHE, Kind.VOLUME) else short_id(verdict.id)
    return "" if shown == verdict.name else printable(shown)


def shown_size(verdict: Verdict) -> str:
    """Return the size, or a dash for what has none or where nobody knows it."""
    return "-" if verdict.kind is Kind.NETWORK or verdict.size < 0 else format_size(verdict.size)


def why(verdict: Verdict) -> str:
    """Return the reason in words, with the references that an image loses, and what comes back where that differs."""
    reason = describe(verdict)
    if verdict.untagged and (not verdict.removed or verdict.untagged != (verdict.name,)):
        verb = "untags" if verdict.removed else "but loses"
        reason += f"; {verb} {', '.join(verdict.untagged)}"
    if verdict.removed and verdict.kind is Kind.IMAGE and verdict.reclaims < verdict.size:
        reason += f"; gives back {format_size(verdict.reclaims)}, its other layers are shared"
    return printable(reason)


def summary_line(plans: Iterable[KindPlan]) -> str:
    """Return what goes in one line: `3 containers, 1 image`."""
    return ", ".join(counted(len(p.removals), p.kind) for p in plans if p.removals)


def _draw(verdicts: Sequence[Verdict], out: TextIO) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = shutil.get_terminal_size().columns
    console = Console(file=out, highlight=False, width=width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    rows = [cells(verdict) for verdict in verdicts]
    narrow = width < _NARROW
    shown = [0, 1, 4] if narrow else [0, 1, 2, 3, 4] if any(row[2] for row in rows) else [0, 1, 3, 4]
    for place in shown[1:]:
        header = _HEADERS[place]
        table.add_column(header, overflow="fold", justify="right" if header == "SIZE" else "left")
    for verdict, (verb, name, id, size, reason) in zip(verdicts, rows, strict=True):
        style = "red" if verdict.removed else "green"
        told = (verb, name, id[:12], size, _with_rest(id[:12], size, reason) if narrow else reason)
        table.add_row(*(Text(told[place], style="" if place else style) for place in shown))
    console.print(table)


def _with_rest(id: str, size: str, reason: str) -> str:
    """Return a reason with what has no column of its own on a narrow terminal."""
    return ", ".join(part for part in (id, size, reason) if part not in ("", "-"))
