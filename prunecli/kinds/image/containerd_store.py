"""The containerd image store while names are being taken from it.

An image is a digest; every name is a record of its own that points to it, and an image without names keeps a dangling
record. Content is shared blob by blob, and a blob vanishes when no image has it any more.
Source: Docker Engine, containerd image service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from prunecli.kinds.image import Blob, Image, ImageUse
from prunecli.kinds.image.answers import name_of, witness_of_untagging
from prunecli.kinds.image.references import Reference, listed
from prunecli.profile import Profile
from prunecli.verdict import Kind, Row, Step

DANGLING = "moby-dangling@"
"""How the name of a dangling record begins; the image's digest follows."""


@dataclass(frozen=True, slots=True)
class Record:
    """One name of an image: `name` is what the store calls it, `ref` what the image lists, `shown` what people see."""

    image: Image
    name: str
    ref: str
    shown: str

    @property
    def dangling(self) -> bool:
        """Whether this is the record that an image without a name keeps."""
        return self.name == DANGLING + self.image.id

    @property
    def reference(self) -> Reference:
        """The name taken apart; a dangling record's stands for itself."""
        return Reference(self.name) if self.dangling else listed(self.ref)


def records_of(image: Image) -> tuple[Record, ...]:
    """Return an image's records in the order of their names.

    An Engine's `RepoDigests` repeat `repository@id` for every tag; only a digest reference that is listed as a tag too,
    or whose repository has no tag, is a record of its own.
    """
    repositories = {listed(tag).repository for tag in image.tags}
    own = [ref for ref in image.digests if listed(ref).repository not in repositories]
    found = [_record(image, ref) for ref in dict.fromkeys((*image.tags, *own))]
    return tuple(sorted(found, key=lambda r: r.name)) or (_record(image, DANGLING + image.id),)


class ContainerdStore:
    """All records of a containerd image store, and the steps taken so far; `held` are blobs that build cache holds."""

    def __init__(
        self, images: Iterable[Image], uses: Iterable[ImageUse], held: frozenset[str], profile: Profile
    ) -> None:
        self.images = {image.id: image for image in images}
        self.steps: list[Step] = []
        self._records = {image.id: list(records_of(image)) for image in self.images.values()}
        self._holders = Counter(
            digest for image in self.images.values() for digest in {blob.digest for blob in content_of(image)}
        )
        self._held = held
        self._unpacked_held = {use.image_id for use in uses}
        self._profile = profile

    def records(self, image_id: str | None = None) -> tuple[Record, ...]:
        """Return the records there are now, of one image or of all, in the order of their names."""
        if image_id is not None:
            return tuple(self._records.get(image_id, ()))
        return tuple(sorted((r for records in self._records.values() for r in records), key=lambda r: r.name))

    def children(self, image_id: str) -> tuple[Image, ...]:
        """Return the images that the classic builder built on this one."""
        return tuple(i for i in self.images.values() if i.parent == image_id)

    def untag(self, record: Record, *, told: bool, row: bool = True) -> None:
        """Take one name from its image; its last leaves the image without a record."""
        self._records[record.image.id].remove(record)
        self.steps.append(
            Step(
                Kind.IMAGE,
                record.image.id,
                record.shown,
                ref=record.ref,
                rows=(Row(record.shown, "untagged"),) if row else (),
                action="untag" if told else "",
                attributes={"name": record.shown} if told else {},
                witness=witness_of_untagging(record.image),
            )
        )

    def forget_digests(self, image: Image) -> None:
        """Take the digest references that an Engine no longer lists, as their repository has no name left here.

        They were never records, so nobody is told.
        """
        records = self._records[image.id]
        repositories = {r.reference.repository for r in records}
        own = {r.ref for r in records_of(image)}
        for ref in dict.fromkeys(image.digests):
            if ref not in own and listed(ref).repository not in repositories:
                self.steps.append(Step(Kind.IMAGE, image.id, ref, ref=ref, witness=witness_of_untagging(image)))

    def tell_deleted(self, image: Image) -> None:
        """Say that an image was deleted although it stays, nameless, for those that build on it: the Engine says so."""
        last = self.steps[-1].ref
        row = Row(image.id, "deleted")
        attributes = {"name": image.id}
        witness = witness_of_untagging(image)
        self.steps.append(
            Step(Kind.IMAGE, image.id, last, last, (row,), action="delete", attributes=attributes, witness=witness)
        )

    def remove(self, image: Image, shown: str, *, rows: Iterable[Row] | None = None, told: bool | None = None) -> None:
        """Remove an image that has no record left, with the blobs that nothing else has.

        `shown` is its name in the event. Left to the Engine's prune, rows and event depend on which blobs vanish.
        """
        del self.images[image.id], self._records[image.id]
        vanished = self._release(image)
        if rows is None:
            reported = [b for b in vanished if b.manifest or not self._profile.only_manifest_rows]
            rows = [Row(blob.digest, "deleted") for blob in reported]
        if told is None:
            told = self._profile.containerd_image_events and any(blob.manifest for blob in vanished)
        self.steps.append(
            Step(
                Kind.IMAGE,
                image.id,
                name_of(image),
                rows=tuple(rows),
                reclaims=self._size(image, vanished),
                layers=tuple(dict.fromkeys(blob.digest for blob in vanished)),
                action="delete" if told else "",
                attributes={"name": shown} if told else {},
                witness=image.witness,
            )
        )

    def _release(self, image: Image) -> tuple[Blob, ...]:
        content = content_of(image)
        self._holders.subtract({blob.digest for blob in content})
        return tuple(blob for blob in content if not self._holders[blob.digest] and blob.digest not in self._held)

    def _size(self, image: Image, vanished: Iterable[Blob]) -> int:
        """Add up blobs as an Engine does: one that an image lists twice counts twice, its snapshots once."""
        blobs = list(vanished)
        size = sum(blob.size for blob in blobs)
        if self._profile.snapshot_bytes_counted and image.id not in self._unpacked_held:
            size += sum({blob.digest: blob.unpacked for blob in blobs}.values())
        return size


def content_of(image: Image) -> tuple[Blob, ...]:
    """Return an image's blobs; one that lists none counts as a manifest of its own size."""
    return image.content or (Blob(image.id, max(image.size, 0), manifest=True),)


def _record(image: Image, ref: str) -> Record:
    if ref == DANGLING + image.id:
        return Record(image, ref, ref if ref in image.tags else image.id, image.id)
    return Record(image, listed(ref).full, ref, ref)
