"""What images of the containerd store consist of, as far as its API tells.

The list row of an image names its index and manifests and sums up the content below each manifest; neither the config
nor the layers are listed one by one. A layer's compressed size is the part of its build cache record that is not its
snapshot, or what the sum leaves over once the config is taken off, whose length follows from what it says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.image import Blob, Image
from prunecli.kinds.image.chains import chain_ids
from prunecli.wire.fields import Json, Reader
from prunecli.wire.holders import Holders, step_of
from prunecli.wire.layers import LayeredImage, Tree


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that is here: `size` is its own, `content` that of everything below it as well, both in bytes."""

    digest: str
    size: int
    content: int
    main: bool


@dataclass(frozen=True, slots=True)
class Content:
    """What images consist of, and what build cache holds of it.

    `blobs` maps each image id to index, manifests with their configs, and layers; `held` maps the id of a build cache
    record to the digests of the blobs that stay as long as it is there.
    """

    blobs: Mapping[str, tuple[Blob, ...]]
    held: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ContentImage:
    """An image as the containerd store tells it; `config_size` is the length of its config, as far as it is known."""

    layered: LayeredImage
    target: str
    target_size: int
    manifests: tuple[Manifest, ...]
    config_size: int


def read_content(inspect: Reader, layered: LayeredImage) -> ContentImage:
    """Return what the list row of an image says of its content; the main manifest is that of the inspected platform."""
    target = inspect.sub("Descriptor")
    found: list[Manifest] = []
    for m in inspect.sub("Summary").items("Manifests"):
        if not m.flag("Available", True):
            continue
        descriptor = m.sub("Descriptor")
        platform = m.sub("ImageData").sub("Platform")
        main = (
            m.text("Kind", "") == "image"
            and not any(other.main for other in found)
            and platform.text("os", "") == inspect.text("Os", "")
            and platform.text("architecture", "") == inspect.text("Architecture", "")
        )
        size = descriptor.number("size", 0)
        found.append(Manifest(m.name("ID"), size, max(m.sub("Size").number("Content", size), size), main))
    return ContentImage(
        layered,
        target.text("digest", layered.id),
        target.number("size", 0),
        tuple(found),
        _config_size(inspect, layered),
    )


def find_content(
    images: Sequence[ContentImage], tree: Tree, records: Iterable[CacheRecord], holders: Holders
) -> Content:
    """Return the blobs of images, and those that build cache holds.

    A layer goes by its diff id, since its blob's digest is not known.
    """
    sizes = _sizes_in_cache(tree, {r.id: r for r in records}, holders)
    diff_of = {
        chain: diff
        for image in images
        for chain, diff in zip(chain_ids(image.layered.diff_ids), image.layered.diff_ids, strict=True)
    }
    blob_sizes = {diff_of[chain]: size for chain, size in sizes.items() if chain in diff_of}
    for image in sorted(images, key=lambda i: (len(i.layered.diff_ids), i.layered.id)):
        _solve(image, tree, blob_sizes)
    blobs = {i.layered.id: _blobs(i, tree, blob_sizes) for i in images}
    manifests: dict[str, set[str]] = {}
    for chain, id in _bases(images, tree, records, holders):
        manifests.setdefault(chain, set()).update(blob.digest for blob in blobs[id] if blob.manifest)
    held = {
        id: (*([diff_of[chain]] if chain in diff_of else ()), *sorted(manifests.get(chain, ())))
        for id, chain in holders.own.items()
    }
    return Content(blobs, held)


def _sizes_in_cache(tree: Tree, records: Mapping[str, CacheRecord], holders: Holders) -> dict[str, int]:
    """Return the compressed size of each layer that a record has: without its snapshot, which a base does not own."""
    sizes: dict[str, int] = {}
    for id, chain in holders.own.items():
        record = records[id]
        size = record.size if step_of(record)[0] == "base" else record.size - tree.nodes[chain].size
        if size > 0:
            sizes.setdefault(chain, size)
    return sizes


def _solve(image: ContentImage, tree: Tree, sizes: dict[str, int]) -> None:
    """Add the sizes of the image's layers that are not known yet, in proportion to what they take when unpacked."""
    main = next((m for m in image.manifests if m.main), None)
    if main is None:
        return
    diff_ids = image.layered.diff_ids  # the same one twice counts twice
    layers = dict(zip(diff_ids, chain_ids(diff_ids), strict=True))
    unknown = [diff for diff in layers if diff not in sizes]
    left = main.content - main.size - image.config_size - sum(sizes.get(diff, 0) for diff in diff_ids)
    weights = [max(tree.nodes[layers[diff]].size, 1) for diff in unknown]
    for diff, weight in zip(reversed(unknown), reversed(weights), strict=True):
        count = diff_ids.count(diff)
        sizes[diff] = max(left, 0) * weight // max(sum(weights), 1) // count
        left -= sizes[diff] * count
        weights.pop()


def _bases(
    images: Sequence[ContentImage], tree: Tree, records: Iterable[CacheRecord], holders: Holders
) -> list[tuple[str, str]]:
    """Return the topmost chain id and the id of each image that builds began with.

    The record of such an image's topmost layer holds its manifests and its config too.

    Those are the images whose history another one continues; and where a record was made for a base that has no such
    image, the tagged one with the shortest history.
    """
    held = set(holders.own.values())
    tops: dict[str, list[ContentImage]] = {}
    for image in images:
        if image.layered.diff_ids:
            tops.setdefault(chain_ids(image.layered.diff_ids)[-1], []).append(image)
    made = {holders.own[r.id] for r in records if r.id in holders.own and step_of(r)[0] == "base"}
    bases: list[tuple[str, str]] = []
    for chain, ending in tops.items():
        known = [i.layered.id for i in ending if i.layered.id in tree.bases]
        if chain in held and known:
            bases += [(chain, id) for id in known]
        elif chain in made:
            first = min(ending, key=lambda i: (not i.layered.tagged, len(i.layered.rows), i.layered.id))
            bases.append((chain, first.layered.id))
    return bases


def _blobs(image: ContentImage, tree: Tree, sizes: Mapping[str, int]) -> tuple[Blob, ...]:
    layers = [
        Blob(diff, sizes.get(diff, 0), unpacked=tree.nodes[chain].size)
        for diff, chain in zip(image.layered.diff_ids, chain_ids(image.layered.diff_ids), strict=True)
    ]
    blobs: list[Blob] = []
    if all(m.digest != image.target for m in image.manifests):
        blobs.append(Blob(image.target, image.target_size, manifest=True))
    for m in image.manifests:
        size = max(m.content - sum(blob.size for blob in layers), m.size) if m.main else m.content
        blobs.append(Blob(m.digest, size, manifest=True))
    if any(m.main for m in image.manifests):
        blobs += layers
    return tuple(blobs)


def _config_size(inspect: Reader, layered: LayeredImage) -> int:
    """Return the length of the config's JSON, rebuilt from what the Engine says of it."""
    created = inspect.text("Created", "")
    config = {key: value for key, value in inspect.sub("Config").data.items() if value}
    made = 0
    history: list[Json] = []
    for row in layered.rows:
        entry: Json = {"created": created, "created_by": row.text, "comment": row.comment}
        if row.size == 0 and row.step[0] not in ("run", "file"):
            entry["empty_layer"] = True
        else:
            made += 1
        history.append({key: value for key, value in entry.items() if value})
    whole: Json = {
        "created": created,
        "author": inspect.text("Author", ""),
        "architecture": inspect.text("Architecture", ""),
        "os": inspect.text("Os", ""),
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": list(layered.diff_ids)},
        "history": history,
    }
    kept = {key: value for key, value in whole.items() if value}
    return len(json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


# The other way: what an Engine would say of content that none has told of.

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def write_content(image: Image, inspect: Json, layered: LayeredImage) -> tuple[Json, list[Json]]:
    """Return the descriptor of an image and the manifests of its list row, such that reading finds its blobs again.

    `inspect` is its inspection without them, and `layered` what that says of its layers. The main manifest is the first
    that is no index; the layers are below it, and its config, whose length goes off what the manifest itself takes.
    """
    layers = [blob for blob in image.content if not blob.manifest]
    found = [blob for blob in image.content if blob.manifest] or [Blob(image.id, max(image.size, 0), manifest=True)]
    index = next((blob for blob in found if blob.digest == image.id), None) if len(found) > 1 else None
    config_size = _config_size(Reader(inspect, image.id, ""), layered)
    rows: list[Json] = []
    for blob in found:
        if blob is index:
            continue
        main = not rows
        size = max(blob.size - config_size, 0) if main else blob.size
        content = blob.size + (sum(layer.size for layer in layers) if main else 0)
        rows.append(_manifest(blob.digest, size, content, inspect, attests=image.attested and not main))
    target = index or found[0]
    media_type = _MANIFEST if index is None else _INDEX
    return {
        "mediaType": media_type,
        "digest": image.id,
        "size": target.size if index else rows[0]["Descriptor"]["size"],
    }, rows


def _manifest(digest: str, size: int, content: int, inspect: Json, *, attests: bool) -> Json:
    row: Json = {
        "ID": digest,
        "Descriptor": {"mediaType": _MANIFEST, "digest": digest, "size": size},
        "Available": True,
        "Kind": "attestation" if attests else "image",
        "Size": {"Content": content, "Total": content},
    }
    if attests:
        return row | {"AttestationData": {"For": inspect["Id"]}}
    platform = {"os": inspect["Os"], "architecture": inspect["Architecture"]}
    return row | {"ImageData": {"Platform": platform, "Size": {"Unpacked": 0}, "Containers": []}}
