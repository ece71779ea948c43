"""One image of the containerd store removed by name or id, as somebody asked for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prunecli.errors import ConflictError, NotFoundError
from prunecli.kinds.image import Image, ImageUse
from prunecli.kinds.image.answers import first_users, in_order
from prunecli.kinds.image.containerd_store import ContainerdStore, Record
from prunecli.kinds.image.references import Reference, is_id_prefix, parse, parse_any, short_id, truncated_id
from prunecli.profile import Profile
from prunecli.verdict import Row, Step


def delete(
    images: Iterable[Image],
    uses: Iterable[ImageUse],
    held: frozenset[str],
    reference_or_id: str,
    *,
    force: bool,
    noprune: bool,
    profile: Profile,
) -> tuple[Step, ...]:
    """Return the steps that remove one image, or some of its names, as asked for by name.

    Errors: NotFoundError, ConflictError, and RefusedError for text that is no reference, in the Engine's words.
    Source: Docker Engine API, `DELETE /images/{name}`.
    """
    claims = tuple(uses)
    store = ContainerdStore(in_order(images), claims, held, profile)
    found = _find(store, reference_or_id)
    users = first_users(use for use in claims if profile.image_mounts_protect or not use.mount)
    deletion = _Deletion(store, users, force, not noprune)
    if is_id_prefix(found.image.id, reference_or_id):
        deletion.by_id(found)
    elif found.named is None:
        deletion.by_digest(found, parse(reference_or_id))
    else:
        deletion.by_name(found, found.named)
    return tuple(store.steps)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a text means: the record of exactly that name, if there is one, and all records of its image."""

    named: Record | None
    records: tuple[Record, ...]

    @property
    def image(self) -> Image:
        return self.records[0].image


@dataclass(slots=True)
class _Deletion:
    """The rules of deleting from one store; `users` has the most telling use first."""

    store: ContainerdStore
    users: Sequence[ImageUse]
    force: bool
    parents: bool

    def by_id(self, found: _Found) -> None:
        """Remove an image, all its names included, when they amount to one."""
        alike = found.named is None and len(_same(None, found.records)) == len(found.records)
        self._remove(found, count_names=not alike)

    def by_digest(self, found: _Found, wanted: Reference) -> None:
        """Take the names of one repository, or remove the image when it has no others."""
        same = _same(wanted, found.records)
        if not same:
            raise _no_such_image(wanted)
        if len(same) != len(found.records):
            self._untag(same)
        else:
            self._remove(found, count_names=False)

    def by_name(self, found: _Found, named: Record) -> None:
        """Take one name and what is the same as it, or remove the image when nothing else names it."""
        same = _same(named.reference, found.records)
        if len(same) != len(found.records):
            self._untag(same)
            return
        using = [use for use in self.users if use.image_id == found.image.id]
        if not using:
            self._remove(found, count_names=len(found.records) == 1)
        elif self.force:
            self._leave_dangling(named)
        else:
            container, image = short_id(using[0].container_id), short_id(found.image.id)
            why = f"container {container} is using its referenced image {image}"
            raise _conflict(named.shown, "must", why)

    def _remove(self, found: _Found, *, count_names: bool) -> None:
        """Remove an image and then, quietly, its line of nameless parents.

        With `count_names` several names are a conflict, and an image on which others build keeps a dangling record.
        """
        image, many = found.image, len(found.records) > 1
        count_names = count_names and not self.force
        line = self._dangling_parents(image) if self.parents else []
        if conflict := self._objection(image, many_names=many and count_names, soft=not self.force):
            raise conflict
        self._take(found.records)
        if count_names and not found.records[0].dangling and self.store.children(image.id):
            self.store.forget_digests(image)
            self.store.tell_deleted(image)
        else:
            self._remove_nameless(image)
        for parent in line:
            if self._objection(parent, many_names=many, soft=True):
                break
            self._take(self.store.records(parent.id))
            self._remove_nameless(parent)

    def _remove_nameless(self, image: Image) -> None:
        self.store.remove(image, image.id, rows=[Row(image.id, "deleted")], told=True)

    def _untag(self, records: Sequence[Record]) -> None:
        self._take(records)
        self.store.forget_digests(records[0].image)

    def _take(self, records: Sequence[Record]) -> None:
        for record in records:
            self.store.untag(record, told=not record.dangling, row=not record.dangling)

    def _leave_dangling(self, named: Record) -> None:
        """Take a name from an image that a container needs; without another name it stays as a dangling one."""
        self.store.untag(named, told=True)
        self.store.forget_digests(named.image)

    def _objection(self, image: Image, *, many_names: bool, soft: bool) -> ConflictError | None:
        using = [use for use in self.users if use.image_id == image.id and not use.mount]
        id = short_id(image.id)
        if using and using[0].running:
            user = short_id(using[0].container_id)
            return _conflict(id, "cannot", f"image is being used by running container {user}")
        if soft and using:
            user = short_id(using[0].container_id)
            return _conflict(id, "must", f"image is being used by stopped container {user}")
        if soft and many_names:
            return _conflict(id, "must", "image is referenced in multiple repositories")
        return None

    def _dangling_parents(self, image: Image) -> list[Image]:
        line: list[Image] = []
        parent = self.store.images.get(image.parent)
        while parent and parent not in line and all(r.dangling for r in self.store.records(parent.id)):
            line.append(parent)
            parent = self.store.images.get(parent.parent)
        return line


def _find(store: ContainerdStore, text: str) -> _Found:
    wanted = parse_any(text)
    records = store.records()
    named = None if not wanted.repository else _by_name(records, wanted.with_default_tag().full)
    digits = truncated_id(text)
    if digits and wanted.repository:
        alike = {r.image.id for r in records if r == named or r.image.id.startswith(f"sha256:{digits}")}
        if len(alike) > 1:
            raise NotFoundError("ambiguous reference")
        id = next(iter(alike), "")
    else:
        id = named.image.id if named else wanted.digest
    of_image = store.records(id)
    if not of_image:
        raise _no_such_image(wanted)
    return _Found(named, of_image)


def _by_name(records: Iterable[Record], name: str) -> Record | None:
    return next((r for r in records if r.name == name), None)


def _same(wanted: Reference | None, records: Iterable[Record]) -> tuple[Record, ...]:
    """Return the records that mean the same as `wanted`, or as the first of them.

    Same are one repository and tag; digests of that repository too unless it has other tags; for a digest alone the
    whole repository; and always a dangling record.
    """
    same: list[Record] = []
    digests: list[Record] = []
    other_tags = False
    all_tags = wanted is not None and bool(wanted.digest) and not wanted.tag
    tag = wanted.tag if wanted else ""
    repository = wanted.repository if wanted else ""
    for record in records:
        reference = record.reference
        if record.dangling:
            same.append(record)
            continue
        if not repository:
            repository, tag = reference.repository, reference.tag
            same.append(record)
            continue
        if reference.repository != repository:
            continue
        if all_tags:
            same.append(record)
        elif not reference.tag:
            digests.append(record)
        elif tag in ("", reference.tag):
            tag = reference.tag
            same.append(record)
        else:
            other_tags = True
    return (*same, *([] if other_tags else digests))


def _no_such_image(wanted: Reference) -> NotFoundError:
    return NotFoundError(f"No such image: {wanted.with_default_tag().familiar}")


def _conflict(subject: str, forced: str, why: str) -> ConflictError:
    forms = {"must": "must be forced", "cannot": "cannot be forced"}
    return ConflictError(f"conflict: unable to delete {subject} ({forms[forced]}) - {why}")
