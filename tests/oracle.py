"""Recorded runs of real Docker Engines: what they held before and after one prune, and what they said.

A selection travels with the tests, cut down to what is read; where the whole collection lies beside the checkout, in
`../shared/oracle/cases`, it is used as well. `python -m tests.oracle CASE.json...` adds cases to the selection.
"""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SELECTION = Path(__file__).parent / "data" / "oracle"
WHOLE = Path(__file__).parents[2] / "shared" / "oracle" / "cases"

Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One recorded run; `before` and `after` are Engine dumps."""

    name: str
    path: Path

    @property
    def data(self) -> Json:
        return _load(self.path)

    @property
    def engine(self) -> str:
        return str(self.data["engine"])

    @property
    def containerd(self) -> bool:
        return "containerd" in self.engine

    @property
    def argv(self) -> list[str]:
        return list(self.data["argv"])

    @property
    def before(self) -> Json:
        return dict(self.data["before"])

    @property
    def after(self) -> Json:
        return dict(self.data["after"])

    def reclaimed(self, kind: str) -> int | None:
        """Return the bytes that the kind's prune event told, None without one."""
        told = [e["Actor"]["Attributes"] for e in self.data["events"] if (e["Type"], e["Action"]) == (kind, "prune")]
        return int(told[0]["reclaimed"]) if told else None


@cache
def _load(path: Path) -> Json:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return dict(json.loads(text))


@cache
def cases() -> tuple[Case, ...]:
    """Return the selection and, if it is there, the whole collection, in the order of their names."""
    found = {path.name.partition(".json")[0]: path for path in (*SELECTION.glob("*.json.gz"), *WHOLE.glob("*.json"))}
    return tuple(Case(name, path) for name, path in sorted(found.items()))


_CASE = ("case", "engine", "api", "via", "started", "argv", "exit", "stdout", "stderr", "events", "before", "after")
_CONTAINER = ("Id", "Created", "State", "Image", "Name", "SizeRw", "SizeRootFs", "Mounts", "Config")
_CONFIG = ("Image", "Labels")
_STATE = ("Status", "Running", "FinishedAt")
_IMAGE = (
    *("Id", "RepoTags", "RepoDigests", "Parent", "Created", "Author", "Architecture", "Os", "Size", "RootFS"),
    *("Metadata", "Descriptor", "Config", "History", "Summary"),
)
_NETWORK = ("Name", "Id", "Created", "Scope", "Driver", "Ingress", "ConfigOnly", "Containers", "Labels")
_ROW = ("Id", "Names", "Image", "ImageID", "Created", "SizeRw", "SizeRootFs", "Labels", "State", "Status")


def trim(case: Json) -> Json:
    """Return a case without what nobody reads: how its state was made, settings of containers, drivers, mounts."""
    return _only(case, _CASE) | {"before": trim_dump(case["before"]), "after": trim_dump(case["after"])}


def trim_dump(dump: Json) -> Json:
    """Return a dump without what nobody reads."""
    return dump | {
        "containers": [_trim_container(c) for c in dump["containers"]],
        "images": [_only(image, _IMAGE) for image in dump["images"]],
        "networks": [_only(network, _NETWORK) for network in dump["networks"]],
        "volumes": [_without(volume, "Mountpoint") for volume in dump["volumes"]],
        "df": dump["df"]
        | {
            "Containers": [_only(row, _ROW) for row in dump["df"].get("Containers") or []],
            "Volumes": [_without(row, "Mountpoint") for row in dump["df"].get("Volumes") or []],
        },
    }


def _trim_container(container: Json) -> Json:
    mounts = [_only(mount, ("Type", "Name", "Destination")) for mount in container["Mounts"]]
    return _only(container, _CONTAINER) | {
        "State": _only(container["State"], _STATE),
        "Config": _only(container["Config"], _CONFIG),
        "Mounts": mounts,
    }


def _only(document: Json, keys: tuple[str, ...]) -> Json:
    return {key: value for key, value in document.items() if key in keys}


def _without(document: Json, key: str) -> Json:
    return {k: v for k, v in document.items() if k != key}


def main(paths: list[str]) -> None:
    """Write trimmed cases into the selection."""
    SELECTION.mkdir(parents=True, exist_ok=True)
    for path in map(Path, paths):
        text = json.dumps(trim(json.loads(path.read_bytes())), separators=(",", ":"))
        (SELECTION / f"{path.stem}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main(sys.argv[1:])
