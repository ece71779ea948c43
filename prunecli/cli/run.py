"""How every prune command runs: photograph, plan, show, ask, apply what was shown, report."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from prunecli.cli import prompt, text
from prunecli.cli.session import Session, local_utc_offset
from prunecli.errors import PrunecliError, RefusedError
from prunecli.info import PruneRequest
from prunecli.plan import Plan
from prunecli.printable import printable
from prunecli.profile import Profile, format_api
from prunecli.pruning import apply, plan_on
from prunecli.report import KindReport
from prunecli.verdict import Kind

WOULD_GO = 10
"""Exit code of `--dry-run --exit-code` when something would go."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a prune is carried out. `command` is its name, `system prune`."""

    command: str
    force: bool = False
    dry_run: bool = False
    exit_code: bool = False


@dataclass(slots=True)
class Interrupts:
    """Signals that arrived while applying; `number` is the first one, 0 for none."""

    number: int = 0
    seen: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.number)


def run_prune(session: Session, request: PruneRequest, options: Options) -> int:
    """Carry out one prune command and return its exit code."""
    world = session.world(change=not options.dry_run)
    snapshot = world.snapshot(session.clock.now())
    profile = snapshot.profile.speaking(session.api(snapshot.profile))
    request = _gate(request, profile, options)
    plan = plan_on(snapshot, request, utc_offset=local_utc_offset(snapshot.taken_at), api=profile.api)
    _remark(plan, session)
    if options.dry_run:
        return _dry_run(plan, request, options)
    if not options.force:
        try:
            prompt.ask(prompt.warning(request, profile, system=options.command == "system prune") + prompt.QUESTION)
        except prompt.Declined:
            return 0
    check_stdout()
    with watch_signals() as interrupts:
        return _apply(apply(world, plan, session.clock, stop=lambda: bool(interrupts)), request, interrupts)


def _gate(request: PruneRequest, profile: Profile, options: Options) -> PruneRequest:
    """Refuse what the API version does not know, in Docker's words; leave out what it leaves out."""
    api = format_api(profile.api)
    first = {"builder prune": (1, 39)}.get(options.command, (1, 25))
    if profile.api < first:
        raise PrunecliError(
            f"prunecli {options.command} requires API version {format_api(first)}, "
            f"but the Docker daemon API version is {api}"
        )
    needs = [
        ("--filter", (1, 28), options.command == "system prune" and bool(request.filters)),
        ("--all", (1, 42), options.command == "volume prune" and request.all),
        ("--max-used-space", (1, 48), request.max_used_space is not None),
        ("--min-free-space", (1, 48), request.min_free_space is not None),
    ]
    for flag, version, used in needs:
        if used and profile.api < version:
            raise PrunecliError(
                f'"{flag}" requires API version {format_api(version)}, but the Docker daemon API version is {api}'
            )
    return request


def _remark(plan: Plan, session: Session) -> None:
    """Say on stderr what a user would not expect of this plan."""
    for kind_plan in plan.kinds:
        if kind_plan.kind is Kind.BUILD_CACHE and kind_plan.info.unlabelled:
            session.warn(
                "build cache carries no labels, so the filter `label` matches none of it: no record is removed"
            )


def _dry_run(plan: Plan, request: PruneRequest, options: Options) -> int:
    """Print the report of the run that did not happen; the remark that nothing was removed goes to stderr."""
    reports = [KindReport(k.kind, k, k.steps, (), k.reclaimable) for k in plan.kinds]
    for report in reports:
        sys.stdout.write(text.section(report))
    if text.has_total(request.kinds):
        sys.stdout.write(text.total(shown_total(reports)))
    sys.stdout.flush()
    print("prunecli: dry run, nothing was removed", file=sys.stderr)
    return WOULD_GO if options.exit_code and not plan.empty else 0


def shown_total(reports: list[KindReport]) -> int:
    """Return the bytes of Docker's last line: kinds whose list is empty count nothing, but for build cache.

    Source: `cli-and-api.md` 3.1 of the specification.
    """
    return sum(r.reclaimed for r in reports if r.rows or r.kind is Kind.BUILD_CACHE)


def _apply(progress: Iterator[KindReport], request: PruneRequest, interrupts: Interrupts) -> int:
    """Print each kind as soon as it is committed; whatever stops the run, what is done has been said."""
    reports: list[KindReport] = []
    try:
        for report in progress:
            reports.append(report)
            sys.stdout.write(text.section(report))
            sys.stdout.flush()
            _say_what_stayed(report)
    except RefusedError:
        _say_partial(reports)
        raise
    if text.has_total(request.kinds):
        sys.stdout.write(text.total(shown_total(reports)))
        sys.stdout.flush()
    if interrupts:
        return 128 + interrupts.number
    return int(any(not f.expected for r in reports for f in r.failures))


def _say_what_stayed(report: KindReport) -> None:
    for failure in report.failures:
        what = failure.step.ref or failure.step.name or failure.step.id
        verb = "was kept" if failure.expected else "could not be removed"
        print(f"prunecli: {report.kind.value} {printable(what)} {verb}: {printable(failure.why)}", file=sys.stderr)


def _say_partial(reports: list[KindReport]) -> None:
    """Before an error ends the run: what came back until then."""
    if any(r.done for r in reports):
        amount = text.total(shown_total(reports)).strip().removeprefix("Total reclaimed space: ")
        print(f"prunecli: stopped in the middle, {amount} were reclaimed before", file=sys.stderr)


def check_stdout() -> None:
    """Refuse to begin when nobody can read the report: a prune that cannot tell what it did is not begun.

    Raises PrunecliError when stdout is closed, or a pipe whose reader is gone.
    """
    try:
        fd = sys.stdout.fileno()
        os.fstat(fd)
    except (OSError, ValueError, AttributeError):
        raise PrunecliError("stdout is closed, so nobody would learn what was removed: nothing was removed") from None
    with contextlib.suppress(OSError):
        poll = select.poll()
        poll.register(fd, select.POLLOUT)
        if any(flags & select.POLLERR for _, flags in poll.poll(0)):
            raise PrunecliError("nobody reads stdout any more: nothing was removed")


@contextmanager
def watch_signals() -> Iterator[Interrupts]:
    """Note SIGINT and SIGTERM instead of dying of them, so that the object at hand is finished and committed."""
    interrupts = Interrupts()

    def note(signum: int, _frame: FrameType | None) -> None:
        interrupts.number = interrupts.number or signum

    before = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupts
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
