"""One short round of hostile command lines, and what would be a fault in them."""

from __future__ import annotations

import pytest

from prunecli.cli.tree import command_tree
from tests.fuzz.arguments import FORGED, WHOLE, fuzz, judge


def test_a_round() -> None:
    """Whatever is typed wherever: an exit code that is documented, printable lines, no traceback, nothing made."""
    outcome = fuzz(120, 20261121, most=30)
    assert outcome.faults == []
    assert outcome.runs >= 10


def test_every_command_is_run() -> None:
    """The walk goes through the whole table of commands."""
    root = command_tree()
    known = {c.name for c in root.walk() if not c.commands}
    again = {name for name in known if name.startswith("buildx ")}
    assert set(WHOLE) == known - again


@pytest.mark.parametrize(
    ("code", "out", "err", "made"),
    [
        pytest.param(1, "", 'Traceback (most recent call last):\n  File "x"\n', set(), id="a traceback"),
        pytest.param(2, "", "no\n", set(), id="an exit code of nobody"),
        pytest.param(-9, "", "", set(), id="a death"),
        pytest.param(1, "", "no \x1b[2J\n", set(), id="an order to the terminal"),
        pytest.param(0, "a\u202eb\n", "", set(), id="another direction"),
        pytest.param(1, "", f"no: x\n{FORGED}\n", set(), id="a line that a value made"),
        pytest.param(1, "", "", set(), id="silence"),
        pytest.param(125, "", "unknown flag\n", {"work/new"}, id="a refusal that made something"),
    ],
)
def test_a_fault_is_seen(code: int, out: str, err: str, made: set[str]) -> None:
    """What must not be is called a fault."""
    assert judge(code, out, err, made)


def test_what_is_no_fault() -> None:
    """A sentence is none, nor is a report."""
    assert not judge(1, "", "x cannot be read: permission denied\n", {"home/.local"})
    assert not judge(0, "Deleted Volumes:\nx\\x0aTotal\n\nTotal reclaimed space: 0B\n", "", set())
