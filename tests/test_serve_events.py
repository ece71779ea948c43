"""`GET /events`: the journal replayed and followed, in the Engine's form."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from prunecli.backends.served import PAGE
from prunecli.events import Event
from prunecli.units import SECOND
from prunecli.verdict import Kind
from tests.conftest import NOW
from tests.serving import Served, UnixConnection, serving

pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Lend a server over the example; its journal begins empty."""
    with serving(tmp_path_factory.mktemp("serve")) as served:
        yield served


def follow(served: Served, query: str = "") -> tuple[UnixConnection, http.client.HTTPResponse]:
    """Begin to listen; the headers have arrived by then, so nothing that happens later is missed."""
    connection = UnixConnection(served.socket)
    connection.request("GET", f"/v1.51/events{query}")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Type")) == (200, "application/json")
    assert answer.getheader("Transfer-Encoding") == "chunked"
    return connection, answer


def told(body: bytes) -> list[str]:
    """Return events as `type action`."""
    return [f"{e['Type']} {e['Action']}" for e in map(json.loads, body.splitlines())]


def test_live_events_arrive_while_they_happen(served: Served) -> None:
    """A listener hears of each event, in order, in the Engine's JSON, and of nothing from before."""
    served.ask("POST", "/volumes/create", {"Name": "before"})
    connection, answer = follow(served)
    with closing(connection):
        served.ask("POST", "/volumes/create", {"Name": "now"})
        served.ask("POST", "/containers/prune")
        lines = [json.loads(answer.readline()) for _ in range(5)]
    assert {key: lines[0][key] for key in ("Type", "Action", "Actor", "scope")} == {
        "Type": "volume",
        "Action": "create",
        "Actor": {"ID": "now", "Attributes": {"driver": "local"}},
        "scope": "local",
    }
    assert [f"{e['Type']} {e['Action']}" for e in lines[1:]] == ["container destroy"] * 3 + ["container prune"]
    assert lines[4]["Actor"] == {"ID": "", "Attributes": {"reclaimed": "15728640"}}
    assert lines[4]["status"] == "prune"  # deprecated, and there for versions below 1.52


def test_replay_ends_where_until_lies_in_the_past(served: Served) -> None:
    """`since` and `until` bound the replay, both included; the stream ends properly."""
    with served.store() as store, store.change(Kind.VOLUME) as change:
        for n in range(5):
            change.emit(Event("volume", "destroy", NOW - (10 - n) * SECOND, f"v{n}"))
    first, last = NOW // SECOND - 9, NOW // SECOND - 7
    reply = served.ask("GET", f"/events?since={first}&until={last}.000000000")
    assert [json.loads(line)["Actor"]["ID"] for line in reply.body.splitlines()] == ["v1", "v2", "v3"]
    everything = served.ask("GET", f"/events?until={NOW // SECOND}")
    assert len(everything.body.splitlines()) == 5
    assert served.ask("GET", "/events?since=0&until=1").body == b""


def test_replay_and_live_meet_without_a_gap(served: Served) -> None:
    """More events than any page holds, some of them written while they are read: each arrives once, in order."""
    count = 3 * PAGE + 7
    with served.store() as store:

        def write(numbers: range) -> None:
            for n in numbers:
                with store.change(Kind.VOLUME) as change:
                    change.emit(Event("volume", "destroy", NOW + n, f"v{n}"))

        write(range(count // 2))
        writer = threading.Thread(target=write, args=(range(count // 2, count),))
        connection, answer = follow(served, "?since=1")
        with closing(connection):
            writer.start()
            heard = [json.loads(answer.readline())["Actor"]["ID"] for _ in range(count)]
            writer.join()
    assert heard == [f"v{n}" for n in range(count)]


def test_filters_hold_for_replay_and_live(served: Served) -> None:
    """Keys are all to hold; of a key's values one is enough."""
    filters = json.dumps({"type": {"volume": True, "network": True}, "event": {"create": True}}).replace('"', "%22")
    connection, answer = follow(served, f"?filters={filters.replace(' ', '')}")
    with closing(connection):
        served.ask("POST", "/volumes/create", {"Name": "one"})
        served.ask("DELETE", "/volumes/one")
        served.ask("POST", "/containers/prune")
        served.ask("POST", "/networks/create", {"Name": "two"})
        heard = [json.loads(answer.readline())["Type"] for _ in range(2)]
    assert heard == ["volume", "network"]


@pytest.mark.parametrize(
    ("version", "heard"),
    [
        pytest.param("1.45", ["image tag"], id="hidden before API 1.46"),
        pytest.param("1.46", ["image create", "image tag"], id="told from then on"),
    ],
)
def test_created_images(served: Served, version: str, heard: list[str]) -> None:
    """An image's `create` is news of API 1.46."""
    with served.store() as store, store.change(Kind.IMAGE) as change:
        change.emit(Event("image", "create", NOW, "sha256:1"))
        change.emit(Event("image", "tag", NOW, "sha256:1"))
    assert told(served.ask("GET", f"/v{version}/events?until={NOW // SECOND + 1}").body) == heard


def test_a_future_until_closes_at_that_moment(served: Served) -> None:
    """The stream ends by itself when its time has come."""
    connection, answer = follow(served, f"?until={NOW // SECOND + 2}")
    with closing(connection):
        served.ask("POST", "/volumes/create", {"Name": "now"})
        assert told(answer.read()) == ["volume create"]


def test_sigterm_ends_open_streams_properly(served: Served) -> None:
    """On SIGTERM each listener hears what there was, its stream is closed in order, and the socket is gone."""
    listeners = [follow(served) for _ in range(3)]
    served.ask("POST", "/networks/prune")
    assert served.stop() == (0, "")
    for connection, answer in listeners:
        assert told(answer.read()) == ["network destroy"] * 3 + ["network prune"]
        connection.close()
    assert not served.socket.exists()


def test_events_of_other_processes_are_heard(served: Served) -> None:
    """What happens to the store beside the server is told as well."""
    connection, answer = follow(served)
    with closing(connection), served.store() as store:
        with store.change(Kind.BUILD_CACHE) as change:
            change.emit(Event("builder", "prune", NOW, attributes={"reclaimed": "1"}))
        assert json.loads(answer.readline())["Type"] == "builder"
