"""Images: list, inspection, history, tags, and removal of one.

Source: Docker Engine API; moby (daemon/images, daemon/containerd).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable

from prunecli.errors import FilterError, NotFoundError, RefusedError, TimestampError
from prunecli.events import step_event
from prunecli.filters import Filters, LabelFilter
from prunecli.kinds.image import Image, containerd, graph
from prunecli.kinds.image.references import Reference, is_id_prefix, listed, parse_any, truncated_id
from prunecli.plan import held_blobs, held_layers, image_uses
from prunecli.server import versions
from prunecli.server.listing import check_keys, has_labels, truth
from prunecli.server.messages import Answer, Request, json_answer
from prunecli.server.prunes import deleted_items
from prunecli.server.tags import requested_tag, tag_image
from prunecli.server.world import Json, ServedWorld, Told
from prunecli.snapshot import Snapshot
from prunecli.units import Instant, local_utc_offset, parse_timestamp
from prunecli.verdict import Kind, Step

_KEYS = ("before", "dangling", "label", "reference", "since", "until")


def shown_images(snapshot: Snapshot) -> list[Image]:
    """Return the images that a list shows, newest first: those between two others and without a name are left out."""
    parents = {image.parent for image in snapshot.images}
    return [i for i in _newest_first(snapshot.images) if i.tags or i.digests or i.id not in parents]


def find_image(snapshot: Snapshot, text: str) -> Image:
    """Return the image of this name, id, or beginning of an id.

    Errors: NotFoundError, also when the beginning fits several; RefusedError for text that is no reference.
    """
    wanted = parse_any(text)
    if not wanted.repository:
        found = [i for i in snapshot.images if i.id == wanted.digest]
    else:
        name = wanted.with_default_tag().by_digest().familiar
        found = [i for i in snapshot.images if name in i.tags or name in i.digests]
        if not found and truncated_id(text):
            found = [i for i in snapshot.images if is_id_prefix(i.id, text)]
    if len(found) != 1:
        raise NotFoundError(f"No such image: {wanted.with_default_tag().familiar}")
    return found[0]


def list_images(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /images/json`, newest first. Errors: FilterError; NotFoundError for `before` and `since`."""
    filters, told, profile = request.filters(), world.told(), request.profile
    if request.api < (1, 41) and request.text("filter"):
        filters = filters.with_value("reference", request.text("filter"))
    old = not profile.lower_case_filter_errors
    keys = [key for key in _KEYS if not (old and key == "until")]
    check_keys(filters, [*keys, "label!"] if profile.containerd else keys, profile)
    dangling = truth(filters, "dangling", profile)
    tests = [_label_test(filters), *_age_tests(told.snapshot, filters)]
    every = request.flag("all")
    images = _newest_first(told.snapshot.images) if every else shown_images(told.snapshot)
    if dangling is not None:
        images = [i for i in shown_images(told.snapshot) if _is_dangling(i, asked=dangling) == dangling]
    rows = [_row(told, i, request, filters) for i in images if all(test(i) for test in tests)]
    return json_answer([row for row in rows if row is not None])


def _is_dangling(image: Image, *, asked: bool) -> bool:
    """Say whether an image counts as dangling: one known by digest alone passes whatever is asked for."""
    return not image.tags and (asked or not image.digests)


def _row(told: Told, image: Image, request: Request, filters: Filters) -> Json | None:
    """Return an image's row, with those of its names that `reference` asks for; None when it has none of them."""
    usage = told.said.row(Kind.IMAGE, image.id)
    row = told.said.images[image.id].get("Summary") or usage
    patterns = sorted(filters.get("reference"))
    if patterns:
        tags, digests = (_matching(names, patterns) for names in versions.references(row))
        if request.profile.containerd and tags:  # the row is that of its first name
            digests = [d for d in image.digests if listed(d).repository == listed(tags[0]).repository]
        if not (tags or digests):
            return None
        row = row | {"RepoTags": tags, "RepoDigests": digests}
    shared = usage.get("SharedSize", -1) if request.flag("shared-size") else -1
    return versions.image_row(row, request.api, shared_size=shared, manifests=request.flag("manifests"))


def _matching(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    return [name for name in names if any(_reference_matches(listed(name), pattern) for pattern in patterns)]


def inspect_image(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /images/{name}/json`. Errors: NotFoundError, RefusedError."""
    told = world.told()
    image = find_image(told.snapshot, request.names["name"])
    return json_answer(versions.image_inspect(told.said.images[image.id], request.profile))


def image_history(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /images/{name}/history`. Errors: NotFoundError, RefusedError."""
    told = world.told()
    image = find_image(told.snapshot, request.names["name"])
    return json_answer(told.said.images[image.id].get("History") or [])


def tag(world: ServedWorld, request: Request) -> Answer:
    """Answer `POST /images/{name}/tag`; without `repo` nothing happens. Errors: NotFoundError, RefusedError."""
    reference = requested_tag(request.text("repo"), request.text("tag"))
    if reference is None:
        return Answer(200)
    if reference.familiar_repository == "sha256":
        raise RefusedError("refusing to create an ambiguous tag using digest algorithm as name")
    with world.store.edit() as edit:
        snapshot = edit.snapshot(world.clock.now())
        tag_image(edit, snapshot, find_image(snapshot, request.names["name"]), reference, world.clock.now())
    return Answer(201)


def delete_image(world: ServedWorld, request: Request) -> Answer:
    """Answer `DELETE /images/{name}`. Errors: NotFoundError, ConflictError, RefusedError."""
    name = request.names["name"]
    if not name.strip():
        raise RefusedError("image name cannot be blank")
    with world.store.edit() as edit:
        steps = _deletion(edit.snapshot(world.clock.now()), name, request)
        for step in steps:
            if why := edit.remove(step):
                raise RefusedError(f"{step.name}: {why}", http_status=500)
            if event := step_event(step, world.clock.now()):
                edit.emit(event)
    return json_answer(deleted_items(tuple(row for step in steps for row in step.rows)))


def _deletion(snapshot: Snapshot, name: str, request: Request) -> tuple[Step, ...]:
    uses, force, noprune = image_uses(snapshot), request.flag("force"), request.flag("noprune")
    if snapshot.profile.containerd:
        return containerd.delete(
            snapshot.images,
            uses,
            held_blobs(snapshot),
            name,
            force=force,
            noprune=noprune,
            profile=snapshot.profile,
        )
    return graph.delete(
        snapshot.images,
        uses,
        snapshot.layers,
        held_layers(snapshot),
        name,
        force=force,
        noprune=noprune,
        profile=snapshot.profile,
    )


def _newest_first(images: Iterable[Image]) -> list[Image]:
    return sorted(images, key=lambda i: (-(i.created_at or 0), i.id))


_Test = Callable[[Image], bool]


def _label_test(filters: Filters) -> _Test:
    excluded = filters.get("label!")
    without = LabelFilter(excluded=excluded, each=True)
    return lambda image: has_labels(filters, image.labels) and (not excluded or without.match(image.labels or {}))


def _age_tests(snapshot: Snapshot, filters: Filters) -> list[_Test]:
    """Return the tests of `before` and `until` (the earliest counts), and of `since` (the latest)."""
    ends = [find_image(snapshot, text).created_at for text in sorted(filters.get("before"))]
    ends += [_until(text, snapshot) for text in sorted(filters.get("until"))]
    starts = [find_image(snapshot, text).created_at for text in sorted(filters.get("since"))]
    tests: list[_Test] = []
    if known := [end for end in ends if end is not None]:
        tests.append(lambda image: image.created_at is not None and image.created_at < min(known))
    if begun := [start for start in starts if start is not None]:
        tests.append(lambda image: image.created_at is not None and image.created_at > max(begun))
    return tests


def _until(text: str, snapshot: Snapshot) -> Instant:
    now = snapshot.taken_at
    try:
        return parse_timestamp(text, now, utc_offset=local_utc_offset(now))
    except TimestampError as error:
        raise FilterError(str(error), http_status=500) from None


def _reference_matches(reference: Reference, pattern: str) -> bool:
    """Say whether a shell pattern fits a reference, or its name alone; `*` does not cross a slash."""
    return any(_glob(text, pattern) for text in (reference.familiar, reference.familiar_repository))


def _glob(text: str, pattern: str) -> bool:
    texts, patterns = text.split("/"), pattern.split("/")
    return len(texts) == len(patterns) and all(map(fnmatch.fnmatchcase, texts, patterns))
