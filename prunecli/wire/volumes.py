"""Volumes: the items of `GET /volumes` and their rows of `GET /system/df`, to a record and back."""

from __future__ import annotations

from prunecli.kinds.volume import Volume
from prunecli.units import format_instant
from prunecli.wire.fields import Json, Reader, patched

UNKNOWN_SIZE = -1


def read_volume(item: Reader, row: Reader | None) -> Volume:
    """Return the record of one volume; its size is -1 where no row of `df` tells it."""
    size = UNKNOWN_SIZE
    if row is not None:
        size = row.sub("UsageData").number("Size", UNKNOWN_SIZE)
    return Volume(
        name=item.name("Name"),
        driver=item.text("Driver", ""),
        created_at=item.instant("CreatedAt"),
        labels=item.labels("Labels"),
        options=item.labels("Options"),
        size=size,
        scope=item.text("Scope", "local"),
    )


def write_volume(volume: Volume, said: Json | None) -> Json:
    """Return the item of `GET /volumes`."""
    return said if said is not None else _new(volume)


def write_volume_row(volume: Volume, said: Json | None, users: int | None) -> Json:
    """Return the row of `GET /system/df`; `users` counts who mounts it, None where that did not change."""
    row = said if said is not None else {**_new(volume), "UsageData": {"RefCount": users or 0, "Size": volume.size}}
    usage: Json = row.get("UsageData") or {}
    values: Json = {}
    if users is not None and usage.get("RefCount") != users:
        values["RefCount"] = users
    if usage.get("Size", UNKNOWN_SIZE) != volume.size:
        values["Size"] = volume.size
    return patched(row, UsageData=patched(usage, **values)) if values else row


def _new(volume: Volume) -> Json:
    return {
        "CreatedAt": "" if volume.created_at is None else format_instant(volume.created_at, digits=0),
        "Driver": volume.driver,
        "Labels": dict(volume.labels) or None,
        "Mountpoint": f"/var/lib/docker/volumes/{volume.name}/_data",
        "Name": volume.name,
        "Options": dict(volume.options) or None,
        "Scope": volume.scope,
    }
