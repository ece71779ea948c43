"""What a world's own prune did, held against what the plan had promised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from prunecli.plan import KindPlan
from prunecli.profile import Profile
from prunecli.promise import hold_to
from prunecli.report import Cause, Failure, KindReport
from prunecli.snapshot import Snapshot
from prunecli.verdict import Row, Step


def compare(
    shown: KindPlan, rows: Iterable[Row], reclaimed: int, look: Callable[[], Snapshot], *, profile: Profile
) -> KindReport:
    """Return the report of a prune that an Engine of this profile carried out by itself, in its order, with its bytes.

    Objects and references that the plan did not show are `unplanned`. Where something of the plan is missing, `look` is
    called for the world as it is now, which says why; what would still go has failed.
    """
    told = tuple(rows)
    owners = {row: step for step in shown.steps for row in step.rows}
    seen = frozenset(told)
    missing = [step for step in shown.steps if step.rows and step.rows[0] not in seen]
    done = _as_steps(shown, told, owners, profile)
    failures = _explain(shown, missing, look()) if missing else ()
    silent = _gone_in_silence(failures, done)
    return KindReport(
        shown.kind,
        shown,
        done=(*done, *(replace(f.step, rows=(), reclaims=0) for f in silent)),
        failures=tuple(f for f in failures if f not in silent),
        reclaimed=reclaimed,
        unplanned=tuple(dict.fromkeys(row for row in told if row not in owners and _is_object(row, shown, profile))),
        promised=shown.reclaimable,
    )


def _gone_in_silence(failures: Iterable[Failure], done: Iterable[Step]) -> list[Failure]:
    """Return what only seems to be missing: images that went with their last name, without a row of their own."""
    named = {step.id for step in done if step.untags}
    return [f for f in failures if f.cause is Cause.GONE and not f.step.untags and f.step.id in named]


def _is_object(row: Row, shown: KindPlan, profile: Profile) -> bool:
    """Say whether a row speaks of an object: the containerd store also reports manifests, which nobody can list."""
    return row.verb != "deleted" or not profile.containerd or any(v.id == row.text for v in shown.verdicts)


def _as_steps(shown: KindPlan, rows: Iterable[Row], owners: Mapping[Row, Step], profile: Profile) -> tuple[Step, ...]:
    """Return the steps that were told of, in that order; what nobody planned gets a step of its own.

    Layers stand with the image whose removal was their last, which need not be the one that the plan had it from.
    """
    steps: list[Step] = []
    for row in rows:
        owner = owners.get(row) or Step(
            shown.kind, row.text, row.text, row.text if row.verb == "untagged" else "", (row,)
        )
        if steps and (owner.rows[0] != row or not (row in owners or _is_object(row, shown, profile))):
            steps[-1] = replace(steps[-1], rows=(*steps[-1].rows, row))
        else:
            steps.append(replace(owner, rows=(row,)))
    return tuple(steps)


def _explain(shown: KindPlan, missing: Iterable[Step], world: Snapshot) -> tuple[Failure, ...]:
    """Say of each step that is missing why it is: a rule keeps its object by now, it is gone, or nobody knows."""
    held, kept = hold_to(world, shown)
    still = {(step.id, step.ref) for step in held.steps}
    failures: dict[tuple[str, str], Failure] = {}
    for step in missing:
        if (step.id, step.ref) in still:
            failures[step.id, step.ref] = Failure(step, "the Engine did not remove it")
            continue
        about = next((f for f in kept if f.step.id == step.id and f.step.ref in ("", step.ref)), None)
        if about:
            failures[about.step.id, about.step.ref] = about
    return tuple(failures.values())
