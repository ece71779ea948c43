"""Console blocks that are played again: what stands in the README and in the manual is what happens.

A block begins with ```` ```console ````; its lines are commands after `$ `, continued after `> `, each with what it
prints on stdout and stderr, and with `[exit 10]` behind it where that is not 0. A line `...` stands for any lines.
The clock shows 10:00 on 2026-11-21, and each command comes a minute after the one before.

The README is played as a newcomer types it: every block in one shell, from nothing but the installed program. In the
manual every block starts in a folder with the example store. A comment in front of a block changes that:
`<!-- empty -->` starts without a store, `<!-- goes on -->` where the block before it ended.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"(?:<!-- ([a-z ]+) -->\n)?```console\n(.*?)```\n", re.DOTALL)
_MARK = "=end of output="


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a block and what it printed."""

    command: str
    output: str


def newcomer(folder: Path) -> dict[str, str]:
    """Return the variables of somebody who installed these `prunecli` and `docker-prunecli`, and did nothing else yet.

    The home is `home` in the folder.
    """
    bin = folder / "bin"
    bin.mkdir(parents=True, exist_ok=True)
    for name, module in (("prunecli", "prunecli"), ("docker-prunecli", "prunecli.plugin")):
        script = bin / name
        script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m {module} "$@"\n')
        script.chmod(0o755)
    return {
        "PATH": f"{bin}:{os.environ.get('PATH', os.defpath)}",
        "HOME": str(folder / "home"),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "80",
        "NO_COLOR": "1",
    }


def environment(folder: Path) -> dict[str, str]:
    """Return the variables of a user whose home, configuration and store are in this folder."""
    named = {"HOME": folder, "DOCKER_CONFIG": folder / "docker", "PRUNECLI_STORE": folder / "state.db"}
    return newcomer(folder) | {name: str(path) for name, path in named.items()}


def blocks(text: str) -> Iterator[re.Match[str]]:
    """Yield the console blocks of a document."""
    yield from _BLOCK.finditer(text)


def steps(block: str) -> list[Step]:
    """Return the commands of a block with their output."""
    found: list[tuple[list[str], list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(([line[2:]], []))
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0].append(line[2:])
        else:
            found[-1][1].append(line)
    return [Step("\n".join(command), "".join(f"{line}\n" for line in output)) for command, output in found]


class Player:
    """Plays the blocks of one page of the manual in order; leaving it throws its folders away."""

    def __init__(self) -> None:
        self._folders: list[tempfile.TemporaryDirectory[str]] = []
        self._minute = 0

    def __enter__(self) -> Player:
        """Begin a document."""
        return self

    def __exit__(self, *_: object) -> None:
        """Throw the folders away."""
        for folder in self._folders:
            folder.cleanup()

    def play(self, how: str | None, block: Sequence[Step]) -> list[str]:
        """Return what each command of a block prints."""
        if how != "goes on":
            self._folders.append(tempfile.TemporaryDirectory(prefix="prunecli-doc-"))
            self._minute = 0
        folder = Path(self._folders[-1].name)
        (folder / "rehearsal").mkdir(exist_ok=True)
        before = "" if how else f"{_at(0)}; prunecli state demo\n"
        shown = _session(before, block, self._minute, environment(folder), folder / "rehearsal")
        self._minute += len(block)
        return shown


def play_from_nothing(block: Sequence[Step]) -> list[str]:
    """Return what each command prints when a newcomer types them into one shell."""
    with tempfile.TemporaryDirectory(prefix="prunecli-doc-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        return _session("", block, 0, newcomer(Path(folder)), home)


def _session(before: str, block: Sequence[Step], minute: int, variables: Mapping[str, str], cwd: Path) -> list[str]:
    """Run the commands in one shell, a minute apart, end what they left running, and return what each printed."""
    lines = [
        f"{_at(at)}\n{step.command}\ncode=$?; [ $code = 0 ] || echo \"[exit $code]\"; echo '{_MARK}'\n"
        for at, step in enumerate(block, minute)
    ]
    with tempfile.TemporaryFile() as out:  # not a pipe: what goes on in the background would hold it open
        shell = subprocess.Popen(
            ["bash", "-c", before + "".join(lines)],
            env=variables,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            shell.wait(timeout=300)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
        out.seek(0)
        shown = out.read().decode().replace(variables["HOME"], "~")
    return shown.split(f"{_MARK}\n")[: len(block)]


def _at(minute: int) -> str:
    return f"export PRUNECLI_NOW=2026-11-21T{10 + minute // 60}:{minute % 60:02d}:00Z"


def matches(expected: str, output: str) -> bool:
    """Say whether an output is what a block shows, where `...` stands for any lines."""
    pattern = "".join("(?:.*\n)*" if line == "..." else re.escape(line) + "\n" for line in expected.splitlines())
    return re.fullmatch(pattern, output) is not None


def replay(text: str, *, from_nothing: bool = False) -> Iterator[tuple[Step, str]]:
    """Yield each command of a document as it stands there, with what it prints now."""
    if from_nothing:
        every = [step for match in blocks(text) for step in steps(match[2])]
        yield from zip(every, play_from_nothing(every), strict=True)
        return
    with Player() as player:
        for match in blocks(text):
            block = steps(match[2])
            yield from zip(block, player.play(match[1], block), strict=True)


def refreshed(text: str, *, from_nothing: bool = False) -> str:
    """Return a document with what its commands print now; a block that still holds stays as it is."""
    results = replay(text, from_nothing=from_nothing)

    def write(match: re.Match[str]) -> str:
        parts: list[str] = []
        for _ in steps(match[2]):
            step, output = next(results)
            parts.append("$ " + step.command.replace("\n", "\n> ") + "\n")
            parts.append(step.output if matches(step.output, output) else output)
        comment = f"<!-- {match[1]} -->\n" if match[1] else ""
        return f"{comment}```console\n{''.join(parts)}```\n"

    return _BLOCK.sub(write, text)
