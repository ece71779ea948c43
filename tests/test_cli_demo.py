"""The guided run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli_runs import Cli, cli

__all__ = ["cli"]


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
    assert cli.world() == before
    assert dict(os.environ) == environment


def test_the_demo_is_the_same_every_time(cli: Cli) -> None:
    """At one instant the guided run shows the same, but for the moments at which things happened."""
    first, second = ([line for line in cli("demo").out.splitlines() if "(reclaimed=" not in line] for _ in range(2))
    assert first == second
