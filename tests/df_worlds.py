"""A store for the tests of `system df` and `builder du`: a few objects of each kind, and a shell to run commands on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunecli.backends.store import Store
from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.volume import Volume
from prunecli.snapshot import Snapshot
from prunecli.units import DAY, HOUR, MINUTE, SECOND
from prunecli.verdict import Kind
from tests.conftest import NOW

BUSYBOX, APP = "sha256:" + "e4" * 32, "sha256:" + "47" * 32
RUNNER, BAZ = "db" * 32, "ee" * 32
EVIL = "\x1b[31mred\x9b\u202e\tgone\n"
"""A name that would colour, reorder and misalign what a terminal shows."""

WORLD = Snapshot(
    NOW,
    containers=(
        Container(
            BAZ,
            "container_baz",
            "busybox",
            BUSYBOX,
            "exited",
            running=False,
            created_at=NOW - 2 * HOUR,
            finished_at=NOW - HOUR,
            labels={"tier": "web", "env": "ci"},
            size=5_242_880,
            volumes=("volume_baz",),
        ),
        Container(RUNNER, "runner", "busybox", BUSYBOX, "running", running=True, created_at=NOW - 5 * MINUTE),
    ),
    images=(
        Image(
            BUSYBOX, tags=("busybox:latest", "image_bar:latest"), layers=("l1",), size=2_063_288, created_at=NOW - DAY
        ),
        Image(APP, layers=("l1", "l2"), size=54_492_088, created_at=NOW - 30 * SECOND),
    ),
    volumes=(
        Volume("volume_baz", "local", NOW - DAY, {"b": "2", "a": "1"}, size=5_242_880),
        Volume("volume_foo", "local", NOW - DAY, size=-1),
    ),
    build_cache=(
        CacheRecord(
            "02avfh2zopk8m9bp4lm6rab7z",
            description="pulled from docker.io/library/busybox:latest",
            reported_shared=True,
            created_at=NOW - HOUR,
            last_used_at=NOW - 56 * SECOND,
            usage_count=2,
        ),
        CacheRecord(
            "g2zo6o61vbm3lernj7nniyqdx",
            parents=("02avfh2zopk8m9bp4lm6rab7z",),
            description="mount / from exec /bin/sh -c dd if=/dev/zero of=bigfile",
            reported_shared=True,
            size=52_428_800,
            created_at=NOW - HOUR + 186_141_222,
            last_used_at=NOW - 56 * SECOND,
            usage_count=1,
        ),
        CacheRecord("mtvzfe5mqu7ynhy4fy8ogckmo", type="source.local", mutable=True, size=59, created_at=NOW - HOUR),
        CacheRecord(
            "nru62wahpg9veuz2hqdofs6j1",
            type="exec.cachemount",
            mutable=True,
            in_use=True,
            size=4096,
            created_at=NOW - HOUR,
            last_used_at=NOW - MINUTE,
        ),
    ),
    layers={"l1": 2_063_288, "l2": 52_428_800},
)

SAID = {
    "Path": "sh",
    "Args": ["-c", "dd if=/dev/zero of=/volume/f"],
    "State": {"Status": "exited", "ExitCode": 3, "StartedAt": "2026-11-21T08:00:00Z"},
    "Mounts": [
        {"Type": "volume", "Name": "volume_baz", "Source": "/data/volume_baz", "Driver": "local"},
        {"Type": "bind", "Source": "/srv/www", "Driver": ""},
    ],
    "NetworkSettings": {
        "Networks": {"front": {}, "back": {}},
        "Ports": {
            "80/tcp": [{"HostIp": "10.0.0.1", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
            "9000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "9000"}],
            "9001/tcp": [{"HostIp": "127.0.0.1", "HostPort": "9001"}],
            "5000/tcp": None,
            "5001/tcp": None,
            "7000/udp": [],
        },
    },
}
RAW: dict[Kind, dict[str, Any]] = {
    Kind.CONTAINER: {
        BAZ: {
            "containers": {"at": 0, "is": SAID},
            "df.Containers": {"at": 0, "is": {"Names": ["/front/baz", "/container_baz"]}},
        }
    },
    Kind.VOLUME: {"volume_baz": {"volumes": {"at": 0, "is": {"Mountpoint": "/data/volume_baz"}}}},
}


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


class Shell:
    """Runs `prunecli` on a store of its own, at a fixed time."""

    def __init__(self, store: Path) -> None:
        self.store = store

    def load(self, world: Snapshot = WORLD, raw: dict[Kind, dict[str, Any]] | None = None) -> None:
        """Put a world into the store."""
        with Store.open(self.store, create=True) as store:
            store.replace(world, RAW if raw is None else raw, {})

    def __call__(self, *argv: str, **environment: str) -> Ran:
        """Run one command line."""
        ran = subprocess.run(
            [sys.executable, "-m", "prunecli", "--store", str(self.store), *argv],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
            env={"PRUNECLI_NOW": str(NOW // SECOND), "TZ": "UTC", "PYTHONUTF8": "1", **environment},
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)
