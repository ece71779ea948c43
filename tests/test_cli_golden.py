"""Golden transcripts: every prune command as a person sees it, prompt, report and exit code included."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from prunecli.backends.store import Store
from prunecli.example import example_world
from prunecli.snapshot import Snapshot
from tests import golden_files
from tests.cli_runs import Cli
from tests.conftest import NOW
from tests.golden_files import GOLDEN, Block, Command, Shown

FILES = sorted(GOLDEN.glob("*.txt"))
BLOCKS = [
    pytest.param(path, at, id=f"{path.stem}: {block.name}")
    for path in FILES
    for at, block in enumerate(golden_files.read(path.read_text()))
]
WORLDS = {"demo": example_world(NOW), "empty": Snapshot(NOW)}


@pytest.mark.parametrize(("path", "at"), BLOCKS)
def test_transcript(
    path: Path,
    at: int,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    update_golden: bool,
) -> None:
    """What a person sees is what the golden file says, to the byte."""
    block = golden_files.read(path.read_text())[at]
    prepare(block, tmp_path)
    monkeypatch.setenv("PRUNECLI_NOW", str(NOW // 10**9))
    monkeypatch.chdir(tmp_path)
    cli = Cli(Path("state.db"), capfd, monkeypatch)

    def run(command: Command) -> Shown:
        with monkeypatch.context() as patch:
            for name, value in command.variables.items():
                patch.setenv(name, value)
            ran = cli(*command.argv, stdin=command.stdin)
        return Shown(ran.code, *(text.replace(str(tmp_path), "/home/someone") for text in (ran.out, ran.err)))

    seen = golden_files.replay(block, run)
    if update_golden:
        golden_files.rewrite(path, at, seen)
    else:
        assert seen.rstrip("\n") == block.text.rstrip("\n")


_HINTS = re.compile(r"^! (Did you mean|filters that can be given|--[a-z-]+ is a global option:).*\n", re.MULTILINE)
"""The lines that prunecli adds below Docker's."""


@pytest.mark.live
@pytest.mark.skipif("PRUNECLI_TEST_DOCKER" not in os.environ, reason="needs a docker CLI and an Engine to answer it")
def test_docker_says_the_same(tmp_path: Path) -> None:
    """A real docker CLI 28, named by PRUNECLI_TEST_DOCKER, refuses the same command lines in the same words."""
    docker, environment = os.environ["PRUNECLI_TEST_DOCKER"], os.environ | {"DOCKER_BUILDKIT": "0"}
    environment["DOCKER_HOST"] = os.environ["PRUNECLI_TEST_DOCKER_HOST"]
    differences = []
    for block in golden_files.read((GOLDEN / "errors.txt").read_text()):

        def ask(command: Command) -> Shown:
            ran = subprocess.run(
                [docker, *command.argv],
                check=False,
                input=command.stdin,
                text=True,
                capture_output=True,
                env=environment,
                timeout=60,
            )
            words = re.sub(r"DEPRECATED: .*?\n\n", "", ran.stderr, flags=re.DOTALL).replace("docker", "prunecli")
            return Shown(ran.returncode, ran.stdout, words)

        if golden_files.replay(block, ask).rstrip("\n") != _HINTS.sub("", block.text).rstrip("\n"):
            differences.append(golden_files.replay(block, ask))
    assert differences == []


def prepare(block: Block, folder: Path) -> None:
    """Make the store and the configuration that the block begins with."""
    if block.state != "none":
        with Store.open(folder / "state.db") as store:
            store.replace(WORLDS[block.state], {}, {})
    if block.config:
        os.makedirs(folder / "docker")
        (folder / "docker" / "config.json").write_text(block.config)


def test_transcripts_are_read_as_they_are_written() -> None:
    """Reading a transcript and writing what its commands showed gives the same text."""
    text = (
        "# state: demo\n# a remark\n$ echo y | A=b prunecli x 'y z'\nout\n[no newline]\n! err\n!\n! more\n[exit 3]\n"
        "# another\n$ prunecli\n"
    )
    (block,) = golden_files.read(text)
    answers = iter([Shown(3, "out", "err\n\nmore\n"), Shown(0, "", "")])
    seen: list[tuple[str, dict[str, str], list[str]]] = []

    def run(command: Command) -> Shown:
        seen.append((command.stdin, command.variables, command.argv))
        return next(answers)

    assert golden_files.replay(block, run) == text
    assert seen == [("y\n", {"A": "b"}, ["x", "y z"]), ("", {}, [])]
