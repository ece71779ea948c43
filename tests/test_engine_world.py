"""An Engine as a world, tried on our own server, which speaks the Engine's API over a store."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prunecli.backends.engine.following import follow_events
from prunecli.backends.engine.reading import read_engine
from prunecli.backends.engine.world import Engine
from prunecli.clock import Clock
from prunecli.errors import BusyError, EngineError, RefusedError
from prunecli.events import Event
from prunecli.filters import Filters
from prunecli.info import PruneRequest
from prunecli.kinds.container import Container
from prunecli.plan import KindPlan, Plan
from prunecli.pruning import apply, plan_on
from prunecli.units import SECOND, format_instant, parse_rfc3339
from prunecli.verdict import Kind
from prunecli.wire import parse_dump, read_dump
from tests.engine_stubs import Asked, Said, stub
from tests.oracle import cases
from tests.serving import Served, serving

EVERYTHING = tuple(Kind)
HELD = next(case for case in cases() if case.name == "28.5-graph-1022")
NOW = parse_rfc3339(HELD.before["taken"])
LONG = 20  # seconds after which a test gives up


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Our server over what a real Engine once held, at the instant after it was recorded."""
    with serving(tmp_path, dump=HELD.before, now=format_instant(NOW)) as running:
        yield running


@pytest.fixture
def engine(served: Served) -> Iterator[Engine]:
    """The world that the server is seen as."""
    from prunecli.backends.engine.endpoint import Endpoint

    with Engine(Endpoint(served.url)) as world:
        yield world


def plan_for(engine: Engine, *kinds: Kind, **request: Any) -> Plan:
    """Plan a prune of these kinds, or of all."""
    return plan_on(engine.snapshot(NOW), PruneRequest(kinds or EVERYTHING, **request))


def ids(plan: Plan | KindPlan) -> set[tuple[str, str]]:
    """Return what a plan takes."""
    kinds = plan.kinds if isinstance(plan, Plan) else (plan,)
    return {(step.id, step.ref) for kind in kinds for step in kind.steps}


def test_reading(served: Served, engine: Engine) -> None:
    """What an Engine says over its API is what it holds: objects, names, sizes, states."""
    with served.store() as store:
        held = store.snapshot(NOW)
    seen = engine.snapshot(NOW)
    for kind in ("containers", "networks", "volumes"):
        assert getattr(seen, kind) == getattr(held, kind)
    assert {(i.id, i.tags, i.size, i.layers) for i in seen.images} == {
        (i.id, i.tags, i.size, i.layers) for i in held.images
    }
    assert {(r.id, r.size, r.last_used_at) for r in seen.build_cache} == {
        (r.id, r.size, r.last_used_at) for r in held.build_cache
    }
    assert seen.profile == held.profile


def test_dump_is_one(engine: Engine) -> None:
    """What was read is an Engine dump, which survives being written down."""
    document = engine.dump()
    again = parse_dump(json.dumps(document))
    assert read_dump(again).snapshot == read_dump(document).snapshot


def test_native_prune(served: Served, engine: Engine) -> None:
    """An Engine's own prune does what the plan shows, and tells of it by its own events."""
    plan = plan_for(engine, all=True)
    pruner = engine.native(plan, Filters())
    reports = list(apply(engine, plan, Clock(NOW), pruner=pruner))
    for report in reports:
        assert {(s.id, s.ref) for s in report.done} == {(s.id, s.ref) for s in report.plan.steps if s.rows}
        assert (report.failures, report.unplanned, report.reclaimed) == ((), (), report.promised)
    with served.store() as store:
        told = [(e.type, int(e.attributes["reclaimed"])) for e in store.events() if e.action == "prune"]
    assert told == [(r.kind.event_type, r.reclaimed) for r in reports]


def test_exact(served: Served, engine: Engine) -> None:
    """Object by object the same goes, but for the events of a prune as a whole."""
    plan = plan_for(engine, all=True)
    reports = list(apply(engine, plan, Clock(NOW)))
    assert [(r.kind, r.failures) for r in reports] == [(kind, ()) for kind in EVERYTHING]
    assert plan_for(engine, all=True).empty
    with served.store() as store:
        actions = {(e.type, e.action) for e in store.events()}
    assert ("container", "destroy") in actions
    assert ("container", "prune") not in actions
    assert ("builder", "prune") in actions


@pytest.mark.parametrize("exact", [True, False], ids=["object by object", "by its own prune"])
def test_what_changed_stays(exact: bool, served: Served, engine: Engine) -> None:
    """A container that was started after the plan was made stays, with its image and its volumes, and that is said."""
    plan = plan_for(engine, all=True)
    with served.store() as store:
        world = store.snapshot(NOW)
        used = next(c for c in world.containers if not c.running and c.volumes)
        started = replace(used, state="running", running=True)
        store.replace(replace(world, containers=_with(world.containers, started)), store.raw(), store.header())
    pruner = None if exact else engine.native(plan, Filters())
    reports = {r.kind: r for r in apply(engine, plan, Clock(NOW), pruner=pruner)}
    after = engine.snapshot(NOW)
    assert used.id in {c.id for c in after.containers}
    assert set(used.volumes) <= {v.name for v in after.volumes}
    assert used.image_id in {i.id for i in after.images}
    kept = {f.step.id: f for f in reports[Kind.CONTAINER].failures}
    assert kept[used.id].expected
    assert "started" in kept[used.id].why or "running" in kept[used.id].why


def _with(containers: tuple[Container, ...], changed: Container) -> tuple[Container, ...]:
    return tuple(changed if c.id == changed.id else c for c in containers)


@pytest.mark.parametrize(
    ("kind", "filters", "query"),
    [
        pytest.param(Kind.CONTAINER, [], {}, id="containers without conditions"),
        pytest.param(
            Kind.CONTAINER,
            ["until=1 day", "label=a", "label!=b=c"],
            {"label": ["a"], "label!": ["b=c"], "until": [f"{NOW // SECOND - 86400}.000000000"]},
            id="a human until becomes the timestamp of the plan",
        ),
        pytest.param(Kind.IMAGE, [], {"dangling": ["true"]}, id="images say what they always say"),
        pytest.param(Kind.VOLUME, ["all=1"], {"all": ["true"]}, id="all volumes"),
        pytest.param(Kind.BUILD_CACHE, ["type=regular"], {"type": ["regular"]}, id="a field of build cache"),
    ],
)
def test_filters_sent(
    kind: Kind, filters: list[str], query: dict[str, list[str]], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Engine is asked under the very conditions of the plan."""
    sent: list[tuple[str, Any]] = []
    monkeypatch.setattr(engine._connection, "post", lambda path, query: sent.append((path, query)))
    given = Filters.from_flags(filters)
    plan = plan_for(engine, kind, filters=given)
    engine.native(plan, given).prune(plan.kinds[0])
    ((_, said),) = sent
    found = {key: sorted(values) for key, values in json.loads(said.get("filters") or "{}").items()}
    assert found == query


def test_labels_never_reach_the_build_cache(engine: Engine, served: Served) -> None:
    """A label means nothing to build cache, and the Engine would remove all of it: so it is not asked at all."""
    given = Filters.from_flags(["label=x"])
    plan = plan_for(engine, filters=given, all=True)
    list(apply(engine, plan, Clock(NOW), pruner=engine.native(plan, given)))
    with served.store() as store:
        assert [e for e in store.events() if e.type == "builder"] == []
        assert store.snapshot(NOW).build_cache


def test_operators_go_one_by_one(engine: Engine) -> None:
    """What the route has no words for is removed by ids, and no record beside them."""
    given = Filters.from_flags(["type!=regular"])
    plan = plan_for(engine, Kind.BUILD_CACHE, filters=given, all=True)
    assert ids(plan)
    before = {r.id for r in engine.snapshot(NOW).build_cache}
    (report,) = apply(engine, plan, Clock(NOW), pruner=engine.native(plan, given))
    after = {r.id for r in engine.snapshot(NOW).build_cache}
    assert before - after == {step.id for step in report.done} == {id for id, _ in ids(plan)}


# Faults


BUSY = {"message": "a prune operation is already running"}


def busy_for(times: int) -> Callable[[Asked], Said | None]:
    """Return a script whose container prune is busy so many times."""
    left = iter(range(times))

    def script(request: Asked) -> Said | None:
        if request.path == "/containers/prune":
            return Said(BUSY, 409) if next(left, None) is not None else Said({"ContainersDeleted": ["a"]})
        return None

    return script


@pytest.mark.parametrize(("times", "wait"), [(0, 0), (3, 10 * SECOND)], ids=["free at once", "waited for"])
def test_waiting(times: int, wait: int, engine: Engine) -> None:
    """A prune that runs already is waited for as long as was said."""
    plan = plan_for(engine, Kind.CONTAINER)
    with stub(busy_for(times)) as server, Engine(server.endpoint) as busy:
        pruned = busy.native(plan, Filters(), wait=wait).prune(plan.kinds[0])
    assert pruned is not None
    assert [row.text for row in pruned.rows] == ["a"]


def test_not_waiting(engine: Engine) -> None:
    """Without patience it is Docker's error at once."""
    plan = plan_for(engine, Kind.CONTAINER)
    with stub(busy_for(99)) as server, Engine(server.endpoint) as busy, pytest.raises(BusyError):
        busy.native(plan, Filters()).prune(plan.kinds[0])


def proxied(served: Served, fault: Callable[[Asked], Said | None]) -> Callable[[Asked], Said | None]:
    """Return a script that passes everything on to a server but what the fault answers."""

    def script(request: Asked) -> Said | None:
        if said := fault(request):
            return said
        from urllib.parse import urlencode

        target = f"/{request.api}{request.path}" + (f"?{urlencode(request.query)}" if request.query else "")
        reply = served.ask(request.method, target)
        return Said(reply.body, reply.status, reply.headers.get("content-type", "text/plain"))

    return script


def hang_up_at(method: str, path: str) -> Callable[[Asked], Said | None]:
    """Return a fault: the connection ends in the middle of the answer to this request."""
    return lambda request: Said(hang_up=True) if (request.method, request.path) == (method, path) else None


def test_stopped_in_the_middle(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    """An Engine that stops in the middle of a prune: what is done is printed, then one sentence, exit 1."""
    from prunecli.cli.main import run

    with stub(proxied(served, hang_up_at("POST", "/images/prune"))) as server:
        code = run(["-H", server.url, "system", "prune", "-f"])
        url = server.url
    said = capfd.readouterr()
    assert code == 1
    assert said.out.startswith("Deleted Containers:\n")
    assert "Total" not in said.out
    *before, last = said.err.splitlines()
    assert last == (f"the Docker daemon at {url} went away before it had answered: some of the image prune may be done")
    assert any(line.startswith("prunecli: stopped in the middle: ") for line in before)


def test_stopped_between_two_objects(served: Served, engine: Engine) -> None:
    """Object by object, what went before the Engine stopped is reported, and then the error."""
    plan = plan_for(engine, Kind.CONTAINER)
    last = f"/containers/{plan.kinds[0].steps[-1].id}"
    with stub(proxied(served, hang_up_at("DELETE", last))) as server, Engine(server.endpoint) as broken:
        reports = apply(broken, plan, Clock(NOW))
        report = next(reports)
        assert [s.id for s in report.done] == [s.id for s in plan.kinds[0].steps[:-1]]
        assert report.interrupted
        with pytest.raises(EngineError, match="went away"):
            next(reports)


def test_what_vanishes_is_skipped(served: Served) -> None:
    """An object that goes between the list and its inspection is left out of what was read."""
    with served.store() as store:
        world = store.snapshot(NOW)
    container, image, network = world.containers[0].id, world.images[0].id, world.networks[0].id
    gone = {f"/containers/{container}/json": 404, f"/images/{image}/json": 404, f"/networks/{network}": 404}

    def fault(request: Asked) -> Said | None:
        status = gone.get(request.path)
        return Said({"message": "no such thing"}, status) if status else None

    with stub(proxied(served, fault)) as server:
        seen = read_engine(server.connect(), (1, 51))
    assert container not in {c["Id"] for c in seen["containers"]}
    assert image not in {i["Id"] for i in seen["images"]}
    assert network not in {n["Id"] for n in seen["networks"]}
    assert read_dump(seen).snapshot.containers


def test_the_second_measuring_counts(served: Served) -> None:
    """Disk usage is read twice and the second answer kept: the first one counts as a use of a new cache mount."""
    answers = iter(({"LayersSize": 1}, {"LayersSize": 2, "Containers": [], "Images": [], "Volumes": []}))
    fault = proxied(served, lambda request: Said(next(answers)) if request.path == "/system/df" else None)
    with stub(fault) as server:
        assert read_engine(server.connect(), (1, 51))["df"]["LayersSize"] == 2
        assert [r.query for r in server.asked if r.path == "/system/df"] == [{"type": "build-cache"}, {}]


def test_a_measuring_that_runs_is_waited_for(served: Served) -> None:
    """Old Engines measure for one caller at a time; the others wait."""
    busy = iter([True, True])

    def fault(request: Asked) -> Said | None:
        if request.path == "/system/df" and next(busy, False):
            return Said({"message": "a disk usage operation is already running"}, 500)
        return None

    with stub(proxied(served, fault)) as server:
        assert read_engine(server.connect(), (1, 41))["df"]["Images"]


def test_refused_while_reading(served: Served) -> None:
    """Any other error while reading ends it, in the Engine's words."""
    fault = proxied(served, lambda r: Said({"message": "disk on fire"}, 500) if r.path == "/volumes" else None)
    with stub(fault) as server, pytest.raises(RefusedError, match="disk on fire"):
        read_engine(server.connect(), (1, 51))


# The plan has to stand


def test_a_plan_that_changed_is_refused(served: Served) -> None:
    """Between the question and the answer a container was started: nothing goes, and the difference is named."""
    with subprocess.Popen(
        [sys.executable, "-m", "prunecli", "-H", served.url, "container", "prune"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PRUNECLI_NOW": format_instant(NOW)},
    ) as asking:
        assert asking.stdout
        assert asking.stdin
        asked = ""
        while not asked.endswith("[y/N] "):
            asked += asking.stdout.read(1)
        with served.store() as store:
            world = store.snapshot(NOW)
            stopped = next(c for c in world.containers if not c.running)
            started = replace(stopped, state="running", running=True)
            store.replace(replace(world, containers=_with(world.containers, started)), store.raw(), store.header())
        out, err = asking.communicate("y\n", timeout=LONG)
    assert (asking.returncode, out) == (1, "")
    first, err = err.split("\n", 1)
    assert first.startswith("On Docker Engine ")
    assert err.startswith("the Engine changed since the plan was made, nothing was removed: ")
    assert f"container {stopped.name} would stay: it was started after the plan was made" in err
    with served.store() as store:
        assert len(store.snapshot(NOW).containers) == len(world.containers)


@pytest.mark.parametrize("explain", [(), ("--explain",)], ids=["--force", "--force --explain"])
def test_a_plan_that_changed_while_nobody_was_asked_is_refused(
    explain: tuple[str, ...], served: Served, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --force the Engine is read again too before it prunes by itself: a stranger's new container stays."""
    from prunecli.cli.main import run

    monkeypatch.setenv("PRUNECLI_NOW", format_instant(NOW))
    readings: list[Asked] = []

    def stop_one(request: Asked) -> None:
        if request.path != "/containers/json":
            return
        readings.append(request)
        if len(readings) == 2:
            with served.store() as store:
                world = store.snapshot(NOW)
                running = next(c for c in world.containers if c.running)
                stopped = replace(running, state="exited", running=False, finished_at=NOW)
                store.replace(replace(world, containers=_with(world.containers, stopped)), store.raw(), store.header())

    with stub(proxied(served, stop_one)) as server:
        code = run(["-H", server.url, "container", "prune", "--force", *explain])
        methods = {request.method for request in server.asked}
    assert code == 1
    assert "would go too, and was not shown" in capfd.readouterr().err
    assert methods == {"GET"}


# Events


def event_line(at: int, id: str = "x") -> bytes:
    """Return an event as an Engine sends it."""
    told = {"Type": "container", "Action": "start", "Actor": {"ID": id}, "scope": "local", "timeNano": at}
    return json.dumps(told).encode() + b"\n"


def test_events_without_loss_or_repetition() -> None:
    """A stream that breaks again and again is one stream to who follows it, also when events come out of order."""
    history = [(NOW + n * SECOND // 4 - (SECOND // 100) * (n % 3), f"c{n}") for n in range(40)]
    cut = iter([5, 12, 13, 14, 30, 40])

    def script(request: Asked) -> Said | None:
        if request.path == "/info":
            return Said({"SystemTime": format_instant(NOW)})
        since = request.query.get("since", "0.0")
        seconds, _, nanos = since.partition(".")
        first = int(seconds) * SECOND + int(nanos)
        lines = (event_line(at, id) for at, id in history[: next(cut)] if at >= first)
        return Said(lines=lines, hang_up=True)

    seen: list[str] = []
    with stub(script) as server:
        told: list[str] = []
        stream = follow_events(server.connect(), NOW - SECOND, None, lambda: len(seen) < 40, told.append)
        for event in stream:
            seen.append(event.actor_id)
            if len(seen) == 40:
                break
    assert seen == [id for _, id in history]
    assert told
    assert "connecting again" in told[0]


def test_events_survive_the_engine(tmp_path: Path) -> None:
    """Who follows an Engine that restarts misses nothing that it still knows."""
    from prunecli.backends.engine.endpoint import Endpoint

    found: queue.Queue[Event] = queue.Queue()
    going = threading.Event()
    going.set()
    with serving(tmp_path, now=None) as first:
        engine = Engine(Endpoint(first.url))
        stream = engine.events(time.time_ns() - SECOND, follow=going.is_set)

        def follow() -> None:
            for event in stream:
                found.put(event)

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        first.ask("POST", "/v1.51/volumes/create", {"Name": "one"})
        assert found.get(timeout=LONG).actor_id == "one"
        first.stop()
        command = [sys.executable, "-m", "prunecli", "--store", str(first.store_path), "serve"]
        with subprocess.Popen([*command, "--socket", str(first.socket)], stdout=subprocess.PIPE, text=True) as again:
            assert again.stdout
            again.stdout.readline()
            first.ask("POST", "/v1.51/volumes/create", {"Name": "two"})
            assert found.get(timeout=LONG).actor_id == "two"
            going.clear()
            again.terminate()
        thread.join(LONG)
    assert not thread.is_alive()
    assert found.empty()


def test_events_of_the_past(engine: Engine, served: Served) -> None:
    """Without following, what an Engine remembers is replayed, and then it ends."""
    served.ask("POST", "/v1.51/containers/prune")
    events = list(engine.events(NOW - SECOND, NOW + 3600 * SECOND))
    assert [e.action for e in events][-1] == "prune"
    assert events[0].action == "destroy"


def test_events_end_at_their_time(engine: Engine) -> None:
    """With an `until` that is over the stream ends by itself."""
    assert list(engine.events(NOW - 60 * SECOND, NOW - SECOND, follow=lambda: True)) == []
