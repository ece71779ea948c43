"""What an Engine says it did, held against what the plan had promised."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prunecli.example import example_world
from prunecli.info import PruneRequest
from prunecli.plan import KindPlan, after
from prunecli.profile import DEFAULT_PROFILE, ImageStore, make_profile
from prunecli.pruning import plan_on
from prunecli.report import Cause, KindReport
from prunecli.result import compare
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind, Row
from tests.conftest import NOW

WORLD = example_world(NOW)


def plan(kind: Kind) -> KindPlan:
    """Plan a prune of one kind of the example."""
    return plan_on(WORLD, PruneRequest((kind,), all=True)).kinds[0]


def rows(shown: KindPlan) -> list[Row]:
    """Return all rows that the plan promises."""
    return [row for step in shown.steps for row in step.rows]


def report(shown: KindPlan, told: list[Row], *, world: Snapshot = WORLD, reclaimed: int | None = None) -> KindReport:
    """Compare, with a world to look at afterwards."""
    bytes = shown.reclaimable if reclaimed is None else reclaimed
    return compare(shown, told, bytes, lambda: world, profile=DEFAULT_PROFILE)


@pytest.mark.parametrize("kind", Kind)
def test_all_as_promised(kind: Kind) -> None:
    """When everything goes, in whatever order, the report is the plan and there is nothing to say."""
    shown = plan(kind)
    told = list(reversed(rows(shown))) if kind is not Kind.IMAGE else rows(shown)
    found = report(shown, told)
    assert found.rows == tuple(told)
    assert {(s.id, s.ref) for s in found.done} == {(s.id, s.ref) for s in shown.steps}
    assert (found.failures, found.unplanned, found.promised) == ((), (), found.reclaimed)


def test_more_than_promised() -> None:
    """What the plan did not show is unplanned, and stands in the report where the Engine put it."""
    shown = plan(Kind.VOLUME)
    told = [Row("stranger"), *rows(shown)]
    found = report(shown, told)
    assert found.unplanned == (Row("stranger"),)
    assert found.rows == tuple(told)
    assert found.done[0].id == "stranger"


def test_less_than_promised_for_a_reason() -> None:
    """What stays because it came into use meanwhile is kept, with the reason, and is no failure."""
    shown = plan(Kind.CONTAINER)
    late = next(c for c in WORLD.containers if c.id == shown.steps[0].id)
    running = replace(late, state="running", running=True)
    world = replace(WORLD, containers=tuple(running if c.id == late.id else c for c in WORLD.containers))
    (failure,) = report(shown, rows(shown)[1:], world=after(world, shown.steps[1:])).failures
    assert (failure.step.id, failure.cause, failure.expected) == (late.id, Cause.KEPT, True)
    assert "started" in failure.why


def test_less_than_promised_without_a_reason() -> None:
    """What should have gone and is still there is a failure."""
    shown = plan(Kind.CONTAINER)
    (failure,) = report(shown, rows(shown)[1:], world=after(WORLD, shown.steps[1:])).failures
    assert (failure.cause, failure.expected) == (Cause.FAILED, False)
    assert failure.why == "the Engine did not remove it"


def test_gone_before() -> None:
    """What somebody else removed meanwhile is gone, and nobody's failure."""
    shown = plan(Kind.NETWORK)
    (failure,) = report(shown, rows(shown)[1:], world=after(WORLD, shown.steps)).failures
    assert (failure.cause, failure.expected) == (Cause.GONE, True)


def test_layers_stand_where_they_went() -> None:
    """A shared layer goes with whichever image the Engine took last; that makes no image go twice."""
    shown = plan(Kind.IMAGE)
    step = next(s for s in shown.steps if len(s.rows) > 1)
    told = [row for row in rows(shown) if row != step.rows[-1]] + [step.rows[-1]]
    found = report(shown, told)
    assert found.rows == tuple(told)
    assert (found.failures, found.unplanned) == ((), ())
    assert found.removed == sum(not s.untags for s in shown.steps)


def test_manifests_are_no_objects() -> None:
    """With the containerd store, a manifest that no list shows is a matter of bytes; an image's row may be missing."""
    profile = make_profile("28.5.2", (1, 51), ImageStore.CONTAINERD)
    world = replace(WORLD, profile=profile)
    shown = plan_on(world, PruneRequest((Kind.IMAGE,), all=True)).kinds[0]
    told = [row for row in rows(shown) if row.verb == "untagged"] + [Row("sha256:" + 64 * "0", "deleted")]
    found = compare(shown, told, 1, lambda: after(world, shown.steps), profile=profile)
    assert (found.failures, found.unplanned) == ((), ())
    assert found.removed == sum(not s.untags for s in shown.steps)
    assert (found.reclaimed, found.promised) == (1, shown.reclaimable)
