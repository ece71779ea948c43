"""Images in the containerd store: dangling ones go, or with `all` every name that no container was created from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from prunecli.errors import RefusedError
from prunecli.filters import LabelFilter
from prunecli.info import PruneInfo
from prunecli.kinds.image import Image, ImageUse
from prunecli.kinds.image.answers import (
    Refusal,
    age,
    by_container,
    first_users,
    in_order,
    removal_objection,
    untagging_objection,
    verdict_on,
)
from prunecli.kinds.image.containerd_delete import delete
from prunecli.kinds.image.containerd_store import DANGLING, ContainerdStore, Record, records_of
from prunecli.kinds.image.references import parse
from prunecli.profile import Profile
from prunecli.units import Instant
from prunecli.verdict import Decisions, Reason, Selection, Step, Verdict

__all__ = ["decide", "delete"]


@dataclass(slots=True)
class _Candidates:
    """Names on their way out, and why others stay; both by the names of the store."""

    going: dict[str, Record]
    kept: dict[str, Refusal]
    used: dict[str, list[ImageUse]] = field(default_factory=dict)
    """Image ids that some container names by id or digest."""

    def keep(self, name: str, refusal: Refusal) -> None:
        if self.going.pop(name, None):
            self.kept[name] = refusal


def decide(
    images: Iterable[Image],
    uses: Iterable[ImageUse],
    held: frozenset[str],
    info: PruneInfo,
    now: Instant,
    profile: Profile,
    chosen: Selection | None = None,
) -> Decisions:
    """Judge all images, and return the steps that take their names, in the order of the names.

    `held` are the digests of the blobs that build cache holds beside images.
    Protection is by name: a container keeps the name that it was created from, whatever that points to now; one that
    was created from an id or a digest keeps the last name of its image.
    Source: Docker Engine API, `POST /images/prune`; the Engine removes in random order.
    """
    ordered, everyone = in_order(images), tuple(uses)
    claims = first_users(use for use in everyone if not use.mount)
    store = ContainerdStore(ordered, everyone, held, profile)
    count = Counter(record.image.id for record in store.records())
    names = _select(store.records(), info, now, profile)
    _keep_named(names, claims, profile)
    if profile.digest_text_protects:
        _keep_last(names, count)
    _keep_unchosen(names, count, chosen, profile)
    _take(names, store, profile)
    steps: dict[str, list[Step]] = {}
    for step in store.steps:
        steps.setdefault(step.id, []).append(step)
    return Decisions(tuple(_verdict(i, names, steps.get(i.id, ()), now) for i in ordered), tuple(store.steps))


def _select(records: Iterable[Record], info: PruneInfo, now: Instant, profile: Profile) -> _Candidates:
    names = _Candidates({}, {})
    for record in records:
        refusal = _passed_over(record, info, now, profile)
        if refusal:
            names.kept[record.name] = refusal
        else:
            names.going[record.name] = record
    return names


def _passed_over(record: Record, info: PruneInfo, now: Instant, profile: Profile) -> Refusal | None:
    """Say why a prune passes a name over; a time counts from when the store first knew the name."""
    image = record.image
    if not (info.all or record.dangling):
        verb = "known as" if record.reference.digest else "tagged"
        return Refusal(Reason.TAGGED, f"{verb} {record.shown}, and only dangling images were asked for")
    if info.keep_duration is not None:
        recorded_at = image.recorded_at if image.recorded_at is not None else image.created_at
        if recorded_at is None:
            return Refusal(Reason.TOO_YOUNG, "nobody knows since when it is here, which `until` asks for")
        if recorded_at >= now - info.keep_duration:
            known = age(recorded_at, now).replace("created", "known for", 1).removesuffix(" ago")
            return Refusal(Reason.TOO_YOUNG, f"{known}, not from before the `until` of the filter")
    if not _labels_match(image, info.filter, profile):
        return Refusal(Reason.LABEL_MISMATCH, "its labels do not match the filter")
    return None


def _labels_match(image: Image, filter: LabelFilter, profile: Profile) -> bool:
    """Say whether some config of the image passes.

    Before Engine 29.4.1 an attestation's config, which has no labels, was one of them, and a test of a label's value
    failed without that label, whichever way it asked.
    """
    if profile.absent_label_differs:
        return filter.match(image.labels)
    keys = {key.removesuffix("!") for key, equals, _ in (v.partition("=") for v in _values(filter)) if equals}
    configs = [image.labels, {}] if image.attested else [image.labels]
    return any(filter.match(labels) and keys <= set(labels or {}) for labels in configs)


def _values(filter: LabelFilter) -> frozenset[str]:
    return filter.required | (filter.excluded or frozenset())


def _keep_named(names: _Candidates, claims: Iterable[ImageUse], profile: Profile) -> None:
    """Keep the names that containers were created from, and note the images that they name by id or digest."""
    for use in claims:
        names.keep(DANGLING + use.image_id, Refusal(Reason.IN_USE, by_container([use])))
        by_id = use.image_id.startswith("sha256:" + use.image.removeprefix("sha256:"))
        if by_id or (profile.digest_text_protects and use.image.endswith(f"@{use.image_id}")):
            names.used.setdefault(use.image_id, []).append(use)
        if by_id and not profile.digest_text_protects:
            continue
        for name in _names_meant(use.image, profile):
            record = names.going.get(name)
            if record:
                names.keep(name, Refusal(Reason.IN_USE, _named_by(use, record)))


def _names_meant(text: str, profile: Profile) -> tuple[str, ...]:
    """Return the names that a container's image text stands for: none when it does not parse."""
    try:
        reference = parse(text).with_default_tag()
    except RefusedError:
        return ()
    if reference.tag and reference.digest and profile.digest_text_protects:
        return (reference.full, replace(reference, digest="").full)
    return (reference.full,)


def _named_by(use: ImageUse, record: Record) -> str:
    if use.image_id == record.image.id:
        return by_container([use])
    state = "running" if use.running else "stopped"
    return f"container {use.container} ({state}) was created from {record.shown} when that was another image"


def _keep_last(names: _Candidates, count: Mapping[str, int]) -> None:
    """Keep the last name of each image that a container names by id or digest, unless another name stays anyway."""
    left = dict(count)
    for name, record in sorted(names.going.items()):
        id = record.image.id
        if left[id] > 1:
            left[id] -= 1
        elif id in names.used:
            names.keep(name, Refusal(Reason.IN_USE, by_container(names.used[id])))


def _keep_unchosen(names: _Candidates, count: Mapping[str, int], chosen: Selection | None, profile: Profile) -> None:
    """Hold everything to what an earlier plan showed."""
    if chosen is None:
        return
    for record in list(names.going.values()):
        objection = untagging_objection(record.image, [record.ref], chosen)
        if objection:
            names.keep(record.name, Refusal(objection))
    for id, records in _by_image(names.going).items():
        objection = removal_objection(records[0].image, chosen)
        if objection and len(records) == count[id] and not _stays_dangling(id, names, profile):
            for record in records:
                names.keep(record.name, Refusal(objection))


def _stays_dangling(id: str, names: _Candidates, profile: Profile) -> bool:
    """Say whether an image without a name stays under a dangling record, as those in use did before Engine 27.3."""
    return id in names.used and not profile.digest_text_protects


def _take(names: _Candidates, store: ContainerdStore, profile: Profile) -> None:
    going = _by_image(names.going)
    for name, record in sorted(names.going.items()):
        image = record.image
        store.untag(record, told=profile.containerd_image_events)
        if store.records(image.id):
            last = record == going[image.id][-1]
        elif _stays_dangling(image.id, names, profile):
            last = True
            names.kept[name] = Refusal(Reason.IN_USE, by_container(names.used[image.id]))
        else:
            store.remove(image, record.shown)
            continue
        if last:
            store.forget_digests(image)


def _by_image(names: Mapping[str, Record]) -> dict[str, list[Record]]:
    images: dict[str, list[Record]] = {}
    for _, record in sorted(names.items()):
        images.setdefault(record.image.id, []).append(record)
    return images


def _verdict(image: Image, names: _Candidates, steps: Sequence[Step], now: Instant) -> Verdict:
    untagged = tuple(step.ref for step in steps if step.untags and step.rows)
    if steps and not steps[-1].untags:
        named = untagged != (image.id,)
        reason, why = (Reason.UNUSED, "no container needs its name") if named else (Reason.DANGLING, "it has no name")
        verdict = verdict_on(image, reason, f"{why}, {age(image.created_at, now)}", removed=True)
        return replace(verdict, reclaims=steps[-1].reclaims, untagged=untagged if named else ())
    refusals = [names.kept[r.name] for r in records_of(image) if r.name in names.kept]
    telling = min(refusals, key=lambda refusal: refusal.reason is not Reason.IN_USE)
    return replace(verdict_on(image, telling.reason, telling.detail), untagged=untagged)
