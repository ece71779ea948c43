"""What completion puts on a command line is the name and nothing else, whatever stands in the name.

In interactive shells, history and all: a tab, then Enter, and the command tells the words that reached it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from prunecli.cli.plugin import complete_for_docker
from tests.console import ROOT, environment
from tests.shells import SHELLS, Fish, Shell, shell
from tests.test_completion_shells import SCRIPTS

HOSTILE = (
    "!!",
    "wow!x",
    "a!=b",
    "!=b",
    "end!",
    "a~b",
    "!$",
    "^a^b",
    "~root",
    "x=~root",
    "x:~root",
    "~",
    "$(touch pwned)",
    "`touch pwned`",
    "$HOME",
    "${HOME}",
    "a b",
    "it's",
    'say "x"',
    "back\\slash",
    "ends\\",
    "*",
    "?",
    "[a-z]*",
    "{a,b}",
    "a;b",
    "a|b",
    "a&b",
    "<x",
    ">x",
    "(x)",
    "#c",
    "=ls",
    "%1",
    "a@b",
    "a=b=c",
    "a:b:c",
    "@(a)",
    "$'x'",
    "-rf",
    "--all",
    "é x",
    "a,b",
    "\\",
    "a\\ b",
    "'",
    '"',
    "'\"'",
)

IN_QUOTES = (
    "a!=b",
    "a~b",
    "wow!x",
    "~root",
    "$(touch pwned)",
    "`touch pwned`",
    "a b",
    "it's",
    'say "x"',
    "back\\slash",
    "ends\\",
    "*",
)
"""What a quote must not let through, and what must not leave it."""

TELLING = """#!/bin/sh
case "$1" in
    __complete-names) PYTHONPATH={root} exec {python} -m prunecli "$@" ;;
esac
printf '%s\\n' "$@" >words
echo "=to""ld="
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store whose labels are hostile, and stores that hold one hostile volume each."""
    folder = tmp_path_factory.mktemp("quoting")
    env = environment(folder)
    labels = [f"--label=k{number:02}={name}" for number, name in enumerate(HOSTILE)]
    runs = [["state", "add", "network", "labelled", *labels]]
    for number, name in enumerate(HOSTILE):
        runs.append(["--store", f"one{number}.db", "state", "add", "volume", "--", name])
    for argv in runs:
        subprocess.run(["prunecli", *argv], env=env, cwd=folder, check=True, timeout=60)
    (folder / "bin" / "prunecli").write_text(TELLING.format(root=ROOT, python=sys.executable))
    return folder


@pytest.fixture(scope="module", params=list(SHELLS))
def live(request: pytest.FixtureRequest, folder: Path) -> Iterator[Shell]:
    """An interactive shell in which something was typed before."""
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    with shell(name, ROOT / "completions" / SCRIPTS[name], environment_of(folder), folder) as opened:
        words_of(opened, folder, "prunecli earlier")
        yield opened


def environment_of(folder: Path) -> dict[str, str]:
    """Return the variables of a user for whom `prunecli` only tells what it was called with."""
    telling = (folder / "bin" / "prunecli").read_text()
    env = environment(folder)
    (folder / "bin" / "prunecli").write_text(telling)
    return env


def words_of(opened: Shell, folder: Path, line: str) -> list[str]:
    """Run what stands on the command line after these keys, and return the words that reach the command."""
    shown = opened.completed(line)
    if shown == line.partition("\t")[0]:  # nothing was offered
        opened.terminal.say("\x15")
        if "\t" in line:
            return []
        opened.completed(line)
    (folder / "words").unlink(missing_ok=True)
    opened.terminal.say("\r")
    opened.terminal.until("=told=")
    opened.terminal.until("ready> ")
    return (folder / "words").read_text().splitlines()


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=HOSTILE)
def test_a_value_behind_something(live: Shell, folder: Path, number: int) -> None:
    """In the middle of a word, behind `=`."""
    for before in ("--filter ", "--filter="):
        words = words_of(live, folder, f"prunecli network prune {before}label=k{number:02}=\t")
        assert " ".join(words[2:]) == f"{before}label=k{number:02}={HOSTILE[number]}"
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=HOSTILE)
def test_a_word_of_its_own(live: Shell, folder: Path, number: int) -> None:
    """At the beginning of a word, where a shell looks for even more."""
    words = words_of(live, folder, f"prunecli --store one{number}.db state add container x --volume \t")
    if not (isinstance(live, Fish) and HOSTILE[number].startswith("~")):  # which fish would not quote
        assert words[-1] == HOSTILE[number]
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("quote", ['"', "'", '""', "''", '"k"', "k'"])
@pytest.mark.parametrize("name", IN_QUOTES)
def test_behind_a_quote(live: Shell, folder: Path, name: str, quote: str) -> None:
    """Where a person began to quote the name is offered so that it stays one word, or not at all."""
    number = HOSTILE.index(name)
    begun = quote if "k" in quote else f"{quote}k"
    for before in ("--filter label=", "--filter=label="):
        words = words_of(live, folder, f"prunecli network prune {before}{begun}{number:02}=\t")
        assert not words or " ".join(words[2:]) == f"{before}k{number:02}={name}"
    words = words_of(live, folder, f"prunecli --store one{number}.db state add container x --volume {quote[:1]}\t")
    assert not words or words[-1] == name
    assert not (folder / "pwned").exists()


def test_through_docker(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts of docker may put what they read on the line as it is: only what needs no quotes is told."""
    monkeypatch.chdir(folder)
    told: list[str] = []
    for number in range(len(HOSTILE)):
        words = ["--store", f"one{number}.db", "state", "add", "container", "x", "--volume", ""]
        complete_for_docker(words, descriptions=False)
        *names, directive = capsys.readouterr().out.splitlines()
        assert directive == ":4"
        told += names
    assert told == ["a@b", "a=b=c", "a:b:c", "a,b"]
