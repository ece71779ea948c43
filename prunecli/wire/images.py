"""Images: `GET /images/{id}/json` with history and list row, and the row of `GET /system/df`, to a record and back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prunecli.kinds.image import Image
from prunecli.profile import Profile
from prunecli.units import SECOND, format_instant
from prunecli.wire.containers import ZERO_TIME
from prunecli.wire.content import write_content
from prunecli.wire.fields import Json, Reader, patched
from prunecli.wire.layers import HistoryRow, LayeredImage

_NO_TAG, _NO_DIGEST = "<none>:<none>", "<none>@<none>"
_EMPTY_LISTS = (1, 43)
"""The API from which lists say `[]` for an image without references; before, they show placeholders."""
_COUNTED = (1, 51)
"""The API from which lists count an image's containers; before, they say -1."""


def read_image(inspect: Reader, row: Reader | None) -> Image:
    """Return the record of one image, without its layers and blobs.

    Its size is that of its row in `df`, or else of the list, or else the inspection's.
    """
    size = inspect.number("Size", 0)
    for place in (inspect.sub("Summary"), row):
        if place is not None:
            size = place.number("Size", size)
            place.texts("RepoTags"), place.texts("RepoDigests"), place.number("Containers", 0)
    config = inspect.data.get("Config")
    tagged_at = inspect.sub("Metadata").instant("LastTagTime")
    return Image(
        id=inspect.name("Id"),
        parent=inspect.text("Parent", ""),
        created_at=inspect.instant("Created"),
        labels=None if config is None else inspect.sub("Config").labels("Labels"),
        tags=_references(inspect.texts("RepoTags")),
        digests=_references(inspect.texts("RepoDigests")),
        recorded_at=tagged_at if "Descriptor" in inspect.data else None,
        size=size,
        attested=any(
            m.text("Kind", "") == "attestation" and m.flag("Available", True)
            for m in inspect.sub("Summary").items("Manifests")
        ),
    )


def read_layers(inspect: Reader) -> LayeredImage:
    """Return what an image says of its layers."""
    root = inspect.sub("RootFS")
    rows: list[HistoryRow] = []
    for h in reversed(inspect.items("History")):
        h.text("Id", "")
        size = max(h.number("Size", 0), 0)
        rows.append(HistoryRow(h.text("CreatedBy", ""), h.text("Comment", ""), h.number("Created", 0), size))
    return LayeredImage(
        id=inspect.name("Id"),
        diff_ids=root.texts("Layers"),
        rows=tuple(rows),
        created_at=inspect.instant("Created"),
        size=inspect.number("Size", 0),
        tagged=bool(_references(inspect.texts("RepoTags"))),
    )


def _references(refs: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ref for ref in refs if ref not in (_NO_TAG, _NO_DIGEST)))


def write_image(
    image: Image,
    said: Json | None,
    *,
    before: Image | None,
    users: int | None,
    retagged: Mapping[str, tuple[str, ...]],
    layers: Mapping[str, int],
    profile: Profile,
) -> Json:
    """Return the inspection of an image, with its history and its list row.

    `before` is the record as what the Engine said reads. `users` counts the containers made from it, None where that
    did not change. `retagged` maps each image whose tags changed to those it has now, which also stand in the
    histories of images that were made from it; `layers` are the sizes by chain id.
    """
    api = profile.max_api
    if said is None or before is None:
        return _new(image, layers, profile, users or 0)
    document = said
    values = _Spelling([]).changed(image, before, document)
    summary: Json | None = document.get("Summary")
    if summary is not None:
        changes = _in_lists(api, nothing=[]).changed(image, before, summary)
        if users is not None and summary.get("Containers", -1) >= 0:
            changes |= _changed(summary, "Containers", users)
        if changes:
            values["Summary"] = patched(summary, **changes)
    history: list[Json] = document.get("History") or []
    if any(row.get("Id") in retagged for row in history):
        values["History"] = [
            patched(row, Tags=list(retagged[row["Id"]]) or None) if row.get("Id") in retagged else row
            for row in history
        ]
    return patched(document, **values) if values else document


def write_image_row(
    image: Image,
    said: Json | None,
    *,
    before: Image | None,
    users: int | None,
    shared_size: int | None,
    api: tuple[int, int],
) -> Json:
    """Return the row of `GET /system/df`; counts and sizes are None where they did not change."""
    if said is None or before is None:
        return _new_row(image, api, users or 0, shared_size or 0)
    row = said
    values = _in_lists(api, nothing=None).changed(image, before, row)
    if users is not None:
        values |= _changed(row, "Containers", users)
    if shared_size is not None:
        values |= _changed(row, "SharedSize", shared_size)
    return patched(row, **values) if values else row


def _changed(document: Json, key: str, value: int) -> Json:
    return {} if document.get(key) == value else {key: value}


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How a place writes references: `nothing` is what it says for none, unless it shows placeholders."""

    nothing: list[str] | None
    placeholders: bool = False

    def new(self, image: Image) -> Json:
        """Return both keys of an image that no Engine told of."""
        return self._both(image.tags, image.digests)

    def changed(self, image: Image, before: Image, said: Json) -> Json:
        """Return both keys where the references are no longer those of `before`, in the order of what was said."""
        if (image.tags, image.digests) == (before.tags, before.digests):
            return {}
        return self._both(
            _still(image.tags, before.tags, said.get("RepoTags")),
            _still(image.digests, before.digests, said.get("RepoDigests")),
        )

    def _both(self, tags: Sequence[str], digests: Sequence[str]) -> Json:
        """Only an image without any reference has placeholders; null says that it has others."""
        if self.placeholders and not (tags or digests):
            return {"RepoTags": [_NO_TAG], "RepoDigests": [_NO_DIGEST]}
        nothing = None if self.placeholders else self.nothing
        return {"RepoTags": list(tags) or nothing, "RepoDigests": list(digests) or nothing}


def _still(refs: Sequence[str], before: Sequence[str], said: Sequence[str] | None) -> list[str]:
    """Return what a place lists now: a list may have left out some digests, and goes on to, but for the last."""
    kept = [ref for ref in said or () if ref in refs]
    new = [ref for ref in refs if ref not in before]
    return kept + new or list(refs[:1])


def _in_lists(api: tuple[int, int], nothing: list[str] | None) -> _Spelling:
    return _Spelling(nothing, placeholders=api < _EMPTY_LISTS)


def _new(image: Image, layers: Mapping[str, int], profile: Profile, users: int) -> Json:
    created = ZERO_TIME if image.created_at is None else format_instant(image.created_at)
    seconds = 0 if image.created_at is None else image.created_at // SECOND
    own = _own_layers(image, layers)
    history = [
        {
            "Id": "<missing>" if n else image.id,
            "Created": seconds,
            "CreatedBy": "",
            "Tags": None if n else list(image.tags) or None,
            "Size": size,
            "Comment": "",
        }
        for n, (_, size) in enumerate(reversed(own))
    ]
    recorded = image.recorded_at if profile.containerd else None
    inspect: Json = {
        "Id": image.id,
        "RepoTags": list(image.tags),
        "RepoDigests": list(image.digests),
        "Parent": image.parent,
        "Comment": "",
        "Created": created,
        "Author": "",
        "Architecture": "amd64",
        "Os": "linux",
        "Size": image.size,
        "GraphDriver": {"Data": None, "Name": "overlayfs" if profile.containerd else "overlay2"},
        "RootFS": {"Type": "layers", "Layers": [diff_id for diff_id, _ in own]},
        "Metadata": {"LastTagTime": ZERO_TIME if recorded is None else format_instant(recorded)},
        "Config": None if image.labels is None else {"Cmd": ["sh"], "Env": None, "Labels": dict(image.labels) or None},
        "History": history,
    }
    row = write_list_row(image, profile.max_api, users)
    if profile.containerd:
        layered = read_layers(Reader(inspect, image.id, ""))
        inspect["Descriptor"], row["Manifests"] = write_content(image, inspect, layered)
    return inspect | {"Summary": row}


def write_list_row(image: Image, api: tuple[int, int], users: int) -> Json:
    """Return the row of a list for an image that has none; `users` counts the containers made from it."""
    return _new_row(image, api, users if api >= _COUNTED else -1, shared_size=-1)


def _own_layers(image: Image, layers: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the diff id and the unpacked bytes of each layer, bottom first.

    Where only chain ids are known, the lowest layer's is its diff id, and the others get one made up.
    """
    blobs = [blob for blob in image.content if not blob.manifest]
    if not image.layers and not image.diff_ids:
        return [(blob.digest, blob.unpacked) for blob in blobs]
    sizes = [layers.get(chain, 0) for chain in image.layers]
    if len(image.diff_ids) == len(sizes):
        return list(zip(image.diff_ids, sizes, strict=True))
    made_up = ("sha256:" + hashlib.sha256(f"layer {chain}".encode()).hexdigest() for chain in image.layers[1:])
    return list(zip((*image.layers[:1], *made_up), sizes, strict=True))


def _new_row(image: Image, api: tuple[int, int], users: int, shared_size: int) -> Json:
    refs = _in_lists(api, nothing=[] if shared_size < 0 else None).new(image)
    row: Json = {
        "Containers": users,
        "Created": 0 if image.created_at is None else image.created_at // SECOND,
        "Id": image.id,
        "Labels": dict(image.labels or {}) or None,
        "ParentId": image.parent,
        "RepoDigests": refs["RepoDigests"],
        "RepoTags": refs["RepoTags"],
        "SharedSize": shared_size,
        "Size": image.size,
    }
    if api < (1, 44):
        row["VirtualSize"] = image.size
    return row
