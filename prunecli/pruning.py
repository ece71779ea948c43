"""The use case: photograph, plan, and carry out exactly what was planned, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from prunecli.backends import Change, Pruner, Sweep, World
from prunecli.clock import Clock
from prunecli.errors import EngineError
from prunecli.events import prune_event, step_event
from prunecli.info import PruneInfo, PruneRequest, make_infos
from prunecli.plan import KindPlan, Plan, make_plan
from prunecli.profile import Profile
from prunecli.promise import hold_plan, hold_to
from prunecli.report import Failure, KindReport
from prunecli.result import compare
from prunecli.snapshot import Snapshot
from prunecli.units import Instant
from prunecli.verdict import Kind, Step


def _never() -> bool:
    return False


def prepare(
    world: World, request: PruneRequest, now: Instant, *, utc_offset: int = 0, api: tuple[int, int] | None = None
) -> Plan:
    """Return what the request would remove from the world as it is now, and why.

    `api` lowers the API version that the world speaks. Raises what `make_infos` raises, before anything is decided.
    """
    snapshot = world.snapshot(now)
    return plan_on(snapshot, request, utc_offset=utc_offset, api=api)


def plan_on(
    snapshot: Snapshot, request: PruneRequest, *, utc_offset: int = 0, api: tuple[int, int] | None = None
) -> Plan:
    """Return the plan for a snapshot that is already there."""
    profile = snapshot.profile.speaking(api) if api else snapshot.profile
    return make_plan(snapshot, infos_for(request, profile, snapshot.taken_at, utc_offset))


def infos_for(request: PruneRequest, profile: Profile, now: Instant, utc_offset: int) -> Mapping[Kind, PruneInfo]:
    """Check every filter and size of the request for every kind it names, and return what each kind is to do."""
    return make_infos(request, profile, now, utc_offset=utc_offset)


def apply(
    world: World,
    plan: Plan,
    clock: Clock,
    *,
    stop: Callable[[], bool] = _never,
    begun: Callable[[KindPlan], None] | None = None,
    done: Callable[[Step], None] | None = None,
    pruner: Pruner | None = None,
) -> Iterator[KindReport]:
    """Carry out a plan, yielding each kind's report once it is committed.

    What moved since the plan was made is decided again, within what the plan shows: nothing else is ever removed.
    `stop` is asked before each step; when it says yes, the kind at hand ends with what was removed so far, its event
    and its transaction, and no further kind begins. `begun` hears of each kind whose turn has come, with what goes of
    it, and `done` of each step. Raises BusyError when another prune of the kind runs; the kinds before it stay done.

    A `pruner` removes and tells by itself what it has words for, and its report says where it differs from the plan.
    Raises EngineError when a live Engine goes away, after the report of what was removed of that kind until then.
    """
    expected = plan.generation
    moved = False
    for shown in plan.kinds:
        if stop():
            return
        if pruner and (report := _let_prune(world, pruner, plan, shown, stop, begun)):
            moved = True
            yield report
            continue
        broken: list[EngineError] = []
        with world.change(shown.kind) as change:
            # A kind that did not go as shown leaves another world to the kinds after it: they are decided again too.
            moved = moved or change.generation != expected
            decided, kept = hold_to(change.snapshot(plan.taken_at), shown) if moved else (shown, ())
            if begun:
                begun(decided)
            report = _carry_out(change, decided, kept, clock, stop, done, broken)
            expected = change.generation
            moved = moved or bool(report.failures)
        yield report
        if broken:
            raise broken[0]
        if report.interrupted:
            return


def differences(snapshot: Snapshot, plan: Plan) -> tuple[str, ...]:
    """Return what a plan would be now in other ways than it was shown, one sentence for each; none when it stands."""
    world = replace(snapshot, taken_at=plan.taken_at, profile=plan.profile)
    now = make_plan(world, {k.kind: k.info for k in plan.kinds})
    held = hold_plan(world, plan).failures
    found: list[str] = []
    for before, after in zip(plan.kinds, now.kinds, strict=True):
        shown = {(step.id, step.ref) for step in before.steps}
        found += [f"{_called(f.step)} would stay: {f.why}" for f in held[before.kind]]
        found += [
            f"{_called(step)} would go too, and was not shown"
            for step in after.steps
            if step.rows and (step.id, step.ref) not in shown
        ]
    return tuple(found)


def _called(step: Step) -> str:
    return f"{step.kind.value} {step.ref or step.name}"


def _let_prune(
    world: World,
    pruner: Pruner,
    plan: Plan,
    shown: KindPlan,
    stop: Callable[[], bool],
    begun: Callable[[KindPlan], None] | None,
) -> KindReport | None:
    """Let a world prune one kind by itself; None for conditions that it has no words for."""
    if begun:
        begun(shown)
    pruned = pruner.prune(shown, stop)
    if pruned is None:
        return None

    def look() -> Snapshot:
        return replace(world.snapshot(plan.taken_at), profile=plan.profile)

    return compare(shown, pruned.rows, pruned.reclaimed, look, profile=plan.profile)


def _carry_out(
    change: Change,
    decided: KindPlan,
    kept: tuple[Failure, ...],
    clock: Clock,
    stop: Callable[[], bool],
    done: Callable[[Step], None] | None,
    broken: list[EngineError],
) -> KindReport:
    finished: list[Step] = []
    failures = list(kept)
    try:
        for step, failure in _outcomes(change, decided.steps, stop):
            if failure:
                failures.append(failure)
                continue
            finished.append(step)
            event = step_event(step, clock.now())
            if event:
                change.emit(event)
            if done:
                done(step)
    except EngineError as error:  # a live Engine went away: what is done is done, and has to be told first
        broken.append(error)
    interrupted = len(finished) + len(failures) - len(kept) < len(decided.steps)
    reclaimed = sum(step.reclaims for step in finished)
    change.emit(prune_event(decided.kind, reclaimed, clock.now()))
    return KindReport(decided.kind, decided, tuple(finished), tuple(failures), reclaimed, interrupted)


def _outcomes(change: Change, steps: Sequence[Step], stop: Callable[[], bool]) -> Iterator[tuple[Step, Failure | None]]:
    """Carry out steps in their order, and yield each with None, or why it could not be done, until `stop` says yes."""
    if isinstance(change, Sweep):
        yield from change.carry_out(steps, stop)
        return
    for step in steps:
        if stop():
            return
        why = change.remove(step)
        yield step, Failure(step, why) if isinstance(why, str) else why
