"""Names for images: reading what was asked for, and giving it to one image.

Source: moby (api/server/httputils, daemon/images).
"""

from __future__ import annotations

import re
from dataclasses import replace

from prunecli.backends.served import Edit
from prunecli.errors import RefusedError
from prunecli.events import Event
from prunecli.kinds.image import Image
from prunecli.kinds.image.references import Reference, parse
from prunecli.snapshot import Snapshot
from prunecli.units import Instant

_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}")


def requested_tag(repository: str, tag: str) -> Reference | None:
    """Return the reference that `repo` and `tag` ask for, None without a repository.

    Errors: RefusedError in the Engine's words.
    """
    if not repository:
        return None
    reference = parse(repository)
    if reference.digest:
        raise RefusedError("cannot import digest reference")
    if tag:
        if not _TAG.fullmatch(tag):
            raise RefusedError("invalid tag format")
        return replace(reference, tag=tag)
    return reference.with_default_tag()


def tag_image(edit: Edit, snapshot: Snapshot, image: Image, reference: Reference, now: Instant) -> None:
    """Give an image a name, taking it from the one that has it, and tell of it; giving it again is told again."""
    name = reference.familiar
    for other in snapshot.images:
        if other.id != image.id and name in other.tags:
            edit.put(replace(other, tags=tuple(t for t in other.tags if t != name)))
    if name not in image.tags:
        edit.put(replace(image, tags=tuple(sorted((*image.tags, name)))))
    edit.emit(Event("image", "tag", now, image.id, {**(image.labels or {}), "name": name}))
