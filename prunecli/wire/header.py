"""What a dump says of the Engine as a whole: versions, image store, disk, and the sums of `GET /system/df`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prunecli.errors import TimestampError
from prunecli.kinds.build_cache import DiskStat
from prunecli.profile import ImageStore, Profile, format_api, make_profile, parse_api
from prunecli.snapshot import Snapshot
from prunecli.units import format_instant, parse_rfc3339
from prunecli.wire.derived import Derived
from prunecli.wire.fields import Json, Reader
from prunecli.wire.text import FORMAT

BASIS = "basis"
"""What followed from the snapshot when it was read, beside what the Engine said; never part of a dump."""

_SNAPSHOTTER = "io.containerd.snapshotter.v1"


def read_profile(dump: Reader) -> Profile:
    """Return the profile of the Engine that a dump is from; it speaks the newest API that it knows."""
    for key in ("LayersSize", "BuilderSize"):
        dump.sub("df").number(key, 0)
    version = dump.sub("version")
    return make_profile(
        version.name("Version"),
        _read_api(version, "ApiVersion"),
        _image_store(dump.sub("info")),
        min_api=_read_api(version, "MinAPIVersion") if version.data.get("MinAPIVersion") else (1, 24),
    )


def _read_api(version: Reader, key: str) -> tuple[int, int]:
    text = version.name(key)
    try:
        return parse_api(text)
    except ValueError:
        raise version.wrong(key, f'is "{text}": expected an API version such as 1.51') from None


def _image_store(info: Reader) -> ImageStore:
    """Tell the image store by the driver's status, which only the containerd store gives a type."""
    status = info.data.get("DriverStatus")
    typed = isinstance(status, list) and ["driver-type", _SNAPSHOTTER] in status
    return ImageStore.CONTAINERD if typed else ImageStore.GRAPH


def read_disk(dump: Reader) -> DiskStat | None:
    """Return the file system below the data root, None where the dump does not say."""
    disk = dump.sub("disk")
    return DiskStat(disk.number("total"), disk.number("free")) if disk.data else None


def write_header(snapshot: Snapshot, header: Mapping[str, Any], now: Derived) -> Json:
    """Return the header as it stands for this snapshot; without one, what an Engine of its profile would say."""
    document = {key: value for key, value in header.items() if key != BASIS}
    document.setdefault("format", FORMAT)
    if _instant(document.get("taken")) != snapshot.taken_at:
        document["taken"] = format_instant(snapshot.taken_at)
    _write_profile(snapshot.profile, document)
    df: Json = dict(document.get("df") or {})
    basis = header.get(BASIS) or {"layers_size": 0, "builder_size": 0}
    for key, was, is_now in (
        ("LayersSize", basis["layers_size"], now.layers_size),
        ("BuilderSize", basis["builder_size"], now.builder_size),
    ):
        if was != is_now and (key in df or key == "LayersSize"):
            df[key] = max((df.get(key) or 0) + is_now - was, 0)
    if df:
        document["df"] = df
    disk = snapshot.disk
    said = document.get("disk") or {}
    if disk is not None and (said.get("total"), said.get("free")) != (disk.total, disk.free):
        document["disk"] = {**said, "total": disk.total, "free": disk.free}
    elif disk is None:
        document.pop("disk", None) if said else None
    return document


def told_layers_size(header: Mapping[str, Any], computed: int) -> int:
    """Return the bytes of the image store: what the Engine said, moved by what has changed since.

    `computed` is what follows from the snapshot now; it stands where the Engine said nothing.
    """
    df, basis = header.get("df") or {}, header.get(BASIS)
    if basis is None or "LayersSize" not in df:
        return computed
    return max((df["LayersSize"] or 0) + computed - int(basis["layers_size"]), 0)


def _instant(text: Any) -> int | None:
    try:
        return parse_rfc3339(text) if isinstance(text, str) else None
    except TimestampError:
        return None


def _write_profile(profile: Profile, document: Json) -> None:
    version, info = document.get("version") or {}, document.get("info") or {}
    if version.get("Version") != profile.engine or version.get("ApiVersion") != format_api(profile.max_api):
        document["version"] = {
            **version,
            "Version": profile.engine,
            "ApiVersion": format_api(profile.max_api),
            "MinAPIVersion": format_api(profile.min_api),
            "Os": version.get("Os", "linux"),
            "Arch": version.get("Arch", "amd64"),
        }
    if not info or _image_store(Reader(info, "info", "")) is not profile.image_store:
        document["info"] = {
            **info,
            "ServerVersion": profile.engine,
            "Driver": "overlayfs" if profile.containerd else "overlay2",
            "DriverStatus": [["driver-type", _SNAPSHOTTER]] if profile.containerd else [],
            "OSType": info.get("OSType", "linux"),
            "Architecture": info.get("Architecture", "x86_64"),
        }
