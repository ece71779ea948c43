"""Command lines run inside the tests' own process, on stores made for them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from prunecli.backends.store import Store
from prunecli.cli.main import run
from prunecli.example import example_world
from prunecli.kinds.image import Image
from prunecli.snapshot import Snapshot
from prunecli.units import Instant

from .conftest import NOW

R = TypeVar("R", bound=Any)


class Ran(NamedTuple):
    """What a command did: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """stdout as the one JSON document that it is."""
        return dict(json.loads(self.out))


class Cli:
    """Commands on one store; `stdin` is what they read."""

    def __init__(self, store: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = store
        self._capfd = capfd
        self._monkeypatch = monkeypatch

    def __call__(self, *argv: str, stdin: str = "") -> Ran:
        reading, writing = os.pipe()
        os.write(writing, stdin.encode())
        os.close(writing)
        with os.fdopen(reading) as answers, self._monkeypatch.context() as patch:
            patch.setattr("sys.stdin", answers)
            patch.setenv("PRUNECLI_STORE", str(self.path))
            self._capfd.readouterr()
            code = run(list(argv))
            return Ran(code, *self._capfd.readouterr())

    @property
    def store(self) -> Store:
        return Store.open(self.path)

    def world(self, now: Instant = NOW) -> Snapshot:
        """Photograph the store."""
        with self.store as store:
            return store.snapshot(now)

    def load(self, world: Snapshot) -> None:
        """Put a world into the store, made if need be."""
        with self.store as store:
            store.replace(world, {}, {})

    def change(self, edit: Callable[[Snapshot], Snapshot]) -> None:
        """Do to the store what some other program might have done."""
        self.load(edit(self.world()))


def changed(records: Iterable[R], called: str, /, **fields: Any) -> tuple[R, ...]:
    """Return the records with one of them, known by its name, tag or id, changed in these fields."""
    found = [_is_called(r, called) for r in records]
    assert sum(found) == 1, called
    return tuple(replace(r, **fields) if hit else r for r, hit in zip(records, found, strict=True))


def without(records: Iterable[R], name: str) -> tuple[R, ...]:
    """Return the records without one of them."""
    return tuple(r for r in records if not _is_called(r, name))


def possible(world: Snapshot) -> Snapshot:
    """Return a drawn world as an Engine could hold it: images have ids and known layers, each reference one image."""
    taken: set[str] = set()
    images: list[Image] = []
    for image in (i for i in world.images if i.id):
        tags = tuple(t for t in dict.fromkeys(image.tags) if t not in taken)
        digests = tuple(d for d in dict.fromkeys(image.digests) if d not in taken and d not in tags)
        taken |= {*tags, *digests}
        images.append(replace(image, tags=tags, digests=digests, layers=()))
    return replace(world, images=tuple(images))


def _is_called(record: Any, name: str) -> bool:
    return name in (getattr(record, "id", None), getattr(record, "name", None), *getattr(record, "tags", ()))


@pytest.fixture
def cli(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Commands on a store that holds the example, at a fixed instant."""
    monkeypatch.setenv("PRUNECLI_NOW", str(NOW // 10**9))
    made = Cli(tmp_path / "state.db", capfd, monkeypatch)
    made.load(example_world(NOW))
    return made
