"""Nothing the program has is without documentation, and nothing generated is stale."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from prunecli.cli.tree import command_tree
from prunecli.completion import values
from prunecli.completion.tree import Command, Option
from tests import generate
from tests.console import matches, replay, steps
from tests.manual import pages

ROOT = Path(__file__).parent.parent
TREE = command_tree()
COMMANDS = list(TREE.walk())
LEAVES = [c for c in COMMANDS if not c.commands and values.canonical(c.name) == c.name]

FILES = generate.generated()
OPTIONS = pages.definitions("options.md")
KEYS = pages.definitions("filters.md")


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda p: p.name)
def test_generated_files_are_fresh(path: Path) -> None:
    """What is checked in is what the program makes now; if not, run `python -m tests.generate`."""
    assert path.exists(), f"{path.name} is missing"
    assert path.read_text() == FILES[path], f"{path.name} is stale"


@pytest.mark.parametrize("folder", ["completions", "man"])
def test_nothing_is_left_over(folder: str) -> None:
    """No file stays behind when what it was made from is gone."""
    assert set((ROOT / folder).iterdir()) == {p for p in FILES if p.parent.name == folder}


def test_everything_is_installed() -> None:
    """The wheel brings every script and every page to where shells and man look."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    data = build["shared-data"]

    assert set(data) == {str(p.relative_to(ROOT)) for p in FILES}
    for source, target in data.items():
        if source.startswith("man/"):
            assert target == f"share/man/man{source[-1]}/{Path(source).name}"


@pytest.mark.parametrize("command", LEAVES, ids=lambda c: c.name or "prunecli")
def test_every_command_has_prose(command: Command) -> None:
    """Each command has a description, its exit codes, examples that are played, and what differs from Docker."""
    text = pages.documents()[command.name.replace(" ", "-") or "prunecli"]

    for heading in ("Description", "Exit status", "Examples", "Differences from Docker"):
        assert f"# {heading}\n" in text
    assert "```console\n" in text


def test_prose_belongs_to_commands() -> None:
    """No prose is left of a command that is gone."""
    known = {c.name.replace(" ", "-") or "prunecli" for c in COMMANDS} | {"gc.5"}

    assert set(pages.documents()) <= known


@pytest.mark.parametrize(
    ("command", "option"),
    [pytest.param(c, o, id=f"{c.name} {o.long}") for c in COMMANDS for o in c.options],
)
def test_every_option_is_explained(command: Command, option: Option) -> None:
    """Each option of each command says more in the manual than in the help."""
    text = pages.lookup(OPTIONS, command.name, option.long)

    assert text
    assert text != option.summary


@pytest.mark.parametrize("command", sorted(values.FILTERS))
def test_every_filter_is_explained(command: str) -> None:
    """Each filter key of each command has its meaning in the table."""
    for key in values.FILTERS[command]:
        assert pages.lookup(KEYS, command, key), key


def test_explanations_belong_to_something() -> None:
    """No explanation is left of an option or a filter key that is gone."""
    options = {o.long for c in COMMANDS for o in c.options}
    keys = {key for known in values.FILTERS.values() for key in known}

    assert {head.rpartition(" ")[2] for head in OPTIONS} <= options
    assert {head.rpartition(" ")[2] for head in KEYS} <= keys


_VARIABLE = re.compile(r"(PRUNECLI|DOCKER|BUILDX|XDG)_[A-Z_]+|TZ|NO_COLOR|COLUMNS")


def variables() -> set[str]:
    """Return every text in the program that reads like the name of an environment variable."""
    found = set()
    for path in (ROOT / "prunecli").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _VARIABLE.fullmatch(node.value):
                found.add(node.value)
    return found


def test_every_variable_is_explained() -> None:
    """Each environment variable that the program reads stands in the manual."""
    assert variables()
    assert variables() <= set(pages.environment())


def test_every_command_is_in_the_manual() -> None:
    """The first page refers to every command, directly or through its group."""
    for command in COMMANDS:
        if command.path and values.canonical(command.path[0]) == command.path[0]:
            group = pages.page_name(next(c for c in COMMANDS if c.path == command.path[:-1]))
            assert pages.page_name(command).replace("-", "\\-") in (ROOT / "man" / f"{group}.1").read_text()


@pytest.mark.parametrize("path", generate.sources(), ids=lambda p: p.name)
def test_console_blocks(path: Path) -> None:
    """What the console blocks show is what happens; if not, run `python -m tests.generate` and read the difference."""
    text = path.read_text()
    for tool in ("jq", "curl"):
        if re.search(rf"^\$ .*\b{tool} ", text, flags=re.MULTILINE) and shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    for step, output in replay(text, from_nothing=path == generate.README):
        assert matches(step.output, output), f"$ {step.command}\n{output}"


def test_blocks_are_compared() -> None:
    """A block that shows something else than what happens is a failure, also where lines are left out."""
    assert matches("one\n...\nthree\n", "one\ntwo\nthree\n")
    assert matches("...\n", "")
    assert not matches("one\n...\nthree\n", "one\ntwo\n")
    assert not matches("one\n", "one\ntwo\n")
    assert not matches("o.e\n", "one\n")
    assert [s.command for s in steps("$ cat <<'END'\n> $ x\n> END\n$ x\n")] == ["cat <<'END'\n$ x\nEND", "x"]
    [(step, output)] = replay("```console\n$ echo ho; false\n```\n")
    assert (step.output, output) == ("", "ho\n[exit 1]\n")


def test_a_newcomer_has_one_shell_and_nothing_else() -> None:
    """From nothing: an empty home and no store. Variables, folder and jobs live on from block to block, and end."""
    page = "```console\n$ {}\n```\n\n"
    typed = ["ls -A; pwd; echo $PRUNECLI_STORE", "cd /; here=$(pwd); sleep 1000 & echo $!", "echo $here; kill -0 $!"]
    played = list(replay("".join(page.format(line) for line in typed), from_nothing=True))

    assert [step.command for step, _ in played] == typed
    nothing, pid, on = (output for _, output in played)
    assert (nothing, on) == ("~\n\n", "/\n")
    left = subprocess.run(["ps", "-o", "stat=", "-p", pid.strip()], capture_output=True, text=True, check=False).stdout
    assert not left or left.startswith("Z")  # gone, or not yet buried by whoever inherits it


def test_pictures_are_fresh() -> None:
    """The pictures show what happens; if not, run `python -m tests.generate`. Nothing in them is fetched."""
    made = generate.pictures()

    assert set((ROOT / ".pictures").iterdir()) == set(made)
    for path, text in made.items():
        assert path.read_text() == text, f"{path.name} is stale"
        assert f"(.pictures/{path.name})" in generate.README.read_text()
        assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]  # the name of the format
        assert not re.search(r"@font-face|@import|url\((?!#)", text)
