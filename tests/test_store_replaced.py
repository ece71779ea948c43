"""A store that is replaced, removed or moved while somebody works on it: nothing is done where nobody will find it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from prunecli.backends.served import ServedStore
from prunecli.errors import StoreError
from prunecli.example import example_world
from prunecli.kinds.volume import Volume
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind
from tests.conftest import NOW
from tests.serving import A_LONG_WAIT, plain_socket, serving

GONE = "is gone: it was removed or moved away while it was in use"
REPLACED = "was replaced by another file while it was in use: nothing more is done here"
SMALL = Snapshot(NOW, volumes=(Volume("other", "local", NOW),))


def make(path: Path, world: Snapshot) -> Path:
    """Make a store with this in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with ServedStore.open(path) as store:
        store.replace(world, {}, {})
    return path


def volumes(path: Path) -> set[str]:
    """Return the names of a store's volumes; it must be sound."""
    with ServedStore.open(path, create=False) as store:
        assert store.check() == []
        return {v.name for v in store.snapshot(NOW).volumes}


def create(store: ServedStore, name: str) -> None:
    """Make a volume as a request does."""
    with store.edit() as edit:
        edit.add(Volume(name, "local", NOW))


def move_over(path: Path) -> None:
    os.replace(make(path.with_name("other.db"), SMALL), path)


def remove(path: Path) -> None:
    path.unlink()


def remove_and_make(path: Path) -> None:
    path.unlink()
    make(path, SMALL)


def move_away(path: Path) -> None:
    path.rename(path.with_name("old.db"))
    move_over(path)


def rename_directory(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def rename_directory_and_make(path: Path) -> None:
    rename_directory(path)
    make(path, SMALL)


def point_elsewhere(path: Path) -> None:
    other = make(path.with_name("other.db"), SMALL)
    path.rename(path.with_name("old.db"))
    path.symlink_to(other)


REPLACING = [move_over, remove_and_make, move_away, rename_directory_and_make, point_elsewhere]
REMOVING = [remove, rename_directory]

Act = Callable[[Path], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a store with the example in it."""
    return make(tmp_path / "folder" / "state.db", example_world(NOW))


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "with a log beside it"])
@pytest.mark.parametrize("act", [*REPLACING, *REMOVING])
def test_a_store_stands_for_the_file_it_was_opened_on(path: Path, act: Act, busy: bool) -> None:
    """Reading and changing are refused in one sentence, and the new store has nothing of the old one's log."""
    with ServedStore.open(path) as store:
        create(store, "before")
        if not busy:
            store.rest()
        act(path)
        words = GONE if act in REMOVING else REPLACED

        def change() -> None:
            with store.change(Kind.IMAGE):
                pass

        for use in (lambda: store.snapshot(NOW), lambda: create(store, "late"), change):
            with pytest.raises(StoreError, match=f"^{path} {words}$"):
                use()
    if act in REPLACING:
        assert volumes(path) == {"other"}
    for old in (path.with_name("old.db"), path.parent.with_name("elsewhere") / path.name):
        if old.exists():  # what was in the log is in the file that it was made for
            assert "before" in volumes(old)


def test_the_log_of_an_old_store_is_not_left_for_the_new_one(path: Path) -> None:
    """Not even where somebody still reads the old one, so that its log cannot be emptied."""
    with ServedStore.open(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM volumes").fetchall()
        create(store, "before")
        move_over(path)
        with pytest.raises(StoreError, match=REPLACED):
            store.snapshot(NOW)
        assert volumes(path) == {"other"}


@pytest.mark.parametrize("act", [*REPLACING, *REMOVING])
def test_a_change_in_whose_middle_the_store_goes_is_an_error(path: Path, act: Act) -> None:
    """It may have been written to the old file; nobody is told that it was done."""
    with ServedStore.open(path) as store:

        def change() -> None:
            with store.edit() as edit:
                edit.add(Volume("late", "local", NOW))
                act(path)

        with pytest.raises(
            StoreError, match="was replaced or removed while it was being changed: the change is not in"
        ):
            change()
    if act in REPLACING:
        assert volumes(path) == {"other"}


def test_a_store_that_comes_back_is_used_again(path: Path) -> None:
    """Away for a moment is not replaced."""
    with ServedStore.open(path) as store:
        path.rename(path.with_name("away.db"))
        with pytest.raises(StoreError, match=GONE):
            store.snapshot(NOW)
        path.with_name("away.db").rename(path)
        create(store, "after")
    assert "after" in volumes(path)


def test_a_backup_copied_over_a_store_at_rest_counts_as_a_change(path: Path, tmp_path: Path) -> None:
    """The file and the count may be the same; the generation is not, so that a plan is decided again."""
    with ServedStore.open(path) as store:
        before = store.snapshot(NOW).generation
        store.rest()
        backup = make(tmp_path / "backup.db", SMALL)
        with ServedStore.open(backup) as other:
            assert other.generation() == before
        shutil.copyfile(backup, path)
        assert store.snapshot(NOW).generation != before
        assert store.generation() != before


# The commands


@contextmanager
def running(path: Path, *words: str, answers: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Run a command on a store, and make sure that it ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "prunecli", "--store", str(path), *words],
        stdin=subprocess.PIPE if answers else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PRUNECLI_NOW": "2026-11-21T10:00:00Z"},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def at_the_prompt(process: subprocess.Popen[str]) -> None:
    """Wait until the question was asked."""
    assert process.stdout is not None
    asked = ""
    while not asked.endswith("[y/N] "):
        character = process.stdout.read(1)
        assert character, asked
        asked += character


def copy_over(path: Path) -> None:
    shutil.copyfile(make(path.with_name("other.db"), SMALL), path)


@pytest.mark.parametrize("act", [*REPLACING, *REMOVING])
def test_what_was_shown_of_one_store_is_not_done_to_another(path: Path, act: Act) -> None:
    """A prune that waits for its answer ends with a sentence when the store is another by then."""
    with running(path, "system", "prune", "-a", "--volumes", answers=True) as process:
        at_the_prompt(process)
        assert not path.with_name("state.db-wal").exists()  # nothing is held while a person reads
        act(path)
        _, stderr = process.communicate("y\n", timeout=A_LONG_WAIT)
        words = GONE if act in REMOVING else REPLACED
        assert (process.returncode, stderr.splitlines()[-1]) == (1, f"{path} {words}")
    if act in REPLACING:
        assert volumes(path) == {"other"}
    else:
        assert not path.exists()


def test_a_backup_copied_over_it_at_the_prompt_loses_nothing_that_was_not_shown(path: Path) -> None:
    """The same file with other content and the same count: what the plan shows and is not there is not removed."""
    shown = example_world(NOW).volumes[0]
    used = replace(shown, driver="other")  # of the same name, and no longer a volume that a prune takes
    with running(path, "volume", "prune", "-a", answers=True) as process:
        at_the_prompt(process)
        shutil.copyfile(make(path.with_name("other.db"), Snapshot(NOW, volumes=(used,))), path)
        process.communicate("y\n", timeout=A_LONG_WAIT)
    assert volumes(path) == {shown.name}


@pytest.mark.parametrize("act", [move_over, remove, rename_directory])
def test_events_end_with_their_store(path: Path, act: Act) -> None:
    """The journal that was followed is at its end: one sentence, and exit 1."""
    with running(path, "events", "--since", "1") as process:
        with ServedStore.open(path) as store, store.change(Kind.VOLUME) as change:
            from prunecli.events import Event

            change.emit(Event("volume", "create", NOW, "told"))
        assert process.stdout is not None
        assert "volume create told" in process.stdout.readline()
        act(path)
        _, stderr = process.communicate(timeout=A_LONG_WAIT)
        assert (process.returncode, stderr) == (1, f"{path} {GONE if act is not move_over else REPLACED}\n")


def test_gc_watch_goes_on_with_a_new_store_and_ends_without_one(path: Path) -> None:
    """It keeps its policy to whatever store lies there; a watch over nothing is a mistake."""
    with running(path, "gc", "watch", "--reserved-space", "10MB") as process:
        assert process.stdout is not None
        assert " start: " in process.stdout.readline()
        move_over(path)
        assert " the store was replaced: 0 build cache records removed, " in process.stdout.readline()
        path.unlink()
        _, stderr = process.communicate(timeout=A_LONG_WAIT)
        assert (process.returncode, stderr) == (1, f"{path} {GONE}\n")


# Served


@pytest.fixture
def served_near(tmp_path: Path) -> Path:
    """Return a folder for a served store."""
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("act", REPLACING)
def test_another_store_in_its_place_is_served(served_near: Path, act: Act) -> None:
    """What is answered is in the file that is there; event streams end, as when an Engine is started again."""
    pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")
    with serving(served_near) as served, plain_socket(served.socket) as listener:
        listener.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        assert listener.recv(65536).startswith(b"HTTP/1.1 200 OK")
        assert served.ask("POST", "/volumes/create", {"Name": "before"}).status == 201
        assert b'"before"' in listener.recv(65536)
        act(served.store_path)
        assert served.ask("POST", "/volumes/create", {"Name": "after"}).status == 201
        assert {v["Name"] for v in served.ask("GET", "/volumes").json["Volumes"]} == {"other", "after"}
        assert volumes(served.store_path) == {"other", "after"}
        assert listener.recv(65536) == b"0\r\n\r\n"
        again = served.raw(b"GET /events?since=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert again.count(b'"Actor"') == 1  # the new store's journal knows of the new volume alone
        assert b'"after"' in again


@pytest.mark.parametrize("act", REMOVING)
def test_without_a_store_requests_fail_until_there_is_one(served_near: Path, act: Act) -> None:
    """A volume that would be in no file is not made, nor is a store; the next one is served."""
    pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")
    with serving(served_near) as served:
        act(served.store_path)
        answer = served.ask("POST", "/volumes/create", {"Name": "nowhere"})
        assert (answer.status, "does not exist" in answer.message) == (500, True)
        assert served.ask("POST", "/volumes/prune").status == 500
        assert not served.store_path.exists()
        make(served.store_path, SMALL)
        assert {v["Name"] for v in served.ask("GET", "/volumes").json["Volumes"]} == {"other"}


def test_a_server_at_rest_holds_nothing(served_near: Path) -> None:
    """A while after the last request no log lies beside the store, so that a copy over it is a store too."""
    pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")
    with serving(served_near) as served:
        assert served.ask("POST", "/volumes/create", {"Name": "before"}).status == 201
        log = served.store_path.with_name("state.db-wal")
        deadline = time.monotonic() + A_LONG_WAIT
        while log.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not log.exists()
        shutil.copyfile(make(served_near / "other.db", SMALL), served.store_path)
        assert {v["Name"] for v in served.ask("GET", "/volumes").json["Volumes"]} == {"other"}
