"""From a plan to its outcome: explain, write to a file, stop there, ask, or carry out exactly what was shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

from prunecli.backends import NamedWorld, Pruner, Resting
from prunecli.cli import prompt
from prunecli.cli.occasion import Occasion
from prunecli.cli.options import EVERYTHING, JSON, WOULD_GO, Options
from prunecli.cli.order import order_of
from prunecli.cli.outcome import Outcome, tell_failure
from prunecli.cli.progress import Bar
from prunecli.cli.signals import watch_signals
from prunecli.cli.streams import check_stdout
from prunecli.cli.text import on_world
from prunecli.clock import Clock
from prunecli.documents import Circumstances
from prunecli.errors import PrunecliError
from prunecli.plan import KindPlan, Plan
from prunecli.printable import printable
from prunecli.pruning import apply, differences
from prunecli.report import Failure, as_planned
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind, Step

_MANY = 5  # differences that one sentence lists


@dataclass(frozen=True, slots=True)
class Job:
    """A plan, and what it takes to show it and to carry it out.

    `snapshot` is the world that it was made on, `asked` the request as a document, `warning` what stands before the
    question. `held_back` is what an earlier plan had and this one has not. `plan_file` gives the bytes of a plan file.
    A `pruner` is a live Engine that carries the plan out by itself.
    """

    world: NamedWorld
    snapshot: Snapshot
    plan: Plan
    asked: Mapping[str, Any]
    warning: str
    held_back: Mapping[Kind, tuple[Failure, ...]] = field(default_factory=dict)
    plan_file: Callable[[Circumstances], bytes] | None = None
    pruner: Pruner | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that were asked for."""
        return tuple(k.kind for k in self.plan.kinds)


def carry_out(job: Job, options: Options, clock: Clock) -> int:
    """Do with a plan what the options say, and return the exit code."""
    if options.explain is not None:
        _explain(job, options)
    if options.plan_out and job.plan_file:
        from prunecli.cli.plan_io import save

        save(options.plan_out, job.plan_file(_occasion(job, clock).circumstances(changed=False)))
    if options.stops:
        return _stop(job, options, clock)
    for failure in _known(job):
        tell_failure(failure)
    if not options.force:
        try:
            _ask(job, options)
        except prompt.Declined:
            return 0
    check_stdout()
    if job.pruner:
        _look_again(job)
    return _carry_out(job, options, clock)


def _look_again(job: Job) -> None:
    """Look at a live Engine once more before it prunes by itself: what it would take has to be the plan.

    Raises PrunecliError with what is different.
    """
    found = differences(job.world.snapshot(job.plan.taken_at), job.plan)
    if not found:
        return
    more = f", and {len(found) - _MANY} more" if len(found) > _MANY else ""
    raise PrunecliError(
        f"the Engine changed since the plan was made, nothing was removed: {', '.join(found[:_MANY])}{more}"
    )


def _explain(job: Job, options: Options) -> None:
    """Explain everything, or what has the name that was given."""
    order = order_of(options.sort, job.snapshot)
    with explanation(options) as out:
        if options.explain != EVERYTHING:
            from prunecli.cli.explain_one import explain_one

            explain_one(job.plan.kinds, job.snapshot, options.explain or "", options.command, out, order)
        else:
            from prunecli.cli.explain import explain
            from prunecli.cli.explain_cache import notes_for

            explain(job.plan.kinds, out, notes_for(job.plan.kinds, job.snapshot), order)
        out.write("\n")


@contextmanager
def explanation(options: Options) -> Iterator[TextIO]:
    """Lend where to explain: stdout, before the report; a JSON document is alone there, so stderr then.

    Before a person who is asked, or looks only, a pager shows what does not fit; a forced run waits for nobody.
    """
    to_stderr = options.format == JSON
    out = sys.stderr if to_stderr else sys.stdout
    if prompt.on_terminal(to_stderr=to_stderr) and (options.stops or not options.force):
        from prunecli.cli.pager import paged

        with paged(out) as screen:
            yield screen
    else:
        yield out
    out.flush()


def _stop(job: Job, options: Options, clock: Clock) -> int:
    """Print the report of the run that did not happen; the remark that nothing was removed goes to stderr."""
    outcome = _outcome(job, options, clock)
    for kind_plan in job.plan.kinds:
        outcome.add(as_planned(kind_plan, job.held_back.get(kind_plan.kind, ())))
    outcome.finish()
    remark = f"the plan was written to {options.plan_out}" if options.plan_out else "dry run"
    tell(f"{remark}, nothing was removed")
    return WOULD_GO if options.exit_code and not job.plan.empty else 0


def _ask(job: Job, options: Options) -> None:
    """Ask on stdout as Docker does, or on stderr where stdout is for a document; a person also sees what would go.

    Before that, the world is said on stderr; while somebody thinks, nothing of it is held.
    """
    sys.stderr.write(on_world(job.world.name()))
    sys.stderr.flush()
    if isinstance(job.world, Resting):
        job.world.rest()
    to_stderr = options.format == JSON
    if not prompt.on_terminal(to_stderr=to_stderr):
        prompt.ask(prompt.question(job.warning), to_stderr=to_stderr)
        return
    from prunecli.cli.preview import listing, preview

    text = prompt.question(job.warning, preview(job.plan))
    order = order_of(options.sort, job.snapshot)
    prompt.ask(text, to_stderr=to_stderr, listing=lambda: listing(job.plan, order))


def _carry_out(job: Job, options: Options, clock: Clock) -> int:
    """Apply the plan and tell of each kind as it is committed; whatever stops the run, what is done is said."""
    outcome = _outcome(job, options, clock)
    planned = sum(len(k.steps) for k in job.plan.kinds)
    with watch_signals() as interrupts, Bar(planned) as bar:

        def begun(kind_plan: KindPlan) -> None:
            interrupts.waiting = False
            bar.begin(kind_plan.kind)

        def done(_step: Step) -> None:
            bar.advance()

        reports = apply(
            job.world, job.plan, clock, stop=lambda: bool(interrupts), begun=begun, done=done, pruner=job.pruner
        )
        try:
            while True:
                interrupts.waiting = True
                report = next(reports, None)
                interrupts.waiting = False
                bar.hide()
                if report is None:
                    break
                outcome.add(report, told=job.held_back.get(report.kind, ()))
        except KeyboardInterrupt:
            interrupts.waiting = False
        except BaseException:
            interrupts.waiting = False
            bar.hide()
            outcome.break_off()
            raise
        bar.hide()
    outcome.finish()
    if interrupts:
        went = sum(len(r.done) for r in outcome.reports)
        tell(f"interrupted: {went} of {planned} steps were carried out")
        return interrupts.exit_code
    return int(outcome.failed)


def _outcome(job: Job, options: Options, clock: Clock) -> Outcome:
    return Outcome(
        job.kinds,
        job.asked,
        _occasion(job, clock) if options.summary or options.format == JSON else None,
        options.format,
        options.summary,
        options.stops,
        rows=options.rows,
        brief=options.brief,
        snapshot=job.snapshot,
    )


def _occasion(job: Job, clock: Clock) -> Occasion:
    return Occasion(job.world, clock, job.snapshot.taken_at)


def _known(job: Job) -> list[Failure]:
    return [failure for failures in job.held_back.values() for failure in failures]


def tell(text: str) -> None:
    """Say something on stderr that is neither result nor error."""
    print(f"prunecli: {printable(text)}", file=sys.stderr)
