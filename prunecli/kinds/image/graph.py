"""Images in the graph drivers' store: dangling ones go, or with `all` every image that no container uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from prunecli.errors import ConflictError
from prunecli.info import PruneInfo
from prunecli.kinds.image import Image, ImageUse
from prunecli.kinds.image.answers import Refusal, age, counted, in_order, verdict_on
from prunecli.kinds.image.graph_store import GraphStore
from prunecli.kinds.image.references import is_id_prefix, parse
from prunecli.profile import Profile
from prunecli.units import Instant
from prunecli.verdict import Decisions, Reason, Selection, Step, Verdict


def decide(
    images: Iterable[Image],
    uses: Iterable[ImageUse],
    layers: Mapping[str, int],
    held: frozenset[str],
    info: PruneInfo,
    now: Instant,
    profile: Profile,
    chosen: Selection | None = None,
) -> Decisions:
    """Judge all images, and return the steps in the order in which an Engine acts.

    `layers` maps chain ids to their own bytes; `held` are those that build cache holds, and each holds what lies below
    it. Tagged images come first, by their tags, then the others by id; an image that builds on others takes its
    untagged parents along, whatever the filters say of them.
    Source: Docker Engine API, `POST /images/prune`.
    """
    ordered = in_order(images)
    store = GraphStore(ordered, uses, layers, held, profile, chosen)
    passed_over = {i.id: why for i in ordered if (why := select(i, store, info, now, profile))}
    for image in ordered:
        if image.id not in passed_over:
            _prune(image, store)
    taken = _references_taken(store.steps)
    verdicts = (replace(_verdict(i, store, passed_over.get(i.id), now), untagged=taken.get(i.id, ())) for i in ordered)
    return Decisions(tuple(verdicts), tuple(store.steps))


def select(image: Image, store: GraphStore, info: PruneInfo, now: Instant, profile: Profile) -> Refusal | None:
    """Say why a prune passes an image over, or None when it tries to remove it.

    An image known by digest alone counts as dangling. One whose config is missing carries no labels to fail by.
    """
    if image.tags and not info.all:
        return Refusal(Reason.TAGGED, f"tagged {image.tags[0]}, and only dangling images were asked for")
    if store.children(image) and not (info.all and store.references(image)):
        return Refusal(Reason.HAS_CHILDREN)
    if info.keep_duration is not None:
        if image.created_at is None:
            if profile.undated_image_kept:
                return Refusal(Reason.TOO_YOUNG, "its config does not say when it was created, which `until` asks for")
        elif image.created_at > now - info.keep_duration:
            return Refusal(Reason.TOO_YOUNG, f"{age(image.created_at, now)}, after the `until` of the filter")
    if not info.filter.match(image.labels):
        return Refusal(Reason.LABEL_MISMATCH, "its labels do not match the filter")
    return None


def delete(
    images: Iterable[Image],
    uses: Iterable[ImageUse],
    layers: Mapping[str, int],
    held: frozenset[str],
    reference_or_id: str,
    *,
    force: bool,
    noprune: bool,
    profile: Profile,
) -> tuple[Step, ...]:
    """Return the steps that remove one image, or one of its references, as asked for by name.

    Errors: NotFoundError, ConflictError, and RefusedError for text that is no reference, in the Engine's words.
    Source: Docker Engine API, `DELETE /images/{name}`.
    """
    store = GraphStore(in_order(images), uses, layers, held, profile)
    image = store.find(reference_or_id)
    if is_id_prefix(image.id, reference_or_id):
        refusal = store.delete_image(image, force=force, parents=not noprune)
    else:
        typed = parse(reference_or_id).with_default_tag()
        refusal = store.delete_reference(
            image, typed.by_digest(), force=force, parents=not noprune, typed=reference_or_id, shown=typed.familiar
        )
    if refusal:
        raise ConflictError(refusal.message)
    return tuple(store.steps)


def _prune(image: Image, store: GraphStore) -> None:
    references = store.references(image)
    if not references:
        store.delete_image(image)
    for ref in references:
        if ref in store.references(image):  # a digest reference may have fallen with the last tag
            store.delete_reference(image, ref)


def _verdict(image: Image, store: GraphStore, passed_over: Refusal | None, now: Instant) -> Verdict:
    removed = store.removed.get(image.id)
    if removed:
        reason, why = _removal(image, removed.child if passed_over else "")
        detail = f"{why}, {age(image.created_at, now)}"
        return replace(verdict_on(image, reason, detail, removed=True), reclaims=removed.reclaims)
    if passed_over and (passed_over.reason is not Reason.HAS_CHILDREN or image.id not in store.refused):
        refusal = passed_over
    else:
        refusal = store.refused[image.id]
    if refusal.reason is Reason.HAS_CHILDREN:
        return verdict_on(image, refusal.reason, _children(store.children(image)))
    return verdict_on(image, refusal.reason, refusal.detail)


def _removal(image: Image, child: str) -> tuple[Reason, str]:
    if child:
        return Reason.PARENT, f"untagged parent of {child}, and nothing else builds on it"
    if image.tags:
        return Reason.UNUSED, "no container uses it"
    if image.digests:
        return Reason.DANGLING, "known by digest alone, and no container uses it"
    return Reason.DANGLING, "untagged, and no other image builds on it"


def _children(number: int) -> str:
    if not number:
        return "an image built on it when this prune began"
    return f"{counted(number, 'image')} {'builds' if number == 1 else 'build'} on it"


def _references_taken(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    taken: dict[str, tuple[str, ...]] = {}
    for step in steps:
        if step.untags:
            taken[step.id] = (*taken.get(step.id, ()), step.ref)
    return taken
