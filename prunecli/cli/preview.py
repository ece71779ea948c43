"""What a prompt on a terminal shows of a plan: counts and bytes by kind, the ten largest, and all of it on `?`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

from prunecli.cli.explain import cells
from prunecli.cli.order import Order, in_order
from prunecli.cli.text import WORDS, counted
from prunecli.plan import KindPlan, Plan
from prunecli.printable import printable
from prunecli.report import describe
from prunecli.tables import display_width, truncate_display
from prunecli.units import format_size
from prunecli.verdict import Kind

LARGEST = 10


def preview(plan: Plan) -> str:
    """Return what stands between Docker's warning and the question, no line wider than the terminal."""
    if plan.empty:
        return "Nothing would go.\n\n"
    lines = [f"{format_size(plan.reclaimable)} would come back:"]
    lines += _columns([(_count(k), "" if k.kind is Kind.NETWORK else format_size(k.reclaimable)) for k in plan.kinds])
    largest = _largest(plan)
    if largest:
        lines += ["", "The largest:", *largest]
    lines += ["", "Type ? to see everything."]
    return "".join(f"{_fitted(line)}\n" for line in lines)


def listing(plan: Plan, order: Order = in_order) -> str:
    """Return everything that would go, with its size and why, kind by kind."""
    parts: list[str] = []
    for kind_plan in plan.kinds:
        ordered = order(kind_plan.verdicts)
        going = [v for v in ordered if v.removed]
        losing = [v for v in ordered if v.untagged and not v.removed]
        if going or losing:
            parts.append(f"{WORDS[kind_plan.kind][1].capitalize()}:\n")
            for verdict in going:
                _, name, id, size, why = cells(verdict)
                what = f"{name} ({id})" if id and id not in name else name
                parts.append(f"  {what}: {why}\n" if size == "-" else f"  {what}, {size}: {why}\n")
            for verdict in losing:
                taken = printable(", ".join(verdict.untagged))
                parts.append(f"  {printable(verdict.name)} stays and loses {taken}: {printable(describe(verdict))}\n")
    return "".join(parts) or "Nothing would go.\n"


def _count(plan: KindPlan) -> str:
    count = counted(len(plan.removals), plan.kind)
    kept = sum(len(v.untagged) for v in plan.verdicts if not v.removed)
    return f"{count}, {kept} {'tag' if kept == 1 else 'tags'} of others" if kept else count


def _largest(plan: Plan) -> list[str]:
    removals = [v for k in plan.kinds for v in k.removals if v.reclaims > 0]
    order = list(Kind)
    removals.sort(key=lambda v: (-v.reclaims, order.index(v.kind), v.id))
    rows = [(format_size(v.reclaims), f"{WORDS[v.kind][0]} {printable(v.name)}") for v in removals[:LARGEST]]
    return _columns(rows)


def _columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    widest = max((display_width(left) for left, _ in rows), default=0)
    return list(_lines(rows, widest))


def _lines(rows: Sequence[tuple[str, str]], widest: int) -> Iterator[str]:
    for left, right in rows:
        gap = " " * (widest - display_width(left) + 2)
        yield f"  {left}{gap}{right}".rstrip()


def _fitted(line: str) -> str:
    return truncate_display(line, max(shutil.get_terminal_size().columns - 1, 10))
