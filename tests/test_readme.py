"""The README: its two commands, its links to what exists, and the tables of the manual that it refers to."""

from __future__ import annotations

import ast
import re
import stat
import sys
import tomllib
from pathlib import Path

import pytest

from prunecli.cli.tree import command_tree
from prunecli.completion import values
from prunecli.errors import PrunecliError
from tests.manual.pages import documents

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()

TRY = "python3 -m venv .venv && .venv/bin/pip install -q '.[all]' && .venv/bin/prunecli demo"
TEST = "python3 -m venv .venv && .venv/bin/pip install -q '.[test]' && .venv/bin/pytest"


def test_two_commands() -> None:
    """Two commands do everything on a fresh machine, and what changes must pass runs the second as it stands."""
    shell = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)

    assert shell[0] == f"{TRY}\n"
    assert shell[1] == f"{TEST}\n"
    assert f"\n{TEST}\n" in (ROOT / ".ci" / "run").read_text()
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR


def test_the_first_command_installs_what_is_used() -> None:
    """Every package that the program imports comes with the first command, and no extra is left out of `all`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    (every,) = extras["all"]
    assert every == f"prunecli[{','.join(sorted(set(extras) - {'all', 'test'}))}]"

    wanted = project["dependencies"] + [line for name in set(extras) - {"all", "test"} for line in extras[name]]
    installed = {re.split(r"[\[>=<]", line)[0] for line in wanted}
    assert imported() == installed


def imported() -> set[str]:
    """Return the packages from outside that the program imports, wherever it does."""
    found = set()
    for path in (ROOT / "prunecli").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"prunecli"}


def test_it_is_the_front_door() -> None:
    """The first screen says what it is and shows it; somebody's own Docker comes before the store; and it is short."""
    first = "\n".join(README.splitlines()[:12])

    assert first.startswith("# prunecli\n\n`prunecli` does what")
    assert "](.pictures/dry-run.svg)" in first
    order = ["## Install", "**Which Docker am I touching?**", "## Your Docker", "```console\n", "## The state store"]
    places = [README.index(text) for text in order]
    assert places == sorted(places)
    assert len(README.splitlines()) < 300


@pytest.mark.parametrize("command", sorted({c.path[0] for c in command_tree().walk() if c.path}))
def test_every_command_is_mentioned(command: str) -> None:
    """No command is a secret."""
    assert re.search(rf"\b{command}\b", README)


@pytest.mark.parametrize("command", ["builder prune", "gc policy"])
def test_every_option_is_shown_at_work(command: str) -> None:
    """Each option of the build cache's commands stands in a console block of its page, with what it does."""
    played = "".join(re.findall(r"```console\n(.*?)```", documents()[command.replace(" ", "-")], flags=re.DOTALL))
    options = next(c.options for c in command_tree().walk() if c.name == command)
    for option in options:
        if option.long != "--help":
            assert any(re.search(rf"^\$ .*{name}\b", played, flags=re.MULTILINE) for name in option.names), option.long


def test_the_commands_in_it_exist() -> None:
    """Every `prunecli ...` in the README names commands and options that there are."""
    tree = command_tree()
    lines = re.findall(r"^(?:\$ |> )?(?:DOCKER_HOST=\S+ )?prunecli ([^|>&;\n]+)", README, flags=re.MULTILINE)
    lines += re.findall(r"`prunecli ([^`\[]+)`", README)

    assert len(lines) > 20
    for line in lines:
        command = tree
        for word in line.replace("\\|", "|").split():
            below = command.below(word)
            if below:
                command = below
            elif word.startswith("--"):
                name = word.partition("=")[0].rstrip(",.")
                assert command.option(name) or tree.option(name), f"{word} in {line}"


def test_exit_codes() -> None:
    """The manual names every code that an error of ours can end with."""

    def below(error: type[PrunecliError]) -> set[int]:
        return {error.exit_code}.union(*(below(sub) for sub in error.__subclasses__()))

    table = documents()["prunecli"].split("# Exit status")[1].split("\n# ")[0]
    for code in below(PrunecliError) | {0, 10, 64, 130, 143}:
        assert re.search(rf"^(\d+, )*{code}(, \d+)*\n: ", table, flags=re.MULTILINE)


def test_record_types() -> None:
    """The manual explains every type of cache record."""
    for kind in values.RECORD_TYPES.split()[1:]:
        assert f"| `{kind}` |" in documents()["builder-prune"]


def test_links_lead_somewhere() -> None:
    """Files and folders that are named exist."""
    for name in re.findall(r"[`(]((?:prunecli|tests|completions|man|\.ci|\.pictures)/[\w./-]*)[`)]", README):
        assert (ROOT / name).exists(), name


def test_formats() -> None:
    """Every JSON format that the program writes stands in the manual."""
    source = "".join(path.read_text() for path in (ROOT / "prunecli").rglob("*.py"))
    formats = set(re.findall(r'"((?:prunecli|engine)-[a-z-]+/v\d+)"', source))

    assert formats
    for name in formats:
        assert f"`{name}`" in documents()["prunecli"]
