"""Imports only go down the floors of the house, and heavy ones stay where they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "prunecli"

FLOORS: list[tuple[str, ...]] = [
    ("__init__", "errors", "printable", "uri"),
    ("units", "goregexp", "gotemplate", "tables", "completion"),
    ("profile", "verdict"),
    ("filters_json", "selectors"),
    ("filters",),
    ("info",),
    ("kinds",),
    ("snapshot", "details"),
    ("plan", "events", "example"),
    ("usage", "policy"),
    ("report",),
    ("wire", "documents", "promise"),
    ("planfile",),
    ("result",),
    ("clock", "backends"),
    ("pruning", "simulate"),
    ("server", "complete"),
    ("cli",),
    ("plugin", "__main__"),
]
"""Lowest first. A module may import modules of its own room and of the floors below."""

PURE = ("sqlite3", "socket", "random", "click", "rich", "subprocess", "fcntl", "docker")
"""What nothing below the worlds may import."""

WORLDS = next(i for i, floor in enumerate(FLOORS) if "backends" in floor)
MODULES = sorted(p for p in PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """Return the first name below the package: `kinds` for `kinds/volume.py`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def floor(name: str) -> int:
    """Return the number of a room's floor; a room that nobody placed is a failure."""
    for number, rooms in enumerate(FLOORS):
        if name in rooms:
            return number
    raise AssertionError(f"{name} stands on no floor: add it to the map in tests/test_layers.py")


def imports(path: Path, *, top_level: bool = False) -> list[str]:
    """Return the dotted names that a module imports, those under TYPE_CHECKING left out."""
    tree = ast.parse(path.read_text())
    found: list[str] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            if node.module.startswith("prunecli"):
                found.extend(f"{node.module}.{alias.name}" for alias in node.names)
        if top_level and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    """A module imports its own room and lower floors only."""
    own = room(path)
    for name in imports(path):
        parts = name.split(".")
        if (
            parts[0] == "prunecli"
            and len(parts) > 1
            and (PACKAGE / parts[1]).with_suffix(".py").exists() | (PACKAGE / parts[1]).is_dir()
        ):
            target = parts[1]
            assert target == own or floor(target) < floor(own), f"{path.name} imports {name}, which is not below it"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_pipeline_is_pure(path: Path) -> None:
    """Nothing below the worlds touches a disk, a socket, a terminal or chance; click and rich live in the faces."""
    allowed = floor(room(path)) >= WORLDS
    for name in imports(path):
        top = name.split(".")[0]
        if top in ("click", "rich"):
            assert room(path) == "cli", f"{path} imports {top}"
        elif top in PURE:
            assert allowed, f"{path} imports {top}"


def test_kinds_do_not_know_each_other() -> None:
    """A kind's module imports no other kind."""
    for path in (PACKAGE / "kinds").rglob("*.py"):
        own = path.relative_to(PACKAGE / "kinds").with_suffix("").parts[0]
        for name in imports(path):
            parts = name.split(".")
            if parts[:2] == ["prunecli", "kinds"] and len(parts) > 2:
                assert parts[2] == own, f"{path} imports {name}"


def test_worlds_do_not_know_each_other() -> None:
    """A world imports no other world."""
    for world in ("memory", "store", "engine"):
        for path in (PACKAGE / "backends").glob(f"{world}*"):
            for name in imports(path) if path.is_file() else []:
                others = {"memory", "store", "engine"} - {world}
                assert not any(name.startswith(f"prunecli.backends.{o}") for o in others), f"{path} imports {name}"


def test_help_starts_light() -> None:
    """The help of a prune command loads neither rich, nor humanize, nor sqlite3, nor importlib.metadata."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "prunecli", "system", "prune", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = {line.rsplit("|", 1)[-1].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}
    heavy = {"rich", "humanize", "sqlite3", "importlib.metadata", "pytimeparse", "docker", "prunecli.backends.store"}
    assert not loaded & heavy
