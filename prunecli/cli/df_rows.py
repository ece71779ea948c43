"""The rows of `system df -v`: what is said of each image, container, volume and build cache record, in Docker's words.

`cut` is for tables: ids of 12 digits, a command of 20 cells.
Source: docker CLI (cli/command/formatter); `cli-and-api.md` 6.2 and 6.3 of the specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prunecli.cli.formats import Fields
from prunecli.details import Port, container_details, said_in
from prunecli.kinds.build_cache import CacheRecord, UsageRow
from prunecli.kinds.image.references import listed, short_id
from prunecli.tables import truncate_display
from prunecli.units import (
    SECOND,
    Instant,
    format_go_time,
    format_size,
    go_quote,
    human_duration,
    local_utc_offset,
    local_zone_name,
)
from prunecli.usage import ContainerUsage, ImageUsage, VolumeUsage

NONE = "<none>"
NOT_AVAILABLE = "N/A"

IMAGE_COLUMNS = {
    "Repository": "REPOSITORY",
    "Tag": "TAG",
    "ID": "IMAGE ID",
    "CreatedSince": "CREATED",
    "Size": "SIZE",
    "SharedSize": "SHARED SIZE",
    "UniqueSize": "UNIQUE SIZE",
    "Containers": "CONTAINERS",
}
CONTAINER_COLUMNS = {
    "ID": "CONTAINER ID",
    "Image": "IMAGE",
    "Command": "COMMAND",
    "LocalVolumes": "LOCAL VOLUMES",
    "Size": "SIZE",
    "RunningFor": "CREATED",
    "Status": "STATUS",
    "Names": "NAMES",
}
VOLUME_COLUMNS = {"Name": "VOLUME NAME", "Links": "LINKS", "Size": "SIZE"}
CACHE_COLUMNS = {
    "ID": "CACHE ID",
    "CacheType": "CACHE TYPE",
    "Size": "SIZE",
    "CreatedSince": "CREATED",
    "LastUsedSince": "LAST USED",
    "UsageCount": "USAGE",
    "Shared": "SHARED",
}

Said = Mapping[str, Any]
"""What a store keeps of the Engine's own JSON, by the ids of one kind (volumes: names)."""


def image_fields(row: ImageUsage, now: Instant, *, cut: bool) -> Fields:
    """Return what is said of an image: of its references the first tag alone."""
    image = row.image
    created = (image.created_at or 0) // SECOND * SECOND
    reference = listed(image.tags[0]) if image.tags else None
    return {
        "Containers": str(row.containers),
        "CreatedAt": local_time(created),
        "CreatedSince": _ago(now - created),
        "Digest": "",
        "ID": short_id(image.id) if cut else image.id,
        "Repository": reference.familiar_repository if reference else NONE,
        "SharedSize": _known(row.shared_size),
        "Size": format_size(image.size, 3),
        "Tag": (reference.tag if reference else "") or NONE,
        "UniqueSize": _known(row.unique_size),
        "VirtualSize": format_size(image.size),
    }


def container_fields(row: ContainerUsage, said: Said, now: Instant, *, cut: bool) -> Fields:
    """Return what is said of a container."""
    container = row.container
    details = container_details(container, said.get(container.id), now)
    created = container.created_at // SECOND * SECOND
    return {
        "Command": go_quote(truncate_display(details.command, 20) if cut else details.command),
        "CreatedAt": local_time(created),
        "ID": short_id(container.id) if cut else container.id,
        "Image": _image_text(row, cut=cut),
        "Labels": ",".join(sorted(f"{k}={v}" for k, v in container.labels.items())),
        "LocalVolumes": str(details.local_volumes),
        "Mounts": ",".join(mount.shown for mount in details.mounts),
        "Names": _names(details.names, cut=cut),
        "Networks": ",".join(details.networks),
        "Platform": None,
        "Ports": ", ".join(_port_texts(details.ports)),
        "RunningFor": _ago(now - created),
        "Size": format_size(container.size, 3),
        "State": container.state,
        "Status": details.status,
    }


def volume_fields(row: VolumeUsage, said: Said) -> Fields:
    """Return what is said of a volume."""
    volume = row.volume
    mountpoint = said_in(said.get(volume.name), "volumes").get("Mountpoint")
    return {
        "Availability": NOT_AVAILABLE,
        "Driver": volume.driver,
        "Group": NOT_AVAILABLE,
        "Labels": ",".join(sorted(f"{k}={v}" for k, v in volume.labels.items())),
        "Links": str(row.links),
        "Mountpoint": mountpoint if isinstance(mountpoint, str) else f"/var/lib/docker/volumes/{volume.name}/_data",
        "Name": volume.name,
        "Scope": volume.scope,
        "Size": format_size(volume.size),
        "Status": NOT_AVAILABLE,
    }


def cache_fields(row: UsageRow, now: Instant, *, cut: bool) -> Fields:
    """Return what is said of a build cache record."""
    record = row.record
    used = record.last_used_at
    parents = ", ".join(record.parents)
    return {
        "CacheType": record.type,
        "CreatedAt": utc_time(record.created_at),
        "CreatedSince": _ago(now - record.created_at),
        "Description": record.description,
        "ID": (short_id(record.id) if cut else record.id) + ("*" if row.in_use else ""),
        "InUse": _truth(row.in_use),
        "LastUsedAt": "" if used is None else utc_time(used),
        "LastUsedSince": "" if used is None else _ago(now - used),
        "Parent": short_id(parents) if cut else parents,
        "Shared": _truth(row.shared),
        "Size": format_size(row.size, 3),
        "UsageCount": str(record.usage_count),
    }


def by_last_use(rows: Iterable[UsageRow]) -> list[UsageRow]:
    """Return build cache in the order of a detailed list: never used first, then longest unused."""

    def key(record: CacheRecord) -> tuple[bool, Instant, str]:
        return record.last_used_at is not None, record.last_used_at or 0, record.id

    return sorted(rows, key=lambda row: key(row.record))


def local_time(instant: Instant) -> str:
    """Return Go's form of a time in the local zone, whole seconds."""
    offset, zone = local_utc_offset(instant), local_zone_name(instant)
    return format_go_time(instant, utc_offset=offset, zone_name=zone, nanos=False)


def utc_time(instant: Instant) -> str:
    """Return Go's form of a time in UTC, with its nanoseconds."""
    return format_go_time(instant, utc_offset=0, zone_name="UTC", nanos=True)


def _ago(span: int) -> str:
    return f"{human_duration(span)} ago"


def _known(size: int) -> str:
    return NOT_AVAILABLE if size == -1 else format_size(size)


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _image_text(row: ContainerUsage, *, cut: bool) -> str:
    if not row.image:
        return "<no image>"
    if not cut:
        return row.image
    if short_id(row.image) == short_id(row.container.image_id):
        return short_id(row.image)
    reference = listed(row.image)
    return reference.familiar_repository + (f":{reference.tag}" if reference.tag else "")


def _names(names: tuple[str, ...], *, cut: bool) -> str:
    """Return the names, those by which other containers link to it left out of a table."""
    own = [name for name in names if "/" not in name]
    return own[0] if cut and own else ",".join(names)


def _port_texts(ports: Iterable[Port]) -> Iterator[str]:
    """Yield ports as Docker lists them: neighbours with the same number on both sides as one range, the rest last.

    A range goes out where the next one of its address and protocol begins; the last of each go out in the end.
    """
    ranges: dict[tuple[str, str], tuple[int, int]] = {}
    mapped: list[str] = []
    for port in sorted(ports, key=lambda p: (p.private, p.ip, p.public, p.type)):
        key = (port.ip, port.type)
        if port.ip and port.public != port.private:
            mapped.append(f"{_host(port.ip)}:{port.public}->{port.private}/{port.type}")
        elif key in ranges and port.private == ranges[key][1] + 1:
            ranges[key] = (ranges[key][0], port.private)
        else:
            if key in ranges:
                yield _range_text(key, ranges[key])
            ranges[key] = (port.private, port.private)
    yield from (_range_text(key, span) for key, span in ranges.items())
    yield from mapped


def _range_text(key: tuple[str, str], span: tuple[int, int]) -> str:
    ip, protocol = key
    numbers = f"{span[0]}-{span[1]}" if span[0] != span[1] else str(span[0])
    return f"{_host(ip)}:{numbers}->{numbers}/{protocol}" if ip else f"{numbers}/{protocol}"


def _host(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip
