"""Exactly what was shown goes: between plan and apply others may work in the same world."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from prunecli.backends import locks
from prunecli.example import example_world
from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.profile import ImageStore, make_profile
from prunecli.snapshot import Snapshot
from prunecli.units import HOUR, MINUTE
from prunecli.verdict import Kind

from .cli_runs import Cli, Ran, changed, cli, without
from .conftest import NOW
from .test_documents import check

__all__ = ["cli"]

EVERYTHING = ("system", "prune", "-a", "--volumes")


def planned(cli: Cli, tmp_path: Path, *command: str) -> str:
    """Write the plan of a command and return the file's name."""
    path = tmp_path / "plan.json"
    ran = cli(*command, "--plan-out", str(path))
    assert ran.code == 0, ran.err
    return str(path)


def left(cli: Cli) -> set[str]:
    """Return the names of all containers, and of the images that have one."""
    world = cli.world()
    return {c.name for c in world.containers} | {tag for i in world.images for tag in i.tags}


def test_apply_does_what_the_prune_would(cli: Cli, tmp_path: Path) -> None:
    """On an unchanged world, plan and apply are the prune: the same report, the same events, the same world after."""
    world = cli.world()
    straight = cli(*EVERYTHING, "--force")
    after = cli.world()
    with cli.store as store:
        events = [(e.type, e.action, e.actor_id, e.attributes) for e in store.events(None, None)]

    cli.load(world)
    applied = cli("apply", planned(cli, tmp_path, *EVERYTHING), "--force")
    assert applied == straight
    assert replace(cli.world(), generation=0) == replace(after, generation=0)
    with cli.store as store:
        told = [(e.type, e.action, e.actor_id, e.attributes) for e in store.events(None, None)]
    assert told == events * 2


def test_the_race_with_a_plan_file(cli: Cli, tmp_path: Path) -> None:
    """After the plan somebody stops one container and starts another: apply removes neither, and says why."""
    file = planned(cli, tmp_path, "container", "prune")

    def others_work(world: Snapshot) -> Snapshot:
        stopped = changed(world.containers, "web", state="exited", running=False, finished_at=NOW + MINUTE)
        return replace(world, containers=changed(stopped, "container_foo", state="running", running=True))

    cli.change(others_work)
    ran = cli("apply", file, "--force")
    assert ran.code == 0
    assert left(cli) & {"web", "container_foo", "container_bar", "container_baz"} == {"web", "container_foo"}
    assert ran.err == "prunecli: container container_foo was kept: it was started after the plan was made\n"


def test_the_race_at_the_prompt(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a person reads the question, somebody stops one container and starts another: neither goes."""

    def answer_late(text: str, **_kw: object) -> None:
        assert text.endswith("[y/N] ")

        def others_work(world: Snapshot) -> Snapshot:
            stopped = changed(world.containers, "web", state="exited", running=False, finished_at=NOW + MINUTE)
            return replace(world, containers=changed(stopped, "container_foo", state="running", running=True))

        cli.change(others_work)

    monkeypatch.setattr("prunecli.cli.prompt.ask", answer_late)  # the person, who reads slowly and says yes
    ran = cli("container", "prune")
    assert left(cli) & {"web", "container_foo", "container_bar", "container_baz"} == {"web", "container_foo"}
    assert ran.err == (
        f"On the state store {cli.path}\n"
        "prunecli: container container_foo was kept: it was started after the plan was made\n"
    )
    assert ran.out.endswith("Total reclaimed space: 10.49MB\n")


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        pytest.param(
            lambda w: replace(w, containers=without(w.containers, "container_foo")),
            "container container_foo is already gone",
            id="an object is gone",
        ),
        pytest.param(
            lambda w: replace(w, images=changed(w.images, "image_foo:latest", tags=("image_foo:old",))),
            "image image_foo:latest was kept: its names changed after the plan was made",
            id="a tag moved",
        ),
        pytest.param(
            lambda w: replace(
                w,
                containers=(
                    *w.containers,
                    Container("new", "new", "scratch", "", "running", True, NOW, volumes=(w.volumes[0].name,)),
                ),
            ),
            "came into use after the plan was made: in use by container new (running)",
            id="a volume came into use",
        ),
        pytest.param(
            lambda w: replace(w, build_cache=changed(w.build_cache, "vvm6uixsq27wv19o8sc2npxsy", usage_count=2)),
            "build cache record vvm6uixsq27wv19o8sc2npxsy was kept: it was used after the plan was made",
            id="a record was used",
        ),
    ],
)
def test_what_changed_is_reported(cli: Cli, tmp_path: Path, edit: Callable[[Snapshot], Snapshot], line: str) -> None:
    """What is gone is said to be gone, what changed is kept and named; a dry run of apply says the same."""
    file = planned(cli, tmp_path, *EVERYTHING)
    cli.change(edit)
    dry = cli("apply", file, "--dry-run")
    ran = cli("apply", file, "--force")
    assert [said for said in dry.err.splitlines() if line in said]
    assert [said for said in ran.err.splitlines() if line in said]
    assert dry.out == ran.out
    assert ran.code == 0


def test_a_second_apply_finds_everything_gone(cli: Cli, tmp_path: Path) -> None:
    """Applying twice removes nothing more, and says of every object that it is gone."""
    file = planned(cli, tmp_path, *EVERYTHING)
    cli("apply", file, "--force")
    world = cli.world()
    again = cli("apply", file, "--force", "--format", "json")
    check(again.document)
    assert again.code == 0
    assert len(again.err.splitlines()) == 13
    assert {r["reason"] for part in again.document["kinds"].values() for r in part["failed"]} == {"gone"}
    assert again.document["reclaimed"] == 0
    assert cli.world() == world
    assert cli("apply", file, "--dry-run", "--exit-code").code == 0


def test_time_changes_nothing(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan with `until` takes no more when it is applied days later, and a limit no other records."""
    records = tuple(
        CacheRecord(f"r{n}", size=100, created_at=NOW - 99 * HOUR, last_used_at=NOW - (20 + n) * HOUR, usage_count=1)
        for n in range(10)
    )
    cli.change(lambda w: replace(w, build_cache=records))
    file = planned(cli, tmp_path, "builder", "prune", "--reserved-space", "450", "--filter", "until=24h")
    shown = json.loads(Path(file).read_text())["plan"]["kinds"]["build-cache"]["removed"]
    assert [row["id"] for row in shown] == ["r9", "r8", "r7", "r6", "r5", "r4"]
    cli.change(lambda w: replace(w, build_cache=without(w.build_cache, "r9")))
    monkeypatch.setenv("PRUNECLI_NOW", str(NOW // 10**9 + 30 * 86400))
    ran = cli("apply", file, "--force")
    assert ran.err == "prunecli: build cache record r9 is already gone\n"
    assert {r.id for r in cli.world().build_cache} == {"r0", "r1", "r2", "r3"}


def test_the_question(cli: Cli, tmp_path: Path) -> None:
    """apply asks, unless it is forced; anything but yes leaves everything as it is."""
    file = planned(cli, tmp_path, *EVERYTHING)
    before = cli.world()
    ran = cli("apply", file, stdin="n\n")
    assert ran.out == (
        "WARNING! This will remove 3 containers, 3 networks, 1 volume, 3 images and 3 build cache records, "
        f"as planned less than a second ago in {file}.\nAre you sure you want to continue? [y/N] "
    )
    assert (ran.code, cli.world()) == (0, before)
    assert cli("apply", file, stdin="y\n").out.endswith("Total reclaimed space: 94.97MB\n")


def test_the_other_forms(cli: Cli, tmp_path: Path) -> None:
    """apply explains, prints JSON and sums up, like a prune."""
    file = planned(cli, tmp_path, *EVERYTHING)
    dry = cli("apply", file, "--dry-run", "--explain", "--summary", "--exit-code")
    assert dry.code == 10
    assert dry.out.startswith("Containers: 3 to remove (15.73MB), 1 kept\n")
    assert dry.out.splitlines()[-1].split() == ["total", "13", "9", "0", "94.97MB"]
    document = cli("apply", file, "--dry-run", "--format", "json").document
    check(document)
    assert document["request"]["command"] == "system prune"
    assert document | {"duration": 0} == json.loads(Path(file).read_text())["plan"] | {"duration": 0}
    assert cli("apply", file, "--explain=web", "--dry-run").out.startswith("Container web\n")


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        pytest.param(["apply"], 1, "prunecli: 'prunecli apply' requires 1 argument", id="no file"),
        pytest.param(["apply", "a", "b"], 1, "prunecli: 'prunecli apply' requires at most 1 argument", id="two files"),
        pytest.param(["apply", "no/such"], 1, "no/such cannot be read: no such file or directory", id="not there"),
        pytest.param(["apply", "."], 1, ". is a folder: expected a plan file (prunecli-plan-file/v1)", id="a folder"),
        pytest.param(
            ["apply", "/dev/zero"],
            1,
            "/dev/zero is a device: expected a plan file (prunecli-plan-file/v1)",
            id="a file without an end",
        ),
        pytest.param(["apply", "x", "--plan-out=y"], 125, "unknown flag: --plan-out", id="a plan of a plan"),
        pytest.param(
            ["image", "prune", "--format", "xml"],
            125,
            'invalid argument "xml" for "--format" flag: text or json is expected',
            id="a form that is none",
        ),
        pytest.param(
            ["image", "prune", "--exit-code"], 1, "--exit-code goes with --dry-run or --plan-out", id="a lone flag"
        ),
    ],
)
def test_wrong_words(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str], code: int, message: str
) -> None:
    """A mistake is one clear sentence, and nothing happens."""
    monkeypatch.chdir(tmp_path)
    before = cli.world()
    ran = cli(*argv)
    assert (ran.code, ran.out, ran.err.splitlines()[0]) == (code, "", message)
    assert cli.world() == before


def test_another_store(cli: Cli, tmp_path: Path) -> None:
    """A plan for one store is refused by another, even by its copy."""
    file = planned(cli, tmp_path, *EVERYTHING)
    there = tmp_path / "there.db"
    original = cli.path
    world = cli.world()
    cli.path = there
    cli.load(world)
    ran = cli("apply", file, "--force")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"{file} was made for the state store {original}, not for the state store {there}: make a new plan\n"
    )
    assert cli.world().containers == world.containers


def test_a_store_that_is_not_there_any_more(cli: Cli, tmp_path: Path) -> None:
    """Where the store is gone its plan is for nothing, and no new one is made; one made anew is another store."""
    file = planned(cli, tmp_path, "container", "prune")
    for beside in tmp_path.glob("state.db*"):
        beside.unlink()
    for how in ("--dry-run", "--force"):
        ran = cli("apply", file, how)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == f"{cli.path} does not exist: there is no state store yet\n"
        assert not cli.path.exists()
    cli.load(example_world(NOW))
    ran = cli("apply", file, "--force")
    here = f"the state store {cli.path}"
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"{file} was made for {here}, not for another one, {here}: make a new plan\n"


def test_another_engine(cli: Cli, tmp_path: Path) -> None:
    """When the store was loaded from another kind of Engine, whose rules differ, the plan is refused."""
    file = planned(cli, tmp_path, *EVERYTHING)
    cli.change(lambda w: replace(w, profile=make_profile("28.5.2", (1, 51), ImageStore.CONTAINERD)))
    ran = cli("apply", file, "--force")
    assert (ran.code, ran.out) == (1, "")
    assert "with the containerd image store: make a new plan" in ran.err


def test_the_api_of_the_plan_holds(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan made by the rules of an older API is carried out by them, whatever is spoken later."""
    monkeypatch.setenv("DOCKER_API_VERSION", "1.41")
    file = planned(cli, tmp_path, *EVERYTHING)
    monkeypatch.delenv("DOCKER_API_VERSION")
    cli("apply", file, "--force")
    assert {v.name for v in cli.world().volumes} == {"web-data"}


def test_an_edited_plan(cli: Cli, tmp_path: Path) -> None:
    """A plan that somebody edited is refused, and nothing goes."""
    file = Path(planned(cli, tmp_path, *EVERYTHING))
    file.write_text(file.read_text().replace("container_foo", "web"))
    ran = cli("apply", str(file), "--force")
    assert ran == Ran(1, "", f"{file} was changed after it was written: its digest does not match; make a new plan\n")


# Runs that end in the middle


def test_what_went_before_an_error_is_said(cli: Cli) -> None:
    """When another prune holds the images, containers and networks are gone, and that is said before the error."""
    with locks.held(cli.path, Kind.IMAGE):
        ran = cli(*EVERYTHING, "--force")
    assert ran.code == 1
    assert ran.out.startswith("Deleted Containers:\n")
    assert "Total reclaimed space" not in ran.out
    assert ran.err == (
        "prunecli: stopped in the middle: 3 containers, 3 networks and 1 volume went before, 20.97MB came back\n"
        "Error response from daemon: a prune operation is already running\n"
    )


@pytest.mark.parametrize("summary", [[], ["--summary"]])
def test_also_in_json(cli: Cli, summary: list[str]) -> None:
    """The document of a run that failed in the middle names the kinds that were done."""
    with locks.held(cli.path, Kind.IMAGE):
        ran = cli(*EVERYTHING, "--force", "--format", "json", *summary)
    check(ran.document)
    assert (ran.code, list(ran.document["kinds"])) == (1, ["container", "network", "volume"])
    assert "went before, 20.97MB came back" in ran.err
    assert ("RECLAIMED" in ran.err) == bool(summary)


def test_the_summary(cli: Cli) -> None:
    """--summary reports the total and a line for each kind; it is there when the run fails, too."""
    table = """\
KIND                  REMOVED   KEPT      FAILED    RECLAIMED
containers            3         1         0         15.73MB
networks              3         4         0         0B
images                1         3         0         1.188MB
build cache records   3         0         0         52.43MB
total                 10        8         0         69.35MB
"""
    table = f"On the state store {cli.path}\n{table}"
    assert cli("system", "prune", "--summary", "--dry-run").out == f"Total reclaimed space: 69.35MB\n\n{table}"
    whole = cli("system", "prune", "--dry-run").out
    assert cli("system", "prune", "--summary=full", "--dry-run").out == f"{whole}\n{table}"
    with locks.held(cli.path, Kind.IMAGE):
        assert cli("system", "prune", "--summary", "-f").out.endswith(
            "total        6         5         0         15.73MB\n"
        )


def test_one_kind_has_no_sum(cli: Cli) -> None:
    """The summary of a single kind is that kind's line, and after a network prune it follows the list, if any."""
    on = f"On the state store {cli.path}\n"
    table = f"{on}KIND       REMOVED   KEPT      FAILED    RECLAIMED\nnetworks   3         4         0         0B\n"
    assert cli("network", "prune", "--summary", "--dry-run").out == table
    assert cli("network", "prune", "--summary=full", "-f").out == (
        f"Deleted Networks:\nnetwork_bar\nnetwork_baz\nnetwork_foo\n\n{table}"
    )


def test_the_total_alone(cli: Cli) -> None:
    """--quiet leaves the total, and what went wrong on stderr; a network prune has no total to tell."""
    dry = cli("system", "prune", "-q", "--dry-run")
    assert (dry.out, dry.err) == ("Total reclaimed space: 69.35MB\n", "prunecli: dry run, nothing was removed\n")
    assert cli("network", "prune", "--quiet", "--dry-run").out == ""
    with locks.held(cli.path, Kind.IMAGE):
        ran = cli("system", "prune", "-qf")
    assert (ran.code, ran.out) == (1, "")
    assert "a prune operation is already running" in ran.err
    assert cli("container", "prune", "-q", stdin="y\n").out.endswith("[y/N] Total reclaimed space: 0B\n")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--brief"], "--brief goes with --format json"),
        (["-q", "--format", "json"], "conflicting options: --quiet leaves a total alone, --format json a document"),
    ],
)
def test_forms_that_do_not_go_together(cli: Cli, flags: list[str], says: str) -> None:
    """Flags that shorten the other form are refused, and nothing is removed."""
    before = cli.world()
    ran = cli("system", "prune", "-f", *flags)
    assert (ran.code, ran.out, ran.err) == (1, "", says + "\n")
    assert cli.world() == before


def test_an_image_in_use_loses_no_more_than_planned(cli: Cli, tmp_path: Path) -> None:
    """An image that gained a tag since the plan keeps all of its tags."""
    cli.change(lambda w: replace(w, containers=(), images=(Image("sha256:" + "a" * 64, tags=("app:1",)),)))
    file = planned(cli, tmp_path, "image", "prune", "-a")
    cli.change(lambda w: replace(w, images=changed(w.images, "app:1", tags=("app:1", "app:2"))))
    ran = cli("apply", file, "--force")
    assert left(cli) == {"app:1", "app:2"}
    assert ran.err == "prunecli: image app:1 was kept: its names changed after the plan was made\n"
