"""Docker's report text: headings, rows and totals, byte for byte; and the summary, which is ours.

Source: `cli-and-api.md` 3 of the specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prunecli.printable import printable
from prunecli.report import Cause, KindReport
from prunecli.units import format_size
from prunecli.verdict import Kind
from prunecli.worlds import WorldName

HEADINGS = {
    Kind.CONTAINER: "Deleted Containers:",
    Kind.NETWORK: "Deleted Networks:",
    Kind.VOLUME: "Deleted Volumes:",
    Kind.IMAGE: "Deleted Images:",
    Kind.BUILD_CACHE: "Deleted build cache objects:",
}

WORDS = {
    Kind.CONTAINER: ("container", "containers"),
    Kind.NETWORK: ("network", "networks"),
    Kind.VOLUME: ("volume", "volumes"),
    Kind.IMAGE: ("image", "images"),
    Kind.BUILD_CACHE: ("build cache record", "build cache records"),
}
"""Each kind in the singular and in the plural."""


def section(report: KindReport) -> str:
    """Return one kind's part of the report: heading, rows and a blank line; nothing where nothing went."""
    if not report.rows:
        return ""
    lines = [f"{row.verb}: {printable(row.text)}" if row.verb else printable(row.text) for row in report.rows]
    return "\n".join([HEADINGS[report.kind], *lines, "", ""])


def total(reclaimed: int) -> str:
    """Return the last line of a report."""
    return f"Total reclaimed space: {format_size(reclaimed)}\n"


def has_total(kinds: tuple[Kind, ...]) -> bool:
    """Say whether a command over these kinds ends with a total: a network prune alone does not."""
    return kinds != (Kind.NETWORK,)


def shown_total(reports: Iterable[KindReport]) -> int:
    """Return the bytes of Docker's last line: kinds whose list is empty count nothing, but for build cache.

    Source: `cli-and-api.md` 3.1 of the specification.
    """
    return sum(r.reclaimed for r in reports if r.rows or r.kind is Kind.BUILD_CACHE)


def counted(number: int, kind: Kind) -> str:
    """Return `1 container`, `2 containers`."""
    return f"{number} {WORDS[kind][number != 1]}"


def listed(parts: Sequence[str]) -> str:
    """Return `a`, `a and b`, or `a, b and c`."""
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if parts[1:] else "".join(parts)


def on_world(world: WorldName) -> str:
    """Return the line that says which world is meant, above a summary and before a question."""
    return f"On {printable(str(world))}\n"


def summary(reports: Sequence[KindReport]) -> str:
    """Return a table with one line for each kind: how many objects went, stayed and failed, and what came back."""
    from prunecli.tables import render_table

    rows = [("KIND", "REMOVED", "KEPT", "FAILED", "RECLAIMED")]
    sums = [0, 0, 0, 0]
    for report in reports:
        failed = sum(f.cause is Cause.FAILED for f in report.failures)
        kept = sum(not v.removed for v in report.plan.verdicts)
        numbers = [report.removed, kept, failed, report.reclaimed]
        sums = [a + b for a, b in zip(sums, numbers, strict=True)]
        rows.append((WORDS[report.kind][1], *_cells(numbers)))
    if len(reports) > 1:
        rows.append(("total", *_cells(sums)))
    return render_table(rows)


def _cells(numbers: Sequence[int]) -> tuple[str, str, str, str]:
    removed, kept, failed, reclaimed = numbers
    return str(removed), str(kept), str(failed), format_size(reclaimed)
