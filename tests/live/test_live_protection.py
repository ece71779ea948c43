"""What a plan shows is a promise on a real Engine too, whatever happens between the plan and its end."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.live.engines import IMAGE, Engine, on, prunecli
from tests.live.test_live_states import assert_same, is_excused, make_state, promised
from tests.live.worlds import World, command

SLEEPS = ["sleep", "100000"]


def stopped_container(engine: Engine) -> tuple[str, str, str]:
    """Empty the Engine, and make a stopped container with an image and volumes of its own; returns their ids."""
    engine.reset()
    world = World(engine, Random(0))
    base = engine.api.create_container(IMAGE, ["sh", "-c", "dd if=/dev/zero of=/own bs=1024 count=64"])
    engine.api.start(base)
    engine.api.wait(base)
    image = engine.api.commit(base, repository="own", tag="1")["Id"]
    engine.api.remove_container(base)
    world.volume()
    host = engine.api.create_host_config(binds=["vol1:/data"])
    container = engine.api.create_container(
        "own:1", SLEEPS, name="late", volumes=["/data", "/nameless"], host_config=host
    )
    engine.api.create_container(IMAGE, ["true"], name="other")
    return container["Id"], image, "vol1"


def survives(engine: Engine, container: str, image: str) -> None:
    """Fail unless the container is there and runs, with its image and all its volumes."""
    there = engine.census()
    said = engine.api.inspect_container(container)
    assert said["State"]["Running"]
    assert image in there.ids["image"]
    assert {m["Name"] for m in said["Mounts"]} <= there.ids["volume"]


def test_started_between_plan_and_apply(engine: Engine, tmp_path: Path) -> None:
    """A container started after its plan was written survives the plan, with its image and its volumes."""
    container, image, _ = stopped_container(engine)
    plan = tmp_path / "plan.json"
    written = on(engine, "system", "prune", "-a", "--volumes", "--plan-out", str(plan))
    assert written.code == 0, written.stderr
    engine.api.start(container)
    done = on(engine, "apply", str(plan), "--force")
    assert done.code == 0, done.stderr
    survives(engine, container, image)
    assert "container late was kept: it was started after the plan was made" in done.stderr
    assert "other" not in {name for c in engine.api.containers(all=True) for name in c["Names"]}
    assert done.stdout.startswith("Deleted Containers:\n"), done.stdout


def test_started_at_the_question(engine: Engine) -> None:
    """A container started while the question is asked: nothing goes, and the difference is named."""
    container, image, _ = stopped_container(engine)
    before = engine.census()
    words = [sys.executable, "-m", "prunecli", "-H", engine.url, "system", "prune", "-a", "--volumes"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as asking:
        assert asking.stdout
        asked = ""
        while not asked.endswith("[y/N] "):
            asked += asking.stdout.read(1)
        engine.api.start(container)
        out, err = asking.communicate("y\n", timeout=60)
    assert (asking.returncode, out) == (1, "")
    assert "the Engine changed since the plan was made, nothing was removed" in err
    assert "container late would stay: it was started after the plan was made" in err
    assert_same(before, engine.census(), "something went although the plan had changed")
    survives(engine, container, image)


def test_a_tag_that_moved(engine: Engine, tmp_path: Path) -> None:
    """A tag that was given to another image since the plan stays with that one."""
    stopped_container(engine)
    plan = tmp_path / "plan.json"
    engine.api.remove_container("late")
    assert on(engine, "image", "prune", "-a", "--plan-out", str(plan)).code == 0
    engine.api.tag(IMAGE, "own", "1")
    done = on(engine, "apply", str(plan), "--force")
    assert done.code == 0, done.stderr
    assert "own:1" in {tag for tags in engine.census().tags.values() for tag in tags}


def test_exact(engine: Engine, seed: int) -> None:
    """Object by object exactly that goes which the dry run shows, on random states, without a prune event of a kind."""
    world = make_state(engine, seed + 10_000)
    argv = command(world)
    clock = {"PRUNECLI_NOW": f"{time.time():.9f}"}
    before = engine.census()
    plan = on(engine, *argv, "--dry-run", "--format", "json", env=clock).document
    done = on(engine, *argv, "--exact", "--force", "--format", "json", env=clock)
    assert done.code == 0, done.stderr
    ids, tags = before.lost(engine.census())
    wanted_ids, wanted_tags = promised(plan)
    differing = {kind for kind in ids if ids[kind] != wanted_ids.get(kind, set())}
    if tags != wanted_tags:
        differing.add("image")
    unexcused = sorted(k for k in differing if not is_excused(engine, argv, k, plan, ids[k]))
    assert not unexcused, (argv, ids, wanted_ids, tags, wanted_tags, done.stderr)


def test_idle_again(engine: Engine) -> None:
    """What is planned after everything went is nothing."""
    engine.reset()
    assert on(engine, "system", "prune", "-af", "--volumes").code == 0
    again = on(engine, "system", "prune", "-a", "--volumes", "--dry-run", "--exit-code")
    assert (again.code, again.stdout) == (0, "Total reclaimed space: 0B\n")


def test_pull(engine: Engine, tmp_path: Path) -> None:
    """A store that was pulled plans what the Engine itself would lose."""
    make_state(engine, 4711)
    store = tmp_path / "state.db"
    pulled = prunecli("--store", str(store), "-H", engine.url, "state", "pull")
    assert (pulled.code, pulled.stderr) == (0, "")
    words = ("system", "prune", "-a", "--dry-run", "--format", "json")
    there, here = on(engine, *words).document, prunecli("--store", str(store), *words).document
    assert promised(there) == promised(here)
    assert {k: v["reclaimed"] for k, v in there["kinds"].items()} == {
        k: v["reclaimed"] for k, v in here["kinds"].items()
    }


def test_events(engine: Engine) -> None:
    """The events of a prune come over the stream, the Engine's own prune events among them."""
    stopped_container(engine)
    began = time.time()
    assert on(engine, "container", "prune", "-f").code == 0
    told = on(
        engine, "events", "--since", f"{began:.9f}", "--until", f"{time.time():.9f}", "--filter", "type=container"
    )
    assert told.code == 0, told.stderr
    assert told.stdout.splitlines()[-1].split(" ", 1)[1].startswith("container prune  (reclaimed=")


def test_gc_run(engine: Engine) -> None:
    """The rules of a policy shrink a real cache to the record; its BuildKit tells nobody, as with buildx."""
    if not engine.binary:
        pytest.skip("builds need docker with buildx")
    engine.reset()
    for n in range(3):
        engine.build(f"FROM {IMAGE}\nRUN dd if=/dev/zero of=/f{n} bs=1024 count=300\n")
    engine.post("/images/prune", filters='{"dangling":["false"]}')
    began = time.time()
    limit = ("--max-used-space" if engine.api_version >= (1, 48) else "--reserved-space", "500KB")
    plan = on(engine, "gc", "run", "--dry-run", "--format", "json", *limit).document
    before = engine.census().ids["build-cache"]
    done = on(engine, "gc", "run", "--force", *limit)
    assert done.code == 0, done.stderr
    gone = before - engine.census().ids["build-cache"]
    assert gone == {row["id"] for row in plan["kinds"]["build-cache"]["removed"]} != set()
    prunes = [e for e in engine.events(began, time.time()) if e["Action"] == "prune" and e["Type"] == "builder"]
    assert prunes == []
