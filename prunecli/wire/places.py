"""Where each object occurs in a dump, taken apart object by object and put together again.

The Engine's own JSON of one object is `{place: {"at": position, "is": JSON}}`: an image stands in `images` and in
`df.Images`, each with an order of its own. `header` is the dump without them; a row of `df` that tells of nothing else
in the dump stays there, in the same form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prunecli.verdict import Kind
from prunecli.wire.fields import Json, Reader
from prunecli.wire.shapes import settle

Raw = dict[Kind, dict[str, Json]]

_LAST = 2**62  # a position behind all others


@dataclass(frozen=True, slots=True)
class Place:
    """A list in a dump: `path` leads to it, `key` is what names its objects."""

    kind: Kind
    path: str
    key: str = "Id"

    @property
    def in_df(self) -> bool:
        """Whether the list is part of `GET /system/df`."""
        return self.path.startswith("df.")

    @property
    def name(self) -> str:
        """The list's own key."""
        return self.path.removeprefix("df.")

    @property
    def newest_first(self) -> bool:
        """Whether an Engine lists what is newest first."""
        return self.kind in (Kind.CONTAINER, Kind.IMAGE)


@dataclass(frozen=True, slots=True)
class Writer:
    """What belongs into one list.

    `write` takes a name and what the Engine said of it in this place, None where it said nothing; it returns None for
    what is not listed.
    """

    names: Sequence[str]
    write: Callable[[str, Json | None], Json | None]


PLACES = (
    Place(Kind.CONTAINER, "containers"),
    Place(Kind.CONTAINER, "df.Containers"),
    Place(Kind.NETWORK, "networks"),
    Place(Kind.VOLUME, "volumes", "Name"),
    Place(Kind.VOLUME, "df.Volumes", "Name"),
    Place(Kind.IMAGE, "images"),
    Place(Kind.IMAGE, "df.Images"),
    Place(Kind.BUILD_CACHE, "df.BuildCache", "ID"),
)
"""The first place of a kind says which objects there are."""


def take_apart(dump: Reader) -> tuple[Raw, Json, dict[str, dict[str, Reader]]]:
    """Return the JSON of each object, the header, and for each place the objects there by name.

    Errors: DumpError for a list that is none, an object without a name, and one that is there twice.
    """
    raw: Raw = {kind: {} for kind in Kind}
    header = dict(dump.data)
    df = dump.sub("df")
    for part in ("version", "info", "df"):
        if header.get(part) is not None:
            header[part] = dict(settle(dump.sub(part), part))
    found: dict[str, dict[str, Reader]] = {}
    for place in PLACES:
        holder, kept = (df, header.get("df")) if place.in_df else (dump, header)
        here: dict[str, Reader] = {}
        strangers: list[Json] = []
        first = place.kind is Kind.BUILD_CACHE or not place.in_df
        for at, item in enumerate(holder.items(place.name)):
            name = item.name(place.key)
            if name in here:
                raise item.wrong(place.key, f'is there twice: "{name}"')
            settled = item.holding(settle(item, place.path))
            entry = {"at": at, "is": settled.data}
            if first or name in raw[place.kind]:
                here[name] = settled
                raw[place.kind].setdefault(name, {})[place.path] = entry
            else:
                strangers.append(entry)
        if kept is not None and holder.data.get(place.name) is not None:
            kept[place.name] = strangers
        found[place.path] = here
    return raw, header, found


def put_together(
    header: Mapping[str, Any], raw: Mapping[Kind, Mapping[str, Any]], writers: Mapping[str, Writer]
) -> Json:
    """Return the header with all lists filled.

    Objects keep their positions; new ones come first where an Engine lists the newest first, and last elsewhere. A list
    of df that is null or missing stays so while there is nothing to put into it.
    """
    document = dict(header)
    df: Json = dict(header.get("df") or {})
    for place in PLACES:
        holder = df if place.in_df else document
        items = _items(place, holder.get(place.name) or (), raw.get(place.kind, {}), writers[place.path])
        if items or not place.in_df or holder.get(place.name) is not None:
            holder[place.name] = items
    if df or "df" not in header:
        document["df"] = df
    return document


def _items(place: Place, strangers: Iterable[Json], raw: Mapping[str, Any], writer: Writer) -> list[Json]:
    placed: list[tuple[int, int, Json]] = [(entry["at"], 0, entry["is"]) for entry in strangers]
    new = -1 if place.newest_first else _LAST
    for n, name in enumerate(writer.names):
        said = (raw.get(name) or {}).get(place.path)
        item = writer.write(name, said["is"] if said else None)
        if item is not None:
            placed.append((said["at"] if said else new, n, item))
    return [item for *_, item in sorted(placed, key=lambda entry: entry[:2])]
