"""Docker's report text: headings, rows and totals, byte for byte.

Source: `cli-and-api.md` 3 of the specification.
"""

from __future__ import annotations

from prunecli.printable import printable
from prunecli.report import KindReport
from prunecli.units import format_size
from prunecli.verdict import Kind

HEADINGS = {
    Kind.CONTAINER: "Deleted Containers:",
    Kind.NETWORK: "Deleted Networks:",
    Kind.VOLUME: "Deleted Volumes:",
    Kind.IMAGE: "Deleted Images:",
    Kind.BUILD_CACHE: "Deleted build cache objects:",
}


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
