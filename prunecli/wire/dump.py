"""An Engine dump to a snapshot and back: what the Engine says besides is kept, and what the snapshot says wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.image.chains import chain_ids
from prunecli.kinds.network import Network
from prunecli.kinds.volume import Volume
from prunecli.snapshot import Snapshot
from prunecli.units import Instant
from prunecli.verdict import Kind
from prunecli.wire import build_cache, containers, images, networks, notes, volumes
from prunecli.wire.content import Content, find_content, read_content
from prunecli.wire.derived import Derived, derive
from prunecli.wire.fields import Json, Reader
from prunecli.wire.header import BASIS, read_disk, read_profile, write_header
from prunecli.wire.holders import find_holders
from prunecli.wire.layers import make_tree
from prunecli.wire.places import Raw, Writer, put_together, take_apart
from prunecli.wire.text import check_format, parse_dump

_NEEDED = ("version", "info", "containers", "images", "networks", "volumes")
_OLD_PARENTS = (1, 42)  # the API before which a record names one parent, as `Parent`

_R = TypeVar("_R", Container, Network, Volume, Image, CacheRecord)


class Dump(NamedTuple):
    """A world as an Engine told it.

    `raw` maps each kind and id (volumes: name) to the Engine's own JSON for that object, in the order of the dump, in
    the form of `places`. `header` is everything else that was said.
    """

    snapshot: Snapshot
    raw: Raw
    header: Json


def read_dump(dump: str | bytes | Json, *, source: str = "the dump", now: Instant | None = None) -> Dump:
    """Read an Engine dump, given as text or as the object it holds.

    The snapshot is taken at `now`, or else when the dump says. What no Engine says is inferred: the size of each layer,
    the layer that each build cache record holds, the blobs of images in the containerd store.
    Errors: DumpError, one sentence with `source` as the name of the file.
    """
    document = parse_dump(dump, source) if isinstance(dump, (str, bytes)) else dump
    check_format(document, source)
    whole = Reader(document, "", source)
    for key in _NEEDED:
        if document.get(key) is None:
            raise whole.wrong(key, "is missing")
    raw, header, found = take_apart(whole)
    snapshot = _read_snapshot(whole, found, now)
    if header.pop(notes.KEY, None) is not None:
        snapshot = notes.apply_notes(snapshot, whole.sub(notes.KEY))
    derived = derive(snapshot)
    _complete_rows(snapshot, derived, raw)
    _keep_basis(derived, raw, header)
    return Dump(snapshot, raw, header)


def _read_snapshot(whole: Reader, found: Mapping[str, Mapping[str, Reader]], now: Instant | None) -> Snapshot:
    profile = read_profile(whole)
    cache = [build_cache.read_record(row) for row in found["df.BuildCache"].values()]
    inspected = found["images"]
    layered = {id: images.read_layers(image) for id, image in inspected.items()}
    tree = make_tree(list(layered.values()))
    holders = find_holders(cache, tree.nodes, containerd=profile.containerd)
    exported = holders.own if profile.containerd else {r.id for r in cache if r.reported_shared}
    content = Content({}, {})
    if profile.containerd:
        told = [read_content(inspected[id], layered[id]) for id in inspected]
        content = find_content(told, tree, cache, holders)
    found_images = [
        replace(
            images.read_image(image, found["df.Images"].get(id)),
            layers=chain_ids(layered[id].diff_ids),
            diff_ids=layered[id].diff_ids,
            content=content.blobs.get(id, ()),
        )
        for id, image in inspected.items()
    ]
    image_ids = {ref: i.id for i in found_images for ref in (*i.tags, *i.digests, i.id)}
    rows = found["df.Containers"]
    taken_at = whole.dated("taken")
    return Snapshot(
        taken_at=taken_at if now is None else now,
        profile=profile,
        containers=_ordered(
            containers.read_container(c, rows.get(id), image_ids) for id, c in found["containers"].items()
        ),
        networks=_ordered(networks.read_network(n) for n in found["networks"].values()),
        volumes=_ordered(volumes.read_volume(v, found["df.Volumes"].get(name)) for name, v in found["volumes"].items()),
        images=_ordered(found_images),
        build_cache=_ordered(
            replace(r, layer=holders.layers.get(r.id, ""), holds=content.held.get(r.id, ()))
            for r in build_cache.mark_mutable(cache, exported)
        ),
        layers={chain: node.size for chain, node in tree.nodes.items()},
        disk=read_disk(whole),
    )


def _ordered(records: Iterable[_R]) -> tuple[_R, ...]:
    return tuple(sorted(records, key=notes.key_of))


def _complete_rows(snapshot: Snapshot, derived: Derived, raw: Raw) -> None:
    """Give an image that has no row of a list, or one of something else, the row that an Engine would show."""
    for image in snapshot.images:
        said = raw[Kind.IMAGE][image.id]["images"]["is"]
        row: Json = said.get("Summary") or {}
        if row.get("Id") != image.id:
            new = images.write_list_row(image, snapshot.profile.max_api, derived.image_users[image.id])
            raw[Kind.IMAGE][image.id]["images"] |= {"is": {**said, "Summary": {**new, **row, "Id": image.id}}}


def _keep_basis(derived: Derived, raw: Raw, header: Json) -> None:
    """Note beside the Engine's words what follows from the snapshot now, so that a later change can be told."""
    for name, said in raw[Kind.VOLUME].items():
        said[BASIS] = {"users": derived.volume_users[name]}
    for id, said in raw[Kind.IMAGE].items():
        said[BASIS] = {
            "users": derived.image_users[id],
            "shared_size": derived.shared_sizes.get(id),
            "listed": id in derived.listed,
        }
    for id, said in raw[Kind.BUILD_CACHE].items():
        said[BASIS] = {"shared": id in derived.shared}
    header[BASIS] = {"layers_size": derived.layers_size, "builder_size": derived.builder_size}


def write_dump(snapshot: Snapshot, raw: Mapping[Kind, Mapping[str, Any]], header: Mapping[str, Any]) -> Json:
    """Return the Engine dump of a snapshot; an object without JSON of its own gets what an Engine would say.

    What the snapshot says wins: references, states, endpoints, counts and sums, flags. What the dump's form cannot
    express stands under a key of ours, `prunecli`, so that reading it gives the same snapshot again.
    """
    now = derive(snapshot)
    document = put_together(write_header(snapshot, header, now), raw, _Writers(snapshot, raw, now).all())
    again = read_dump(document).snapshot
    found = notes.make_notes(snapshot, again)
    return document if found is None else {**document, notes.KEY: found}


def retell(snapshot: Snapshot) -> Snapshot:
    """Return a made-up world as it would be read from an Engine: such as one could have, and could tell of.

    What no Engine says, such as the size of a blob, becomes what reading infers.
    """
    told = write_dump(snapshot, {}, {})
    told.pop(notes.KEY, None)
    return read_dump(told).snapshot


def _in_df(volume: Volume) -> bool:
    return volume.driver == "local" and not volume.options


def _inspected(raw: Mapping[Kind, Mapping[str, Any]], kind: Kind, place: str) -> list[tuple[str, Reader]]:
    """Return what the Engine's inspections said of one kind."""
    return [(id, Reader(said[place]["is"], id, "the dump")) for id, said in raw.get(kind, {}).items()]


class _Writers:
    """One function for each list of a dump."""

    def __init__(self, snapshot: Snapshot, raw: Mapping[Kind, Mapping[str, Any]], now: Derived) -> None:
        self.snapshot, self.raw, self.now = snapshot, raw, now
        self.api = snapshot.profile.max_api
        self.records: dict[Kind, dict[str, Any]] = {
            kind: {notes.key_of(r): r for r in records} for kind, records in notes.records_by_kind(snapshot).items()
        }
        self.images_before = {
            id: images.read_image(inspect, None) for id, inspect in _inspected(raw, Kind.IMAGE, "images")
        }
        self.containers_before = {
            id: containers.read_container(inspect, None, {})
            for id, inspect in _inspected(raw, Kind.CONTAINER, "containers")
        }
        self.retagged = {
            i.id: i.tags
            for i in snapshot.images
            if i.id in self.images_before and self.images_before[i.id].tags != i.tags
        }
        self.container_ids = {c.name: c.id for c in snapshot.containers}
        self.attachments: dict[str, Json] = {}
        for network in sorted(snapshot.networks, key=lambda n: (n.name, n.id)):
            if network.id not in raw.get(Kind.NETWORK, {}):
                for name in network.endpoints:
                    attached = networks.write_attachment(network, name)
                    self.attachments.setdefault(name, {})[network.name] = attached

    def all(self) -> dict[str, Writer]:
        """Return the writer of each place, by its path."""
        writers = {
            "containers": (Kind.CONTAINER, self._container),
            "df.Containers": (Kind.CONTAINER, self._container_row),
            "networks": (Kind.NETWORK, self._network),
            "volumes": (Kind.VOLUME, self._volume),
            "df.Volumes": (Kind.VOLUME, self._volume_row),
            "images": (Kind.IMAGE, self._image),
            "df.Images": (Kind.IMAGE, self._image_row),
            "df.BuildCache": (Kind.BUILD_CACHE, self._cache_record),
        }
        return {
            path: Writer(list(self.records[kind]), self._unless_left_out(kind, path, write))
            for path, (kind, write) in writers.items()
        }

    def _unless_left_out(
        self, kind: Kind, path: str, write: Callable[[str, Json | None], Json]
    ) -> Callable[[str, Json | None], Json | None]:
        """Return a writer that also knows what an Engine leaves out of a list, and what this one did not say."""

        def write_or_leave_out(name: str, said: Json | None) -> Json | None:
            told = self.raw.get(kind, {}).get(name)
            if path == "df.Images":
                listed, before = name in self.now.listed, ((told or {}).get(BASIS) or {}).get("listed")
                if listed != before:
                    return write(name, said) if listed else None
            elif path == "df.Volumes" and told is None and not _in_df(self.records[kind][name]):
                return None
            return None if told is not None and said is None else write(name, said)

        return write_or_leave_out

    def _changed(self, kind: Kind, name: str, key: str, value: Any) -> Any:
        """Return a derived value where it is not what it was on reading, else None."""
        basis = (self.raw.get(kind, {}).get(name) or {}).get(BASIS) or {}
        return None if key in basis and basis[key] == value else value

    def _image_size(self, container: Container) -> int:
        image = self.records[Kind.IMAGE].get(container.image_id)
        return image.size if image else 0

    def _container(self, name: str, said: Json | None) -> Json:
        container: Container = self.records[Kind.CONTAINER][name]
        before = self.containers_before.get(name)
        attached = self.attachments.get(container.name, {})
        return containers.write_container(container, said, before, self._image_size(container), attached)

    def _container_row(self, name: str, said: Json | None) -> Json:
        container: Container = self.records[Kind.CONTAINER][name]
        before = self.containers_before.get(name)
        attached = self.attachments.get(container.name, {})
        return containers.write_container_row(container, said, before, self._image_size(container), attached)

    def _network(self, name: str, said: Json | None) -> Json:
        return networks.write_network(self.records[Kind.NETWORK][name], said, self.container_ids)

    def _volume(self, name: str, said: Json | None) -> Json:
        return volumes.write_volume(self.records[Kind.VOLUME][name], said)

    def _volume_row(self, name: str, said: Json | None) -> Json:
        users = self._changed(Kind.VOLUME, name, "users", self.now.volume_users[name])
        return volumes.write_volume_row(self.records[Kind.VOLUME][name], said, users)

    def _image(self, name: str, said: Json | None) -> Json:
        return images.write_image(
            self.records[Kind.IMAGE][name],
            said,
            before=self.images_before.get(name),
            users=self._changed(Kind.IMAGE, name, "users", self.now.image_users[name]),
            retagged=self.retagged,
            layers=self.snapshot.layers,
            profile=self.snapshot.profile,
        )

    def _image_row(self, name: str, said: Json | None) -> Json:
        return images.write_image_row(
            self.records[Kind.IMAGE][name],
            said,
            before=self.images_before.get(name),
            users=self._changed(Kind.IMAGE, name, "users", self.now.image_users[name]),
            shared_size=self._changed(Kind.IMAGE, name, "shared_size", self.now.shared_sizes.get(name)),
            api=self.api,
        )

    def _cache_record(self, name: str, said: Json | None) -> Json:
        shared = self._changed(Kind.BUILD_CACHE, name, "shared", name in self.now.shared)
        record = self.records[Kind.BUILD_CACHE][name]
        return build_cache.write_record(record, said, shared=shared, old_parents=self.api < _OLD_PARENTS)
