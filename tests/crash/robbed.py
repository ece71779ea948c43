"""A store that goes away, or becomes another one, while a prune waits for its answer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.conftest import NOW
from tests.crash.strace import command, environment
from tests.prune_processes import assert_sound, crowd, make_store

QUESTION = "[y/N] "


def _deleted(path: Path, each: int) -> None:
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()


def _replaced(path: Path, each: int) -> None:
    make_store(path.with_name("other.db"), crowd(each + 1))
    for part in path.parent.glob(f"{path.name}-*"):
        part.unlink()
    os.replace(path.with_name("other.db"), path)


def _truncated(path: Path, each: int) -> None:
    os.truncate(path, 0)


def _overwritten(path: Path, each: int) -> None:
    path.write_bytes(b"not a store at all\n" * 1000)


def _rob(take: Callable[[Path, int], None]) -> Callable[[Path, int], None]:
    def robbed(folder: Path, each: int) -> None:
        """Take the store away while the prune asks; it may not tell of anything that is in no file."""
        folder.mkdir(parents=True)
        store = make_store(folder / "state.db", crowd(each))
        with subprocess.Popen(
            command(None, "system", "prune", "-a", "--volumes"),
            env=environment(store, NOW),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout
            asked = ""
            while not asked.endswith(QUESTION):
                more = process.stdout.read(1)
                assert more, "it ended without a question"
                asked += more
            take(store, each)
            out, err = process.communicate("y\n", timeout=60)
        assert "Traceback" not in err, err
        world, *said = err.splitlines()
        assert world == f"On the state store {store}"
        assert (process.returncode, len(said), "Deleted" in out) == (1, 1, False), (out, err)
        if take is _replaced:
            assert set(assert_sound(store, each + 1).values()) == {each + 1}

    return robbed


ROBBERIES: Mapping[str, Callable[[Path, int], None]] = {
    "a store that was deleted": _rob(_deleted),
    "a store that was replaced": _rob(_replaced),
    "a store that was emptied": _rob(_truncated),
    "a store that was overwritten": _rob(_overwritten),
}
