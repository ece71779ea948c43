"""The real docker CLI, with and without buildx, works on a served store as it does on an Engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from prunecli.backends.served import ServedStore
from prunecli.example import example_world
from prunecli.wire import read_dump, write_dump
from tests.conftest import NOW
from tests.oracle import Case, cases
from tests.serving import A_LONG_WAIT, BUILDX, DOCKER, Served, serving

pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")
pytestmark = pytest.mark.skipif(DOCKER is None, reason="needs the docker CLI")

HEADINGS = (
    "Deleted Containers:",
    "Deleted Networks:",
    "Deleted Volumes:",
    "Deleted Images:",
    "Deleted build cache objects:",
)
RECORDED = [c for c in cases() if c.engine in ("28.5-graph", "28.5-containerd") and c.data.get("via") != "buildx"]


def docker(served: Served, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run docker on a served store, without any plugin unless `DOCKER_CONFIG` names one."""
    assert DOCKER is not None
    return subprocess.run(
        [DOCKER, "-H", served.url, *argv],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=A_LONG_WAIT,
        check=False,
    )


def said(served: Served, *argv: str, **env: str) -> str:
    """Return what docker prints; it must have had nothing to complain about."""
    ran = docker(served, *argv, **env)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def form(stdout: str) -> str:
    """Return a report with the rows of each section sorted, but for containers: the rest comes from hash maps."""
    blocks = [block.split("\n") for block in stdout.split("\n\n")]
    unordered = [b for b in HEADINGS if b != "Deleted Containers:"]
    return "\n\n".join("\n".join([b[0], *sorted(b[1:])] if b[0] in unordered else b) for b in blocks)


def objects(dump: dict[str, Any]) -> dict[str, Any]:
    """Return which objects a dump holds, and the tags of its images."""
    return {
        "containers": sorted(c["Id"] for c in dump["containers"]),
        "networks": sorted(n["Id"] for n in dump["networks"]),
        "volumes": sorted(v["Name"] for v in dump["volumes"]),
        "images": {i["Id"]: sorted(i.get("RepoTags") or []) for i in dump["images"]},
        "build cache": sorted(r["ID"] for r in dump["df"].get("BuildCache") or []),
    }


def told(events: list[dict[str, Any]]) -> tuple[list[Any], list[str]]:
    """Return what events say, sorted, and the order of their kinds, each closed by its prune event."""
    lines = sorted(json.dumps([e["Type"], e["Action"], e["Actor"]], sort_keys=True) for e in events)
    return [k for k, _ in groupby((e["Type"], e["Action"] == "prune") for e in events)], lines


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case.name)
def test_docker_prints_what_it_printed_on_the_engine(case: Case, tmp_path: Path) -> None:
    """Recorded runs: the same words byte for byte, as far as the Engine's order is defined, and the same objects."""
    seconds, nanos = divmod(case.data["started"], 10**9)
    now = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{nanos:09d}Z"
    with serving(tmp_path, dump=case.before, now=now) as served:
        ran = docker(served, *case.argv)
        assert (ran.returncode, ran.stderr) == (case.data["exit"], case.data["stderr"])
        assert form(ran.stdout) == form(case.data["stdout"])
    with ServedStore.open(served.store_path) as store:
        assert objects(write_dump(*store.contents(NOW))) == objects(case.after)
        heard = [
            {"Type": e.type, "Action": e.action, "Actor": {"ID": e.actor_id, "Attributes": dict(e.attributes)}}
            for e in store.events()
        ]
        if case.containerd and not any((e["Type"], e["Action"]) == ("image", "prune") for e in case.data["events"]):
            heard = [e for e in heard if (e["Type"], e["Action"]) != ("image", "prune")]  # an Engine forgets to tell it
        assert told(heard) == told(case.data["events"])
        assert store.check() == []


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Lend one server to the tests below."""
    with serving(tmp_path_factory.mktemp("serve"), now=None) as served:
        yield served


@pytest.fixture
def served(running: Served) -> Served:
    """Return the server with the example in its store."""
    running.reset(example_world(time.time_ns()))
    return running


def test_df(served: Served) -> None:
    """`docker system df` shows the example's sums, byte for byte, and `-v` its objects."""
    assert said(served, "system", "df") == (
        "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE\n"
        "Images          4         2         92.09MB   21.57MB (23%)\n"
        "Containers      4         1         15.99MB   15.73MB (98%)\n"
        "Local Volumes   4         4         57.67MB   0B (0%)\n"
        "Build Cache     3         0         52.43MB   52.43MB\n"
    )
    rows = {" ".join(line.split()) for line in said(served, "system", "df", "-v").splitlines()}
    container, image = served.ask("GET", "/containers/web/json").json, served.ask("GET", "/images/nginx:1.27/json").json
    assert rows >= {
        f"nginx 1.27 {image['Id'][7:19]} 12 days ago 70.5MB 0B 70.52MB 1",
        f'{container["Id"][:12]} nginx:1.27 "sh" 1 262kB 9 days ago Up 9 days web',
        "web-data 1 41.94MB",
        "vvm6uixsq27w source.local 41B 3 hours ago 3 hours ago 1 false",
        "Build cache usage: 52.43MB",
    }


@pytest.mark.parametrize(
    ("argv", "lines"),
    [
        pytest.param(
            ["ps", "-a", "--format", "{{.Names}} {{.Image}} {{.Status}}"],
            [
                "container_baz alpine:3.20 Exited (0) 2 hours ago",
                "container_bar alpine:3.20 Exited (0) 26 hours ago",
                "container_foo alpine:3.20 Exited (0) 30 hours ago",
                "web nginx:1.27 Up 9 days",
            ],
            id="ps -a",
        ),
        pytest.param(
            ["images", "--format", "{{.Repository}}:{{.Tag}} {{.Size}}"],
            ["image_foo:latest 20.4MB", "<none>:<none> 8.99MB", "nginx:1.27 70.5MB", "alpine:3.20 7.8MB"],
            id="images",
        ),
        pytest.param(
            ["volume", "ls", "--quiet", "--filter", "name=_"],
            ["volume_bar", "volume_foo"],
            id="volume ls with a filter",
        ),
        pytest.param(
            ["network", "ls", "--format", "{{.Name}} {{.Driver}}"],
            [
                "bridge bridge",
                "host host",
                *(f"network_{n} bridge" for n in ("bar", "baz", "foo")),
                "none null",
                "shop bridge",
            ],
            id="network ls",
        ),
        pytest.param(["history", "--quiet", "nginx:1.27"], ["IMAGE", "<missing>"], id="history"),
        pytest.param(["inspect", "--format", "{{.Name}} {{.State.Status}}", "web"], ["/web running"], id="inspect"),
        pytest.param(
            ["volume", "inspect", "--format", "{{.Name}} {{.Driver}}", "web-data"],
            ["web-data local"],
            id="volume inspect",
        ),
        pytest.param(["network", "inspect", "--format", "{{.Name}}", "shop"], ["shop"], id="network inspect"),
        pytest.param(
            ["image", "inspect", "--format", "{{.RepoTags}}", "alpine:3.20"], ["[alpine:3.20]"], id="image inspect"
        ),
        pytest.param(
            ["version", "--format", "{{.Server.Version}} {{.Server.APIVersion}}"], ["28.5.2 1.51"], id="version"
        ),
        pytest.param(["info", "--format", "{{.Containers}} {{.Driver}}"], ["4 overlay2"], id="info"),
    ],
)
def test_docker_reads(served: Served, argv: list[str], lines: list[str]) -> None:
    """What docker lists and inspects is what the store holds."""
    image = served.ask("GET", "/images/nginx:1.27/json").json["Id"].removeprefix("sha256:")[:12]
    assert said(served, *argv).splitlines() == [image if line == "IMAGE" else line for line in lines]


def test_docker_prepares_and_removes(served: Served) -> None:
    """A script can make volumes, networks and tags, and remove single objects again."""
    assert said(served, "volume", "create", "made") == "made\n"
    assert len(said(served, "network", "create", "--label", "a=b", "made")) == 65
    said(served, "tag", "alpine:3.20", "made:1")
    assert said(served, "image", "rm", "made:1") == "Untagged: made:1\n"
    assert said(served, "volume", "rm", "made") == "made\n"
    assert said(served, "network", "rm", "made") == "made\n"
    assert said(served, "rm", "-f", "web") == "web\n"
    refused = docker(served, "volume", "rm", "made")
    assert (refused.returncode, refused.stderr) == (1, "Error response from daemon: get made: no such volume\n")


def test_docker_events(served: Served) -> None:
    """`docker events` prints the prune events of the example as Docker's own example shows them, and ends."""
    start = said(served, "info", "--format", "{{.SystemTime}}").strip()
    for kind in ("container", "network", "volume", "image"):
        said(served, kind, "prune", "-af" if kind in ("volume", "image") else "-f")
    end = said(served, "info", "--format", "{{.SystemTime}}").strip()
    lines = said(served, "events", "--since", start, "--until", end, "--filter", "event=prune").splitlines()
    assert [line.partition(" ")[2] for line in lines] == [
        "container prune  (reclaimed=15728640)",
        "network prune  (reclaimed=0)",
        "volume prune  (reclaimed=15728640)",
        "image prune  (reclaimed=21568540)",
    ]


def test_an_older_client(served: Served) -> None:
    """`DOCKER_API_VERSION` lowers what is spoken: named volumes go unasked, as they did in 1.41."""
    said(served, "container", "prune", "-f")
    assert "volume_foo" in said(served, "volume", "prune", "-f", DOCKER_API_VERSION="1.41")
    too_new = docker(served, "volume", "ls", DOCKER_API_VERSION="1.99")
    assert too_new.stderr == (
        "Error response from daemon: client version 1.99 is too new. Maximum supported API version is 1.51\n"
    )


# buildx


@pytest.fixture
def buildx(tmp_path: Path) -> dict[str, str]:
    """Return the environment in which docker finds the buildx plugin."""
    if BUILDX is None:
        pytest.skip("needs the buildx plugin, in one of docker's plugin folders or in $DOCKER_CONFIG")
    plugins = tmp_path / "docker" / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-buildx").symlink_to(BUILDX)
    return {"DOCKER_CONFIG": str(tmp_path / "docker"), "BUILDX_CONFIG": str(tmp_path / "buildx")}


def test_buildx_du(served: Served, buildx: dict[str, str]) -> None:
    """`docker buildx du --verbose` shows every record with all that is known of it."""
    assert said(served, "buildx", "du", **buildx).splitlines()[1:] == [
        "29dfqn86xmb7quv06x4fstsyt    true          0B        3 hours ago",
        "vvm6uixsq27wv19o8sc2npxsy*   true          41B       3 hours ago",
        "lx3rqxsdy2nwvti5v2zr8gnle    true          52.43MB   3 hours ago",
        "Reclaimable:\t52.43MB",
        "Total:\t\t52.43MB",
    ]
    verbose = said(served, "buildx", "du", "--verbose", **buildx)
    assert "Parents:\n - 29dfqn86xmb7quv06x4fstsyt\n" in verbose
    assert "Type:         source.local\n" in verbose
    filtered = said(served, "buildx", "du", "--filter", "type=source.local", **buildx)
    assert [line[:25] for line in filtered.splitlines()[1:]] == ["vvm6uixsq27wv19o8sc2npxsy"]


@pytest.mark.parametrize(
    ("argv", "gone"),
    [
        pytest.param(["buildx", "prune", "-f", "--max-used-space", "1gb"], [], id="all fits into what may be used"),
        pytest.param(
            ["buildx", "prune", "-af", "--max-used-space", "1mb"],
            ["lx3rqxsdy2nwvti5v2zr8gnle"],
            id="what is too much goes",
        ),
        pytest.param(["buildx", "prune", "-af", "--reserved-space", "1gb"], [], id="what is reserved stays"),
        pytest.param(
            ["buildx", "prune", "-f", "--filter", "type=source.local"], ["vvm6uixsq27wv19o8sc2npxsy"], id="by a filter"
        ),
        pytest.param(["buildx", "prune", "-f", "--filter", "until=24h"], [], id="what was used within a day stays"),
        pytest.param(
            ["builder", "prune", "-af"],
            ["29dfqn86xmb7quv06x4fstsyt", "lx3rqxsdy2nwvti5v2zr8gnle", "vvm6uixsq27wv19o8sc2npxsy"],
            id="builder prune through the plugin takes all",
        ),
    ],
)
def test_buildx_prune(served: Served, buildx: dict[str, str], argv: list[str], gone: list[str]) -> None:
    """`docker buildx prune` removes from the store what it says, and the event tells of the same bytes."""
    with served.store() as store:
        before = {r.id: r.size for r in store.snapshot(NOW).build_cache}
        last = store.last_event()
        printed = said(served, *argv, **buildx)
        assert sorted(re.findall(r"^(\w{25})", printed, re.MULTILINE)) == gone
        left = {r.id for r in store.snapshot(NOW).build_cache}
        assert sorted(before.keys() - left) == gone
        reclaimed = str(sum(before[id] for id in gone))
        assert [(e.type, dict(e.attributes)) for _, e in store.events_after(last, None, None)] == [
            ("builder", {"reclaimed": reclaimed})
        ]


@pytest.mark.parametrize(
    "case",
    [c for c in cases() if c.data.get("via") == "buildx" and c.engine.startswith("28.5")],
    ids=lambda case: case.name,
)
def test_buildx_removes_what_it_removed_on_the_engine(case: Case, tmp_path: Path, buildx: dict[str, str]) -> None:
    """Recorded runs through the plugin: the same records go, with the same total."""
    seconds, nanos = divmod(case.data["started"], 10**9)
    now = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{nanos:09d}Z"
    with serving(tmp_path, dump=case.before, now=now) as served:
        argv = case.argv if case.argv[0] == "buildx" else ["buildx", *case.argv[1:]]
        printed = said(served, *argv, **buildx)
        assert printed.splitlines()[-1] == case.data["stdout"].splitlines()[-1]
    with ServedStore.open(served.store_path) as store:
        left = read_dump(write_dump(*store.contents(NOW))).snapshot.build_cache
        assert sorted(r.id for r in left) == objects(case.after)["build cache"]
