"""Imports only go down the floors of the house, and heavy ones stay where they are used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "prunecli"

FLOORS: list[tuple[str, ...]] = [
    ("__init__", "errors", "printable", "uri"),
    ("units", "worlds", "goregexp", "gotemplate", "tables", "completion", "protobuf"),
    ("profile", "verdict"),
    ("filters_json", "selectors"),
    ("filters",),
    ("info",),
    ("kinds",),
    ("snapshot", "details"),
    ("facts",),
    ("plan", "events", "example"),
    ("usage", "policy"),
    ("report",),
    ("wire", "documents", "promise"),
    ("planfile",),
    ("result",),
    ("grpc", "places"),
    ("clock", "backends"),
    ("pruning", "simulate"),
    ("server", "complete"),
    ("cli",),
    ("plugin", "__main__"),
]
"""Lowest first. A module may import modules of its own room and of the floors below."""

USE_CASE = ("pruning", "simulate")
WORLDS = next(i for i, floor in enumerate(FLOORS) if "grpc" in floor)
MODULES = sorted(p.relative_to(PACKAGE) for p in PACKAGE.rglob("*.py"))

PURE_MODULES = {
    *("__future__", "base64", "binascii", "bisect", "collections", "contextlib", "csv", "dataclasses", "decimal"),
    *("difflib", "enum", "fractions", "functools", "graphlib", "hashlib", "heapq", "html", "itertools", "json", "math"),
    *("operator", "re", "string", "struct", "textwrap", "tomllib", "types", "typing", "unicodedata", "urllib.parse"),
}
"""What the pure part may import whole: nothing in it reads a clock, an environment, a disk, a socket or chance."""

PURE_NAMES = {
    *("datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta", "datetime.timezone", "datetime.UTC"),
    *("os.fsencode", "os.fsdecode", "pathlib.PurePath", "pathlib.PurePosixPath"),
}
"""What it may use of other modules, each name alone."""

LET_IN = {
    "documents.py": {"pathlib.Path", ".read_bytes()"},  # the schemas that travel with the package
    "pruning.py": {".now()"},  # of the clock that it is given
    "simulate.py": {"random.Random"},  # with a seed
    "units/calendar.py": {"time.localtime", "time.struct_time"},  # the time zone in which people type and read
    "wire/layers.py": {"hash"},  # marks of equal beginnings, which nobody else sees
    "units/durations.py": {"humanize", "pytimeparse.timeparse.timeparse"},
}
"""What one module of the pure part uses besides."""

IMPURE_BUILTINS = {"open", "print", "input", "breakpoint", "exec", "eval", "compile", "__import__", "hash"}
IMPURE_METHODS = {
    *(".now()", ".utcnow()", ".today()", ".read_text()", ".read_bytes()", ".write_text()", ".write_bytes()"),
    *(".iterdir()", ".rglob()", ".is_file()", ".is_dir()", ".touch()", ".mkdir()", ".rmdir()", ".unlink()", ".lstat()"),
    *(".symlink_to()", ".samefile()", ".expanduser()", ".cwd()", ".home()"),
}
"""Calls that read or change what lies outside, whatever the object is called."""

FACES = ("cli", "server", "tui", "page")
STARTED = {("cli/serve.py", "server")}
"""A face that is begun by another one, inside a function."""

WORLD_FAMILIES = {"memory": "memory", "engine": "engine", "buildkit": "buildkit"}
"""Worlds by the first name below `backends`; every other module there belongs to the store."""


def room(path: Path) -> str:
    """Return the first name below the package: `kinds` for `kinds/volume.py`."""
    return path.with_suffix("").parts[0]


def floor(name: str) -> int:
    """Return the number of a room's floor; a room that nobody placed is a failure."""
    for number, rooms in enumerate(FLOORS):
        if name in rooms:
            return number
    raise AssertionError(f"{name} stands on no floor: add it to the map in tests/test_layers.py")


class Reader(ast.NodeVisitor):
    """What one module refers to, in every spelling, with its line: wherever it stands, but for what only types see.

    `imported` are dotted names of imports, of relative ones too, and of modules of ours that a text names (for
    `import_module`); those within functions are in `lazy` as well. `used` are the names that are read, followed through
    what the module calls them, and calls of methods as `.name()`.
    """

    def __init__(self, path: Path, source: str) -> None:
        self._package = ("prunecli", *path.parts[:-1])
        self._aliases: dict[str, str] = {}
        self._inside = 0
        self.imported: list[str] = []
        self.lazy: set[str] = set()
        self.used: set[str] = set()
        tree = ast.parse(source)
        for node in ast.walk(tree):
            self._learn(node)
        self.visit(tree)

    def _learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                self._aliases[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module != "__future__":
            self._aliases |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}

    def _take(self, *names: str) -> None:
        self.imported += names
        self.lazy |= set(names) if self._inside else set()

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" not in ast.unparse(node.test):
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        self._inside += 1
        self.generic_visit(node)
        self._inside -= 1

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef  # as ast calls them

    def visit_Import(self, node: ast.Import) -> None:
        self._take(*(alias.name for alias in node.names))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        above = self._package[: len(self._package) - node.level + 1] if node.level else ()
        module = ".".join([*above, *filter(None, [node.module])])
        self._take(module, *(f"{module}.{alias.name}" for alias in node.names))
        self.used |= {f"{module}.{alias.name}" for alias in node.names}

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and re.fullmatch(r"prunecli(\.\w+)+", node.value):
            self._take(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        first = node.values[0] if node.values else None
        if isinstance(first, ast.Constant) and (found := re.match(r"(prunecli(\.\w+)+)\.", str(first.value))):
            self._take(found[1])
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if name := self._dotted(node):
            self.used.add(name)
        else:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            self.used.add(f".{node.func.attr}()")
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self.used.add(self._aliases.get(node.id, node.id))

    def _dotted(self, node: ast.expr) -> str:
        if isinstance(node, ast.Attribute):
            before = self._dotted(node.value)
            return f"{before}.{node.attr}" if before else ""
        return self._aliases.get(node.id, "") if isinstance(node, ast.Name) else ""


def climbs(path: Path, source: str) -> list[str]:
    """Return the imports of rooms that do not lie below the module's own, and of other faces."""
    own = room(path)
    found = []
    module = Reader(path, source)
    for name in module.imported:
        first, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if (
            first != "prunecli"
            or target == own
            or not ((PACKAGE / target).is_dir() or (PACKAGE / f"{target}.py").exists())
        ):
            continue
        started = (path.as_posix(), target) in STARTED and name in module.lazy
        if target and (floor(target) >= floor(own) or ({own, target} <= set(FACES) and not started)):
            found.append(name)
    return found


def impurities(path: Path, source: str) -> list[str]:
    """Return what a module of the pure part uses that is not an argument: clocks, disks, chance, the environment."""
    module = Reader(path, source)
    packages = {name.partition(".")[0] for name in module.imported} - {"prunecli"}
    allowed = PURE_MODULES | PURE_NAMES | LET_IN.get(path.as_posix(), set())

    def passes(name: str) -> bool:
        return name in allowed or any(name.startswith(f"{a}.") for a in allowed)

    outside = {name for name in module.used if name.partition(".")[0] in packages}
    roads = {name for name in module.imported if any(a.startswith(f"{name}.") for a in allowed)}
    loaded = {name for name in module.imported if not name.startswith("prunecli")} - roads
    told = module.used & (IMPURE_METHODS | IMPURE_BUILTINS)
    return sorted(name for name in outside | loaded | told if not passes(name))


def foreign_worlds(path: Path, source: str) -> list[str]:
    """Return the imports by which a module of one world knows another one."""
    own = family(path.with_suffix("").parts[1])
    below = [n.split(".") for n in Reader(path, source).imported if n.startswith("prunecli.backends.")]
    return [".".join(parts) for parts in below if own != family(parts[2]) and _is_module(parts)]


def family(name: str) -> str:
    """Return the world to which a module of `backends` belongs; the protocol belongs to none."""
    return "" if name == "__init__" else WORLD_FAMILIES.get(name, "store")


def _is_module(parts: list[str]) -> bool:
    place = PACKAGE.joinpath(*parts[1:3])
    return place.is_dir() or place.with_suffix(".py").exists()


def read(path: Path) -> tuple[Path, str]:
    return path, (PACKAGE / path).read_text()


each_module = pytest.mark.parametrize("path", MODULES, ids=str)


@each_module
def test_imports_go_down(path: Path) -> None:
    """A module imports its own room and lower floors only, and no face another one."""
    assert climbs(*read(path)) == []


@each_module
def test_the_pipeline_is_pure(path: Path) -> None:
    """What is below the worlds, and the use case, takes the clock, the disk and chance as arguments."""
    if floor(room(path)) < WORLDS or room(path) in USE_CASE:
        assert impurities(*read(path)) == []


@each_module
def test_terminals_are_the_command_lines(path: Path) -> None:
    """Click and rich live in `cli`, textual in `tui`."""
    names = {name.partition(".")[0] for name in Reader(*read(path)).imported}
    assert not names & {"click", "rich"} or room(path) == "cli"
    assert "textual" not in names or room(path) == "tui"


def test_kinds_do_not_know_each_other() -> None:
    """A kind's module imports no other kind."""
    for path in [p for p in MODULES if room(p) == "kinds"]:
        own = path.with_suffix("").parts[1]
        for name in Reader(*read(path)).imported:
            parts = name.split(".")
            if parts[:2] == ["prunecli", "kinds"] and len(parts) > 2:
                assert parts[2] == own, f"{path} imports {name}"


@pytest.mark.parametrize("path", [p for p in MODULES if room(p) == "backends"], ids=str)
def test_worlds_do_not_know_each_other(path: Path) -> None:
    """A module of a world imports no other world, and the protocol imports none."""
    assert foreign_worlds(*read(path)) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("backends/engine/native.py", "from prunecli.backends.store import Store"),
        ("backends/engine/native.py", "from prunecli.backends import store"),
        ("backends/engine/native.py", "from ..store import Store"),
        ("backends/engine/native.py", "from .. import store"),
        ("backends/engine/native.py", "def f():\n    import prunecli.backends.database as d"),
        ("backends/engine/native.py", "load_aside('prunecli.backends.store')"),
        ("backends/engine/native.py", "import prunecli.backends.memory"),
        ("backends/memory.py", "from prunecli.backends.engine.world import Engine"),
        ("backends/memory.py", "from prunecli.backends import locks"),
        ("backends/store.py", "from prunecli.backends import memory"),
        ("backends/journal.py", "class A:\n    def f(self):\n        from prunecli.backends.engine import endpoint"),
        ("backends/__init__.py", "from prunecli.backends.store import Store"),
    ],
)
def test_a_world_that_knows_another_is_found(path: str, source: str) -> None:
    """In every folder and every spelling, inside functions too."""
    assert foreign_worlds(Path(path), source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("kinds/image/graph.py", "from prunecli.plan import make_plan"),
        ("kinds/image/graph.py", "from ...plan import make_plan"),
        ("kinds/image/graph.py", "async def f():\n    from prunecli import plan"),
        ("wire/images.py", "try:\n    import prunecli.backends.store\nexcept ImportError:\n    pass"),
        ("plan.py", "from .pruning import prune"),
        ("pruning.py", "import_module(f'prunecli.cli.{name}')"),
        ("server/app.py", "def f():\n    from prunecli.cli import text"),
        ("cli/df.py", "def f():\n    from prunecli.server import app"),
        ("cli/serve.py", "from prunecli.server import app"),
    ],
)
def test_an_import_that_climbs_is_found(path: str, source: str) -> None:
    """From every folder and in every spelling; what starts the server loads it only then."""
    assert climbs(Path(path), source)


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time_ns()",
        "from time import time_ns as t",
        "def f():\n    from time import monotonic",
        "import time as t\nx = t.perf_counter",
        "import os\nos.environ['A']",
        "import os\nos.getenv('A')",
        "from os import environ",
        "from os import path",
        "import os.path",
        "import os\ngetattr(os, 'environ')",
        "from datetime import datetime\ndatetime.now()",
        "import datetime as d\nd.datetime.utcnow()",
        "from datetime import date as d\nd.today()",
        "def f(clock):\n    return clock.now()",
        "import uuid",
        "import secrets",
        "from random import choice",
        "import numpy.random",
        "import socket",
        "from urllib.request import urlopen",
        "import urllib\nurllib.request",
        "open('x')",
        "with open('x') as f: pass",
        "import io\nio.open('x')",
        "from pathlib import Path",
        "import pathlib\npathlib.Path('x')",
        "def f(p):\n    return p.read_text()",
        "import sqlite3",
        "import subprocess",
        "import fcntl",
        "import tempfile",
        "import locale",
        "import platform",
        "import threading",
        "import logging",
        "import sys\nsys.stdout.write('x')",
        "import sys\nsys.argv",
        "print('x')",
        "__import__('time')",
        "import importlib",
        "from importlib import resources",
        "import click",
        "import docker",
        "hash('x')",
    ],
)
def test_what_is_no_argument_is_found(source: str) -> None:
    """Clocks, environment, disk, chance, sockets and terminals in any spelling do not pass for pure."""
    for path in ("plan.py", "kinds/image/graph.py", "wire/dump.py", "simulate.py"):
        assert impurities(Path(path), source)


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\ndatetime.fromisoformat('x')",
        "from urllib.parse import quote\nquote('x')",
        "import json\njson.loads('1')",
        "from pathlib import PurePath\nPurePath('x').suffix",
        "import os\nos.fsencode('x')",
        "from prunecli import verdict\nverdict.keep()",
    ],
)
def test_what_is_pure_passes(source: str) -> None:
    """The guard stops nothing that reads no world."""
    assert not impurities(Path("plan.py"), source)


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
