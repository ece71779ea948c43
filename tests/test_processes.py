"""Several processes on one store: two prunes at once, kills, signals, and those who follow the events."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prunecli.backends import locks
from prunecli.backends.store import Store
from prunecli.verdict import Kind
from tests.cli_runs import Cli, cli
from tests.prune_processes import (
    ALL,
    BUSY,
    WAIT,
    assert_sound,
    crowd,
    ended,
    follows,
    holds_a_lock,
    kill,
    left_in,
    make_store,
    rows,
    running,
    wait_for,
    waits_for_a_lock,
)
from tests.test_wrong_input import WRONG

__all__ = ["cli"]

EACH = 150
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a crowd of each kind, none of it used."""
    return make_store(tmp_path / "crowd.db", crowd(EACH))


# Two at once


def test_a_second_prune_is_refused(cli: Cli) -> None:
    """While containers or networks are pruned, neither is pruned by somebody else; images and volumes have locks of
    their own, and what comes after the refused kind is not begun."""
    with locks.held(cli.path, Kind.CONTAINER):
        for command in ("container", "network", "system"):
            assert cli(command, "prune", "-f") == (1, "", BUSY + "\n")
        assert cli("volume", "prune", "-f").code == 0
    assert cli("state", "demo").code == 0
    with locks.held(cli.path, Kind.IMAGE):
        assert cli("image", "prune", "-f") == (1, "", BUSY + "\n")
        ran = cli(*ALL)
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == BUSY
    assert len(ran.err.splitlines()) == 2
    assert ran.err.splitlines()[0].endswith("3 containers, 3 networks and 1 volume went before, 20.97MB came back")
    assert rows(ran.out)[Kind.CONTAINER]
    assert not rows(ran.out)[Kind.IMAGE]
    assert "Total" not in ran.out
    assert len(cli.world().build_cache) == 3


def test_a_prune_of_build_cache_waits(cli: Cli) -> None:
    """A prune of the build cache begins when another one has ended."""
    with running(cli.path, "builder", "prune", "-f") as process:
        with locks.held(cli.path, Kind.BUILD_CACHE):
            wait_for(lambda: waits_for_a_lock(process))
            assert process.poll() is None
        code, out, err = ended(process)
    assert (code, err) == (0, "")
    assert len(rows(out)[Kind.BUILD_CACHE]) == 3


@pytest.mark.parametrize("seed", range(4))
def test_two_prunes_at_once(store: Path, seed: int) -> None:
    """Either one is refused, or they follow each other; together they remove everything once, and tell of it once."""
    chance = random.Random(seed)
    with running(store, *ALL) as first:
        time.sleep(chance.uniform(0, 0.1))
        with running(store, *ALL) as second:
            ends = [ended(first), ended(second)]
    assert {code for code, _, _ in ends} in ({0}, {0, 1}), [e[2] for e in ends]
    for code, out, err in ends:
        assert ("Total reclaimed space: " in out) == (code == 0)
        assert (err.splitlines()[-1:] == [BUSY]) == (code == 1)
        assert "Traceback" not in err
    shown = [rows(out) for _, out, _ in ends]
    for kind in Kind:
        assert not set(shown[0][kind]) & set(shown[1][kind]), kind
        assert len(shown[0][kind]) + len(shown[1][kind]) == EACH, kind
    assert set(assert_sound(store, EACH).values()) == {0}


def test_no_lock_while_a_person_reads(cli: Cli) -> None:
    """Somebody else may prune while a question stands; then only what was shown goes, and what it says is true."""
    with running(cli.path, "container", "prune") as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.read(10) == "WARNING! T"
        assert cli("state", "add", "container", "late", "--state", "exited").code == 0
        assert cli("container", "prune", "-f", "--filter", "until=27h").code == 0
        process.stdin.write("y\n")
        process.stdin.flush()
        code, out, err = ended(process)
    assert code == 0
    assert len(rows(out)[Kind.CONTAINER]) == 2
    assert "container_foo" in err
    assert {c.name for c in cli.world().containers} == {"web", "late"}


LOOP = """
import sys
from prunecli.cli.main import run
name, store = sys.argv[1:]
codes = set()
for n in range(10_000):
    run(["--store", store, "state", "add", "volume", f"{name}{n}", "--anonymous", "--size", "1"])
    codes.add(run(["--store", store, "system", "prune", "-af", "--volumes"]))
    if n == 0:
        print("begun", file=sys.stderr, flush=True)
    if sys.stdin in __import__("select").select([sys.stdin], [], [], 0)[0]:
        break
sys.exit(0 if codes <= {0, 1} else 3)
"""


def test_wrong_input_while_others_prune(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two others prune the store all the time: whatever is wrong gets the same sentence as ever."""
    monkeypatch.chdir(tmp_path)
    others = [
        subprocess.Popen(
            [sys.executable, "-c", LOOP, name, str(cli.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    try:
        for other in others:
            assert other.stderr
            assert any(line == "begun\n" for line in other.stderr)
        for name, wrong in WRONG.items():
            if wrong.argv.startswith("state add volume web"):
                continue  # by now somebody has pruned it
            with monkeypatch.context() as patch:
                for variable, value in wrong.environment.items():
                    patch.setenv(variable, value)
                assert cli(*wrong.argv.split(" ")) == (wrong.code, "", wrong.err), name
        for other in others:
            _, err = other.communicate("end\n", timeout=WAIT)
            assert other.returncode == 0, err
            assert set(err.splitlines()) <= {BUSY, *_partial(err)}, err
    finally:
        for other in others:
            other.kill()
            other.communicate()
    with cli.store as store:
        assert store.check() == []


def _partial(err: str) -> set[str]:
    """Return the lines that say what went before another prune was met, or what was gone already."""
    known = ("prunecli: stopped in the middle", "prunecli: volume ", "prunecli: container ", "prunecli: image ")
    return {line for line in err.splitlines() if line.startswith((*known, "prunecli: network ", "prunecli: build"))}


# Kills


@pytest.mark.parametrize("seed", range(10))
def test_a_kill_in_the_middle(store: Path, seed: int) -> None:
    """Killed at any instant, each kind is whole or gone and told of, and the next prune does the rest."""
    chance = random.Random(seed)
    with running(store, *ALL) as process:
        wait_for(lambda: holds_a_lock(process, store))
        time.sleep(chance.uniform(0, 0.03))
        kill(process)
        out = process.stdout.read() if process.stdout else ""
    left = assert_sound(store, EACH)
    assert set(left.values()) <= {0, EACH}
    assert all(left[kind] == 0 for kind, shown in rows(out).items() if shown)

    with running(store, *ALL) as again:
        code, out, err = ended(again)
    assert (code, err) == (0, "")
    assert {kind: len(shown) for kind, shown in rows(out).items()} == left
    assert set(assert_sound(store, EACH).values()) == {0}


# Signals


@pytest.mark.parametrize(("which", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_removing(tmp_path: Path, which: signal.Signals, expected: int) -> None:
    """The object at hand is finished, the kind ends with its event, the report tells what went, and no more is done."""
    many = 4000
    path = make_store(tmp_path / "state.db", crowd(many))
    with running(path, *ALL) as process:
        wait_for(lambda: holds_a_lock(process, path))
        process.send_signal(which)
        code, out, err = ended(process)
    left = assert_sound(path, many)
    shown = {kind: len(found) for kind, found in rows(out).items()}
    assert shown == {kind: many - left[kind] for kind in Kind}
    assert code in (expected, 0)
    if code:
        assert sum(left.values()) > 0
        assert err.splitlines()[-1].startswith("prunecli: interrupted: ")
    total = many * 5 - sum(left.values()) - (many - left[Kind.NETWORK])
    assert out.splitlines()[-1].startswith("Total reclaimed space: ")
    assert total or out.endswith(" 0B\n")


@pytest.mark.parametrize(("which", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_waiting(cli: Cli, which: signal.Signals, expected: int) -> None:
    """Whoever waits for another prune of the build cache can be interrupted; what went before is reported."""
    with locks.held(cli.path, Kind.BUILD_CACHE), running(cli.path, *ALL) as process:
        wait_for(lambda: waits_for_a_lock(process))
        process.send_signal(which)
        code, out, err = ended(process)
    assert (code, len(err.splitlines())) == (expected, 1)
    assert len(rows(out)[Kind.CONTAINER]) == 3
    assert out.endswith("\nTotal reclaimed space: 42.54MB\n")
    assert len(cli.world().build_cache) == 3
    with cli.store as store:
        assert [e.type for e in store.events() if e.action == "prune"] == ["container", "network", "volume", "image"]


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_question(cli: Cli, which: signal.Signals) -> None:
    """A signal while the question stands is a no: a line break, exit status 0, and nothing is removed."""
    before = cli.world()
    with running(cli.path, "container", "prune") as process:
        assert process.stdout
        asked = ""
        while not asked.endswith("[y/N] "):
            asked += process.stdout.read(1)
        wait_for(lambda: _reads(process))
        process.send_signal(which)
        code, rest, err = ended(process)
    assert (code, rest, err) == (0, "\n", f"On the state store {cli.path}\n")
    assert cli.world() == before


def _reads(process: subprocess.Popen[str]) -> bool:
    """Say whether a process sleeps: it waits for an answer."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


# Followers


@pytest.mark.parametrize(("which", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_follower_hears_of_a_prune(cli: Cli, which: signal.Signals, expected: int) -> None:
    """A follower prints what another process does, kind by kind, and ends by a signal with its exit status."""
    with running(cli.path, "events", "--filter", "event=prune", "--format", "json") as follower:
        wait_for(lambda: follows(follower))
        with running(cli.path, *ALL) as prune:
            assert ended(prune)[0] == 0
        assert follower.stdout
        heard = [json.loads(follower.stdout.readline()) for _ in range(5)]
        follower.send_signal(which)
        assert ended(follower) == (expected, "", "")
    told = [(e["Type"], e["Actor"]["Attributes"]["reclaimed"]) for e in heard]
    kinds = ["container", "network", "volume", "image", "builder"]
    assert told == list(zip(kinds, ["15728640", "0", "5242880", "21568540", "52428841"], strict=True))


def test_a_follower_sees_no_past_and_one_with_since_does(cli: Cli) -> None:
    """Without --since only what happens from now on is shown; with it, the past first, and then what happens."""
    assert cli("container", "prune", "-f").code == 0
    form = ["--filter", "event=prune", "--format", "{{.Type}}"]
    with running(cli.path, "events", *form) as fresh, running(cli.path, "events", "--since", "0", *form) as old:
        wait_for(lambda: follows(fresh) and follows(old))
        assert cli("network", "prune", "-f").code == 0
        assert old.stdout
        assert fresh.stdout
        assert [old.stdout.readline() for _ in range(2)] == ["container\n", "network\n"]
        assert fresh.stdout.readline() == "network\n"


def test_a_follower_ends_at_its_until(cli: Cli) -> None:
    """With an --until that is to come, the past is shown, then what happens, and then it ends by itself."""
    assert cli("container", "prune", "-f").code == 0
    with running(cli.path, "events", "--until", "-2s", "--filter", "event=prune", "--format", "{{.Type}}") as process:
        wait_for(lambda: follows(process))
        assert cli("volume", "prune", "-f").code == 0
        code, out, err = ended(process)
    assert (code, err) == (0, "")
    assert out.splitlines() == ["container", "volume"]


def test_a_follower_whose_reader_is_gone_ends(cli: Cli) -> None:
    """When nobody reads its lines any more, a follower ends at the next one, in a sentence."""
    with running(cli.path, "events") as process:
        wait_for(lambda: follows(process))
        assert process.stdout
        process.stdout.close()
        assert cli("container", "prune", "-f").code == 0
        assert process.wait(WAIT) == 1
        assert process.stderr
        assert process.stderr.read() == "stdout was closed before everything was written to it\n"
        process.stdout = None


def test_a_crowd_is_what_these_tests_begin_with(store: Path) -> None:
    """The crowd is sound, and all of it would go."""
    with Store.open(store) as opened:
        assert opened.check() == []
        assert set(left_in(opened).values()) == {EACH}
    with running(store, *ALL, "--dry-run") as process:
        _, out, _ = ended(process)
    assert {len(found) for found in rows(out).values()} == {EACH}
