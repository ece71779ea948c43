"""Remove or keep, and why: the vocabulary in which every kind's rules answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """The five kinds, in the order of the cascade."""

    CONTAINER = "container"
    NETWORK = "network"
    VOLUME = "volume"
    IMAGE = "image"
    BUILD_CACHE = "build-cache"

    @property
    def event_type(self) -> str:
        """The type under which an Engine's events speak of this kind."""
        return "builder" if self is Kind.BUILD_CACHE else self.value


class Reason(Enum):
    """Why an object goes or stays; the value is the word of the JSON forms."""

    # goes
    STOPPED = "stopped"
    UNUSED = "unused"
    DANGLING = "dangling"
    PARENT = "untagged-parent"
    OVER_LIMIT = "over-limit"

    # stays
    RUNNING = "running"
    REMOVING = "removal-in-progress"
    IN_USE = "in-use"
    PREDEFINED = "predefined"
    CONFIG_ONLY = "config-only"
    INGRESS = "ingress"
    NOT_LOCAL = "not-local"
    NAMED_VOLUME = "named-volume"
    TAGGED = "tagged"
    HAS_CHILDREN = "has-children"
    TOO_YOUNG = "too-young"
    LABEL_MISMATCH = "label-mismatch"
    FILTER_MISMATCH = "filter-mismatch"
    SHARED = "shared"
    INTERNAL = "internal"
    WITHIN_LIMIT = "within-limit"
    NOT_IN_PLAN = "not-in-plan"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a plan decided for one object.

    `size` is bytes on disk, `reclaims` the bytes that its removal gives back (0 when it stays). `detail` says what the
    reason is about, in words; names in it come from outside. `untagged` lists an image's references that go, familiar
    form, in order; an image that stays may lose some.
    """

    kind: Kind
    id: str
    name: str
    removed: bool
    reason: Reason
    detail: str = ""
    size: int = 0
    reclaims: int = 0
    untagged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a report: `verb` is "untagged", "deleted", or empty where the report lists bare names."""

    text: str
    verb: str = ""


_NOTHING: Mapping[str, str] = MappingProxyType({})  # one for all: there may be a step for each of a million records


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a plan, in the order in which an Engine acts.

    `ref` is the reference that goes, familiar form, when the step untags and does not remove. `layers` are the chain
    ids (containerd store: digests) that vanish with it. `action` and `attributes` are the event that tells of it; no
    action, no event. A step that removes an object carries its `witness`, so that a later apply can tell whether it
    changed. `shared` says of a build cache record that an image has its bytes too: they come back with the image.
    """

    kind: Kind
    id: str
    name: str
    ref: str = ""
    rows: tuple[Row, ...] = ()
    reclaims: int = 0
    layers: tuple[str, ...] = ()
    action: str = ""
    attributes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    witness: str = ""
    shared: bool = False

    @property
    def freed(self) -> int:
        """Bytes that the disk has free once the step is done."""
        return 0 if self.shared else self.reclaims

    @property
    def untags(self) -> bool:
        """Whether only a reference goes."""
        return bool(self.ref)


@dataclass(frozen=True, slots=True)
class Decisions:
    """One kind's answer: a verdict for every object, and the steps that carry them out."""

    verdicts: tuple[Verdict, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What one kind of an earlier plan was going to remove: nothing else may go, and nothing that has changed.

    `witnesses` maps the id of each planned object to what it looked like then; `references` maps an image id to the
    references that the plan takes from it.
    """

    witnesses: Mapping[str, str]
    references: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def objection(self, id: str, witness: str) -> Reason | None:
        """Say why an object must stay, or None when it is what the plan showed."""
        if id not in self.witnesses:
            return Reason.NOT_IN_PLAN
        return None if self.witnesses[id] == witness else Reason.CHANGED

    def takes(self, id: str, ref: str) -> bool:
        """Say whether the plan takes this reference from this image."""
        return ref in self.references.get(id, frozenset())
