"""What differs between Docker Engines, as data: one profile per engine version, API version and image store."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum

STATE_STORE = "prunecli state store"
"""The operating system that a served state store says it runs on: what tells it from a real Engine."""


class ImageStore(StrEnum):
    """Where an Engine keeps its images; the two stores judge them differently."""

    GRAPH = "graph"
    CONTAINERD = "containerd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One Engine as the rules see it; each truth value names a behaviour that came with some version.

    `api` is the version spoken, `max_api` the newest that this Engine knows.
    Source: `prune-semantics.md` 10 and `build-cache-gc.md` 9 and 11.2 of the specification.
    """

    engine: str
    api: tuple[int, int]
    max_api: tuple[int, int]
    min_api: tuple[int, int]
    image_store: ImageStore

    lower_case_filter_errors: bool
    """`invalid filter`; older engines write `Invalid filter`."""
    dangling_conflict_refused: bool
    """`dangling=true` with `dangling=false` is refused; in older engines false wins."""
    volume_all_key: bool
    """Volumes know the filter key `all`."""
    volume_destroy_events: bool
    """A volume prune tells of each volume; in older engines of the whole alone."""
    until_is_client_error: bool
    """A bad `until` of containers and networks is a 400; in older engines a 500."""
    cache_until_timestamp: bool
    """Build cache takes a timestamp as `until`; older engines take a plain duration, where 0 is no limit."""
    undated_image_kept: bool
    """An image without a creation time stays under `until`; in older engines it matches every `until`."""
    cache_description_in_prune: bool
    """The filter field `description` works while pruning."""
    cache_space_limits: bool
    """BuildKit knows max used and min free space beside reserved space."""
    digest_text_protects: bool
    """containerd store: `@digest` in a container's image text protects, and an image used by id keeps its last name."""
    image_mounts_protect: bool
    """A container's image mounts protect their references."""
    ranks_from_one: bool
    """Eviction ranks start at 1 (BuildKit 0.22); before, at 0."""
    gc_on_by_default: bool
    """The daemon's garbage collection runs unless it is disabled."""
    only_manifest_rows: bool
    """containerd store: a `deleted:` row for manifests and indexes alone; before, for every blob."""
    containerd_image_events: bool
    """containerd store: untag and delete events are emitted."""
    exact_until: bool
    """A duration `until` keeps its nanoseconds; before, it is floored to the second."""
    new_timestamp_wording: bool
    """Timestamps are refused with the newer error texts, and images prefix theirs with the filter's name."""
    image_until_is_client_error: bool
    """A bad `until` of images is a 400; before, a 500."""
    absent_label_differs: bool
    """containerd store: an image without `k` passes `label!=k=v`, and attestations have no say; before, it failed, and
    an attestation's lack of labels could pass for its image."""
    snapshot_bytes_counted: bool
    """containerd store: the space of unpacked snapshots is counted beside that of blobs."""
    gc_first_policy_works: bool
    """The first default policy's filter is a list; before, one string that can match nothing."""
    gc_durations_work: bool
    """Default policies' ages are 48 hours and 60 days; before, as many nanoseconds as those have seconds."""

    @property
    def volumes_default_to_all(self) -> bool:
        """Whether a volume prune takes named volumes unasked: API before 1.42."""
        return self.api < (1, 42)

    @property
    def takes_space_limits(self) -> bool:
        """Whether `/build/prune` reads the three newer size parameters: API 1.48."""
        return self.api >= (1, 48)

    @property
    def prunes_build_cache(self) -> bool:
        """Whether a system prune reaches the build cache: API 1.31."""
        return self.api >= (1, 31)

    @property
    def containerd(self) -> bool:
        """Whether images live in the containerd image store."""
        return self.image_store is ImageStore.CONTAINERD

    def speaking(self, api: tuple[int, int]) -> Profile:
        """Return the same Engine, spoken to in another API version."""
        return replace(self, api=api)


_FIRST_ENGINE: dict[str, tuple[int, ...]] = {
    "lower_case_filter_errors": (23, 0),
    "dangling_conflict_refused": (23, 0),
    "volume_all_key": (23, 0),
    "volume_destroy_events": (23, 0),
    "until_is_client_error": (23, 0),
    "cache_until_timestamp": (24, 0, 9),
    "gc_durations_work": (24, 0, 9),
    "undated_image_kept": (25, 0),
    "cache_description_in_prune": (27, 5),
    "cache_space_limits": (27, 5),
    "digest_text_protects": (27, 3),
    "image_mounts_protect": (28, 0),
    "ranks_from_one": (28, 2),
    "gc_on_by_default": (28, 2),
    "only_manifest_rows": (28, 4),
    "containerd_image_events": (28, 4),
    "exact_until": (29, 4),
    "new_timestamp_wording": (29, 4),
    "image_until_is_client_error": (29, 4),
    "absent_label_differs": (29, 4, 1),
    "snapshot_bytes_counted": (29, 6),
    "gc_first_policy_works": (29, 6),
}
assert set(_FIRST_ENGINE) == {f.name for f in fields(Profile) if f.type == "bool"}  # noqa: S101 - a table with a gap must not load


def parse_version(text: str) -> tuple[int, ...]:
    """Return the leading numbers of an engine version: `28.5.2+dfsg1` is (28, 5, 2)."""
    numbers: list[int] = []
    for part in text.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def parse_api(text: str) -> tuple[int, int]:
    """Return an API version as a pair; raises ValueError for text that is none."""
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def format_api(api: tuple[int, int]) -> str:
    """Return `1.51` for (1, 51)."""
    return f"{api[0]}.{api[1]}"


def make_profile(
    engine: str,
    api: tuple[int, int],
    image_store: ImageStore = ImageStore.GRAPH,
    *,
    min_api: tuple[int, int] = (1, 24),
) -> Profile:
    """Return the profile of an engine version whose newest API is `api`."""
    version = parse_version(engine)
    traits = {name: version >= first for name, first in _FIRST_ENGINE.items()}
    return Profile(engine=engine, api=api, max_api=api, min_api=min_api, image_store=image_store, **traits)


DEFAULT_PROFILE = make_profile("28.5.2", (1, 51))
"""Docker Engine 28.5.2, API 1.51, graph drivers: what a store without an import follows."""
