"""Everything that an Engine says of itself, read concurrently and put together as an Engine dump.

Source: Docker Engine API; the form is that of `prunecli.wire`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from prunecli.backends.engine.connection import Connection, segment
from prunecli.backends.engine.lanes import Lanes, Task
from prunecli.errors import NotFoundError, RefusedError
from prunecli.profile import STATE_STORE

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
        self._lanes = Lanes(_LOCAL_LANES if connection.local else _REMOTE_LANES)
        self._said: dict[str, Any] = {}
        self._found: dict[str, list[Json]] = {kind: [] for kind in ("containers", "images", "networks")}
        self._done = self._expected = 0
        self._counting = threading.Lock()

    def dump(self) -> Json:
        """Read the lists, and every object of a list as soon as that is there, while the Engine measures its disk."""
        self._add(self._read_images)
        self._add(self._measure_twice)
        self._add(partial(self._read, "info", "/info"))
        self._add(self._read_containers)
        self._add(self._read_networks)
        self._add(partial(self._read, "volumes", "/volumes"))
        self._lanes.run()
        self._add_sizes()
        from prunecli.wire import FORMAT

        return {
            "format": FORMAT,
            "taken": datetime.now(UTC).isoformat(),
            "version": _part(self._connection.version, _VERSION),
            "info": _part(self._said["info"], _INFO),
            **{kind: [found for found in self._found[kind] if found] for kind in self._found},
            "volumes": (self._said["volumes"] or {}).get("Volumes") or [],
            "df": self._said["df"],
            **_disk_part(disk_of(self._connection, self._said["info"])),
        }

    # Lists

    def _read_containers(self) -> None:
        for row, place in self._read_list("containers", "/containers/json", all="1"):
            self._add(partial(self._read_object, f"/containers/{row['Id']}/json", place))

    def _read_networks(self) -> None:
        for row, place in self._read_list("networks", "/networks"):
            self._add(partial(self._read_object, f"/networks/{row['Id']}", place))

    def _read_images(self) -> None:
        for row, place in self._read_list("images", "/images/json", all="1", manifests="1"):
            self._add(partial(self._read_image, row, place))

    def _read_list(self, kind: str, path: str, **query: str) -> list[tuple[Json, Json]]:
        """Return the rows of a list, each with the place for its object; they keep the list's order."""
        rows = self._connection.get(path, **query) or []
        self._found[kind] = [{} for _ in rows]
        return list(zip(rows, self._found[kind], strict=True))

    def _measure_twice(self) -> None:
        self._measure("measured", **self._only_build_cache())
        self._add(partial(self._measure, "df"))

    # What the lists lead to

    def _only_build_cache(self) -> dict[str, str]:
        return {"type": "build-cache"} if self._api >= _TYPED_DF else {}

    def _add(self, task: Task) -> None:
        """Take a task, and count it once it is done."""

        def counted() -> None:
            task()
            with self._counting:
                self._done += 1
                if self._progress:
                    self._progress(self._done, self._expected)

        with self._counting:
            self._expected += 1
        self._lanes.add(counted)

    def _read(self, key: str, path: str, **query: str) -> None:
        self._said[key] = self._connection.get(path, **query)

    def _measure(self, key: str, **query: str) -> None:
        """Ask for the disk usage, again when something that was to be measured vanished meanwhile.

        Engines before 23.0 answer only one at a time, and the other is waited for.
        """
        vanished = 0
        while True:
            try:
                self._read(key, "/system/df", **query)
                return
            except RefusedError as error:
                vanished += isinstance(error, NotFoundError)
                if vanished > _ATTEMPTS or (_MEASURING not in error.message and not isinstance(error, NotFoundError)):
                    raise
            time.sleep(_BREATH)

    def _read_object(self, path: str, place: Json) -> None:
        """Fill in what one object is; its place stays empty when it is gone."""
        try:
            place.update(self._connection.get(path))
        except NotFoundError:
            pass
        except RefusedError:
            if not self._gone(path):
                raise

    def _read_image(self, row: Json, place: Json) -> None:
        """Fill in an image with its history and its row in the list; it is there whole or not at all."""
        path = f"/images/{segment(row['Id'])}"
        whole: Json = {}
        self._read_object(f"{path}/json", whole)
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

    def _add_sizes(self) -> None:
        """Put the sizes of `df` where `size=1` would put them, so that the Engine measures each container only once.

        A container that came after the measuring is asked for its size alone.
        """
        sizes = {row["Id"]: row for row in self._said["df"].get("Containers") or []}
        for container in self._found["containers"]:
            row = sizes.get(container.get("Id", ""))
            if row is not None:
                container["SizeRw"], container["SizeRootFs"] = row.get("SizeRw", 0), row.get("SizeRootFs", 0)
            elif container:
                path = f"/containers/{container['Id']}/json?size=1"
                container.clear()
                self._read_object(path, container)


def disk_of(connection: Connection, info: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the bytes of the file system below the data root, in total and free, None where nobody can say.

    The API does not tell them: only a local file system can be asked. A served state store tells its own.
    """
    if info.get("OperatingSystem") == STATE_STORE:
        try:
            disk = connection.get("/prunecli/disk")
        except NotFoundError:  # an older prunecli serves it
            return None
        return (disk["total"], disk["free"]) if disk else None
    root = info.get("DockerRootDir")
    if not (connection.local and isinstance(root, str) and os.path.isabs(root)):
        return None
    try:
        found = os.statvfs(root)
    except (OSError, ValueError):
        return None
    return found.f_blocks * found.f_frsize, found.f_bfree * found.f_frsize


def _disk_part(disk: tuple[int, int] | None) -> Json:
    return {"disk": {"total": disk[0], "free": disk[1]}} if disk else {}


def _part(said: Json, keys: Iterable[str]) -> Json:
    return {key: said[key] for key in keys if key in said}
