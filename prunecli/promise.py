"""What was shown is a promise: a later look at the world may take less, never more.

An earlier plan is decided again on the world as it is, at the instant and under the conditions of then. Storage limits
have done their work when they chose what to show, so they are not asked twice: what they chose goes if it is unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from prunecli.info import PruneInfo
from prunecli.plan import KindPlan, Plan, after, plan_kind
from prunecli.report import Cause, Failure, describe
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind, Reason, Step, Verdict


@dataclass(frozen=True, slots=True)
class Held:
    """An earlier plan on the world of now: what of it still goes, and what of it does not, kind by kind."""

    plan: Plan
    failures: Mapping[Kind, tuple[Failure, ...]]


def hold_plan(snapshot: Snapshot, shown: Plan) -> Held:
    """Return what of an earlier plan still goes; its instant becomes that of the new one."""
    world = replace(snapshot, taken_at=shown.taken_at)
    plans: list[KindPlan] = []
    failures: dict[Kind, tuple[Failure, ...]] = {}
    for kind_plan in shown.kinds:
        plan, failures[kind_plan.kind] = hold_to(world, kind_plan)
        world = after(world, plan.steps)
        plans.append(plan)
    return Held(Plan(shown.taken_at, snapshot.profile, snapshot.generation, tuple(plans)), failures)


def hold_to(world: Snapshot, shown: KindPlan) -> tuple[KindPlan, tuple[Failure, ...]]:
    """Decide one kind of an earlier plan again; returns what still goes, and why the rest of it does not."""
    decided = plan_kind(world, shown.kind, _without_limits(shown.info), shown.selection)
    before = {v.id: v for v in shown.verdicts}
    verdicts = tuple(_in_view_of(before.get(v.id), v) for v in decided.verdicts)
    held = replace(decided, info=shown.info, verdicts=verdicts)
    return held, _held_back(shown, held)


def _without_limits(info: PruneInfo) -> PruneInfo:
    return replace(info, reserved_space=None, max_used_space=None, min_free_space=None)


def _in_view_of(shown: Verdict | None, verdict: Verdict) -> Verdict:
    """Return a verdict that also says what the earlier one said: why it goes, or how it changed since."""
    if shown is None:
        came = "it was not there when the plan was made"
        return replace(verdict, detail=came) if verdict.reason is Reason.NOT_IN_PLAN else verdict
    if verdict.removed:
        return replace(verdict, reason=shown.reason, detail=shown.detail) if shown.removed else verdict
    if shown.removed:
        return replace(verdict, detail=_since(verdict))
    if verdict.kind is Kind.BUILD_CACHE and _only_for_limits(shown, verdict):
        return shown
    if verdict.reason is Reason.NOT_IN_PLAN:
        return replace(verdict, detail=f"the plan kept it: {describe(shown)}")
    return verdict


def _only_for_limits(shown: Verdict, verdict: Verdict) -> bool:
    """Say whether a record merely seems to stay for another reason, because the limit is not asked again."""
    turned_down = (Reason.NOT_IN_PLAN, Reason.HAS_CHILDREN)
    return verdict.reason in turned_down and shown.reason in (Reason.WITHIN_LIMIT, Reason.HAS_CHILDREN)


_CHANGES = {
    Kind.CONTAINER: "its state changed after the plan was made",
    Kind.NETWORK: "it is another network than the plan showed",
    Kind.VOLUME: "it was made anew after the plan was made",
    Kind.IMAGE: "its names changed after the plan was made",
    Kind.BUILD_CACHE: "it was used after the plan was made",
}


def _since(verdict: Verdict) -> str:
    """Return how what stays differs from what the plan showed."""
    if verdict.reason in (Reason.CHANGED, Reason.NOT_IN_PLAN):
        return _CHANGES[verdict.kind]
    if verdict.reason is Reason.TOO_YOUNG and verdict.kind is Kind.BUILD_CACHE:
        return _CHANGES[verdict.kind]
    if verdict.reason is Reason.RUNNING:
        return "it was started after the plan was made"
    if verdict.reason is Reason.IN_USE:
        return f"it came into use after the plan was made: {describe(verdict)}"
    return f"it changed after the plan was made: {describe(verdict)}"


def _held_back(shown: KindPlan, held: KindPlan) -> tuple[Failure, ...]:
    """Say of everything that was shown and does not go any more why that is so, once for each object."""
    still = {(step.id, step.ref) for step in held.steps}
    removals = {step.id: step for step in shown.steps if not step.untags}
    verdicts = {v.id: v for v in held.verdicts}
    before = {v.id: v for v in shown.verdicts}
    failures: dict[tuple[str, str], Failure] = {}
    for step in shown.steps:
        if (step.id, step.ref) in still:
            continue
        verdict = verdicts.get(step.id)
        removal = removals.get(step.id)
        if verdict is None:
            about = removal or step
            failures[about.id, ""] = Failure(about, "it is already gone", expected=True, cause=Cause.GONE)
        elif removal and (removal.id, "") not in still:
            failures[removal.id, ""] = Failure(removal, describe(verdict), expected=True, cause=Cause.KEPT)
        elif (was := before.get(step.id)) and step.ref in was.untagged:  # other references merely follow those
            why = _reference_since(step, was, verdict)
            failures[step.id, step.ref] = Failure(step, why, expected=True, cause=Cause.KEPT)
    return tuple(failures.values())


def _reference_since(step: Step, shown: Verdict, verdict: Verdict) -> str:
    """Say why a reference is not taken from an image that was to stay."""
    if verdict.removed or shown.reason is verdict.reason:
        return _CHANGES[step.kind]
    return _since(verdict)
