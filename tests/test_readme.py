"""The README: its two commands, its links to what exists, and its tables."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from prunecli.cli.tree import command_tree
from prunecli.completion import values
from prunecli.errors import PrunecliError
from tests.manual.pages import documents

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()

TRY = "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/prunecli demo"
TEST = "python3 -m venv .venv && .venv/bin/pip install -q '.[test]' && .venv/bin/pytest"


def test_two_commands() -> None:
    """Two commands do everything on a fresh machine, and what changes must pass runs the second as it stands."""
    shell = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)

    assert shell[0] == f"{TRY}\n"
    assert shell[1] == f"{TEST}\n"
    assert f"\n{TEST}\n" in (ROOT / ".ci" / "run").read_text()
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR


def test_it_is_the_front_door() -> None:
    """The first screen says what it is and shows it at work, before anything is installed."""
    first = "\n".join(README.splitlines()[:45])

    assert first.startswith("# prunecli\n\n`prunecli` does what")
    assert "```console\n$ prunecli" in first
    assert README.index("```console") < README.index("## Install")


@pytest.mark.parametrize("command", sorted({c.path[0] for c in command_tree().walk() if c.path}))
def test_every_command_is_mentioned(command: str) -> None:
    """No command is a secret."""
    assert re.search(rf"\b{command}\b", README)


@pytest.mark.parametrize(
    "option",
    sorted({o.long for c in command_tree().walk() if c.path[-1:] == ("prune",) for o in c.options} - {"--help"}),
)
def test_every_option_of_a_prune_is_mentioned(option: str) -> None:
    """Every option of a prune stands somewhere in the README."""
    assert option in README or option.replace("--all", "-af") in README


@pytest.mark.parametrize("command", ["builder prune", "gc policy"])
def test_every_option_is_shown_at_work(command: str) -> None:
    """Each option of the build cache's commands stands in a console block, with what it does."""
    played = "".join(re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL))
    options = next(c.options for c in command_tree().walk() if c.name == command)
    for option in options:
        if option.long != "--help":
            assert any(re.search(rf"^\$ .*{name}\b", played, flags=re.MULTILINE) for name in option.names), option.long


def test_the_commands_in_it_exist() -> None:
    """Every `prunecli ...` in the README names commands and options that there are."""
    tree = command_tree()
    lines = re.findall(r"^(?:\$ |> )?(?:DOCKER_HOST=\S+ )?prunecli ([^|>&;\n]+)", README, flags=re.MULTILINE)
    lines += re.findall(r"`prunecli ([^`\[]+)`", README)

    assert len(lines) > 40
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
    """The table of exit codes names every code that an error of ours can end with."""

    def below(error: type[PrunecliError]) -> set[int]:
        return {error.exit_code}.union(*(below(sub) for sub in error.__subclasses__()))

    table = README.split("## Exit codes")[1].split("## Architecture")[0]
    for code in below(PrunecliError) | {0, 10, 64, 130, 143}:
        assert re.search(rf"^\|[^|]*\b{code}\b", table, flags=re.MULTILINE)


def test_record_types() -> None:
    """README and manual explain every type of cache record."""
    for kind in values.RECORD_TYPES.split()[1:]:
        assert f"| `{kind}` |" in README
        assert f"| `{kind}` |" in documents()["builder-prune"]


def test_links_lead_somewhere() -> None:
    """Files and folders that are named exist."""
    for name in re.findall(r"`((?:prunecli|tests|completions|man|\.ci)/[\w./-]*)`", README):
        assert (ROOT / name).exists(), name


def test_formats() -> None:
    """Every JSON format that the program writes stands in the README and in the manual."""
    source = "".join(path.read_text() for path in (ROOT / "prunecli").rglob("*.py"))
    formats = set(re.findall(r'"((?:prunecli|engine)-[a-z-]+/v\d+)"', source))

    assert formats
    for name in formats:
        assert f"`{name}`" in README
        assert f"`{name}`" in documents()["prunecli"]
