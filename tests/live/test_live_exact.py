"""Build cache removed by ids on a real Engine: what the plan shows, whatever its builds do meanwhile."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from prunecli.backends.engine import records
from prunecli.backends.engine.endpoint import Endpoint
from prunecli.backends.engine.records import ApiRecords, ControlRecords
from prunecli.backends.engine.world import Engine as World
from prunecli.clock import Clock
from prunecli.info import PruneRequest
from prunecli.pruning import apply, plan_on
from prunecli.report import KindReport
from prunecli.units import Instant
from prunecli.verdict import Kind
from tests.live.engines import IMAGE, Engine, Ran, on

FIRST = f"FROM {IMAGE}\nRUN echo one > /one\nRUN echo two > /two\n"
SECOND = f"FROM {IMAGE}\nRUN echo other > /other\n"
CHILD = f"FROM {IMAGE}\nRUN echo one > /one\nRUN echo three > /three\n"
"""Builds on the first step of the first chain. The result of its last step changes its id once something needs it."""


@pytest.fixture(params=["control", "api"])
def way(request: pytest.FixtureRequest) -> str:
    """One of the two ways to the records of an Engine."""
    return str(request.param)


@pytest.fixture
def cached(engine: Engine) -> Engine:
    """An Engine with nothing but two chains of build cache."""
    if not engine.binary:
        pytest.skip("builds need docker with buildx")
    engine.reset()
    for dockerfile in (FIRST, SECOND):
        assert engine.build(dockerfile, cache_only=True)
    return engine


def cache(engine: Engine) -> dict[str, str]:
    """Map the id of each record to its description."""
    return {row["ID"]: row["Description"] for row in engine.api.df()["BuildCache"] or []}


def rest(engine: Engine) -> None:
    """Wait until two looks at the build cache agree: while an Engine measures a build, all of it may seem in use."""
    seen = None
    for _ in range(50):
        before, seen = seen, sorted(engine.api.df()["BuildCache"] or [], key=lambda row: str(row["ID"]))
        if before == seen and not any(row["InUse"] for row in seen):
            return
        time.sleep(0.2)


def about(engine: Engine, word: str) -> str:
    """Return the id of the one record whose description has a word."""
    (id,) = [id for id, text in cache(engine).items() if word in text]
    return id


def shown(plan: Ran) -> set[str]:
    """Return the ids that a dry run shows."""
    return {row["id"] for row in plan.document["kinds"]["build-cache"]["removed"]}


def in_process(engine: Engine) -> tuple[World, Any]:
    """Return the Engine as a world, and a plan for all of its build cache."""
    world = World(Endpoint(engine.url))
    return world, plan_on(world.snapshot(time.time_ns()), PruneRequest((Kind.BUILD_CACHE,), all=True))


def carry_out(world: World, plan: Any) -> KindReport:
    """Carry a plan out record by record."""
    (report,) = apply(world, plan, Clock())
    return report


def take(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave one way open: over the API alone, or over BuildKit's service alone."""
    if way == "api":

        def broken(_endpoint: Endpoint) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr(records, "dial_grpc", broken)
    else:
        monkeypatch.setattr(records, "ApiRecords", None)


# What goes


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["-a"], id="all"),
        pytest.param([], id="what goes without all"),
        pytest.param(["-a", "--filter", "until=2s"], id="until"),
        pytest.param(["-a", "--filter", "type=regular"], id="a field"),
        pytest.param(["-a", "--filter", "id~=^[a-m]"], id="an operator"),
        pytest.param(["-a", "--reserved-space", "20B"], id="a limit"),
        pytest.param(["-a", "--max-used-space", "20kB"], id="a newer limit"),
    ],
)
def test_what_is_shown_goes(cached: Engine, words: list[str]) -> None:
    """The dry run and the run agree to the record, under filters and limits."""
    if "--max-used-space" in words and cached.api_version < (1, 48):
        pytest.skip("this Engine has no such limit")
    time.sleep(2.5)
    cached.build(CHILD, cache_only=True)
    rest(cached)
    clock = {"PRUNECLI_NOW": f"{time.time():.9f}"}
    before = set(cache(cached))
    plan = on(cached, "builder", "prune", *words, "--dry-run", "--format", "json", env=clock)
    done = on(cached, "builder", "prune", *words, "--exact", "--force", "--format", "json", env=clock)
    assert done.code == 0, done.stderr
    assert before - set(cache(cached)) == shown(plan) == shown(done)
    assert done.document["reclaimed"] == plan.document["reclaimed"]


def test_hundreds(engine: Engine, tmp_path: Path) -> None:
    """Hundreds of records in chains go in several requests; what was built since the plan stays."""
    if not engine.binary:
        pytest.skip("builds need docker with buildx")
    engine.reset()
    for chain in range(3):
        steps = "".join(f"WORKDIR /{chain}/{n}\n" for n in range(105))
        assert engine.build(f"FROM {IMAGE}\n{steps}", cache_only=True)
    planned = set(cache(engine))
    assert len(planned) > 300
    plan = tmp_path / "plan.json"
    assert on(engine, "builder", "prune", "-a", "--plan-out", str(plan)).code == 0
    assert engine.build("FROM scratch\nWORKDIR /new\n", cache_only=True)
    new = set(cache(engine)) - planned
    done = on(engine, "apply", str(plan), "--force", "--format", "json")
    assert done.code == 0, done.stderr
    gone = planned - set(cache(engine))
    assert shown(done) == gone
    assert len(gone) >= 300
    assert new <= set(cache(engine))
    for failed in done.document["kinds"]["build-cache"]["failed"]:  # the sources that the new build used too
        assert failed["id"] in cache(engine)


# What stays


def test_used_between_plan_and_apply(cached: Engine, tmp_path: Path) -> None:
    """A chain that was used since the plan stays in whole and is named; the other one goes."""
    plan = tmp_path / "plan.json"
    two, other = about(cached, "/two"), about(cached, "/other")
    assert on(cached, "builder", "prune", "-a", "--plan-out", str(plan)).code == 0
    assert cached.build(FIRST, cache_only=True)
    done = on(cached, "apply", str(plan), "--force")
    assert done.code == 0, done.stderr
    assert f"build cache record {two} was kept: it was used after the plan was made" in done.stderr
    assert {text.partition(" > ")[2] for text in cache(cached).values() if " > " in text} == {"/one", "/two"}
    assert other in done.stdout


def test_built_upon_between_plan_and_apply(cached: Engine, tmp_path: Path) -> None:
    """What a new build builds on stays, and the new record too; what it does not need goes."""
    plan = tmp_path / "plan.json"
    one, two, other = about(cached, "/one"), about(cached, "/two"), about(cached, "/other")
    assert on(cached, "builder", "prune", "-a", "--plan-out", str(plan)).code == 0
    assert cached.build(CHILD, cache_only=True)
    three = about(cached, "/three")
    done = on(cached, "apply", str(plan), "--force")
    assert done.code == 0, done.stderr
    assert {one, three} <= set(cache(cached))
    assert not {two, other} & set(cache(cached))
    assert f"build cache record {one} was kept: it was used after the plan was made" in done.stderr


def before_the_request(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do something once between a look at records and the request that removes them."""
    acts = [act]
    for kind in (ControlRecords, ApiRecords):

        def prune(self: Any, ids: Sequence[str], unused_since: Instant, original: Any = kind.prune) -> Iterator[Any]:
            if acts:
                acts.pop()()
            return iter(original(self, ids, unused_since))

        monkeypatch.setattr(kind, "prune", prune)


def test_after_the_last_look(way: str, cached: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a build uses after the last look at it stays: the Engine itself compares the time, by its own clock."""
    take(way, monkeypatch)
    one, two, other = about(cached, "/one"), about(cached, "/two"), about(cached, "/other")
    world, plan = in_process(cached)
    built: list[bool] = []
    with world:
        before_the_request(monkeypatch, lambda: built.append(cached.build(CHILD, cache_only=True)))
        report = carry_out(world, plan)
    assert built == [True]
    assert {two, other} <= {step.id for step in report.done}
    assert {one, about(cached, "/three")} <= set(cache(cached))
    assert all(failure.expected for failure in report.failures)
    why = {f.step.id: f.why for f in report.failures}[one]
    assert why in ("it was used after the plan was made", f"build cache record {about(cached, '/three')} builds on it")


def test_either_way(way: str, cached: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over BuildKit's service and over the API alone the same goes, and all of it."""
    take(way, monkeypatch)
    world, plan = in_process(cached)
    with world:
        report = carry_out(world, plan)
    assert {step.id for step in report.done} == {step.id for step in plan.kinds[0].steps} != set()
    assert report.failures == ()
    assert cache(cached) == {}


def test_a_build_that_runs(cached: Engine) -> None:
    """While a build runs, what it holds stays, what it does not goes, and the build comes to its end."""
    other = about(cached, "/other")
    words = [cached.binary, "build", "-q", "--output", "type=cacheonly", "-"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=cached._environment
    ) as build:
        assert build.stdin
        build.stdin.write(FIRST + "RUN sleep 20; echo slow > /slow\n")
        build.stdin.close()
        deadline = time.monotonic() + 60
        while not any(row["InUse"] for row in cached.api.df()["BuildCache"] or []):
            assert time.monotonic() < deadline, "the build does not begin"
            time.sleep(0.1)
        done = on(cached, "builder", "prune", "-a", "--exact", "--force")
        assert build.poll() is None, "the build was too fast for this test"
        assert build.wait(120) == 0
    assert done.code == 0, done.stderr
    assert other in done.stdout
    texts = " ".join(cache(cached).values())
    assert "/one" in texts
    assert "/slow" in texts
