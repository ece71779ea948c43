"""What a prune did, told in the form that was asked for, as soon as it is known and whatever ends the run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from prunecli.cli import text
from prunecli.cli.occasion import Occasion
from prunecli.cli.options import JSON, TEXT
from prunecli.printable import printable
from prunecli.report import Cause, Failure, KindReport
from prunecli.snapshot import Snapshot
from prunecli.units import format_size
from prunecli.verdict import Kind


@dataclass(slots=True)
class Outcome:
    """The reports of one command, printed to stdout: text kind by kind, JSON as one document at the end.

    `kinds` are those that were asked for, `asked` is the request as a document (`documents.request_document`).
    `occasion` tells of the run where that is shown: in a document and above a summary. Without `rows` text leaves out
    what went one by one, and a `brief` document what is kept. `snapshot` is what was planned on.
    """

    kinds: tuple[Kind, ...]
    asked: Mapping[str, Any]
    occasion: Occasion | None
    format: str = TEXT
    summary: bool = False
    dry_run: bool = False
    rows: bool = True
    brief: bool = False
    snapshot: Snapshot | None = None
    reports: list[KindReport] = field(default_factory=list)

    def add(self, report: KindReport, *, told: tuple[Failure, ...] = ()) -> None:
        """Tell of one kind, once it is committed; of the failures `told` the user knows already."""
        self.reports.append(replace(report, failures=(*told, *report.failures)))
        if self.format == TEXT and self.rows:
            sys.stdout.write(text.section(report))
            sys.stdout.flush()
        for failure in report.failures:
            tell_failure(failure)
        tell_surprises(report)

    def finish(self) -> None:
        """Tell what all of it came to."""
        if self.format == TEXT and text.has_total(self.kinds):
            sys.stdout.write(text.total(text.shown_total(self.reports)))
        self._close()

    def break_off(self) -> None:
        """Tell what went before an error that follows; Docker prints no total then. A closed stdout is no obstacle."""
        parts = [text.counted(r.removed, r.kind) for r in self.reports if r.removed]
        if any(r.done for r in self.reports):
            what = text.listed(parts) or "references of images"
            freed = format_size(sum(r.reclaimed for r in self.reports))
            print(f"prunecli: stopped in the middle: {what} went before, {freed} came back", file=sys.stderr)
        with suppress(OSError):
            self._close()

    def _close(self) -> None:
        if self.format == JSON and self.occasion:
            from prunecli.documents import dump, report_document

            document = report_document(
                self.reports,
                self.asked,
                self.occasion.circumstances(changed=not self.dry_run),
                dry_run=self.dry_run,
                snapshot=self.snapshot,
                brief=self.brief,
            )
            sys.stdout.write(dump(document))
        sys.stdout.flush()
        if not (self.summary and self.occasion):
            return
        summary = text.on_world(self.occasion.world) + text.summary(self.reports)
        if self.format == JSON:  # stdout carries one document and nothing else
            sys.stderr.write(summary)
        else:
            sys.stdout.write(("\n" if text.has_total(self.kinds) else "") + summary)
            sys.stdout.flush()

    @property
    def failed(self) -> bool:
        """Whether a planned removal failed; what a rule keeps is no failure."""
        return any(not f.expected for r in self.reports for f in r.failures)


def tell_failure(failure: Failure) -> None:
    """Say on stderr that something planned was not removed by this run."""
    step = failure.step
    name = step.id if step.kind is Kind.BUILD_CACHE else step.ref or step.name
    what = f"{text.WORDS[step.kind][0]} {printable(name)}"
    if failure.cause is Cause.GONE:
        print(f"prunecli: {what} is already gone", file=sys.stderr)
        return
    verb = "was kept" if failure.expected else "could not be removed"
    print(f"prunecli: {what} {verb}: {printable(failure.why)}", file=sys.stderr)


def tell_surprises(report: KindReport) -> None:
    """Say on stderr where a live Engine did something else than the plan had promised."""
    singular, plural = text.WORDS[report.kind]
    for row in report.unplanned:
        print(f"prunecli: {singular} {printable(row.text)} was removed and was not in the plan", file=sys.stderr)
    if report.promised is not None and report.reclaimed != report.promised:
        promised, came = format_size(report.promised), format_size(report.reclaimed)
        print(f"prunecli: {plural}: {promised} were promised, {came} came back", file=sys.stderr)
