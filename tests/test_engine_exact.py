"""Build cache removed by ids: what the plan shows and nothing else, whatever happens meanwhile, on both ways to it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("h2", reason="needs the extra prunecli[engine]")

from prunecli import protobuf
from prunecli.backends.engine import records as engine_records
from prunecli.backends.engine.clock import EngineClock
from prunecli.backends.engine.dialing import dial_grpc
from prunecli.backends.engine.endpoint import Endpoint
from prunecli.backends.engine.records import ApiRecords, ControlRecords, is_record_id
from prunecli.backends.engine.world import Engine
from prunecli.clock import Clock
from prunecli.errors import EngineError
from prunecli.grpc.client import GrpcClient
from prunecli.grpc.control import Control
from prunecli.grpc.messages import spell
from prunecli.info import PruneRequest
from prunecli.kinds.build_cache import CacheRecord, UsageRow
from prunecli.plan import Plan
from prunecli.profile import make_profile
from prunecli.pruning import apply, plan_on
from prunecli.report import Cause, KindReport
from prunecli.snapshot import Snapshot
from prunecli.units import SECOND, Instant, parse_rfc3339
from prunecli.verdict import Kind
from prunecli.wire.control import write_disk_usage, write_usage_record
from tests.conftest import NOW
from tests.engine_stubs import Asked, Said, Stub, stub
from tests.grpc_peers import HEADERS, Called, HangUp, framed, peer
from tests.serving import Served, serving

HOUR = 3600 * SECOND
MINE = 1_600_000_000 * SECOND
"""What the clock of prunecli says: nothing may depend on it, as another machine's clock may say anything."""


def record(id: str, *parents: str, used: Instant | None = NOW - HOUR, **more: Any) -> CacheRecord:
    """Return a record that was made two hours ago and used an hour ago."""
    return CacheRecord(id, parents, created_at=NOW - 2 * HOUR, last_used_at=used, usage_count=1, size=10, **more)


WORLD = (record("a"), record("b", "a"), record("c", "b"), record("never", used=None), record("other"))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Our server over some build cache."""
    with serving(tmp_path, world=Snapshot(NOW, build_cache=WORLD)) as running:
        yield running


@contextmanager
def without_grpc(served: Served, said: Said | None = None) -> Iterator[Stub]:
    """Lend the same server behind a proxy that answers every upgrade in its own way."""
    from urllib.parse import urlencode

    def script(request: Asked) -> Said | None:
        if request.path == "/grpc":
            return said
        target = f"/{request.api}{request.path}" + (f"?{urlencode(request.query)}" if request.query else "")
        reply = served.ask(request.method, target)
        return Said(reply.body, reply.status, reply.headers.get("content-type", "text/plain"))

    with stub(script, served.ask("GET", "/version").json) as proxy:
        yield proxy


@pytest.fixture(params=["control", "api"])
def engine(request: pytest.FixtureRequest, served: Served) -> Iterator[Engine]:
    """The world that the server is seen as, on either way to its build cache."""
    if request.param == "control":
        with Engine(Endpoint(served.url)) as world:
            yield world
        return
    with without_grpc(served) as proxy, Engine(proxy.endpoint) as world:
        yield world


def plan_for(engine: Engine, **request: Any) -> Plan:
    """Plan a prune of all build cache."""
    return plan_on(engine.snapshot(MINE), PruneRequest((Kind.BUILD_CACHE,), all=True, **request))


def carry_out(engine: Engine, plan: Plan) -> KindReport:
    """Carry a plan out record by record."""
    (report,) = apply(engine, plan, Clock(MINE))
    return report


def gone(report: KindReport) -> list[str]:
    """Return the ids of what went, in order."""
    return [step.id for step in report.done]


def kept(report: KindReport) -> dict[str, str]:
    """Map the id of each record that stayed to why it did; none of it is a failure."""
    assert all(failure.expected for failure in report.failures), report.failures
    return {failure.step.id: failure.why for failure in report.failures}


def put(served: Served, records: Sequence[CacheRecord]) -> None:
    """Put records in the place of those that are there."""
    with served.store() as store:
        store.replace(Snapshot(NOW, build_cache=tuple(records)), {}, {})


def there(served: Served) -> set[str]:
    """Return the ids of what is there."""
    with served.store() as store:
        return {r.id for r in store.snapshot(NOW).build_cache}


def just_before_pruning(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> list[int]:
    """Do something once between a look at records and the request that removes them; returns how many each names."""
    asked: list[int] = []
    for way in (ControlRecords, ApiRecords):

        def prune(self: Any, ids: Sequence[str], unused_since: Instant, original: Any = way.prune) -> Any:
            if not asked:
                act()
            asked.append(len(ids))
            return original(self, ids, unused_since)

        monkeypatch.setattr(way, "prune", prune)
    return asked


# What goes


def test_what_the_plan_shows_goes(engine: Engine, served: Served) -> None:
    """All that was shown goes, children first, with its bytes; what came since stays."""
    plan = plan_for(engine)
    put(served, [*WORLD, record("aa")])
    report = carry_out(engine, plan)
    assert sorted(gone(report)) == ["a", "b", "c", "never", "other"]
    assert gone(report).index("c") < gone(report).index("b") < gone(report).index("a")
    assert (kept(report), report.reclaimed) == ({}, 50)
    assert there(served) == {"aa"}


def test_which_way_is_taken(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where BuildKit's service answers, the Engine's own prune is not asked."""
    with Engine(Endpoint(served.url)) as engine:
        plan = plan_for(engine)
        monkeypatch.setattr(engine._connection, "post", None)
        assert sorted(gone(carry_out(engine, plan))) == ["a", "b", "c", "never", "other"]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(None, id="no such route"),
        pytest.param(Said("OK"), id="an answer in place of the upgrade"),
        pytest.param(Said(hang_up=True), id="a connection that ends"),
        pytest.param(Said(status=101), id="an upgrade to nothing"),
    ],
)
def test_where_there_is_no_service(said: Said | None, served: Served) -> None:
    """Without BuildKit's service the API's filter names the same records, quoted, and the latest use of any of them."""
    with without_grpc(served, said) as proxy, Engine(proxy.endpoint) as engine:
        assert len(gone(carry_out(engine, plan_for(engine)))) == 5
        (asked,) = [r for r in proxy.asked if r.path == "/build/prune"]
    filters = {key: list(values) for key, values in json.loads(asked.query["filters"]).items()}
    (pattern,) = filters.pop("id")
    assert (pattern[:3], pattern[-3:]) == ('"^(', ')$"')
    assert sorted(pattern[3:-3].split("|")) == ["a", "b", "c", "never", "other"]
    assert filters == {"until": [f"{(NOW - HOUR) // SECOND}.000000000"]}
    assert asked.query["all"] == "1"


def test_until_for_old_engines(tmp_path: Path) -> None:
    """An Engine that knows no instants gets a duration, by its own clock."""
    world = Snapshot(NOW, profile=make_profile("20.10.24", (1, 41)), build_cache=WORLD)
    with serving(tmp_path, world=world) as served, without_grpc(served) as proxy, Engine(proxy.endpoint) as engine:
        assert len(gone(carry_out(engine, plan_for(engine)))) == 5
        (asked,) = [r for r in proxy.asked if r.path == "/build/prune"]
    (until,) = json.loads(asked.query["filters"])["until"]
    assert until.endswith("ns")
    assert HOUR < int(until.removesuffix("ns")) < 2 * HOUR


def test_many(engine: Engine, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of records go in requests of a bounded size, chains across them too."""
    chain = [record(f"c{n}", *([f"c{n - 1}"] if n else [])) for n in range(150)]
    put(served, [*chain, *(record(f"r{n}") for n in range(170))])
    plan = plan_for(engine)
    asked = just_before_pruning(monkeypatch, lambda: None)
    report = carry_out(engine, plan)
    assert (len(gone(report)), kept(report), there(served)) == (320, {}, set())
    assert max(asked) in (100, 20)
    assert sum(asked) == 320


def test_some_of_it(engine: Engine, served: Served) -> None:
    """A limit chooses what is shown, and just that goes."""
    plan = plan_for(engine, reserved_space=30)
    shown = [step.id for step in plan.kinds[0].steps]
    assert 0 < len(shown) < len(WORLD)
    assert gone(carry_out(engine, plan)) == shown
    assert there(served) == {r.id for r in WORLD} - set(shown)


# What stays


def test_used_before_it_is_looked_at(engine: Engine, served: Served) -> None:
    """What was used since the plan, or is in use, stays and is named, with what it builds on."""
    plan = plan_for(engine)
    used = replace(WORLD[2], last_used_at=NOW - SECOND, usage_count=2)
    put(served, [*WORLD[:2], used, WORLD[3], replace(WORLD[4], in_use=True)])
    report = carry_out(engine, plan)
    assert gone(report) == ["never"]
    assert sorted(kept(report)) == ["a", "b", "c", "other"]
    assert "it was used after the plan was made" in kept(report)["c"]
    assert "it came into use after the plan was made" in kept(report)["other"]


def test_used_after_it_was_looked_at(engine: Engine, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is used between the last look and the request stays too: the Engine itself compares the time of its use."""
    plan = plan_for(engine)
    used = replace(WORLD[2], last_used_at=NOW - SECOND, usage_count=2)
    just_before_pruning(monkeypatch, lambda: put(served, [*WORLD[:2], used, *WORLD[3:]]))
    report = carry_out(engine, plan)
    assert sorted(gone(report)) == ["never", "other"]
    assert kept(report) == {
        "c": "it was used after the plan was made",
        "b": "build cache record c builds on it",
        "a": "build cache record b builds on it",
    }
    assert there(served) == {"a", "b", "c"}


def test_built_upon_after_it_was_looked_at(engine: Engine, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What something new builds on stays, and that is said; the new thing was never asked for."""
    plan = plan_for(engine)
    new = [record("n1", "other"), record("n2", "other"), record("n3", "c")]
    just_before_pruning(monkeypatch, lambda: put(served, [*WORLD, *new]))
    report = carry_out(engine, plan)
    assert gone(report) == ["never"]
    assert kept(report)["c"] == "build cache record n3 builds on it"
    assert kept(report)["other"] == "2 build cache records build on it, n1 among them"
    assert there(served) == {"a", "b", "c", "other", "n1", "n2", "n3"}


def test_gone_meanwhile(engine: Engine, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody else removed is told as that."""
    plan = plan_for(engine)
    just_before_pruning(monkeypatch, lambda: put(served, [r for r in WORLD if r.id != "other"]))
    report = carry_out(engine, plan)
    assert sorted(gone(report)) == ["a", "b", "c", "never"]
    assert [(f.step.id, f.cause) for f in report.failures] == [("other", Cause.GONE)]


ODD = ("a|b", ".*", "a,b", 'a"', "A", "é", "٣", "a\n", "", "a b")


@pytest.mark.parametrize("id", ODD)
def test_ids_that_none_makes(id: str) -> None:
    """Nothing but letters and digits gets into a filter."""
    assert not is_record_id(id)


def test_an_odd_id_stays(engine: Engine, served: Served) -> None:
    """A record whose id would mean more in a filter stays, and so does what it would mean."""
    put(served, [*WORLD, record("never|other")])
    plan = plan_for(engine)
    put(
        served,
        [replace(r, usage_count=2) if r.id in ("never", "other") else r for r in WORLD] + [record("never|other")],
    )
    report = carry_out(engine, plan)
    assert sorted(gone(report)) == ["a", "b", "c"]
    assert {f.step.id for f in report.failures} == {"never", "other", "never|other"}
    assert there(served) == {"never", "other", "never|other"}


@pytest.mark.parametrize("way", [ControlRecords, ApiRecords])
def test_no_request_without_ids(way: type, served: Served) -> None:
    """Filters without an id would select everything: such a request is never made."""
    with Engine(Endpoint(served.url)) as engine:
        connection = engine._connection
        client = dial_grpc(connection.endpoint)
        records: Any
        if way is ControlRecords:
            records = ControlRecords(Control(client), EngineClock(connection), served.url)
        else:
            records = ApiRecords(connection, None)
        with pytest.raises(ValueError, match="without ids"):
            list(records.prune([], NOW))
        client.close()
    assert len(there(served)) == len(WORLD)


# A service that misbehaves


def usage(record: CacheRecord, *, in_use: bool = False) -> UsageRow:
    """Return the row that a service tells of a record."""
    return UsageRow(record, in_use, False, record.size)


def scripted(prune: Callable[[Called], object], busy: Callable[[], bool] = lambda: False) -> Callable[[Called], None]:
    """Return a service over the world of these tests, which prunes as the script says."""

    def script(called: Called) -> None:
        if called.headers[":path"].endswith("/DiskUsage"):
            in_use = busy()
            called.answer(write_disk_usage(usage(r, in_use=in_use) for r in WORLD))
        else:
            prune(called)

    return script


def prune_all(called: Called) -> None:
    """Remove what was asked for."""
    asked = {f.removeprefix("id==") for f in protobuf.read(called.body[5:]).texts(1)}
    called.answer(*(write_usage_record(usage(r), typed=False) for r in WORLD if r.id in asked))


@contextmanager
def service(script: Callable[[Called], None], served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Lend an Engine whose BuildKit follows a script."""
    with peer(script) as other, Engine(Endpoint(served.url)) as engine:
        monkeypatch.setattr(engine_records, "dial_grpc", lambda _endpoint: GrpcClient(other.stream))
        yield engine


def test_what_is_asked(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prune names each id by itself, takes all kinds of records, keeps what was used since, and has no limits."""
    asked: list[protobuf.Message] = []

    def prune(called: Called) -> None:
        asked.append(protobuf.read(called.body[5:]))
        prune_all(called)

    with service(scripted(prune), served, monkeypatch) as engine:
        assert len(gone(carry_out(engine, plan_for(engine)))) == 5
    (message,) = asked
    assert sorted(message.texts(1)) == ["id==a", "id==b", "id==c", "id==never", "id==other"]
    assert (message.flag(2), set(message.numbers) | set(message.data)) == (True, {1, 2, 3})
    assert HOUR < message.number(3) < 2 * HOUR


def test_lost_in_the_middle(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that ends in the middle: what was told is done, of the rest nobody knows, and that is said."""

    def prune(called: Called) -> None:
        called.http.send_headers(called.stream, HEADERS)
        rows = [framed(write_usage_record(usage(r), typed=False)) for r in WORLD]
        called.send(rows[2] + rows[1] + rows[0][:9])
        raise HangUp

    with service(scripted(prune), served, monkeypatch) as engine:
        reports = apply(engine, plan_for(engine), Clock(MINE))
        report = next(reports)
        assert (sorted(gone(report)), report.failures, report.interrupted) == (["b", "c"], (), True)
        with pytest.raises(EngineError) as raised:
            next(reports)
    assert raised.value.message == (
        f"the Docker daemon at {served.url} went away before it had answered: some of the build-cache prune may be done"
    )


def test_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the service refuses has failed, in its words; what went before that is done."""

    def prune(called: Called) -> None:
        called.http.send_headers(called.stream, HEADERS)
        called.send(framed(write_usage_record(usage(WORLD[2]), typed=False)))
        trailers = [("grpc-status", "2"), ("grpc-message", spell("disk on fire"))]
        called.http.send_headers(called.stream, trailers, end_stream=True)

    with service(scripted(prune), served, monkeypatch) as engine:
        report = carry_out(engine, plan_for(engine))
    assert gone(report) == ["c"]
    assert {(f.why, f.cause) for f in report.failures} == {("disk on fire", Cause.FAILED)}
    assert len(report.failures) == 4


@pytest.mark.parametrize(
    ("in_use", "went"),
    [
        pytest.param([False], 5, id="steady"),
        pytest.param([False, True, False, False], 5, id="a look that something else falsified"),
        pytest.param([False, True, True], 0, id="in use"),
        pytest.param([False, *[True, False] * 20], 0, id="never steady: the last of five looks counts"),
    ],
)
def test_looks_that_do_not_agree(
    in_use: list[bool], went: int, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Straight after a build all may seem in use for a moment: two looks have to agree, and not without end."""
    monkeypatch.setattr("prunecli.backends.engine.changing_cache._BREATH", 0)
    answers = iter(in_use)  # the first one is that of the question whether there is a service
    looks = []

    def busy() -> bool:
        looks.append(next(answers, in_use[-1]))
        return looks[-1]

    with service(scripted(prune_all, busy), served, monkeypatch) as engine:
        report = carry_out(engine, plan_for(engine))
    assert len(gone(report)) == went
    assert len(looks) <= 6


class Restarted:
    """BuildKit after a restart: the removal of a record counts as a use of its parents, once they have no other child.

    `used` are records that somebody else uses in the middle of the first prune as well.
    """

    def __init__(self, served: Served, used: Sequence[str] = ()) -> None:
        self._served = served
        self._used = list(used)
        self.records = {r.id: r for r in WORLD}

    def __call__(self, called: Called) -> None:
        if called.headers[":path"].endswith("/DiskUsage"):
            called.answer(write_disk_usage(map(usage, self.records.values())))
            return
        asked = protobuf.read(called.body[5:])
        ids = {f.removeprefix("id==") for f in asked.texts(1)}
        rows: list[CacheRecord] = []
        while gone := self._one_pass(ids, self._now() - asked.number(3)):
            rows += gone
        called.answer(*(write_usage_record(usage(r), typed=False) for r in rows))

    def _one_pass(self, ids: set[str], cutoff: Instant) -> list[CacheRecord]:
        held = self._parents()
        gone = [r for r in self.records.values() if r.id in ids - held and (r.last_used_at or 0) <= cutoff]
        for record in gone:
            del self.records[record.id]
        for id in {parent for r in gone for parent in r.parents} - self._parents():
            self._use(id)
        while self._used:
            self._use(self._used.pop())
        return gone

    def _parents(self) -> set[str]:
        return {parent for r in self.records.values() for parent in r.parents}

    def _use(self, id: str) -> None:
        record = self.records[id]
        self.records[id] = replace(record, last_used_at=self._now(), usage_count=record.usage_count + 1)

    def _now(self) -> Instant:
        return parse_rfc3339(self._served.ask("GET", "/info").json["SystemTime"])


@pytest.mark.parametrize("most", [100, 1], ids=["one request", "a request for each"])
def test_after_a_restart(most: int, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only seems to be used because its child was removed by us goes as planned."""
    monkeypatch.setattr(ControlRecords, "most", most)
    buildkit = Restarted(served)
    with service(buildkit, served, monkeypatch) as engine:
        report = carry_out(engine, plan_for(engine))
    assert kept(report) == {}
    assert sorted(gone(report)) == ["a", "b", "c", "never", "other"]
    assert buildkit.records == {}


def test_used_after_a_restart(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody else used beside that stays, and what it builds on."""
    buildkit = Restarted(served, used=["b"])
    with service(buildkit, served, monkeypatch) as engine:
        report = carry_out(engine, plan_for(engine))
    assert sorted(gone(report)) == ["c", "never", "other"]
    assert kept(report) == {
        "b": "it was used after the plan was made",
        "a": "build cache record b builds on it",
    }


def test_used_while_a_request_waits(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request may wait for another prune: what a build used meanwhile stays, though we removed its child then."""
    buildkit = Restarted(served)
    monkeypatch.setattr("prunecli.backends.engine.changing_cache._MOMENT", SECOND // 5)

    def script(called: Called) -> None:
        if called.headers[":path"].endswith("/Prune") and "c" in buildkit.records:
            buildkit._use("b")
            time.sleep(0.5)
            called.answer(write_usage_record(usage(buildkit.records.pop("c")), typed=False))
        else:
            buildkit(called)

    with service(script, served, monkeypatch) as engine:
        report = carry_out(engine, plan_for(engine))
    assert sorted(gone(report)) == ["c", "never", "other"]
    assert kept(report)["b"] == "it was used after the plan was made"


def test_used_before_the_removal(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A use before the request is nobody's but a build's, even if it is one use more."""
    buildkit = Restarted(served)
    with service(buildkit, served, monkeypatch) as engine:
        plan = plan_for(engine)

        def use() -> None:
            buildkit.records["b"] = replace(WORLD[1], last_used_at=NOW - SECOND, usage_count=2)
            del buildkit.records["c"]

        just_before_pruning(monkeypatch, use)
        report = carry_out(engine, plan)
    assert kept(report)["b"] == "it was used after the plan was made"
    assert {"a", "b"} == set(buildkit.records)


def test_more_than_it_can_tell(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the last look is more than one message holds, what stayed is named all the same."""

    def prune(called: Called) -> None:
        called.answer()

    def script(called: Called) -> None:
        if len(called.body) == 5 and called.headers[":path"].endswith("/DiskUsage"):
            trailers = [
                *HEADERS,
                ("grpc-status", "8"),
                ("grpc-message", "grpc: trying to send message larger than max"),
            ]
            called.http.send_headers(called.stream, trailers, end_stream=True)
        else:
            scripted(prune)(called)

    with service(script, served, monkeypatch) as engine:
        report = carry_out(engine, plan_for(engine))
    assert gone(report) == []
    assert set(kept(report).values()) == {"the Engine kept it: it is in use, or something builds on it"}
