"""`system df`: what takes space, and what could come back.

Source: `cli-and-api.md` 6 of the specification.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import click

from prunecli.cli import df_rows
from prunecli.cli.formats import RAW, TABLE, Fields, Format, contained, context, table
from prunecli.cli.pflag import DockerCommand, Flag, Text
from prunecli.cli.session import Session
from prunecli.errors import PrunecliError
from prunecli.printable import printable
from prunecli.profile import format_api
from prunecli.units import Instant, format_size
from prunecli.usage import DiskUsage, Totals, measure
from prunecli.verdict import Kind

FIRST_API = (1, 25)

_COLUMNS = {
    "Type": "TYPE",
    "TotalCount": "TOTAL",
    "Active": "ACTIVE",
    "Size": "SIZE",
    "Reclaimable": "RECLAIMABLE",
}
_RAW = {"type": "Type", "total": "TotalCount", "active": "Active", "size": "Size", "reclaimable": "Reclaimable"}
_RAW_DETAILS = {
    "Images": (
        "Image",
        {
            "repository": "Repository",
            "tag": "Tag",
            "digest": "Digest",
            "image_id": "ID",
            "created_at": "CreatedAt",
            "virtual_size": "Size",
        },
    ),
    "Containers": (
        "Container",
        {
            "container_id": "ID",
            "image": "Image",
            "command": "Command",
            "created_at": "CreatedAt",
            "state": "State",
            "status": "Status",
            "names": "Names",
            "labels": "Labels",
            "ports": "Ports",
            "size": "Size",
        },
    ),
    "Volumes": ("Volume", {"name": "Name", "driver": "Driver"}),
    "BuildCache": (
        "Build Cache",
        {
            "build_cache_id": "ID",
            "parent_id": "Parent",
            "build_cache_type": "CacheType",
            "description": "Description",
            "created_at": "CreatedAt",
            "created_since": "CreatedSince",
            "last_used_at": "LastUsedAt",
            "last_used_since": "LastUsedSince",
            "usage_count": "UsageCount",
            "in_use": "InUse",
            "shared": "Shared",
        },
    ),
}
"""The labels of `raw` lines and their fields; each object begins with its type."""
_NO_TRAILING_SPACE = ("State", "Status", "Labels", "Ports")
_GO_TYPES = {
    "Images": "*formatter.imageContext",
    "Containers": "*formatter.ContainerContext",
    "Volumes": "*formatter.volumeContext",
    "BuildCache": "*formatter.buildCacheContext",
}

Said = Mapping[Kind, df_rows.Said]
Sections = Mapping[str, list[Fields]]
"""The rows of the four kinds, under the names that a template uses."""


@runtime_checkable
class TellsObjects(Protocol):
    """A world that knows what an Engine said of its objects."""

    def raw(self) -> Said:
        """Map each kind to the Engine's own JSON of its objects, by id (volumes: name)."""


@runtime_checkable
class TellsSums(Protocol):
    """A world that knows what an Engine said beside its objects."""

    def header(self) -> Mapping[str, Any]:
        """Return an Engine dump without its objects."""


@click.command(
    "df",
    cls=DockerCommand,
    params=[
        Flag(
            ["--format"],
            type=Text("string"),
            help="'table', 'table TEMPLATE', 'json', 'raw', or a Go template for each line",
        ),
        Flag(["-v", "--verbose"], is_flag=True, help="Show every image, container, volume and cache record"),
    ],
    help="""Show what takes space, and what could come back.

    Sizes are decimal: 1kB is 1000 bytes.
    """,
)
@click.pass_obj
def system_df(session: Session, format: str | None, verbose: bool) -> int:
    """Measure the world and print it in the form that was asked for."""
    now = session.clock.now()
    world = session.world()
    snapshot = world.snapshot(now)
    said: Said = world.raw() if verbose and isinstance(world, TellsObjects) else {}
    api = session.api(snapshot.profile)
    if api < FIRST_API:
        raise PrunecliError(
            f"prunecli system df requires API version {format_api(FIRST_API)}, "
            f"but the Docker daemon API version is {session.api_text(snapshot.profile)}"
        )
    usage = measure(snapshot)
    if snapshot.profile.containerd and isinstance(world, TellsSums):
        from prunecli.wire.header import told_layers_size

        usage = replace(usage, layers_size=told_layers_size(world.header(), usage.layers_size))
    chosen = Format(format or TABLE)
    if verbose:
        return _print_details(usage, said, now, chosen)
    sys.stdout.write(_summary(usage, chosen))
    return 0


def _summary(usage: DiskUsage, format: Format) -> str:
    rows = summary_rows(usage)
    if format.given == TABLE:
        return table(_COLUMNS, rows.values())
    if format.given == RAW:
        return "".join(_raw(_RAW, row) for row in rows.values())
    return format.render(rows.items(), _COLUMNS)


def summary_rows(usage: DiskUsage) -> dict[str, Fields]:
    """Return the four lines of a summary, by the Go type that Docker gives each."""
    return {
        "*formatter.diskUsageImagesContext": _line("Images", usage.image_totals),
        "*formatter.diskUsageContainersContext": _line("Containers", usage.container_totals),
        "*formatter.diskUsageVolumesContext": _line("Local Volumes", usage.volume_totals),
        "*formatter.diskUsageBuilderContext": _line("Build Cache", usage.build_cache_totals, percent=False),
    }


def _line(name: str, totals: Totals, *, percent: bool = True) -> Fields:
    share = ""
    if percent and totals.size > 0:
        # Go divides towards zero, and Python towards minus infinity.
        part = abs(totals.reclaimable) * 100 // totals.size
        share = f" ({-part if totals.reclaimable < 0 else part}%)"
    return {
        "Type": name,
        "TotalCount": str(totals.count),
        "Active": str(totals.active),
        "Size": format_size(totals.size),
        "Reclaimable": format_size(totals.reclaimable) + share,
    }


def _raw(labels: Mapping[str, str], row: Fields) -> str:
    """Return one object as lines `label: value`, and an empty one."""
    lines: list[str] = []
    for label, name in labels.items():
        value = printable(str(row[name]))
        lines.append(f"{label}:" if name in _NO_TRAILING_SPACE and not value else f"{label}: {value}")
    return "\n".join([*lines, "", ""])


def _print_details(usage: DiskUsage, said: Said, now: Instant, format: Format) -> int:
    """Print `-v`; a template that fails in the middle has printed what came before, as in Docker."""
    sections = _sections(usage, said, now, cut=format.is_table)
    if format.given == TABLE:
        sys.stdout.write(_detail_tables(usage, sections))
        return 0
    if format.given == RAW:
        for name, (type, labels) in _RAW_DETAILS.items():
            sys.stdout.write("".join(f"type: {type}\n" + _raw(labels, row) for row in sections[name]))
        return 0
    text, error = format.parse().run(_as_struct(sections))
    sys.stdout.write(contained(text, format.body))
    if error is not None:
        raise error
    return 0


def _sections(usage: DiskUsage, said: Said, now: Instant, *, cut: bool) -> Sections:
    containers, volumes = said.get(Kind.CONTAINER, {}), said.get(Kind.VOLUME, {})
    return {
        "Images": [df_rows.image_fields(i, now, cut=cut) for i in usage.images],
        "Containers": [df_rows.container_fields(c, containers, now, cut=cut) for c in usage.containers],
        "Volumes": [df_rows.volume_fields(v, volumes) for v in usage.volumes],
        "BuildCache": [df_rows.cache_fields(r, now, cut=cut) for r in df_rows.by_last_use(usage.build_cache)],
    }


def _detail_tables(usage: DiskUsage, sections: Sections) -> str:
    cache_size = format_size(usage.build_cache_totals.size)
    parts = [
        ("Images space usage:", df_rows.IMAGE_COLUMNS, sections["Images"]),
        ("Containers space usage:", df_rows.CONTAINER_COLUMNS, sections["Containers"]),
        ("Local Volumes space usage:", df_rows.VOLUME_COLUMNS, sections["Volumes"]),
        (f"Build cache usage: {cache_size}", df_rows.CACHE_COLUMNS, sections["BuildCache"]),
    ]
    return "\n".join(f"{title}\n\n{table(columns, rows)}" for title, columns, rows in parts)


def _as_struct(sections: Sections) -> object:
    from prunecli.gotemplate import Struct, typed

    lists = {
        name: typed([context(_GO_TYPES[name], row) for row in rows], f"[]{_GO_TYPES[name]}")
        for name, rows in sections.items()
    }
    return Struct("*formatter.diskUsageContext", lists)
