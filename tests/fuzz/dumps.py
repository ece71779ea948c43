"""Recorded dumps with values changed at random: what `state import` accepts goes the whole way.

    python -m tests.fuzz.dumps --seconds 600 --seed 1

Each round takes a dump, changes a few values in it, and imports it. If that is accepted, it is exported and imported
again, its disk usage is shown, a prune is planned, shown through `serve` and carried out, and every `GET` route is
asked for every object. A traceback, an answer of status 500, or another world after the second import is a find. The
number of a round makes it again: `--seed N --rounds 1`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from prunecli.backends.store import Store
from prunecli.cli.main import run
from prunecli.errors import PrunecliError
from prunecli.example import example_world
from prunecli.wire import read_dump, retell, write_dump
from tests.build_worlds import World
from tests.conftest import NOW
from tests.oracle import SELECTION, Case
from tests.serving import Served, serving
from tests.whole_worlds import random_world

VALUES: tuple[Any, ...] = (
    *(True, False, 0, 1, 7, -1, 2**31, 2**62, 2**70, 1.5),
    *("", "x", "a:b", "sha256:", "\x1b[31m", "\n", "\ud800", "<none>:<none>", "0001-01-01T00:00:00Z", "9999-12-31"),
    *([], {}, [1], [None], [{}], [[]], [""], {"a": None}, {"a": 1}, {"": ""}, {"Name": None}),
)
"""What may stand in a value's place; `ud800` is half a character."""

COMMANDS = (
    ("system", "df"),
    ("system", "df", "-v"),
    ("system", "df", "--format", "json"),
    ("builder", "du", "--verbose"),
    ("system", "prune", "-af", "--volumes", "--dry-run", "--explain"),
    ("system", "prune", "-af", "--volumes", "--dry-run", "--format", "json"),
    ("image", "prune", "-f"),
    ("state", "export"),
    ("system", "prune", "-af", "--volumes"),
    ("state", "check"),
    ("state", "export"),
)
"""What is asked of the store itself, in this order."""

LISTS = (
    *("/_ping", "/version", "/info", "/system/df", "/networks", "/volumes", "/prunecli/disk"),
    *("/containers/json?all=1&size=1", "/images/json?all=1&manifests=1&shared-size=1"),
)
FILTERS: tuple[tuple[str, dict[str, list[str]]], ...] = (
    ("/containers/json?all=1", {"network": ["bridge"]}),
    ("/containers/json?all=1", {"publish": ["80"]}),
    ("/containers/json?all=1", {"health": ["healthy"]}),
    ("/containers/json?all=1", {"volume": ["x"], "label": ["x"]}),
    ("/containers/json?all=1", {"exited": ["0"], "ancestor": ["busybox"]}),
    ("/images/json?all=1", {"dangling": ["true"]}),
    ("/images/json?all=1", {"reference": ["*"], "label": ["x"]}),
    ("/images/json", {"until": ["1h"]}),
    ("/networks", {"dangling": ["true"]}),
    ("/networks", {"driver": ["bridge"], "label": ["x"]}),
    ("/volumes", {"dangling": ["true"]}),
    ("/volumes", {"driver": ["local"], "label": ["x"]}),
)
VERSIONS = ("", "/v1.41", "/v1.44")


@dataclass(frozen=True)
class Find:
    """Something that went wrong: where, and what was seen."""

    number: int
    changes: tuple[str, ...]
    where: str
    seen: str

    def __str__(self) -> str:
        return f"round {self.number}: {self.where}\n  changed: {'; '.join(self.changes)}\n{self.seen}"


# Dumps


def sources() -> list[dict[str, Any]]:
    """Return dumps of many Engines, small ones, and two that no Engine has told."""
    recorded = sorted(SELECTION.glob("*.json.gz"), key=lambda path: (path.stat().st_size, path.name))
    dumps = [Case(path.name.partition(".json")[0], path).before for path in recorded[:24]]
    world = World(3)
    for _ in range(12):
        world.step()
    made_up = (example_world(NOW), *(retell(random_world(seed)) for seed in range(12)))
    return [*dumps, world.dump(), *(write_dump(made, {}, {}) for made in made_up)]


def cut_down(dump: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return a dump with a few objects of each kind, so that a change meets every key sooner or later."""
    small: dict[str, Any] = _copy(dump)
    df = small.get("df") or {}
    for lists, rows, key in (
        ("containers", "Containers", "Id"),
        ("images", "Images", "Id"),
        ("volumes", "Volumes", "Name"),
    ):
        kept = chance.sample(small[lists], min(2, len(small[lists])))
        names = {item[key] for item in kept}
        small[lists] = kept
        df[rows] = [row for row in df.get(rows) or () if row[key] in names]
    small["networks"] = chance.sample(small["networks"], min(2, len(small["networks"])))
    df["BuildCache"] = (df.get("BuildCache") or [])[:3]
    return small


def disturb(dump: dict[str, Any], chance: random.Random) -> tuple[str, ...]:
    """Change a few values of a dump where it stands; returns the changes in words."""
    done: list[str] = []
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        path, holder, key = chance.choice(list(_places(dump, "")))
        how = chance.random()
        if how < 0.35:
            holder[key] = None
            done.append(f"{path} = None")
        elif how < 0.5:
            del holder[key]
            done.append(f"{path} removed")
        elif how < 0.6:
            other, its_holder, its_key = chance.choice(list(_places(dump, "")))
            holder[key] = _copy(its_holder[its_key])
            done.append(f"{path} = {other}")
        elif how < 0.65 and isinstance(holder, list):
            holder.insert(0, _copy(holder[key]))
            done.append(f"{path} twice")
        else:
            holder[key] = _copy(chance.choice(VALUES))
            done.append(f"{path} = {holder[key]!r}")
    return tuple(done)


def _places(value: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        at = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}"
        yield at, value, key
        if isinstance(inner, (dict, list)):
            yield from _places(inner, at)


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


# The whole way


class Way:
    """The way of a dump through everything; `served` is a server over the store at its path."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served = served
        self.file = folder / "dump.json"
        self.accepted = 0

    def go(self, dump: dict[str, Any]) -> tuple[str, str] | None:
        """Take a dump the whole way; returns where it stumbled and what was seen, None when it came through."""
        self.file.write_text(json.dumps(dump))
        try:
            code, _, err = self._ask("state", "import", str(self.file))
            if code:
                return ("state import", err) if "Traceback" in err or not err else None
            self.accepted += 1
            if fault := self._comes_back():
                return "state export", fault
            if found := self._routes():
                return found
            self._ask("-H", self.served.url, "system", "prune", "-af", "--volumes", "--dry-run", store=False)
            for argv in COMMANDS:
                self._ask(*argv)
            return self._routes()
        except Exception:
            return "a command", traceback.format_exc(limit=-6)

    def _comes_back(self) -> str:
        code, text, err = self._ask("state", "export")
        if code:
            return err
        with Store.open(self.served.store_path) as store:
            world = store.snapshot(0)
        try:
            again = read_dump(text, now=0).snapshot
        except PrunecliError as error:
            return f"what was exported is refused: {error}"
        return "" if replace(world, generation=0) == again else "what was exported is another world"

    def _routes(self) -> tuple[str, str] | None:
        for target, filters in self._targets():
            reply = self.served.ask("GET", target, None, filters)
            if reply.status >= 500:
                return f"GET {target} {filters or ''}", reply.body.decode(errors="replace")
        return None

    def _targets(self) -> Iterator[tuple[str, dict[str, list[str]] | None]]:
        for version in VERSIONS:
            yield from ((version + path, None) for path in LISTS)
        yield from FILTERS
        with Store.open(self.served.store_path) as store:
            world = store.snapshot(0)
        for container in world.containers:
            yield f"/containers/{quote(container.id, safe='')}/json?size=1", None
            yield f"/v1.43/containers/{quote(container.id, safe='')}/json", None
        for image in world.images:
            yield f"/images/{quote(image.id, safe='')}/json", None
            yield f"/v1.43/images/{quote(image.id, safe='')}/json", None
            yield f"/images/{quote(image.id, safe='')}/history", None
        for network in world.networks:
            yield f"/networks/{quote(network.id, safe='')}", None
        for volume in world.volumes:
            yield f"/volumes/{quote(volume.name, safe='')}", None

    def _ask(self, *argv: str, store: bool = True) -> tuple[int, str, str]:
        """Run a command line in this process; returns its exit code, stdout and stderr."""
        world = ("--store", str(self.served.store_path)) if store else ()
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder) / "out", Path(folder) / "err"
            with _led_into(out, err):
                code = run([*world, *argv])
            return code, out.read_text(errors="replace"), err.read_text(errors="replace")


@contextlib.contextmanager
def _led_into(out: Path, err: Path) -> Iterator[None]:
    """Lead stdout and stderr into two files, whoever had led them elsewhere before."""
    with (
        out.open("w") as stdout,
        err.open("w") as stderr,
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        yield


def fuzz(seed: int, *, seconds: float | None = None, rounds: int | None = None) -> tuple[int, int, list[Find]]:
    """Go on until the time or the rounds are over; returns the rounds, how many were accepted, and the finds."""
    dumps = sources()
    finds: list[Find] = []
    begun = time.monotonic()
    number = seed
    with tempfile.TemporaryDirectory(prefix="prunecli-fuzz-") as folder, serving(Path(folder), check=False) as served:
        way = Way(served, Path(folder))
        while (rounds is None or number < seed + rounds) and (seconds is None or time.monotonic() < begun + seconds):
            chance = random.Random(number)
            dump = cut_down(chance.choice(dumps), chance)
            changes = disturb(dump, chance)
            if stumbled := way.go(dump):
                finds.append(Find(number, changes, *stumbled))
            number += 1
    return number - seed, way.accepted, finds


def main() -> int:
    """Fuzz as the command line says; exit code 1 with finds."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.dumps", description="Hostile dumps, the whole way.")
    parser.add_argument("--seconds", type=float, help="how long (default 60, or without end with --rounds)")
    parser.add_argument("--rounds", type=int, help="how many dumps")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9, help="number of the first round")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    seconds = 60.0 if asked.seconds is None and asked.rounds is None else asked.seconds
    rounds, accepted, finds = fuzz(asked.seed, seconds=seconds, rounds=asked.rounds)
    for find in finds:
        print(find)
    print(f"{rounds} dumps, {accepted} of them accepted, {len(finds)} finds")
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
