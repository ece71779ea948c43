"""Hostile names on their whole way: in, through every output, out again, pruned and told of.

`python -m tests.fuzz.names --seconds 60 --seed 1` works in a folder of its own and touches nothing else. Names, labels,
descriptions and tags of all kinds are made of control characters, lines, text that runs backwards, words for shells and
templates. What it asks for:

- what is imported can be shown, explained, exported, planned, applied and told of
- no control character, and nothing that reorders or breaks lines, reaches stdout or stderr raw
- JSON says the names as they are, and nothing that they say is ever run
- whatever is refused is refused in one sentence, exit 1
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from prunecli.backends.served import ServedStore
from prunecli.cli.main import run
from prunecli.complete import find_names
from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.network import Network
from prunecli.kinds.volume import ANONYMOUS_LABEL, Volume
from prunecli.snapshot import Snapshot
from prunecli.units import HOUR
from prunecli.wire import write_dump
from tests.conftest import NOW

MARK = "pwned"
"""A file of this name would show that something was run."""

PIECES = (
    *("\x1b[2J", "\x1b]0;owned\x07", "\x1b[31m", "\x9b1m", "\x90q\x9c", "\x00", "\x07", "\x08", "\x7f", "\x85", "\r"),
    *("\n", "\r\n", "\nTotal reclaimed space: 999GB\n", "\nDeleted Volumes:\n", "\t", "\v", "\f", "\x1a", "\x04"),
    *("\u202e", "\u202d", "\u2066", "\u2069", "\u200f", "\u200e", "\u2028", "\u2029", "\u200b", "\ufeff"),
    *(
        f"$(touch {MARK})",
        f"`touch {MARK}`",
        f";touch {MARK}",
        f"| touch {MARK}",
        f"&& touch {MARK}",
        f"\ntouch {MARK}\n",
    ),
    *("'", '"', "\\", "$HOME", "~root", "!!", "*", "?", "[a-z]", "{a,b}", "#", "%s", "%n", "{{.ID}}", "{{", "<b>"),
    *("-f", "--force", "--", "-", "=", ",", ":", "/", "..", "../../etc/passwd", "@", "sha256:", " ", "  "),
    *("\u6f22\u5b57", "e\u0301", "\U0001f433", "\u0130", "\u00df", "a", "web", "null", "true", "0"),
    *("[bold]", "[/]", "[link=http://x]", "\\x1b", "\\u202e", "'; DROP TABLE volumes; --"),
)


def name(chance: random.Random) -> str:
    """Return a name of some hostile pieces; one in thirty is very long."""
    pieces = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 4)))
    return pieces * chance.randint(50, 400) if chance.random() < 1 / 30 else pieces


def labels(chance: random.Random) -> dict[str, str]:
    """Return some labels, of names alone."""
    return {name(chance): name(chance) for _ in range(chance.randint(0, 2))}


def world(chance: random.Random) -> Snapshot:
    """Return a world with objects of every kind, all of hostile names."""
    number = chance.randint(1, 4)
    ids = [f"{chance.getrandbits(256):064x}" for _ in range(number)]
    names = list(dict.fromkeys(name(chance) for _ in range(number)))
    old = NOW - 5 * HOUR
    called = iter(dict.fromkeys(name(chance) for _ in range(9 * number)))  # no two containers have one name
    kept = Container(f"{1:064x}", next(called), name(chance), "", "running", True, old)
    return Snapshot(
        NOW,
        containers=(
            replace(kept, labels=labels(chance)),
            *(
                Container(id, text, name(chance), "", "exited", False, old, labels=labels(chance), size=1)
                for id, text in zip(ids, called, strict=False)
            ),
        ),
        networks=tuple(
            Network(id, n, name(chance), old, labels=labels(chance)) for id, n in zip(ids, names, strict=False)
        ),
        volumes=tuple(Volume(n, "local", old, {**labels(chance), ANONYMOUS_LABEL: ""}, size=1) for n in names),
        images=tuple(
            Image(f"sha256:{id}", tags=(f"{n}:{name(chance)}",), layers=(f"sha256:{id[::-1]}",), created_at=old, size=1)
            for id, n in zip(ids, names, strict=False)
        ),
        build_cache=tuple(
            CacheRecord(n, description=name(chance), size=1, created_at=old, last_used_at=old) for n in names
        ),
        layers={f"sha256:{id[::-1]}": 1 for id in ids},
    )


HINTS = ("filters that can be given here: ", "Did you mean ")
"""How a line below an error begins, in which no value stands."""

RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What never reaches a terminal raw; a newline and a tab are ours where they stand."""

SHOWN = (
    ("system", "df"),
    ("system", "df", "-v"),
    ("system", "df", "--format", "json"),
    ("builder", "du"),
    ("builder", "du", "--verbose"),
    ("system", "prune", "-a", "--volumes", "--dry-run", "--explain"),
    ("system", "prune", "-a", "--volumes", "--dry-run", "--summary"),
    ("system", "prune", "-a", "--volumes", "--dry-run", "--format", "json"),
    ("system", "prune", "-a", "--volumes"),  # which asks, and is declined
    ("state", "check"),
)
PRUNES = ("system", "prune", "-af", "--volumes")
LISTS = ("volume", "container", "container.id", "image", "network", "build-cache", "volume.label", "container.label")


@dataclass
class Figures:
    """What was fed, by its name, and what was found, one sentence each with the seed that repeats it."""

    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the figures, one line for each thing that was done."""
        for what, number in sorted(self.done.items()):
            yield f"{number:6} {what}"
        yield f"{len(self.faults):6} faults found"


def run_rounds(folder: Path, seed: int, *, seconds: float | None = None, most: int | None = None) -> Figures:
    """Feed worlds until so many seconds are over, or so many were fed; the same seed gives the same ones."""
    figures = Figures()
    end = None if seconds is None else time.monotonic() + seconds
    number = 0
    while number != most and (end is None or time.monotonic() < end):
        place = folder / str(number)
        place.mkdir(parents=True)
        case = f"{seed}-{number}"
        try:
            with chdir(place):
                _whole_way(place / "state.db", random.Random(case), figures)
            assert not list(folder.rglob(MARK)), "something that a name says was run"
        except Exception as error:
            here = traceback.extract_tb(error.__traceback__)[-1]
            figures.faults.append(f"case {case}: {str(error)[:400]!a} at {Path(here.filename).name}:{here.lineno}")
        for path in place.iterdir():
            path.unlink()
        place.rmdir()
        number += 1
    return figures


def _ask(
    figures: Figures, store: Path, *argv: str, stdin: bytes = b"", now: int = NOW, codes: tuple[int, ...] = (0,)
) -> Ran:
    """Run a command and hold what it wrote to the rules."""
    ran = invoke(store, *argv, stdin=stdin, now=now)
    figures.done["commands run"] += 1
    shown = f"{' '.join(argv)[:80]}"
    assert ran.code in codes, f"{shown}: exit {ran.code}: {ran.err[-300:]}"
    for stream in (ran.out, ran.err):
        found = RAW.search(stream)
        assert not found, f"{shown}: {stream[max(found.start() - 40, 0) : found.end()]}"
    assert "Traceback" not in ran.err, f"{shown}: {ran.err[-300:]}"
    if ran.code == 1:
        said = [line for line in ran.err.splitlines() if not line.startswith(HINTS)]
        assert len(said) == 1, f"{shown}: more than one line: {ran.err[-300:]}"
    return ran


def _whole_way(store: Path, chance: random.Random, figures: Figures) -> None:
    """Import a hostile world, show it in every way, export it, and prune it by a plan file."""
    hostile = world(chance)
    with ServedStore.open(store) as served:
        served.replace(hostile, {}, {})
        dump = json.dumps(write_dump(*served.contents(NOW)))
    figures.done["hostile worlds"] += 1
    figures.done["hostile names"] += sum(
        len(kind)
        for kind in (hostile.containers, hostile.networks, hostile.volumes, hostile.images, hostile.build_cache)
    )
    _ask(figures, store, "state", "import", "-", stdin=dump.encode())
    exported = _ask(figures, store, "state", "export").out
    _ask(figures, store, "state", "import", "-", stdin=exported.encode())
    assert _ask(figures, store, "state", "export").out == exported
    for argv in SHOWN:
        _ask(figures, store, *argv)
    one = chance.choice([*(v.name for v in hostile.volumes), *(c.name for c in hostile.containers), name(chance)])
    if "\0" not in one:  # no command line holds one
        _ask(figures, store, *PRUNES, "--dry-run", f"--explain={one}", codes=(0, 1))
        _ask(figures, store, "volume", "prune", "-f", "--dry-run", "--filter", f"label={one}", codes=(0, 1))
        _ask(figures, store, "volume", "prune", "-f", "--dry-run", "--filter", one, codes=(0, 1, 125))
    planned = json.loads(_ask(figures, store, *PRUNES, "--dry-run", "--format", "json").out)
    said = {row["id"] for row in planned["kinds"]["volume"]["removed"]}
    assert said == {v.name for v in hostile.volumes}
    for what in LISTS:
        for found in find_names(what, "", str(store)):
            assert not RAW.search(found), found
            assert "\n" not in found, found
    _ask(figures, store, *PRUNES, "--plan-out", "plan")
    _ask(figures, store, "apply", "--force", "plan", now=NOW + HOUR)
    for form in ((), ("--format", "json"), ("--format", "{{.Type}} {{json .Actor}}")):
        _ask(
            figures, store, "events", "--since", "0", "--until", str(NOW // 10**9 + 2 * 3600), *form, now=NOW + 3 * HOUR
        )
    _ask(figures, store, "state", "check")


class Ran(NamedTuple):
    """What a command did."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str


def invoke(store: Path, *argv: str, stdin: bytes = b"", now: int) -> Ran:
    """Run a command on a store, at an instant (ns)."""
    with _environment(store, now), _stream(stdin) as ours, _stream() as out, _stream() as err:
        kept = sys.stdin, sys.stdout, sys.stderr
        sys.stdin, sys.stdout, sys.stderr = ours, out, err
        try:
            code = run(list(argv))
        finally:
            sys.stdin, sys.stdout, sys.stderr = kept
        return Ran(argv, code, _text(out), _text(err))


@contextmanager
def _stream(data: bytes = b"") -> Iterator[io.TextIOWrapper]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        with io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="") as text:
            yield text


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


@contextmanager
def _environment(store: Path, now: int) -> Iterator[None]:
    ours = {"PRUNECLI_STORE": str(store), "PRUNECLI_NOW": str(now // 10**9), "COLUMNS": "80", "NO_COLOR": "1"}
    before = {key: os.environ.get(key) for key in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def main() -> int:
    """Run the rounds that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.names", description="Feed prunecli hostile names.")
    parser.add_argument("--seconds", type=float, default=60, help="how long (60)")
    parser.add_argument("--seed", type=int, default=0, help="of the names (0)")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="prunecli-fuzz-") as folder:
        figures = run_rounds(Path(folder), options.seed, seconds=options.seconds)
    for line in figures.lines():
        print(line)
    for sentence in figures.faults[:20]:
        print(sentence, file=sys.stderr)
    return int(bool(figures.faults))


if __name__ == "__main__":
    sys.exit(main())
