"""`--dry-run` shows exactly what the run does, and touches nothing."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from prunecli.backends import locks
from prunecli.kinds.build_cache import CacheRecord
from prunecli.snapshot import Snapshot
from prunecli.units import SECOND
from prunecli.verdict import Kind
from prunecli.wire import read_dump

from .cli_runs import Cli, changed, cli
from .conftest import NOW
from .oracle import Case, cases

__all__ = ["cli"]

COMMANDS = [
    "container prune",
    "container prune --filter until=3h",
    "network prune",
    "volume prune",
    "volume prune -a",
    "image prune",
    "image prune -a",
    "builder prune",
    "builder prune --reserved-space 10MB",
    "system prune",
    "system prune -a",
    "system prune -a --volumes",
    "system prune -a --volumes --filter label!=com.example.service",
    "system prune --filter label=nosuch",
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("form", ["text", "json", "text --summary"])
def test_stdout_is_that_of_the_run(cli: Cli, command: str, form: str) -> None:
    """A dry run prints what the run prints - in JSON all but the keys that tell them apart."""
    how = [*command.split(), "--format", *form.split()]
    dry = cli(*how, "--dry-run")
    ran = cli(*how, "--force")

    assert (dry.code, ran.code) == (0, 0)
    if form == "json":
        plan, report = dry.document, ran.document
        assert (plan.pop("format"), report.pop("format")) == ("prunecli-plan/v1", "prunecli-report/v1")
        assert (plan.pop("dry_run"), report.pop("dry_run")) == (True, False)
        assert (plan.pop("disk")["after"], report.pop("disk")["after"] is None) == (None, False)
        assert plan | {"duration": 0} == report | {"duration": 0}
    else:
        assert dry.out == ran.out


def test_one_line_says_so(cli: Cli) -> None:
    """stderr of a dry run is one line, which says that nothing was removed."""
    assert cli("system", "prune", "--dry-run").err == "prunecli: dry run, nothing was removed\n"


@pytest.mark.parametrize("extra", [[], ["--force"], ["--explain"], ["--format", "json"], ["--plan-out", "PLAN"]])
def test_nothing_is_touched(cli: Cli, tmp_path: Path, extra: list[str]) -> None:
    """A dry run removes nothing, tells no event, and does not even wait for those who hold the locks."""
    before = cli.world()
    with ExitStack() as stack:
        for kind in (Kind.CONTAINER, Kind.VOLUME, Kind.IMAGE, Kind.BUILD_CACHE):
            stack.enter_context(locks.held(cli.path, kind))
        how = [word.replace("PLAN", str(tmp_path / "plan")) for word in extra]
        assert cli("system", "prune", "-a", "--volumes", "--dry-run", *how).code == 0

    assert cli.world() == before
    with cli.store as store:
        assert list(store.events(None, None)) == []


def test_a_store_that_is_not_there_stays_away(cli: Cli, tmp_path: Path) -> None:
    """Where there is no store there is nothing to say, no gate lets anybody pass, and none is made, dry run or not."""
    none = tmp_path / "none.db"
    for how in (["--dry-run"], ["--dry-run", "--exit-code"], ["--force"], []):
        ran = cli("--store", str(none), "system", "prune", *how)
        assert ran == (1, "", f"{none} does not exist: there is no state store yet\n")
    assert not list(tmp_path.glob("none.db*"))


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param("container prune --dry-run --exit-code", 10, id="something would go"),
        pytest.param("container prune --dry-run", 0, id="and nobody asked"),
        pytest.param("container prune --dry-run --exit-code --format json", 10, id="also in JSON"),
        pytest.param("image prune -a --filter until=9999h --dry-run --exit-code", 0, id="nothing would"),
        pytest.param("network prune --dry-run --exit-code", 10, id="nothing comes back, and yet something goes"),
        pytest.param("container prune --exit-code --force", 1, id="it goes with a dry run alone"),
        pytest.param("container prune --dry-run --exit-code=false", 0, id="switched off"),
    ],
)
def test_exit_codes(cli: Cli, command: str, code: int) -> None:
    """`--exit-code` answers 10 when something would go and 0 when nothing would."""
    assert cli(*command.split()).code == code


def test_an_untagging_is_something(cli: Cli) -> None:
    """An image that only loses a reference counts: it would be changed."""

    def used_by_id(world: Snapshot) -> Snapshot:
        nginx = next(i for i in world.images if "nginx:1.27" in i.tags)
        images = changed(world.images, "nginx:1.27", tags=("nginx:1.27", "other:1"))
        web = changed(world.containers, "web", image=nginx.id)
        return replace(world, images=tuple(i for i in images if i.id == nginx.id), containers=web)

    cli.change(used_by_id)
    dry = cli("image", "prune", "-a", "--dry-run", "--exit-code", "--format", "json")
    (kept,) = dry.document["kinds"]["image"]["kept"]
    assert kept["untagged"]
    assert dry.code == 10


REPLAYED = [case for case in cases() if case.data.get("via") != "buildx"]


@pytest.mark.parametrize("case", REPLAYED, ids=lambda case: case.name)
def test_recorded_worlds(cli: Cli, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """On every recorded world the plan names exactly what the run then removes, and its bytes are the report's."""
    dump = read_dump(case.before, source=case.name)
    cli.load(dump.snapshot)
    started = case.data["started"]
    monkeypatch.setenv("PRUNECLI_NOW", f"{started // SECOND}.{started % SECOND:09}")
    if case.data["api"]:
        monkeypatch.setenv("DOCKER_API_VERSION", case.data["api"])
    argv = [word for word in case.argv if word not in ("-f", "--force")]
    argv = [word.replace("-af", "-a").replace("-fa", "-a") for word in argv]

    before = _ids(cli.world(started))
    plan = cli(*argv, "--dry-run", "--format", "json")
    text = cli(*argv, "--dry-run")
    ran = cli(*argv, "--force")
    gone = {kind: before[kind] - ids for kind, ids in _ids(cli.world(started)).items()}

    assert plan.code == ran.code, (plan.err, ran.err)
    assert (text.out, text.code) == (ran.out, ran.code)
    if ran.code:
        assert not any(gone.values())
        return
    kinds = plan.document["kinds"]
    assert {kind: {row["id"] for row in part["removed"]} for kind, part in kinds.items()} == {
        kind: ids for kind, ids in gone.items() if kind in kinds
    }
    with cli.store as store:
        told = {e.type: int(e.attributes["reclaimed"]) for e in store.events(None, None) if e.action == "prune"}
    assert {Kind(kind).event_type: part["reclaimed"] for kind, part in kinds.items()} == told
    assert plan.document["reclaimed"] == sum(told.values())


def _ids(world: Snapshot) -> dict[str, set[str]]:
    return {
        "container": {c.id for c in world.containers},
        "network": {n.id for n in world.networks},
        "volume": {v.name for v in world.volumes},
        "image": {i.id for i in world.images},
        "build-cache": {r.id for r in world.build_cache},
    }


def test_a_tie_is_drawn_alike(cli: Cli) -> None:
    """Where records are equal, the one that the dry run names is the one that goes."""
    records = tuple(CacheRecord(f"r{n}", size=100, created_at=NOW, last_used_at=NOW, usage_count=1) for n in range(9))
    cli.change(lambda world: replace(world, build_cache=records))
    limit = ("builder", "prune", "--reserved-space", "450")
    assert cli(*limit, "--dry-run").out == cli(*limit, "--force").out
