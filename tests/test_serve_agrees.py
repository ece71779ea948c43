"""One world, three ways: its own prune, the same through `serve`, and the dry run through `serve` say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from prunecli.backends.store import Store
from prunecli.example import example_world
from prunecli.snapshot import Snapshot
from prunecli.wire import read_dump, retell
from tests.build_worlds import World
from tests.cli_runs import Cli, Ran
from tests.conftest import NOW
from tests.oracle import cases
from tests.serving import Served, serving
from tests.whole_worlds import random_world

COMMANDS = (
    "image prune -f",
    "image prune -af",
    "system prune -f",
    "system prune -af --volumes",
    "container prune -f",
    "volume prune -af",
    "builder prune -f",
    "builder prune -af",
    "builder prune -f --max-used-space 1MB",
    "builder prune -af --min-free-space 1GB",
)

ADDED = """
network shop --endpoint web
volume data --size 5MB
volume nameless --anonymous --size 7MB
image base:1 --layer root:5MB --layer etc:0B
image app:1 app:2 --layer root:5MB --layer etc:0B --layer app:300kB
image old --layer root:5MB --layer old:20kB --untagged
image half:1 --layer etc:0B --layer root:5MB
container web --image app:1 --state running --volume data
container job --image base:1 --size 9kB
cache 29dfqn86xmb7quv06x4fstsyt --size 5MB --used 3h --uses 2
cache lx3rqxsdy2nwvti5v2zr8gnle --size 9MB --parent 29dfqn86xmb7quv06x4fstsyt --used 2h --uses 1
"""
"""A world made with `state add`, one object a line."""

Load = Callable[[], None]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all worlds of this module: each is put into its store in turn."""
    with serving(tmp_path_factory.mktemp("agrees")) as running:
        yield running


@pytest.fixture
def on(served: Served, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Commands on the store of the server."""
    monkeypatch.setenv("PRUNECLI_NOW", str(NOW // 10**9))
    return Cli(served.store_path, capfd, monkeypatch)


def agree(on: Cli, served: Served, load: Load, command: str) -> None:
    """Do the same three times on the same world, and compare."""
    argv = command.split()
    load()
    shown = on("--host", served.url, *argv, "--dry-run")
    done = on("--host", served.url, *argv)
    load()
    own = on("--store", str(served.store_path), *argv)
    assert shown.out == done.out == own.out
    assert (shown.code, done.code, own.code) == (own.code,) * 3
    assert "was not in the plan" not in done.err


def loading(on: Cli, world: Snapshot | dict[str, Any]) -> Load:
    """Return what puts a world, or an Engine dump, into the store."""
    told = None if isinstance(world, Snapshot) else read_dump(world)

    def load() -> None:
        with Store.open(on.path) as store:
            if told is None:
                store.replace(world, {}, {})  # type: ignore[arg-type] # it is no dump
            else:
                store.replace(told.snapshot, told.raw, told.header)

    return load


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example(on: Cli, served: Served, command: str) -> None:
    """The example is a world that an Engine could have."""
    agree(on, served, loading(on, example_world(NOW)), command)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("engine", ["28.5-graph-10", "28.5-containerd-505"])
def test_what_was_added(on: Cli, served: Served, engine: str, command: str) -> None:
    """So are worlds made object by object, whichever image store the Engine has that a store stands for."""
    before = next(case for case in cases() if case.name == engine).before
    nothing: dict[str, list[object]] = {kind: [] for kind in ("containers", "images", "networks", "volumes")}
    empty = loading(on, {**before, **nothing, "df": {"LayersSize": 0}, "disk": {"total": 10**11, "free": 10**8}})

    def load() -> None:
        empty()
        for line in ADDED.strip().splitlines():
            assert on("--store", str(on.path), "state", "add", *line.split()) == Ran(0, "", ""), line

    agree(on, served, load, command)


@pytest.mark.parametrize("seed", range(24))
def test_worlds_by_chance(on: Cli, served: Served, seed: int) -> None:
    """Any world that was told by an Engine: what is told of it again is the same, for all five kinds."""
    agree(on, served, loading(on, retell(random_world(seed))), COMMANDS[seed % len(COMMANDS)])
    agree(on, served, loading(on, retell(random_world(seed))), "system prune -af --volumes")


@pytest.mark.parametrize("seed", range(8))
def test_built_worlds(on: Cli, served: Served, seed: int) -> None:
    """Images and build cache that share layers: which ones is inferred alike from a dump and from `serve`."""
    world = World(seed)
    for _ in range(25):
        world.step()
    dump = world.dump() | {"disk": {"total": 10**11, "free": 10**8}}
    agree(on, served, loading(on, dump), COMMANDS[seed % len(COMMANDS)])
    agree(on, served, loading(on, dump), "system prune -af")


@pytest.mark.parametrize("case", cases()[::24], ids=lambda case: case.name)
def test_recorded_worlds(on: Cli, served: Served, case: Any) -> None:
    """What real Engines told of themselves, both image stores."""
    number = int(case.name.rpartition("-")[2])
    for command in ("image prune -af", COMMANDS[number % len(COMMANDS)]):
        agree(on, served, loading(on, case.before), command)


def test_both_image_stores_are_among_them() -> None:
    """The recorded worlds are of both stores."""
    assert {case.containerd for case in cases()[::24]} == {True, False}


def test_containers_and_networks_agree(on: Cli, served: Served) -> None:
    """What a made-up network says of its containers, they say too: in their inspection and where lists are filtered."""
    loading(on, example_world(NOW))()
    network = served.ask("GET", "/networks/shop").json
    (row,) = served.ask("GET", "/containers/json", None, {"network": ["shop"]}).json
    inspect = served.ask("GET", "/containers/web/json").json

    assert list(network["Containers"]) == [row["Id"]] == [inspect["Id"]]
    assert inspect["HostConfig"]["NetworkMode"] == "shop"
    for networks in (row["NetworkSettings"]["Networks"], inspect["NetworkSettings"]["Networks"]):
        assert list(networks) == ["shop"]
        assert networks["shop"]["NetworkID"] == network["Id"]
        assert networks["shop"]["EndpointID"] == network["Containers"][inspect["Id"]]["EndpointID"]
    assert served.ask("GET", "/containers/json?all=1", None, {"network": ["bridge"]}).json == []
