"""Transcripts: what a person sees in a terminal, replayed and compared.

    # state: demo
    $ echo y | DOCKER_API_VERSION=1.41 prunecli volume prune
    WARNING! This will remove ...

A block begins with `# state:` and has a store of its own: `demo` holds the example, `empty` nothing, `none` is no
store at all. Below it, `# config: JSON` is Docker's configuration file; other lines with a `#` are words for the
reader. A command may have variables before it and an answer piped into it. What it wrote to stdout follows as it is,
then what it wrote to stderr, each line after a `!`, and then `[exit N]` unless N is 0. `[no newline]` says that stdout
ends in the middle of a line.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

GOLDEN = Path(__file__).parent / "golden"


class Shown(NamedTuple):
    """What a command did: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Command:
    """A line after the `$`: variables, an answer on stdin, and the words after `prunecli`."""

    line: str

    @property
    def stdin(self) -> str:
        """What is piped into it; a `\\n` at the end as echo writes it."""
        before, pipe, _ = self.line.partition(" | ")
        words = shlex.split(before) if pipe else []
        return {"echo": " ".join(words[1:]) + "\n", "printf": " ".join(words[1:])}[words[0]] if words else ""

    @property
    def _words(self) -> list[str]:
        return shlex.split(self.line.rpartition(" | ")[2])

    @property
    def variables(self) -> dict[str, str]:
        """The variables before it."""
        return dict(w.split("=", 1) for w in self._words[: self._words.index("prunecli")])

    @property
    def argv(self) -> list[str]:
        """The words after `prunecli`."""
        return self._words[self._words.index("prunecli") + 1 :]


@dataclass
class Block:
    """Commands that share a store; `head` are the lines with a `#`."""

    state: str
    head: list[str]
    commands: list[tuple[list[str], Command]] = field(default_factory=list)
    text: str = ""

    @property
    def config(self) -> str:
        """Docker's configuration file, empty where there is none."""
        found = [line.removeprefix("# config:").strip() for line in self.head if line.startswith("# config:")]
        return found[0] if found else ""

    @property
    def name(self) -> str:
        """What a test report calls the block: its first remark, or its first command."""
        remarks = [line for line in self.head if not line.startswith(("# state:", "# config:"))]
        return (remarks[0][1:] if remarks else self.commands[0][1].line).strip()


def read(text: str) -> list[Block]:
    """Return the blocks of a transcript."""
    blocks: list[Block] = []
    remarks: list[str] = []
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\n")
        if bare.startswith("# state:"):
            blocks.append(Block(bare.removeprefix("# state:").strip(), []))
        assert blocks, f"no `# state:` before {bare!r}"
        block = blocks[-1]
        block.text += line
        if bare.startswith("# "):
            (remarks if block.commands else block.head).append(bare)
        elif bare.startswith("$ "):
            block.commands.append((remarks, Command(bare.removeprefix("$ "))))
            remarks = []
    return blocks


def replay(block: Block, run: Callable[[Command], Shown]) -> str:
    """Run the block's commands and return the transcript that they make."""
    lines = [*block.head]
    for remarks, command in block.commands:
        lines += [*remarks, f"$ {command.line}", *show(run(command))]
    return "\n".join(lines) + "\n"


def show(shown: Shown) -> list[str]:
    """Return the lines of a transcript that one command makes."""
    lines = shown.out.split("\n")
    lines = lines[:-1] if not lines[-1] else [*lines, "[no newline]"]
    lines += [f"! {line}".rstrip() for line in shown.err.splitlines()]
    return lines + ([f"[exit {shown.code}]"] if shown.code else [])


def rewrite(path: Path, at: int, text: str) -> None:
    """Put what was seen in the place of one block of a golden file."""
    texts = [block.text.rstrip("\n") for block in read(path.read_text())]
    texts[at] = text.rstrip("\n")
    path.write_text("\n\n".join(texts) + "\n")
