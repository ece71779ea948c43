"""The state store: making, opening and refusing files, and keeping what was put into them."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prunecli.backends.schema import SCHEMA_VERSION
from prunecli.backends.store import Store
from prunecli.backends.tables import TABLES, Record
from prunecli.complete import store_names
from prunecli.errors import ConflictError, StoreError
from prunecli.events import prune_event
from prunecli.kinds.image import Image
from prunecli.kinds.network import Network
from prunecli.kinds.volume import Volume
from prunecli.snapshot import Snapshot
from prunecli.units import MILLISECOND
from prunecli.verdict import Kind, Step
from tests.store_worlds import NOW, SMALL, snapshots

HEADER = {"format": "engine-dump/v1", "info": {"Driver": "overlay2"}, "df": None}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with the small world in it."""
    made = Store.open(tmp_path / "state.db")
    made.replace(SMALL, {}, HEADER)
    return made


def sqlite(path: Path, *statements: str) -> None:
    """Do something to a file behind the store's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


# Making and opening


def test_a_new_store_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    """Making a store makes its directories; nothing of it can be read by others, whatever the umask."""
    path = tmp_path / "a" / "b" / "state.db"
    before = os.umask(0)
    try:
        store = Store.open(path)
        store.replace(SMALL, {}, {})
    finally:
        os.umask(before)

    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "a", *(tmp_path / "a").rglob("*"))}
    assert {"a", "b", "state.db", "state.db-wal", "state.db.images.lock"} <= modes.keys()
    assert {modes.pop(name) for name in ("a", "b")} == {0o700}
    assert set(modes.values()) == {0o600}


def test_a_new_store_is_an_empty_world(tmp_path: Path) -> None:
    """Without an import a store is empty and follows the default profile."""
    store = Store.open(tmp_path / "state.db")

    assert store.snapshot(NOW) == Snapshot(NOW)
    assert store.header() == {}
    assert store.check() == []


def test_many_make_the_same_store(tmp_path: Path) -> None:
    """Whoever comes first makes the store; the others find it made."""
    together = threading.Barrier(8)
    outcomes: list[object] = []

    def make() -> None:
        together.wait(20)
        try:
            outcomes.append(Store.open(tmp_path / "new" / "state.db").snapshot(NOW).generation)
        except Exception as e:
            outcomes.append(e)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert outcomes == [0] * 8


def test_a_store_interrupted_while_being_made_is_finished(tmp_path: Path) -> None:
    """An empty file, left by a process that died right after making it, becomes a store."""
    path = tmp_path / "state.db"
    path.touch()

    assert Store.open(path).check() == []


@pytest.mark.parametrize("name", ["state?x=1#y%41.db", "söme stäte.db", "caf\udce9.db", "-.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    """Characters with a meaning in URIs, and bytes that are no text, are part of a name like others."""
    path = tmp_path / name
    Store.open(path).replace(SMALL, {}, {})

    assert path.exists()
    assert Store.open(path, create=False).snapshot(NOW).volumes == SMALL.volumes
    assert store_names(path, Kind.CONTAINER) == ["db", "web"]


def test_a_symbolic_link_leads_to_the_store_and_its_locks(store: Store, tmp_path: Path) -> None:
    """Through a link one meets the same store, and the same locks."""
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to(store.path)
    with Store.open(link).change(Kind.VOLUME) as change:
        change.remove(Step(Kind.VOLUME, "cache", "cache"))
        with pytest.raises(Exception, match="already running"), store.change(Kind.VOLUME):
            pass

    assert len(store.snapshot(NOW).volumes) == 1
    assert [p.name for p in (tmp_path / "elsewhere").iterdir()] == ["link.db"]


def a_directory(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def text(path: Path) -> None:
    path.write_text("this is no database, but it is long enough to be one, if only its first bytes were right\n" * 20)


def one_byte(path: Path) -> None:
    path.write_text("x")


def somebody_elses(path: Path) -> None:
    sqlite(path, "CREATE TABLE bookmarks (url)")


def somebody_elses_with_a_mark(path: Path) -> None:
    sqlite(path, "PRAGMA application_id = 252006674")


def from_the_future(path: Path) -> None:
    Store.open(path).close()
    sqlite(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def nothing(path: Path) -> None:
    pass


def empty(path: Path) -> None:
    path.touch()


def below_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.touch()


@pytest.mark.parametrize(
    ("prepare", "options", "words"),
    [
        pytest.param(a_directory, {}, "is a directory, not a state store", id="a directory"),
        pytest.param(a_pipe, {}, "is not a regular file", id="a pipe"),
        pytest.param(text, {}, "is not a prunecli state store: its header is not SQLite's", id="a text"),
        pytest.param(one_byte, {}, "is not a prunecli state store: its header is not SQLite's", id="a short text"),
        pytest.param(
            somebody_elses,
            {},
            "is not a prunecli state store: it is a SQLite database of another program",
            id="a database of another program",
        ),
        pytest.param(
            somebody_elses_with_a_mark,
            {},
            "is not a prunecli state store: it is a SQLite database of another program",
            id="one that has its mark but no tables yet",
        ),
        pytest.param(
            from_the_future,
            {},
            "is from a newer prunecli (schema 3, this one reads 2): update prunecli",
            id="a store of a newer program",
        ),
        pytest.param(
            nothing, {"create": False}, "does not exist: there is no state store yet", id="nothing, and none wanted"
        ),
        pytest.param(
            nothing, {"read_only": True}, "does not exist: there is no state store yet", id="nothing, for reading"
        ),
        pytest.param(empty, {"create": False}, "is empty: it is no state store yet", id="an empty file"),
        pytest.param(below_a_file, {}, "cannot be opened: not a directory", id="below a file"),
    ],
)
def test_what_is_no_store_is_refused(
    tmp_path: Path, prepare: Callable[[Path], None], options: dict[str, Any], words: str
) -> None:
    """A file that is no store is left as it is, and one sentence says what is wrong with it."""
    path = tmp_path / "home" / "state.db"
    path.parent.mkdir()
    prepare(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StoreError) as caught:
        Store.open(path, **options)

    assert caught.value.message == f"{path} {words}"
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert not path.with_name("state.db-wal").exists()


def test_a_newer_store_is_noticed_while_in_use(store: Store) -> None:
    """When another program upgrades the store, this one writes nothing into it any more."""
    sqlite(store.path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StoreError, match="from a newer prunecli"):
        store.snapshot(NOW)
    with pytest.raises(StoreError, match="from a newer prunecli"), store.change(Kind.VOLUME):
        pass


def test_a_lock_is_never_a_link(store: Store, tmp_path: Path) -> None:
    """A link in the place of a lock file could lead anywhere, and is refused."""
    lock = store.path.with_name("state.db.volumes.lock")
    lock.unlink()
    lock.symlink_to(tmp_path / "anywhere")
    with pytest.raises(StoreError) as caught, store.change(Kind.VOLUME):
        pass

    assert caught.value.message == f"{lock} is a symbolic link: a lock must be a file of its own"
    assert not (tmp_path / "anywhere").exists()


# What stands in the way of writing

WITHOUT_PRIVILEGES = """
import ctypes, os, sys
from pathlib import Path
from prunecli.backends.store import Store
from prunecli.errors import StoreError
from prunecli.verdict import Kind

# Root may write anything: give that up, so that the modes of files count.
libc = ctypes.CDLL(None)
libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
path, act, read_only = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "True"
try:
    store = Store.open(path, read_only=read_only)
    if act == "change":
        with store.change(Kind.VOLUME):
            pass
    elif act == "replace":
        store.replace(store.snapshot(0), {}, {})
    print(len(store.snapshot(0).volumes), "volumes")
except StoreError as e:
    print(e)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="gives up privileges in the way of Linux")
@pytest.mark.parametrize(
    ("file_mode", "directory_mode", "act", "read_only", "words"),
    [
        pytest.param(0o400, 0o500, "read", True, "2 volumes", id="a store on a read-only medium can be read"),
        pytest.param(0o400, 0o500, "read", False, "2 volumes", id="also by who would like to change it"),
        pytest.param(0o400, 0o700, "read", True, "2 volumes", id="so can a read-only file"),
        pytest.param(
            0o400,
            0o700,
            "replace",
            False,
            "{} cannot be changed: the file or its directory is read-only",
            id="but a read-only file cannot be changed",
        ),
        pytest.param(0o000, 0o700, "read", True, "{} cannot be opened: permission denied", id="an unreadable file"),
        pytest.param(0o600, 0o000, "read", True, "{} cannot be opened: permission denied", id="a closed directory"),
        pytest.param(
            0o600,
            0o500,
            "change",
            False,
            "{} cannot be changed: the file or its directory is read-only",
            id="where nothing can be made nothing can be changed",
        ),
    ],
)
def test_permissions(
    tmp_path: Path, file_mode: int, directory_mode: int, act: str, read_only: bool, words: str
) -> None:
    """What the modes of files forbid is said in one sentence; what they allow works."""
    directory = tmp_path / "home"
    path = directory / "state.db"
    with Store.open(path) as store:
        store.replace(SMALL, {}, {})
    for lock in directory.glob("*.lock"):
        lock.unlink()
    path.chmod(file_mode)
    directory.chmod(directory_mode)
    try:
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_PRIVILEGES, str(path), act, str(read_only)],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        directory.chmod(0o700)

    assert done.stdout.strip() == words.format(path)


def test_reading_only_is_no_writing(store: Store) -> None:
    """A store opened for reading refuses every change, and shows what others change."""
    reader = Store.open(store.path, read_only=True)
    for act in (
        lambda: reader.replace(SMALL, {}, {}),
        lambda: reader.add(SMALL.volumes[0]),
        lambda: reader.change(Kind.VOLUME).__enter__(),
    ):
        with pytest.raises(StoreError, match="was opened for reading only"):
            act()
    with store.change(Kind.VOLUME) as change:
        change.remove(Step(Kind.VOLUME, "cache", "cache"))

    assert len(reader.snapshot(NOW).volumes) == 1


def test_a_locked_store_says_so(store: Store) -> None:
    """While another program holds the file, we wait as long as was said, and then say why nothing happened."""
    impatient = Store.open(store.path, patience=200 * MILLISECOND)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught, impatient.change(Kind.VOLUME):
            pass
        assert len(impatient.snapshot(NOW).volumes) == 2  # readers need not wait

    assert caught.value.message == f"{store.path} is locked by another program: it did not come free in 0.2s"


def test_a_full_disk_undoes_the_change(store: Store) -> None:
    """When the file cannot grow, nothing of the change remains."""
    before = store.snapshot(NOW)
    pages = 0
    with closing(sqlite3.connect(store.path)) as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]

    def fill_the_disk() -> None:
        with store.change(Kind.VOLUME) as change:
            change._db.execute(f"PRAGMA max_page_count = {pages}")
            change.remove(Step(Kind.VOLUME, "cache", "cache"))
            for number in range(1000):
                change.emit(prune_event(Kind.VOLUME, number, NOW))

    with pytest.raises(StoreError) as caught:
        fill_the_disk()

    assert caught.value.message == f"{store.path} cannot grow: the disk is full"
    assert store.snapshot(NOW) == before
    assert list(store.events()) == []
    assert store.check() == []


def test_an_event_beyond_time_is_refused(store: Store) -> None:
    """An instant that an Engine's events cannot name ends the change, in words."""
    with pytest.raises(StoreError, match="outside of the years 1678 to 2262"), store.change(Kind.VOLUME) as change:
        change.emit(prune_event(Kind.VOLUME, 0, 2**63))


def test_text_that_is_none_is_refused(store: Store) -> None:
    """Half a surrogate pair, which JSON can spell and no database can hold, is an error of one sentence."""
    with pytest.raises(StoreError) as caught:
        store.add(Volume("half\ud800", "local"))

    assert caught.value.message == "the store cannot hold 'half\\ud800': it is no valid Unicode"


def test_what_was_told_stays_told(store: Store) -> None:
    """The journal refuses to be changed, whoever opens the file."""
    with store.change(Kind.VOLUME) as change:
        change.emit(prune_event(Kind.VOLUME, 0, NOW))
    for statement in ("DELETE FROM journal", "UPDATE journal SET action = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            sqlite(store.path, statement)


# Import and export

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=5), documents, max_size=4)


def ids(snapshot: Snapshot) -> dict[Kind, list[str]]:
    """Map each kind to the ids of its objects."""
    s = snapshot
    records: dict[Kind, tuple[Record, ...]] = {
        Kind.CONTAINER: s.containers,
        Kind.NETWORK: s.networks,
        Kind.VOLUME: s.volumes,
        Kind.IMAGE: s.images,
        Kind.BUILD_CACHE: s.build_cache,
    }
    return {kind: [TABLES[kind].id_of(r) for r in found] for kind, found in records.items()}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(snapshot=snapshots(), header=objects, data=st.data())
def test_an_import_comes_back(store: Store, snapshot: Snapshot, header: dict[str, Any], data: st.DataObject) -> None:
    """Records, the Engine's own JSON with its order, the header and the profile: all of it is as it was imported."""
    raw = {
        kind: {id: data.draw(objects) for id in data.draw(st.permutations(known)) if data.draw(st.booleans())}
        for kind, known in ids(snapshot).items()
    }
    before = store.snapshot(NOW).generation
    store.replace(snapshot, raw, header)

    assert replace(store.snapshot(snapshot.taken_at), generation=0) == snapshot
    assert store.snapshot(NOW).generation == before + 1
    assert json.dumps(list(store.raw().items())) == json.dumps(list(raw.items()))  # as text, for the order of keys
    assert json.dumps(store.header()) == json.dumps(header)


def test_an_import_keeps_the_journal(store: Store) -> None:
    """An import replaces the world and tells nothing; what was told before stays."""
    told = prune_event(Kind.VOLUME, 3, NOW)
    with store.change(Kind.VOLUME) as change:
        change.emit(told)
    store.replace(Snapshot(NOW), {}, {})

    assert list(store.events()) == [told]
    assert store.snapshot(NOW).volumes == ()
    assert store.header() == {}


def test_a_failed_import_changes_nothing(store: Store) -> None:
    """An import that cannot be kept leaves the world before it as it was."""
    before = store.snapshot(NOW)
    twice = replace(SMALL, volumes=(Volume("v", "local"), Volume("w", "local"), Volume("v", "local")))
    with pytest.raises(StoreError) as caught:
        store.replace(twice, {}, {})

    assert caught.value.message == "volume v is there twice: an id names one object"
    assert store.snapshot(NOW) == before
    assert store.header() == HEADER


def test_raw_json_follows_its_object(store: Store) -> None:
    """The Engine's JSON goes with its object, and keeps the order of the import."""
    store.replace(SMALL, {Kind.VOLUME: {"data": {"Name": "data"}, "cache": {"Name": "cache"}}}, {})
    assert list(store.raw()[Kind.VOLUME]) == ["data", "cache"]
    with store.change(Kind.VOLUME) as change:
        change.remove(Step(Kind.VOLUME, "data", "data"))

    assert store.raw()[Kind.VOLUME] == {"cache": {"Name": "cache"}}


def test_raw_json_needs_its_record(store: Store) -> None:
    """JSON of an object that is not in the snapshot is a mistake of the caller."""
    with pytest.raises(ValueError, match="without a record"):
        store.replace(SMALL, {Kind.VOLUME: {"other": {}}}, {})


# Single records


def test_records_can_be_added(tmp_path: Path) -> None:
    """A world can be made of single records; each of them is a change, and none tells an event."""
    store = Store.open(tmp_path / "state.db")
    records: tuple[Record, ...] = (*SMALL.containers, *SMALL.networks, *SMALL.volumes, *SMALL.build_cache)
    for record in records:
        store.add(record)
    store.add(SMALL.images[0], layers=SMALL.layers)
    store.add(SMALL.images[1], layers={"l1": 100}, raw={"Id": "sha256:i2"})

    added = store.snapshot(NOW)
    assert added == replace(SMALL, disk=None, generation=10)
    assert store.raw()[Kind.IMAGE] == {"sha256:i2": {"Id": "sha256:i2"}}
    assert list(store.events()) == []


@pytest.mark.parametrize(
    ("record", "layers", "words"),
    [
        pytest.param(Volume("cache", "nfs"), {}, "volume cache already exists", id="a volume's name"),
        pytest.param(
            replace(SMALL.containers[0], name="other"), {}, "container c1 already exists", id="a container's id"
        ),
        pytest.param(
            replace(SMALL.containers[0], id="c3"),
            {},
            'Conflict. The container name "/web" is already in use by container "c1". '
            "You have to remove (or rename) that container to be able to reuse that name.",
            id="a container's name",
        ),
        pytest.param(
            Network("n3", "front", "bridge", NOW), {}, "network with name front already exists", id="a network's name"
        ),
        pytest.param(
            Image("sha256:i3", tags=("new", "busybox:1")),
            {},
            "tag busybox:1 is already in use by image sha256:i1",
            id="a tag",
        ),
        pytest.param(
            Image("sha256:i3", layers=("l1",)),
            {"l1": 7},
            "layer l1 is already known, with 100 bytes instead of 7",
            id="a layer of another size",
        ),
        pytest.param(
            Image("sha256:i3", layers=("l1", "l9")),
            {},
            "layer l9 of image sha256:i3 has no size: give one with the image",
            id="a layer of no size",
        ),
        pytest.param(SMALL.build_cache[0], {}, "build-cache r1 already exists", id="a cache record"),
    ],
)
def test_what_is_taken_is_refused(store: Store, record: Record, layers: dict[str, int], words: str) -> None:
    """A record whose id, name or tag is taken is refused, and the world stays as it is."""
    before = store.snapshot(NOW)
    with pytest.raises(ConflictError) as caught:
        store.add(record, layers=layers)

    assert caught.value.message == words
    assert store.snapshot(NOW) == before


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Kind.CONTAINER, ["db", "web"]),
        (Kind.NETWORK, ["back", "front"]),
        (Kind.VOLUME, ["cache", "data"]),
        (Kind.IMAGE, ["busybox:1", "busybox:latest"]),
        (Kind.BUILD_CACHE, ["r1", "r2"]),
    ],
    ids=str,
)
def test_names_for_completion(store: Store, kind: Kind, names: list[str]) -> None:
    """The names of a kind come sorted, from the store as it is now."""
    assert store_names(store.path, kind) == names


@pytest.mark.parametrize("prepare", [nothing, text, somebody_elses, a_directory], ids=lambda f: f.__name__)
def test_completion_never_complains(tmp_path: Path, prepare: Callable[[Path], None]) -> None:
    """Where there is no store there are no names, and no store is made."""
    path = tmp_path / "state.db"
    prepare(path)

    assert store_names(path, Kind.VOLUME) == []
    assert path.exists() == (prepare is not nothing)
