"""The guided run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prunecli.cli.demo import SCRIPT
from tests.cli_runs import Cli, cli
from tests.terminals import Terminal, environment, plain, prunecli

__all__ = ["cli"]

PAUSE = "[Enter goes on, q ends] "


def test_the_demo_shows_a_whole_prune(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guided run ends well, tells the five events of Docker's example, and touches nothing outside its folder."""
    before, environment = cli.world(), dict(os.environ)
    ran = cli("demo")
    assert ran.code == 0
    events = [line.split(" ", 1)[1] for line in ran.out.splitlines() if "(reclaimed=" in line]
    assert events == [
        "container prune  (reclaimed=15728640)",
        "network prune  (reclaimed=0)",
        "volume prune  (reclaimed=15728640)",
        "image prune  (reclaimed=21568540)",
        "builder prune  (reclaimed=52428841)",
    ]
    assert ran.out.count("Total reclaimed space: 105.5MB") == 2
    assert "\nkeep      web             cbb1ca061892   262.1kB   it is running\n" in ran.out
    assert PAUSE not in ran.out
    assert cli.world() == before
    assert dict(os.environ) == environment


def test_the_demo_is_the_same_every_time(cli: Cli) -> None:
    """At one instant the guided run shows the same, but for the moments at which things happened."""
    first, second = ([line for line in cli("demo").out.splitlines() if "(reclaimed=" not in line] for _ in range(2))
    assert first == second


def test_a_person_goes_on_by_enter(tmp_path: Path) -> None:
    """On a terminal each step waits to be read; after the last one nothing waits, and no pager comes between."""
    steps = len(SCRIPT)
    with Terminal(prunecli("demo"), environment(tmp_path / "state.db", PAGER="false")) as terminal:
        for number in range(1, steps):
            terminal.read_until(PAUSE)
            assert terminal.seen.count("\n$ prunecli ") == number
            terminal.type("\n")
        assert terminal.end() == 0
    assert terminal.seen.count("\n$ prunecli ") == steps
    assert "it is running" in plain(terminal.seen)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("q\n", id="q"),
        pytest.param("\x04", id="the end of input"),
        pytest.param("\x03", id="Ctrl-C"),
    ],
)
def test_a_person_has_seen_enough(tmp_path: Path, key: str) -> None:
    """A walk that is ended between two steps ends well, and leaves nothing behind."""
    with Terminal(prunecli("demo"), environment(tmp_path / "state.db", TMPDIR=str(tmp_path))) as terminal:
        terminal.read_until(PAUSE)
        terminal.type(key)
        assert terminal.end() == 0
    assert terminal.seen.count("\n$ prunecli ") == 1
    assert terminal.seen.endswith("\n")
    assert "Traceback" not in terminal.seen
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_remarks_come_in_time(tmp_path: Path, unbuffered: str) -> None:
    """What a step says on stderr is there before the next question, also where Python was told not to buffer."""
    env = environment(tmp_path / "state.db", PYTHONUNBUFFERED=unbuffered)
    with Terminal(prunecli("demo"), env) as terminal:
        for _ in range(2):
            terminal.read_until(PAUSE)
            terminal.type("\n")
        assert "\nprunecli: dry run, nothing was removed\n" in terminal.read_until(PAUSE)
