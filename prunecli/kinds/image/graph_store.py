"""The graph drivers' image store while images are being deleted from it.

Layers form chains that images, containers and build cache hold; images built step by step form chains of parents.
Source: Docker Engine `ImageDelete` of the graph-driver store, whose order and messages the steps follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prunecli.errors import NotFoundError
from prunecli.kinds.image import Image, ImageUse
from prunecli.kinds.image.answers import (
    Refusal,
    by_container,
    first_users,
    name_of,
    removal_objection,
    untagging_objection,
    witness_of_untagging,
)
from prunecli.kinds.image.references import Reference, listed, parse_any, short_id
from prunecli.profile import Profile
from prunecli.verdict import Kind, Reason, Row, Selection, Step


class Layers:
    """The layer store: how many images hold each chain id, and which ones something else holds."""

    def __init__(self, images: Iterable[Image], sizes: Mapping[str, int], held: frozenset[str]) -> None:
        self._sizes = sizes
        self._holders: Counter[str] = Counter()
        self._pinned: set[str] = set()
        for image in images:
            self._holders.update(image.layers)
            tops = [height for height, chain in enumerate(image.layers) if chain in held]
            if tops:
                self.pin(image.layers[: tops[-1] + 1])

    def pin(self, chains: Iterable[str]) -> None:
        """Hold these chain ids for good: a container or build cache stands on them."""
        self._pinned.update(chains)

    def release(self, chains: Sequence[str]) -> tuple[str, ...]:
        """Let one image's chain go and return the chain ids that vanish, top first."""
        self._holders.subtract(chains)
        return tuple(c for c in reversed(chains) if not self._holders[c] and c not in self._pinned)

    def size(self, chains: Iterable[str]) -> int:
        """Return the bytes of these layers, each its own alone."""
        return sum(self._sizes.get(chain, 0) for chain in chains)


@dataclass(frozen=True, slots=True)
class Removed:
    """How an image went: the bytes it gave back, and the image whose removal took it along, if that was why."""

    reclaims: int
    child: str = ""


class GraphStore:
    """The images of a graph-driver store, and the steps taken so far.

    `removed` and `refused` say by image id what became of each attempt; the last refusal stands. `chosen` limits
    everything to what an earlier plan showed.
    """

    def __init__(
        self,
        images: Iterable[Image],
        uses: Iterable[ImageUse],
        sizes: Mapping[str, int],
        held: frozenset[str],
        profile: Profile,
        chosen: Selection | None = None,
    ) -> None:
        self.images = {image.id: image for image in images}
        self.steps: list[Step] = []
        self.removed: dict[str, Removed] = {}
        self.refused: dict[str, Refusal] = {}
        self._references = {
            image.id: sorted((listed(ref) for ref in (*image.tags, *image.digests)), key=lambda r: r.full)
            for image in self.images.values()
        }
        self._children = Counter(image.parent for image in self.images.values() if image.parent)
        self._layers = Layers(self.images.values(), sizes, held)
        self._chosen = chosen
        self._uses: dict[str, list[ImageUse]] = {}
        self._mounts: dict[str, list[ImageUse]] = {}
        for use in uses:
            (self._mounts if use.mount else self._uses).setdefault(use.image_id, []).append(use)
        self._mounts_protect = profile.image_mounts_protect

    def references(self, image: Image) -> tuple[Reference, ...]:
        """Return the references that an image has now, in the order of their full names."""
        return tuple(self._references[image.id])

    def children(self, image: Image) -> int:
        """Return how many images build on this one now."""
        return self._children[image.id]

    def find(self, text: str) -> Image:
        """Return the image of this name, id, or beginning of an id.

        Errors: NotFoundError, also when the beginning fits several; RefusedError for text that is no reference.
        """
        wanted = parse_any(text)
        if not wanted.repository:
            image = self.images.get(wanted.digest)
        else:
            image = self._named(wanted.with_default_tag().by_digest()) or self._beginning_with(text)
        if image is None:
            raise NotFoundError(f"No such image: {wanted.with_default_tag().familiar}")
        return image

    def delete_reference(
        self,
        image: Image,
        ref: Reference,
        *,
        force: bool = False,
        parents: bool = True,
        typed: str = "",
        shown: str = "",
    ) -> Refusal | None:
        """Take one reference from an image, and try to remove the image when that was its last.

        Returns the conflict that kept the reference, with the reference as `typed` in its message; an image that merely
        cannot follow its last reference is no conflict. `shown` is the row's text where it is not the reference itself.
        """
        references = self._references[image.id]
        if not force and is_single(references) and (users := self._users(image)):
            self.refused[image.id] = refusal = _used_reference(image, users, typed or ref.full)
            return refusal
        falling = _left_without_tag(references, ref)
        if objection := untagging_objection(image, [r.familiar for r in (ref, *falling)], self._chosen):
            self.refused[image.id] = Refusal(objection)
            return None
        self._untag(image, ref, shown=shown)
        for digest in falling:
            self._untag(image, digest, told=False)
        if not self._references[image.id]:
            self._remove_chain(image, force=force, parents=parents)
        return None

    def delete_image(self, image: Image, *, force: bool = False, parents: bool = True) -> Refusal | None:
        """Remove an image by its id, its references first if they are few enough; returns what forbids it."""
        if is_single(self._references[image.id]):
            if refusal := self._conflict(image, force=force, count_references=False):
                return refusal
            self._untag_all(image)
        return self._remove_chain(image, force=force, parents=parents)

    def _remove_chain(self, image: Image, *, force: bool, parents: bool) -> Refusal | None:
        """Remove an image and then, quietly, each untagged parent that nothing builds on or uses any more."""
        if refusal := self._remove(image, force=force):
            return refusal
        child = image
        while parents and (parent := self.images.get(child.parent)):
            if self._remove(parent, child=child):
                break
            child = parent
        return None

    def _remove(self, image: Image, *, force: bool = False, child: Image | None = None) -> Refusal | None:
        refusal = self._conflict(image, force=force)
        if refusal is None and (objection := removal_objection(image, self._chosen)):
            refusal = Refusal(objection)
        if refusal:
            self.refused[image.id] = refusal
            return refusal
        self._untag_all(image)
        del self.images[image.id]
        self._children[image.parent] -= 1
        if self._uses.get(image.id) or self._mounts.get(image.id):
            self._layers.pin(image.layers)  # the container's own layer stands on them
        vanished = self._layers.release(image.layers)
        reclaims = self._layers.size(vanished)
        self.removed[image.id] = Removed(reclaims, name_of(child) if child else "")
        self.steps.append(
            Step(
                Kind.IMAGE,
                image.id,
                name_of(image),
                rows=tuple(Row(text, "deleted") for text in (image.id, *vanished)),
                reclaims=reclaims,
                layers=vanished,
                action="delete",
                attributes={"name": image.id},
                witness=image.witness,
            )
        )
        return None

    def _untag_all(self, image: Image) -> None:
        for ref in self.references(image):
            self._untag(image, ref)

    def _untag(self, image: Image, ref: Reference, *, told: bool = True, shown: str = "") -> None:
        self._references[image.id].remove(ref)
        self.steps.append(
            Step(
                Kind.IMAGE,
                image.id,
                ref.familiar,
                ref=ref.familiar,
                rows=(Row(shown or ref.familiar, "untagged"),),
                action="untag" if told else "",
                attributes={**(image.labels or {}), "name": image.id} if told else {},
                witness=witness_of_untagging(image),
            )
        )

    def _conflict(self, image: Image, *, force: bool, count_references: bool = True) -> Refusal | None:
        """Say what forbids to remove an image, hard reasons first; force overrides the soft ones.

        Mounts are no reason here: an Engine asks for them only when a reference goes.
        """
        hard = f"conflict: unable to delete {short_id(image.id)} (cannot be forced) - image "
        soft = f"conflict: unable to delete {short_id(image.id)} (must be forced) - image "
        users = first_users(self._uses.get(image.id, ()))
        if self._children[image.id]:
            return Refusal(Reason.HAS_CHILDREN, message=f"{hard}has dependent child images")
        if users and users[0].running:
            user = short_id(users[0].container_id)
            message = f"{hard}is being used by running container {user}"
            return Refusal(Reason.IN_USE, by_container(users), message)
        if force:
            return None
        if count_references and (references := self._references[image.id]):
            detail = f"known as {references[0].familiar}"
            return Refusal(Reason.TAGGED, detail, f"{soft}is referenced in multiple repositories")
        if users:
            user = short_id(users[0].container_id)
            message = f"{soft}is being used by stopped container {user}"
            return Refusal(Reason.IN_USE, by_container(users), message)
        return None

    def _users(self, image: Image) -> tuple[ImageUse, ...]:
        mounts = self._mounts.get(image.id, []) if self._mounts_protect else []
        return first_users([*self._uses.get(image.id, []), *mounts])

    def _named(self, wanted: Reference) -> Image | None:
        return next((i for i in self.images.values() if wanted in self._references[i.id]), None)

    def _beginning_with(self, text: str) -> Image | None:
        digits = text.removeprefix("sha256:")
        found = [image for id, image in self.images.items() if id.partition(":")[2].startswith(digits)]
        return found[0] if len(found) == 1 else None


def is_single(references: Sequence[Reference]) -> bool:
    """Say whether references amount to one: one alone, or at most one tag and else digests, all of one repository."""
    tags = [ref for ref in references if not ref.digest]
    return len(references) == 1 or (
        bool(references) and len(tags) <= 1 and len({ref.repository for ref in references}) == 1
    )


def _left_without_tag(references: Sequence[Reference], ref: Reference) -> list[Reference]:
    """Return the digest references that fall with a tag, because it is the last tag of its repository."""
    others = [other for other in references if other != ref and other.repository == ref.repository]
    if ref.digest or any(not other.digest for other in others):
        return []
    return others


def _used_reference(image: Image, users: Sequence[ImageUse], typed: str) -> Refusal:
    user, id = short_id(users[0].container_id), short_id(image.id)
    message = (
        f'conflict: unable to remove repository reference "{typed}" (must force)'
        f" - container {user} is using its referenced image {id}"
    )
    return Refusal(Reason.IN_USE, by_container(users), message)
