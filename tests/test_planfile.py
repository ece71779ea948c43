"""A plan file says what was shown, and whoever changed, cut or swapped it is told so."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from prunecli.errors import PlanFileError
from prunecli.example import example_world
from prunecli.filters import Filters
from prunecli.info import PruneRequest
from prunecli.planfile import FORMAT, PlanFile, check_world, read_plan, write_plan
from prunecli.profile import DEFAULT_PROFILE, ImageStore, Profile, make_profile
from prunecli.pruning import plan_on
from prunecli.snapshot import Snapshot
from prunecli.units import DAY
from prunecli.verdict import Kind
from prunecli.worlds import WorldName

from .cli_runs import Cli, cli, possible
from .conftest import NOW
from .occasions import ABOUT, BOX, HERE
from .store_worlds import snapshots

__all__ = ["cli"]

REQUEST = PruneRequest(
    tuple(Kind), all=True, filters=Filters.from_flags(["label!=keep", "until=1h"]), reserved_space=0, max_used_space=5
)
EVERYTHING = PruneRequest(tuple(Kind), all=True)


def written(world: Snapshot, request: PruneRequest) -> tuple[PlanFile, bytes]:
    """Return what a file says of a plan, and its bytes."""
    plan = plan_on(world, request)
    file = PlanFile.of(plan, request, "system prune", HERE, api=world.profile.api, utc_offset=3600)
    return file, write_plan(file, plan, ABOUT)


FILE, DATA = written(example_world(NOW), EVERYTHING)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(world=snapshots())
def test_read_after_write(world: Snapshot) -> None:
    """What is read is what was written, for any world: the request, the selections, and what each verdict says."""
    world = possible(world)
    for request in (EVERYTHING, replace(REQUEST, kinds=(Kind.BUILD_CACHE,), filters=Filters())):
        file, data = written(world, request)
        back = read_plan(data, source="plan")
        assert data.isascii()
        assert replace(back, verdicts={}) == replace(file, verdicts={})
        for kind, verdicts in file.verdicts.items():
            assert {(v.id, v.name, v.removed, v.reason, v.size, v.reclaims, v.untagged) for v in verdicts} == {
                (v.id, v.name, v.removed, v.reason, v.size, v.reclaims, v.untagged) for v in back.verdicts[kind]
            }


def test_the_request_comes_back() -> None:
    """Every condition survives the file."""
    world = replace(example_world(NOW), volumes=())
    request = replace(REQUEST, kinds=(Kind.CONTAINER, Kind.IMAGE), exact_until=True)
    assert read_plan(written(world, request)[1], source="plan").request == request


def refusal(data: bytes) -> str:
    """Return the sentence with which a file is refused."""
    with pytest.raises(PlanFileError) as caught:
        read_plan(data, source="plan.json")
    return caught.value.message


@pytest.mark.parametrize("place", range(0, len(DATA), max(len(DATA) // 150, 1)))
def test_any_changed_byte_is_noticed(place: int) -> None:
    """Whichever byte of a plan is another, the file is refused."""
    other = b"7" if DATA[place : place + 1] != b"7" else b"8"
    assert refusal(DATA[:place] + other + DATA[place + 1 :])


@pytest.mark.parametrize("place", [*range(0, len(DATA), max(len(DATA) // 150, 1)), len(DATA) - 2])
def test_any_cut_is_noticed(place: int) -> None:
    """A file that is cut short is refused, and its message says where it ends."""
    message = refusal(DATA[:place])
    if place == 0:
        assert message == f"plan.json is empty: expected a plan file ({FORMAT})"
    else:
        assert message == f"plan.json is cut short at byte {place}: expected a plan file ({FORMAT})"


CHANGED = "plan.json was changed after it was written: its digest does not match; make a new plan"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(DATA.replace(b"container_foo", b"container_fox"), CHANGED, id="a name was changed"),
        pytest.param(DATA + b"\n", CHANGED, id="a line was added"),
        pytest.param(json.dumps(json.loads(DATA)).encode(), CHANGED, id="it was laid out anew"),
        pytest.param(DATA[:-1], CHANGED, id="its last newline is missing"),
        pytest.param(re.sub(rb'"digest": "[^"]*"', b'"digest": 5', DATA), CHANGED, id="its digest is a number"),
        pytest.param(re.sub(rb'"digest": "[^"]*"', b'"digest": ""', DATA), CHANGED, id="its digest is empty"),
        pytest.param(
            b'{"format":"engine-dump/v1"}',
            f'plan.json is no plan file, it has the format "engine-dump/v1": expected a plan file ({FORMAT})',
            id="a dump",
        ),
        pytest.param(
            b'{"format":"prunecli-plan/v1"}',
            "plan.json is what --format json prints, which cannot be applied: write one with --plan-out",
            id="the document of a dry run",
        ),
        pytest.param(
            b'{"format":"prunecli-plan-file/v2"}',
            f'plan.json is no plan file, it has the format "prunecli-plan-file/v2": expected a plan file ({FORMAT})',
            id="a plan of another version",
        ),
        pytest.param(
            b"{}", f"plan.json is no plan file, it has no format: expected a plan file ({FORMAT})", id="any object"
        ),
        pytest.param(b"[1]", f"plan.json is no plan file: expected a plan file ({FORMAT})", id="a list"),
        pytest.param(b"\xff\xfe\x00", f"plan.json is no plan file: expected a plan file ({FORMAT})", id="no text"),
        pytest.param(b"[" * 10**5, f"plan.json is no plan file: expected a plan file ({FORMAT})", id="deeply nested"),
        pytest.param(
            b"hello", f"plan.json is not JSON at line 1, column 1: expected a plan file ({FORMAT})", id="prose"
        ),
    ],
)
def test_what_is_no_plan(data: bytes, message: str) -> None:
    """A changed or foreign file is refused in one sentence."""
    assert refusal(data) == message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"taken_at": ', '"taken_at": "x", "was": ', id="a time that is text"),
        pytest.param('"taken_at": ', '"taken_at": 1' + 400 * "0" + ', "was": ', id="a time that no clock shows"),
        pytest.param('"taken_at": ', '"taken_at": true, "was": ', id="a time that is true"),
        pytest.param('"utc_offset": 3600', '"utc_offset": false', id="an offset that is false"),
        pytest.param('"reserved_space": null', '"reserved_space": true', id="a size that is true"),
        pytest.param('"removed": [', '"removed": [7, ', id="a row that is a number"),
        pytest.param('"reason": "stopped"', '"reason": "bored"', id="an unknown reason"),
        pytest.param('"witnesses": {', '"witness": {', id="a part that is missing"),
        pytest.param('"api": "1.51"', '"api": "new"', id="a version that is none"),
        pytest.param('"filters": {}', '"filters": []', id="filters that are a list"),
    ],
)
def test_a_forged_plan_that_does_not_fit_together(old: str, new: str) -> None:
    """A plan with a right digest and wrong contents is refused too, without a traceback."""
    text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + 64 * "0", DATA.decode(), count=1)
    assert old in text
    forged = text.replace(old, new, 1)
    digest = hashlib.sha256(forged.encode()).hexdigest()
    message = refusal(forged.replace(64 * "0", digest, 1).encode())
    assert message.startswith("plan.json holds a plan that does not fit together (")


@pytest.mark.parametrize(
    ("world", "profile", "message"),
    [
        pytest.param(
            replace(HERE, address="/there.db", id="6" * 32),
            DEFAULT_PROFILE,
            "plan.json was made for the state store /here.db, not for the state store /there.db: make a new plan",
            id="another store",
        ),
        pytest.param(
            replace(HERE, id="6" * 32),
            DEFAULT_PROFILE,
            "plan.json was made for the state store /here.db, not for another one, the state store /here.db: "
            "make a new plan",
            id="another store under the same name",
        ),
        pytest.param(
            replace(BOX, id=HERE.id),
            DEFAULT_PROFILE,
            "plan.json was made for the state store /here.db, not for Docker Engine 29.7.2 at tcp://box:2376 "
            "(build-7): make a new plan",
            id="an Engine that serves the store",
        ),
        pytest.param(
            replace(HERE, id=""),
            DEFAULT_PROFILE,
            "plan.json was made for the state store /here.db, not for another one, the state store /here.db: "
            "make a new plan",
            id="a store that nobody can tell from others",
        ),
        pytest.param(
            HERE,
            make_profile("28.5.2", (1, 51), ImageStore.CONTAINERD),
            "plan.json was made for Engine 28.5.2 with the graph image store, but here is Engine 28.5.2 with the "
            "containerd image store: make a new plan",
            id="another image store",
        ),
        pytest.param(
            HERE,
            make_profile("29.0.0", (1, 52)),
            "plan.json was made for Engine 28.5.2 with the graph image store, but here is Engine 29.0.0 with the "
            "graph image store: make a new plan",
            id="another Engine",
        ),
    ],
)
def test_the_world_must_be_the_one_of_the_plan(world: WorldName, profile: Profile, message: str) -> None:
    """A plan is for one store, one Engine version and one image store."""
    with pytest.raises(PlanFileError) as caught:
        check_world(FILE, world, profile, source="plan.json")
    assert caught.value.message == message


def test_the_address_does_not_matter() -> None:
    """A store that was moved, and an Engine that is reached another way, are still the world of the plan."""
    check_world(FILE, replace(HERE, address="/moved.db"), DEFAULT_PROFILE, source="plan.json")
    plan = plan_on(example_world(NOW), EVERYTHING)
    file = PlanFile.of(plan, EVERYTHING, "system prune", BOX, api=(1, 51), utc_offset=0)
    moved = replace(BOX, address="unix:///var/run/docker.sock", host="renamed")
    check_world(read_plan(write_plan(file, plan, ABOUT), source="plan.json"), moved, DEFAULT_PROFILE, source="x")


def test_a_world_without_an_id_gets_no_plan_file() -> None:
    """A plan that could be carried out on any world is not written."""
    plan = plan_on(example_world(NOW), EVERYTHING)
    with pytest.raises(PlanFileError, match=r"Docker Engine 29\.7\.2 at .* does not tell its id"):
        PlanFile.of(plan, EVERYTHING, "system prune", replace(BOX, id=""), api=(1, 51), utc_offset=0)


def test_a_plan_from_before_ids() -> None:
    """An older plan, which was bound to an address, is refused in one sentence."""
    text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + 64 * "0", DATA.decode(), count=1)
    older = re.sub(r'  "(kind|address|id|host|version)": [^\n]*\n', "", text)
    digest = hashlib.sha256(older.encode()).hexdigest()
    assert refusal(older.replace(64 * "0", digest, 1).encode()) == (
        "plan.json is from an older prunecli, which did not write down by its id which world a plan was made for: "
        "make a new plan"
    )


def test_until_is_that_of_the_plan() -> None:
    """Conditions in the file are understood as of the time of the plan, whenever that is read."""
    request = PruneRequest((Kind.CONTAINER,), filters=Filters.from_flags(["until=2h"]))
    file = read_plan(written(example_world(NOW - DAY), request)[1], source="plan")
    assert file.plan(DEFAULT_PROFILE).taken_at == NOW - DAY
    (container,) = file.plan(DEFAULT_PROFILE).kinds
    assert container.info.keep_duration == 2 * 3600 * 10**9


# The file on the disk


def test_mode_and_place(cli: Cli, tmp_path: Path) -> None:
    """The file is its owner's alone, nothing is left beside it, and an older one is replaced."""
    folder = tmp_path / "plans"
    folder.mkdir()
    path = folder / "plan.json"
    path.write_bytes(DATA)
    path.chmod(0o644)
    ran = cli("system", "prune", "--plan-out", str(path))
    assert (ran.code, ran.err) == (0, f"prunecli: the plan was written to {path}, nothing was removed\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [path]
    assert read_plan(path.read_bytes(), source="plan").command == "system prune"


def test_writing_a_plan_removes_nothing(cli: Cli, tmp_path: Path) -> None:
    """`--plan-out` stops after the plan, whatever else is said, and prints what a dry run prints."""
    before = cli.world()
    dry = cli("system", "prune", "-a", "--dry-run")
    ran = cli("system", "prune", "-a", "--force", "--plan-out", str(tmp_path / "plan"))
    assert ran.out == dry.out
    assert cli.world() == before
    assert cli("system", "prune", "--plan-out", str(tmp_path / "plan"), "--exit-code").code == 10


def test_never_through_a_link(cli: Cli, tmp_path: Path) -> None:
    """A symbolic link in the place of the plan is refused, and what it points to stays as it is."""
    target = tmp_path / "target"
    target.write_text("precious")
    link = tmp_path / "plan"
    link.symlink_to(target)
    ran = cli("system", "prune", "--plan-out", str(link))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"{link} is a symbolic link: a plan is written to a file of its own\n"
    assert target.read_text() == "precious"


@pytest.mark.parametrize("name", ["state.db", "notes.txt"])
def test_only_a_plan_is_replaced(cli: Cli, tmp_path: Path, name: str) -> None:
    """A file that holds anything else than a plan is left as it is, also the state store itself."""
    (tmp_path / "notes.txt").write_text("precious")
    path = cli.path if name == "state.db" else tmp_path / name
    before = path.read_bytes()
    ran = cli("system", "prune", "--plan-out", str(path))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"{path} is there already and is no plan file: only an older plan is replaced\n"
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_plan(cli: Cli, tmp_path: Path) -> None:
    """What mktemp made is taken."""
    path = tmp_path / "plan"
    path.touch()
    assert cli("system", "prune", "--plan-out", str(path)).code == 0
    assert read_plan(path.read_bytes(), source="plan").command == "system prune"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param(".", ". is a folder: a plan is written to a file of its own", id="a folder"),
        pytest.param("", '--plan-out needs the name of a file, not ""', id="nothing"),
        pytest.param("-", '--plan-out needs the name of a file, not "-"', id="a dash"),
        pytest.param(
            "/dev/null", "/dev/null is no regular file: a plan is written to a file of its own", id="a device"
        ),
        pytest.param("no/such/plan", "no/such/plan cannot be written: no such file or directory", id="no such folder"),
        pytest.param("/proc/plan", "/proc/plan cannot be written: no such file or directory", id="not writable"),
    ],
)
def test_where_no_plan_can_be(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    """A plan that cannot be written is one sentence and exit 1, and nothing was removed."""
    monkeypatch.chdir(tmp_path)
    before = cli.world()
    ran = cli("system", "prune", f"--plan-out={name}")
    assert (ran.code, ran.err) == (1, message + "\n")
    assert cli.world() == before
