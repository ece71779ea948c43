"""Real Engines with storage limits: one rule with the same limits takes the same records, and the same bytes."""

from __future__ import annotations

import itertools

import pytest

from prunecli.filters import Filters
from prunecli.info import Dialect, PruneInfo, PruneRequest, make_infos
from prunecli.policy import combine, run_rules
from prunecli.units import parse_size
from prunecli.verdict import Kind
from prunecli.wire import read_dump

from .oracle import Case, cases

SIZES = {
    "--keep-storage": "reserved_space",
    "--reserved-space": "reserved_space",
    "--max-used-space": "max_used_space",
    "--min-free-space": "min_free_space",
}


def with_limits() -> list[Case]:
    """Return the recorded prunes of build cache with a limit."""
    return [c for c in cases() if c.argv[0] == "builder" and not c.data["exit"] and SIZES.keys() & set(c.argv)]


def rule_of(case: Case, now: int) -> PruneInfo:
    """Return the rule that the command line amounts to."""
    argv = case.argv[2:]
    given = {SIZES[flag]: parse_size(value) for flag, value in itertools.pairwise(argv) if flag in SIZES}
    filters = [value for flag, value in itertools.pairwise(argv) if flag == "--filter"]
    request = PruneRequest(
        (Kind.BUILD_CACHE,),
        all="-a" in argv,
        filters=Filters.from_flags(filters),
        dialect=Dialect.CLI,
        exact_until=case.data.get("via") == "buildx",
        reserved_space=given.get("reserved_space"),
        max_used_space=given.get("max_used_space"),
        min_free_space=given.get("min_free_space"),
    )
    return make_infos(request, read_dump(case.before).snapshot.profile, now)[Kind.BUILD_CACHE]


@pytest.mark.parametrize("case", with_limits(), ids=lambda case: case.name)
def test_a_rule_is_a_prune(case: Case) -> None:
    """The rule removes what the Engine removed, and gives back as much."""
    now = int(case.data["started"])
    snapshot = read_dump(case.before, now=now).snapshot
    plan = combine(run_rules(snapshot, [rule_of(case, now)]))
    before, after = ({r["ID"]: r for r in dump["df"].get("BuildCache") or []} for dump in (case.before, case.after))

    assert {step.id for step in plan.steps} == before.keys() - after.keys()
    assert plan.reclaimable == sum(before[id]["Size"] for id in before.keys() - after.keys())


def test_there_are_such_cases() -> None:
    """Both an Engine's own prune and one through buildx are among the cases that travel with the tests."""
    assert {case.data.get("via") for case in with_limits()} >= {"buildx", None}
