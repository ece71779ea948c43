"""Random worlds of images and build cache whose truth is known: what an Engine with graph drivers does, in small.

Images are imported, committed, tagged, removed and built; BuildKit reuses records, and exporting an image gives its
records their layers. `dump` tells of it all as an Engine would; `holders` is what no Engine tells.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

from prunecli.kinds.image.chains import chain_ids
from prunecli.units import MILLISECOND, SECOND, Instant, format_instant

START: Instant = 1_795_250_000 * SECOND
EMPTY = "sha256:" + "5f" * 32
"""The diff id that every step without a change has."""


@dataclass(frozen=True)
class Layer:
    """A layer as it stands in an image: its diff id, its bytes, the row of the history that made it."""

    diff_id: str
    size: int


@dataclass
class Image:
    """An image: `rows` are (text, comment, created, layer or None), oldest first."""

    id: str
    created_at: Instant
    rows: list[tuple[str, str, Instant, Layer | None]]
    tags: set[str] = field(default_factory=set)

    @property
    def layers(self) -> list[Layer]:
        return [layer for *_, layer in self.rows if layer]

    @property
    def chains(self) -> tuple[str, ...]:
        return chain_ids(layer.diff_id for layer in self.layers)


@dataclass
class Record:
    """A record of the build cache; `layer` is its content, `exported` says that the layer store has it."""

    id: str
    parent: Record | None
    description: str
    layer: Layer
    chain: str
    created_at: Instant
    exported: bool
    uses: int = 1


class World:
    """An Engine in small; every step draws from one seeded source of chance.

    In an orderly one nothing is ever removed, and each build leaves a tagged image that has a step of its own.
    """

    def __init__(self, seed: int, *, orderly: bool = False) -> None:
        self.orderly = orderly
        self.random = random.Random(seed)
        self.now = START
        self.count = 0
        self.images: dict[str, Image] = {}
        self.records: list[Record] = []
        self._import()

    def digest(self, *what: object) -> str:
        return "sha256:" + hashlib.sha256(repr(what).encode()).hexdigest()

    def later(self, milliseconds: int = 400) -> Instant:
        self.now += self.random.randint(1, milliseconds) * MILLISECOND + self.random.randint(1, 999_999)
        return self.now

    def name(self) -> str:
        self.count += 1
        return f"img{self.count}:v1"

    def _import(self) -> None:
        at = self.later()
        layer = Layer(self.digest("import", at), self.random.randint(1000, 9000))
        self._add(Image(self.digest("image", at), at, [("", "Imported from -", at, layer)], {self.name()}))

    def _add(self, image: Image) -> None:
        for other in self.images.values():
            other.tags -= image.tags
        if image.id in self.images:
            image.tags |= self.images[image.id].tags
        self.images[image.id] = image

    def pick(self) -> Image:
        tagged = [i for i in self.images.values() if i.tags]
        return self.random.choice(tagged or list(self.images.values()))

    def step(self) -> None:
        """Let one thing happen."""
        r = self.random.random()
        if r < 0.04:
            self._import()
        elif r < 0.14:
            self._commit()
        elif r < 0.22:
            self.pick().tags.add(self.name())
        elif r < 0.30 and len(self.images) > 2 and not self.orderly:
            self._remove()
        elif r < 0.36 and not self.orderly:
            self._forget()
        else:
            self._build()

    def _commit(self) -> None:
        base, at = self.pick(), self.later()
        layer = Layer(self.digest("commit", at), self.random.randint(1, 900))
        image = Image(self.digest("image", at), at, [*base.rows, (f"sh -c work {at}", "", at, layer)])
        if self.random.random() < 0.6:
            image.tags.add(self.name())
        self._add(image)

    def _remove(self) -> None:
        image = self.random.choice(list(self.images.values()))
        if len(self.images) > 1:
            del self.images[image.id]

    def _forget(self) -> None:
        """Prune one record that nothing builds on."""
        parents = {id(r.parent) for r in self.records}
        leaves = [r for r in self.records if id(r) not in parents]
        if leaves:
            self.records.remove(self.random.choice(leaves))

    def _build(self) -> None:
        base = self.pick()
        steps = [self._instruction() for _ in range(self.random.randint(0, 4))]
        if self.orderly:
            steps.append(f"RUN /bin/sh -c finish {self.name()}")
        record = self._base_record(base)
        rows, at = list(base.rows), base.created_at
        for text in steps:
            if text.startswith(("ENV", "LABEL")):
                rows.append((text, "buildkit.dockerfile.v0", at, None))
                continue
            record = self._run(record, text)
            at = record.created_at
            suffix = "" if text.startswith("WORKDIR") else " # buildkit"
            rows.append((text + suffix, "buildkit.dockerfile.v0", at, record.layer))
        if not self.orderly and self.random.random() < 0.25:
            return  # the result stays in the cache
        at_record: Record | None = record
        while at_record is not None:
            at_record.exported = True
            at_record = at_record.parent
        image = Image(self.digest("image", [(*row[:3], row[3] and row[3].diff_id) for row in rows]), at, rows)
        if self.random.random() < 0.6:
            image.tags.add(self.name())
        self._add(image)

    def _instruction(self) -> str:
        n = self.random.randint(0, 4)
        return self.random.choice(
            [
                f"RUN /bin/sh -c make {n}",
                f"RUN /bin/sh -c make {n}",
                "RUN /bin/sh -c make same",
                f"RUN /bin/sh -c true {n}",
                f"COPY /from{n} /to",
                "WORKDIR /deep/er",
                f"ENV A={n}",
                f"LABEL n={n}",
            ]
        )

    def _base_record(self, image: Image) -> Record:
        """Return the record of the image's topmost layer; each layer has one, made when it is first built upon."""
        record: Record | None = None
        for layer, chain in zip(image.layers, image.chains, strict=True):
            found = next((r for r in self.records if r.description == "from local " and r.chain == chain), None)
            if found is None:
                found = self._record(record, "from local ", layer, chain, exported=True)
                self.now += self.random.randint(1, 4) * MILLISECOND
            found.uses += 1
            record = found
        assert record is not None
        return record

    def _run(self, parent: Record, text: str) -> Record:
        description = _description(text)
        found = next((r for r in self.records if r.parent is parent and r.description == description), None)
        if found:
            found.uses += 1
            return found
        at = self.later()
        if text.startswith(("RUN /bin/sh -c true", "WORKDIR")):
            layer = Layer(EMPTY, 0)
        else:
            layer = Layer(self.digest(text, at), len(text) * 10)
        self.now = at
        return self._record(parent, description, layer, chain_ids([parent.chain, layer.diff_id])[1], exported=False)

    def _record(self, parent: Record | None, description: str, layer: Layer, chain: str, *, exported: bool) -> Record:
        self.count += 1
        id = hashlib.sha256(f"{self.count} {chain}".encode()).hexdigest()[:25]
        record = Record(id, parent, description, layer, chain, self.now, exported)
        self.records.append(record)
        return record

    @property
    def present(self) -> frozenset[str]:
        """The layers that some image has."""
        return frozenset(chain for image in self.images.values() for chain in image.chains)

    @property
    def holders(self) -> dict[str, str]:
        """Map each record that holds a layer of some image to that layer."""
        present = self.present
        return {r.id: r.chain for r in self.records if r.exported and r.chain in present}

    def dump(self) -> dict[str, Any]:
        """Tell of the world as an Engine would."""
        shared: set[str] = set()
        for record in self.records:
            if record.id in self.holders:
                above: Record | None = record
                while above is not None:
                    shared.add(above.id)
                    above = above.parent
        return {
            "format": "engine-dump/v1",
            "taken": format_instant(self.now + SECOND),
            "version": {"Version": "28.5.2", "ApiVersion": "1.51", "MinAPIVersion": "1.24"},
            "info": {"Driver": "overlay2", "DriverStatus": []},
            "containers": [],
            "images": [_inspection(image) for image in self.images.values()],
            "networks": [],
            "volumes": [],
            "df": {"LayersSize": 0, "Images": [], "Containers": [], "Volumes": [], "BuildCache": self._rows(shared)},
        }

    def _rows(self, shared: set[str]) -> list[dict[str, Any]]:
        rows = []
        for record in self.records:
            row: dict[str, Any] = {"ID": record.id}
            if record.parent:
                row[" Parents"] = [record.parent.id]
            rows.append(
                row
                | {
                    "Type": "regular",
                    "Description": record.description,
                    "InUse": False,
                    "Shared": record.id in shared,
                    "Size": 0 if record.description == "from local " else record.layer.size,
                    "CreatedAt": format_instant(record.created_at),
                    "UsageCount": record.uses,
                }
            )
        self.random.shuffle(rows)
        return rows


def _description(text: str) -> str:
    if text.startswith("RUN "):
        return "mount / from exec " + text.removeprefix("RUN ")
    return "[stage-0 2/3] " + text.replace("COPY ", "COPY --from=one ")


def _inspection(image: Image) -> dict[str, Any]:
    history = [
        {
            "Id": "<missing>",
            "Created": at // SECOND,
            "CreatedBy": text,
            "Comment": comment,
            "Size": layer.size if layer else 0,
            "Tags": None,
        }
        for text, comment, at, layer in reversed(image.rows)
    ]
    return {
        "Id": image.id,
        "RepoTags": sorted(image.tags),
        "RepoDigests": [],
        "Created": format_instant(image.created_at),
        "Size": sum(layer.size for layer in image.layers),
        "RootFS": {"Type": "layers", "Layers": [layer.diff_id for layer in image.layers]},
        "Config": {"Labels": None},
        "History": history,
        "Summary": {
            "Id": image.id,
            "Containers": 0,
            "RepoTags": sorted(image.tags),
            "RepoDigests": [],
            "SharedSize": -1,
        },
    }
