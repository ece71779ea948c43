"""A shell script with `set -euo pipefail` that uses every prune command, its exit codes and its JSON."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from prunecli.cli.tree import command_tree
from tests.console import environment

SCRIPT = Path(__file__).parent / "cleanup.sh"

SAYS = """\
anything to do: 10
containers: container_bar container_baz container_foo, kept: web (running)
container: prunecli-report/v1 15728640
network: prunecli-report/v1 0
volume: prunecli-report/v1 5242880
image: prunecli-report/v1 1187868
builder: prunecli-report/v1 52428841
volumes, all: prunecli-report/v1 10485760
images, all: prunecli-report/v1 20380672
cache: old
applied: prunecli-report/v1 5242880
declined: 0
--nonsense: 125
--filter label: 125
--filter nonsense=1: 1
left: 0
events: builder 3, container 3, image 3, network 2, volume 3
"""


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_a_cleanup_job(tmp_path: Path) -> None:
    """The script runs to its end, and finds what there is to find."""
    env = environment(tmp_path)
    subprocess.run(["prunecli", "state", "demo"], env=env, check=True, timeout=60)

    ran = subprocess.run([str(SCRIPT)], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)

    assert ran.stderr == f"On the state store {tmp_path}/state.db\n"  # before the question that it declines
    assert ran.stdout == SAYS
    assert ran.returncode == 0


def test_it_uses_every_prune() -> None:
    """No prune command is left out of the script."""
    text = SCRIPT.read_text()
    kinds = text.split("for kind in ")[1].split(";")[0].split()
    for command in command_tree().walk():
        if command.path[-1:] == ("prune",):
            assert command.path[0] in kinds or f"prunecli {command.name}" in text


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_a_broken_store_stops_it(tmp_path: Path) -> None:
    """Where the store cannot be used the script stops at its first question, and says so by its exit code."""
    env = environment(tmp_path)
    (tmp_path / "state.db").write_text("no store " * 100)

    ran = subprocess.run([str(SCRIPT)], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)

    assert ran.returncode == 1
    assert ran.stdout == "anything to do: 1\n"
