"""Everything that an Engine says of itself, read concurrently and put together as an Engine dump.

Source: Docker Engine API; the form is that of `prunecli.wire`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from prunecli.backends.engine.connection import Connection, segment
from prunecli.backends.engine.lanes import Task, run_all
from prunecli.errors import NotFoundError, RefusedError
from prunecli.wire import FORMAT

Json = dict[str, Any]
Progress = Callable[[int, int], None]
"""Hears how many answers are there, and how many are expected; called from several threads, one at a time."""

_LOCAL_LANES = 4
_REMOTE_LANES = 8
_TYPED_DF = (1, 42)
"""The API from which `/system/df` can be asked for one kind alone."""
_MEASURING = "a disk usage operation is already running"
_BREATH = 0.1  # seconds
_ATTEMPTS = 20
_INFO = ("ServerVersion", "Driver", "DriverStatus", "OSType", "Architecture")
_VERSION = ("Version", "ApiVersion", "MinAPIVersion", "Os", "Arch")


def read_engine(connection: Connection, api: tuple[int, int], progress: Progress | None = None) -> Json:
    """Return the dump of an Engine as it is now; what vanishes while it is read is left out.

    `/system/df` is read twice and the second answer kept: measuring a new cache mount counts as a use of it, which the
    first answer does not show yet. Errors: EngineError, RefusedError.
    """
    return _Reading(connection, api, progress).dump()


class _Reading:
    def __init__(self, connection: Connection, api: tuple[int, int], progress: Progress | None) -> None:
        self._connection = connection
        self._api = api
        self._progress = progress
        self._said: dict[str, Any] = {}
        self._done = self._expected = 0
        self._counting = threading.Lock()

    def dump(self) -> Json:
        """Read lists first, then every object of them while the Engine measures its disk."""
        self._run(
            [
                partial(self._measure, "measured", **self._only_build_cache()),
                self._into("info", "/info"),
                self._into("containers", "/containers/json", all="1"),
                self._into("images", "/images/json", all="1", manifests="1"),
                self._into("networks", "/networks"),
                self._into("volumes", "/volumes"),
            ]
        )
        rows = {kind: self._said[kind] or [] for kind in ("containers", "images", "networks")}
        containers: list[Json] = [{} for _ in rows["containers"]]
        networks: list[Json] = [{} for _ in rows["networks"]]
        images: list[Json] = [{} for _ in rows["images"]]
        self._run(
            [
                partial(self._measure, "df"),
                *(
                    partial(self._object, f"/containers/{r['Id']}/json", o)
                    for r, o in _pairs(rows, "containers", containers)
                ),
                *(partial(self._object, f"/networks/{r['Id']}", o) for r, o in _pairs(rows, "networks", networks)),
                *(partial(self._image, r, o) for r, o in _pairs(rows, "images", images)),
            ]
        )
        df = self._said["df"]
        _add_sizes(containers, df.get("Containers") or [])
        return {
            "format": FORMAT,
            "taken": datetime.now(UTC).isoformat(),
            "version": _part(self._connection.version, _VERSION),
            "info": _part(self._said["info"], _INFO),
            "containers": [c for c in containers if c],
            "images": [i for i in images if i],
            "networks": [n for n in networks if n],
            "volumes": (self._said["volumes"] or {}).get("Volumes") or [],
            "df": df,
            **self._disk(),
        }

    def _only_build_cache(self) -> dict[str, str]:
        return {"type": "build-cache"} if self._api >= _TYPED_DF else {}

    def _run(self, tasks: list[Task]) -> None:
        self._expected += len(tasks)
        run_all(tasks, _LOCAL_LANES if self._connection.local else _REMOTE_LANES)

    def _into(self, key: str, path: str, **query: str) -> Task:
        def task() -> None:
            self._said[key] = self._connection.get(path, **query)
            self._count()

        return task

    def _measure(self, key: str, **query: str) -> None:
        """Ask for the disk usage, again when something that was to be measured vanished meanwhile.

        Engines before 23.0 answer only one at a time, and the other is waited for.
        """
        vanished = 0
        while True:
            try:
                self._into(key, "/system/df", **query)()
                return
            except RefusedError as error:
                vanished += isinstance(error, NotFoundError)
                if vanished > _ATTEMPTS or (_MEASURING not in error.message and not isinstance(error, NotFoundError)):
                    raise
            time.sleep(_BREATH)

    def _object(self, path: str, place: Json) -> None:
        """Fill in what one object is; its place stays empty when it is gone."""
        try:
            place.update(self._connection.get(path))
        except NotFoundError:
            pass
        except RefusedError:
            if not self._gone(path):
                raise
        self._count()

    def _image(self, row: Json, place: Json) -> None:
        """Fill in an image with its history and its row in the list; it is there whole or not at all."""
        path = f"/images/{segment(row['Id'])}"
        whole: Json = {}
        self._object(f"{path}/json", whole)
        if not whole:
            return
        try:
            history = self._connection.get(f"{path}/history")
        except RefusedError:
            if not self._gone(f"{path}/json"):
                raise
            return
        place.update(whole, History=history, Summary=row)

    def _gone(self, path: str) -> bool:
        """Say whether an object is gone: while it goes, an Engine may answer with an error of another kind."""
        try:
            self._connection.get(path)
        except NotFoundError:
            return True
        except RefusedError:
            return False
        return False

    def _count(self) -> None:
        with self._counting:
            self._done += 1
            if self._progress:
                self._progress(self._done, self._expected)

    def _disk(self) -> Json:
        """Return the file system below the data root, which the API does not tell: only a local one can be asked."""
        root = self._said["info"].get("DockerRootDir")
        if not (self._connection.local and isinstance(root, str) and os.path.isabs(root)):
            return {}
        try:
            found = os.statvfs(root)
        except OSError:
            return {}
        return {"disk": {"total": found.f_blocks * found.f_frsize, "free": found.f_bfree * found.f_frsize}}


def _pairs(rows: dict[str, list[Json]], kind: str, places: list[Json]) -> Iterable[tuple[Json, Json]]:
    return zip(rows[kind], places, strict=True)


def _part(said: Json, keys: Iterable[str]) -> Json:
    return {key: said[key] for key in keys if key in said}


def _add_sizes(containers: list[Json], rows: list[Json]) -> None:
    """Put the sizes of `df` where `size=1` would put them, so that the Engine measures each container only once."""
    sizes = {row["Id"]: row for row in rows}
    for container in containers:
        row = sizes.get(container.get("Id", ""))
        if container and row is not None:
            container["SizeRw"], container["SizeRootFs"] = row.get("SizeRw", 0), row.get("SizeRootFs", 0)
