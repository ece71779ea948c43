"""What a command loads before it does its work: no more than it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prunecli.example import example_world
from tests.conftest import NOW
from tests.prune_processes import make_store

HEAVY = {"rich", "humanize", "pytimeparse", "docker", "importlib.metadata", "asyncio", "socket", "http.client"}
PLANNING = {"prunecli.plan", "prunecli.kinds.image.graph", "prunecli.backends.store", "sqlite3"}
ELSEWHERE = {
    "prunecli.goregexp",
    "prunecli.gotemplate",
    "prunecli.kinds.image.containerd",
    "prunecli.planfile",
    "prunecli.wire",
    "prunecli.server",
    "prunecli.policy",
    "prunecli.backends.engine",
    "prunecli.cli.explain",
    "prunecli.cli.preview",
}


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        ("system prune --help", HEAVY | PLANNING | ELSEWHERE),
        ("--version", HEAVY | PLANNING | ELSEWHERE | {"prunecli.filters"}),
        ("system prune -f", HEAVY | ELSEWHERE),
        ("builder prune -f --reserved-space 1GB", HEAVY | ELSEWHERE),
    ],
)
def test_nothing_is_loaded_in_vain(tmp_path: Path, command: str, unneeded: set[str]) -> None:
    """Help loads no planner; a plain prune neither terminals nor templates, and only the image store it plans for."""
    store = make_store(tmp_path / "state.db", example_world(NOW))
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "prunecli", *command.split()],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=os.environ | {"PRUNECLI_STORE": str(store)},
    )
    loaded = {line.rsplit("|", 1)[-1].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}
    assert "prunecli.cli.main" in loaded
    assert loaded & unneeded == set()
