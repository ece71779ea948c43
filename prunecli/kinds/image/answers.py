"""What both image stores answer alike: names, sentences, conflicts, and the limits of an earlier plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prunecli.kinds.image import Image, ImageUse
from prunecli.kinds.image.references import short_id
from prunecli.units import Instant, human_duration
from prunecli.verdict import Kind, Reason, Selection, Verdict

_ONLY_UNTAGGED = "stays: "


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an image or a reference stays: for a verdict, and as the Engine's message to whoever asked for it by name."""

    reason: Reason
    detail: str = ""
    message: str = ""


def name_of(image: Image) -> str:
    """Return what a person calls an image: its first tag, its first digest reference, or its short id."""
    return next(iter((*image.tags, *image.digests)), short_id(image.id))


def in_order(images: Iterable[Image]) -> tuple[Image, ...]:
    """Return images in the canonical order: tagged ones by their tags, then the rest by their ids.

    An Engine goes through a hash map; we let the same state give the same plan.
    """
    return tuple(sorted(images, key=lambda i: (not i.tags, i.tags, i.id)))


def age(instant: Instant | None, now: Instant) -> str:
    """Return `created 3 hours ago`, or that nobody knows."""
    return "of unknown age" if instant is None else f"created {human_duration(max(now - instant, 0))} ago"


def by_container(uses: Sequence[ImageUse]) -> str:
    """Return who uses an image: `in use by container web (running)`, with the number of the others."""
    first, more = uses[0], len({use.container_id for use in uses}) - 1
    verb = "mounted" if first.mount else "in use"
    others = f" and {more} more" if more else ""
    return f"{verb} by container {first.container} ({'running' if first.running else 'stopped'}){others}"


def first_users(uses: Iterable[ImageUse]) -> tuple[ImageUse, ...]:
    """Return uses with the most telling one first: running before stopped, then by name."""
    return tuple(sorted(uses, key=lambda u: (not u.running, u.mount, u.container, u.container_id)))


def counted(number: int, thing: str) -> str:
    """Return `1 image`, `2 images`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def verdict_on(image: Image, reason: Reason, detail: str, *, removed: bool = False) -> Verdict:
    """Return a verdict that has yet to learn of references and bytes."""
    return Verdict(Kind.IMAGE, image.id, name_of(image), removed, reason, detail, image.size)


def witness_of_untagging(image: Image) -> str:
    """Return the witness of a step that takes a reference from an image: it allows no later apply to remove the image.

    The step that removes an image comes after these and carries the image's own witness.
    """
    return _ONLY_UNTAGGED + image.witness


def removal_objection(image: Image, chosen: Selection | None) -> Reason | None:
    """Say why an earlier plan forbids to remove an image, or None when it showed just that."""
    if chosen is None:
        return None
    planned = chosen.witnesses.get(image.id)
    if planned == witness_of_untagging(image):
        return Reason.NOT_IN_PLAN
    return chosen.objection(image.id, image.witness)


def untagging_objection(image: Image, references: Iterable[str], chosen: Selection | None) -> Reason | None:
    """Say why an earlier plan forbids to take these references, familiar form, from an image, or None."""
    if chosen is None:
        return None
    planned = chosen.witnesses.get(image.id)
    if planned is None and image.id not in chosen.references:
        return Reason.NOT_IN_PLAN
    if planned not in (None, image.witness, witness_of_untagging(image)):
        return Reason.CHANGED
    return None if all(chosen.takes(image.id, ref) for ref in references) else Reason.NOT_IN_PLAN
