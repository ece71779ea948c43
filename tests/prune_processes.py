"""prunecli in processes of its own, and worlds large enough to be met in the middle of a prune."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prunecli.backends import locks
from prunecli.backends.contents import records_of
from prunecli.backends.store import Store
from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.network import Network
from prunecli.kinds.volume import ANONYMOUS_LABEL, Volume
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind
from tests.conftest import NOW

WAIT = 60.0
"""Seconds after which a test gives up; none of them waits so long when all is well."""

ALL = ("system", "prune", "-af", "--volumes")
BUSY = "Error response from daemon: a prune operation is already running"
HEADINGS = {
    "Deleted Containers:": Kind.CONTAINER,
    "Deleted Networks:": Kind.NETWORK,
    "Deleted Volumes:": Kind.VOLUME,
    "Deleted Images:": Kind.IMAGE,
    "Deleted build cache objects:": Kind.BUILD_CACHE,
}


def crowd(each: int) -> Snapshot:
    """Return a world with so many unused objects of each kind, all of one byte."""
    anonymous = {ANONYMOUS_LABEL: ""}
    ids = [f"{n:064x}" for n in range(each)]
    return Snapshot(
        taken_at=NOW,
        containers=tuple(Container(id, f"c{id[-6:]}", "gone", "", "exited", False, NOW, size=1) for id in ids),
        networks=tuple(Network(id, f"n{id[-6:]}", "bridge", NOW) for id in ids),
        volumes=tuple(Volume(f"v{id[-6:]}", "local", NOW, anonymous, size=1) for id in ids),
        images=tuple(
            Image(f"sha256:{id}", tags=(f"i:{id[-6:]}",), layers=(f"sha256:1{id[1:]}",), size=1) for id in ids
        ),
        build_cache=tuple(CacheRecord(f"r{id[-6:]}", size=1, created_at=NOW) for id in ids),
        layers={f"sha256:1{id[1:]}": 1 for id in ids},
    )


def make_store(path: Path, world: Snapshot) -> Path:
    """Make a store that holds a world."""
    with Store.open(path) as store:
        store.replace(world, {}, {})
    return path


@contextmanager
def running(store: Path, *argv: str, now: int | None = NOW) -> Iterator[subprocess.Popen[str]]:
    """Start a command on a store; it does not outlive the block."""
    environment = os.environ | {"PRUNECLI_STORE": str(store)}
    if now is not None:
        environment["PRUNECLI_NOW"] = str(now // 10**9)
    process = subprocess.Popen(
        [sys.executable, "-m", "prunecli", *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a command; returns its exit code, and what it wrote."""
    out, err = process.communicate(timeout=WAIT)
    return process.returncode, out, err


def wait_for(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.001)


def holds_a_lock(process: subprocess.Popen[str], store: Path, *, or_has_ended: bool = True) -> bool:
    """Say whether a command holds one of the store's locks: it is at work."""
    if or_has_ended and process.poll() is not None:
        return True
    inodes = {str(path.stat().st_ino) for path in locks.lock_paths(store) if path.exists()}
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if "->" not in words and words[1] == "FLOCK" and words[4] == str(process.pid):
            return words[5].rpartition(":")[2] in inodes
    return False


def waits_for_a_lock(process: subprocess.Popen[str]) -> bool:
    """Say whether a command waits for somebody else's lock."""
    lines = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return any("->" in words and words[2] == "FLOCK" and words[5] == str(process.pid) for words in lines)


def follows(process: subprocess.Popen[str]) -> bool:
    """Say whether a command listens for changes of the store."""
    descriptors = Path(f"/proc/{process.pid}/fd")
    try:
        return any("inotify" in os.readlink(fd) for fd in descriptors.iterdir())
    except FileNotFoundError:  # one was closed meanwhile
        return False


def rows(report: str) -> dict[Kind, list[str]]:
    """Return the rows of a report, kind by kind; those of layers and references are left out."""
    found: dict[Kind, list[str]] = {kind: [] for kind in Kind}
    here = None
    for line in report.splitlines():
        if line in HEADINGS:
            here = HEADINGS[line]
        elif here and line and not line.startswith(("Total", "untagged: ", "deleted: sha256:1")):
            found[here].append(line.removeprefix("deleted: "))
    return found


def left_in(store: Store) -> dict[Kind, int]:
    """Return how many objects of each kind a store holds."""
    world = store.snapshot(NOW)
    return {kind: len(records_of(world, kind)) for kind in Kind}


def assert_sound(path: Path, each: int) -> dict[Kind, int]:
    """Assert that a crowd's store is whole and that its journal tells of exactly what is gone; returns what is left."""
    with Store.open(path) as store:
        assert store.check() == []
        left, told = left_in(store), list(store.events())
    for kind in Kind:
        events = [e for e in told if e.type == kind.event_type]
        word = "delete" if kind is Kind.IMAGE else "destroy"
        names = Counter(e.actor_id for e in events if e.action == word)
        prunes = [int(e.attributes["reclaimed"]) for e in events if e.action == "prune"]
        gone = each - left[kind]
        if kind is not Kind.BUILD_CACHE:
            assert len(names) == gone, kind
            assert set(names.values()) <= {1}, kind
        assert sum(prunes) == (0 if kind is Kind.NETWORK else gone), kind
    return left


def kill(process: subprocess.Popen[str]) -> None:
    """End a command as nothing in it can prevent."""
    process.send_signal(signal.SIGKILL)
    process.wait(WAIT)
