"""One short round of the hostile runs; `python -m tests.crash` and `python -m tests.fuzz.names` have longer ones."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash import STRACE, run_rounds
from tests.crash.robbed import ROBBERIES
from tests.crash.served import serve_until_killed
from tests.crash.strace import DISK, Fault, kill_at
from tests.crash.tasks import TASKS, PlanOut, Prune, Task
from tests.fuzz import names

pytestmark = pytest.mark.skipif(STRACE is None, reason="needs strace")


def test_a_short_round(tmp_path: Path) -> None:
    """Killed, starved and robbed at random, nothing is lost, half done or told wrongly."""
    figures = run_rounds(tmp_path, seed=20261121, most=6)
    assert figures.faults == []
    assert sum(figures.done.values()) > 6


@pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.__name__)
def test_faults_reach_every_task(kind: type[Task], tmp_path: Path) -> None:
    """A kill ends the command, and a disk that takes nothing is told in one sentence, before anything is lost."""
    task = kind(tmp_path / "here", 2)
    killed = task.run(kill_at("write" if kind is PlanOut else "pwrite64", 1))
    assert killed.returncode in (-9, 137)
    task.judge(killed)
    full = task.run(Fault(DISK, "error=ENOSPC", 1, on=True))
    if kind is not PlanOut:  # which writes nothing into the store
        assert full.returncode == 1
        assert re.fullmatch(rf"{task.store} cannot .*disk.*\n", full.stderr)
    task.judge(full)


@pytest.mark.parametrize("when", [4, 6])
def test_nothing_can_be_written_any_more(when: int, tmp_path: Path) -> None:
    """A process that can tell nobody anything, from some write on, still ends with the code of a failure."""
    task = PlanOut(tmp_path / "here", 2)
    ran = task.run(Fault(("write",), "error=ENOSPC", when, on=True))
    assert (ran.returncode, ran.stderr) == (1, "")
    task.judge(ran)


_ON_A_FULL_DISK = """
mount -t tmpfs -o size=300k tmpfs "$1" || exit 77
cd "$1"
export PRUNECLI_STORE="$1/state.db"
"$2" -m prunecli state demo > /dev/null
head -c 1000000 /dev/zero > full 2> /dev/null
test -n "$3" && truncate -s "-$3" full
"$2" -m prunecli system prune -af; code=$?
rm full
"$2" -m prunecli state check
"$2" -m prunecli system prune -af --dry-run 2> /dev/null | tail -1
exit $code
"""


@pytest.mark.parametrize("left", ["", "4K", "16K", "32K"], ids=lambda left: f"with {left or 'nothing'} left")
def test_a_disk_that_is_really_full(left: str, tmp_path: Path) -> None:
    """Nothing goes, one sentence says that it is the disk, and with some room again everything is as it was."""
    words = ["unshare", "-m", "sh", "-c", _ON_A_FULL_DISK, "sh", str(tmp_path), sys.executable, left]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    if ran.returncode == 77 or "unshare" in ran.stderr:
        pytest.skip("a small file system cannot be mounted here")
    assert ran.returncode == 1
    assert re.fullmatch(rf"{tmp_path}/state.db cannot .*disk.*\n", ran.stderr)
    assert ran.stdout.startswith("Total reclaimed space: ")
    assert ran.stdout != "Total reclaimed space: 0B\n"


def test_a_server_is_killed(tmp_path: Path) -> None:
    """What a server answered before it was killed is so."""
    pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")
    serve_until_killed(tmp_path / "here", 2, kill_at("pwrite64", 15))


@pytest.mark.parametrize("name", ROBBERIES)
def test_a_store_that_is_taken_away(name: str, tmp_path: Path) -> None:
    """A prune whose store is gone, or another one, when the answer comes removes nothing and says so."""
    ROBBERIES[name](tmp_path / "here", 2)


def test_a_loss_is_found(tmp_path: Path) -> None:
    """The judges see what they are there for: an object that is gone and that nobody was told of."""
    task = Prune(tmp_path / "here", 2)
    ran = task.run(None)
    task.judge(ran)
    task.restore()
    with closing(sqlite3.connect(task.store)) as db, db:
        db.execute("DELETE FROM volumes")
    with pytest.raises(AssertionError):
        task.judge(ran)


def test_hostile_names(tmp_path: Path) -> None:
    """Names made to command terminals, shells and templates come through every output without doing so."""
    figures = names.run_rounds(tmp_path, 20261121, most=4)
    assert figures.faults == []
    assert figures.done["commands run"] > 50
