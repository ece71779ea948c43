"""A short round of `tests.fuzz.dumps`, and the nulls that once got through an import and no further."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from prunecli.errors import DumpError
from prunecli.wire import read_dump, write_dump
from tests.fuzz.dumps import Way, fuzz
from tests.oracle import cases
from tests.serving import serving

Json = dict[str, Any]
SMALL = next(case for case in cases() if case.name == "28.5-graph-10")

ROUNDS, SEED = 25, 1


def test_a_short_round() -> None:
    """Twenty-five dumps with changed values: what is accepted goes the whole way."""
    rounds, accepted, finds = fuzz(SEED, rounds=ROUNDS)

    assert finds == []
    assert rounds == ROUNDS
    assert accepted > 5


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """The whole way of a dump, over one server."""
    folder = tmp_path_factory.mktemp("way")
    with serving(folder) as served:
        yield Way(served, folder)


def _set(*path: str | int, value: Any = None) -> Callable[[Json], None]:
    def change(dump: Json) -> None:
        holder: Any = dump
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value

    return change


NULLS = [
    pytest.param(_set("images", 1, "Summary", "Containers"), id="a count of containers"),
    pytest.param(_set("images", 0, "Summary", "SharedSize"), id="a shared size"),
    pytest.param(_set("images", 0, "Summary"), id="a whole row of a list"),
    pytest.param(_set("images", 0, "Summary", value={"Size": 5}), id="a row without its id"),
    pytest.param(_set("images", 0, "Summary", "Id", value="sha256:other"), id="a row of something else"),
    pytest.param(_set("images", 0, "Config"), id="a configuration"),
    pytest.param(_set("images", 0, "History"), id="a history"),
    pytest.param(_set("images", 0, "History", 0, "Id"), id="the id of a step"),
    pytest.param(_set("images", 0, "RepoTags"), id="tags"),
    pytest.param(_set("containers", 0, "State", "ExitCode"), id="an exit code"),
    pytest.param(_set("containers", 0, "NetworkSettings"), id="network settings"),
    pytest.param(_set("containers", 0, "NetworkSettings", value={"Networks": {"x": None}}), id="an endpoint"),
    pytest.param(_set("df", "Containers", 0, "Ports"), id="ports"),
    pytest.param(_set("df", "LayersSize"), id="the bytes of layers"),
    pytest.param(_set("df", "BuildCache", 0, "Size"), id="the bytes of a record"),
    pytest.param(_set("networks", 0, "Containers"), id="endpoints"),
    pytest.param(_set("version", "Os"), id="an operating system"),
    pytest.param(_set("info", "DriverStatus"), id="a driver's status"),
]


@pytest.mark.parametrize("change", NULLS)
def test_nulls_go_the_whole_way(way: Way, change: Callable[[Json], None]) -> None:
    """Each of them is accepted, exported, served and pruned."""
    dump = json.loads(json.dumps(SMALL.before))
    change(dump)
    before = way.accepted

    assert way.go(dump) is None
    assert way.accepted == before + 1


WRONG = [
    pytest.param(
        _set("containers", 0, "NetworkSettings", value=[1]), "containers[0].NetworkSettings is a list", id="settings"
    ),
    pytest.param(
        _set("containers", 0, "NetworkSettings", value={"Networks": {"x": 1}}),
        "containers[0].NetworkSettings.Networks.x is a number: expected an object",
        id="an endpoint",
    ),
    pytest.param(
        _set("df", "Containers", 0, "Ports", value=[{"PublicPort": "80"}]),
        "df.Containers[0].Ports[0].PublicPort is a text: expected a whole number",
        id="a port",
    ),
    pytest.param(
        _set("images", 0, "History", 0, "Tags", value="a:1"),
        "images[0].History[0].Tags is a text: expected a list of texts",
        id="tags of a step",
    ),
]


@pytest.mark.parametrize(("change", "words"), WRONG)
def test_a_wrong_type_is_refused(change: Callable[[Json], None], words: str) -> None:
    """What is served later is looked at on import: another type than an Engine writes is refused, with its place."""
    dump = json.loads(json.dumps(SMALL.before))
    change(dump)

    with pytest.raises(DumpError) as caught:
        read_dump(dump, source="x.json")
    assert caught.value.message.startswith(f"x.json: {words}")


def test_what_go_writes_stays() -> None:
    """Lists, mappings and pointers may be null, as Go writes those that were never made: they come out again."""
    dump = json.loads(json.dumps(SMALL.before))
    for change in (
        _set("images", 0, "RepoDigests"),
        _set("images", 0, "Summary", "Labels"),
        _set("networks", 0, "Containers"),
        _set("df", "BuildCache", 0, "LastUsedAt"),
    ):
        change(dump)

    assert write_dump(*read_dump(dump)) == dump
