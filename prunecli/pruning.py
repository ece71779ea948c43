"""The use case: photograph, plan, and carry out exactly what was planned, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prunecli.backends import Change, World
from prunecli.clock import Clock
from prunecli.events import prune_event, step_event
from prunecli.info import PruneInfo, PruneRequest, make_infos
from prunecli.plan import KindPlan, Plan, make_plan, plan_kind
from prunecli.profile import Profile
from prunecli.report import Failure, KindReport
from prunecli.snapshot import Snapshot
from prunecli.units import Instant
from prunecli.verdict import Kind, Reason, Step


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
    done: Callable[[Step], None] | None = None,
) -> Iterator[KindReport]:
    """Carry out a plan, yielding each kind's report once it is committed.

    What moved since the plan was made is planned again, within what the plan shows: nothing else is ever removed.
    `stop` is asked before each step; when it says yes, the kind at hand ends with what was removed so far, its event
    and its transaction, and no further kind begins. `done` hears of each step. Raises BusyError when another prune of
    the kind runs; the kinds before it stay done.
    """
    expected = plan.generation
    for shown in plan.kinds:
        with world.change(shown.kind) as change:
            decided = shown
            if change.generation != expected:
                decided = plan_kind(change.snapshot(plan.taken_at), shown.kind, shown.info, shown.selection)
            report = _carry_out(change, shown, decided, clock, stop, done)
            expected = change.generation
        yield report
        if report.interrupted:
            return


def _carry_out(
    change: Change,
    shown: KindPlan,
    decided: KindPlan,
    clock: Clock,
    stop: Callable[[], bool],
    done: Callable[[Step], None] | None,
) -> KindReport:
    finished: list[Step] = []
    failures = [] if decided is shown else _kept_since(shown, decided)
    interrupted = False
    for step in decided.steps:
        if stop():
            interrupted = True
            break
        why = change.remove(step)
        if why is not None:
            failures.append(Failure(step, why))
            continue
        finished.append(step)
        event = step_event(step, clock.now())
        if event:
            change.emit(event)
        if done:
            done(step)
    reclaimed = sum(step.reclaims for step in finished)
    change.emit(prune_event(shown.kind, reclaimed, clock.now()))
    return KindReport(shown.kind, decided, tuple(finished), tuple(failures), reclaimed, interrupted)


def _kept_since(shown: KindPlan, decided: KindPlan) -> list[Failure]:
    """Say of each step that was shown and is not taken any more why that is so."""
    still = {(step.id, step.ref) for step in decided.steps}
    verdicts = {v.id: v for v in decided.verdicts}
    kept: list[Failure] = []
    for step in shown.steps:
        if (step.id, step.ref) in still:
            continue
        verdict = verdicts.get(step.id)
        if verdict is None:
            kept.append(Failure(step, "it is already gone", expected=True))
        elif verdict.reason in (Reason.CHANGED, Reason.NOT_IN_PLAN):
            kept.append(Failure(step, "it changed after the plan was made", expected=True))
        else:
            kept.append(Failure(step, verdict.detail or verdict.reason.value, expected=True))
    return kept
