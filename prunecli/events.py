"""Events: what an Engine tells the world, who wants to hear it, and how it is written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from prunecli.errors import EngineError, RefusedError
from prunecli.filters import Filters
from prunecli.kinds.image import references
from prunecli.printable import printable
from prunecli.units import SECOND, Instant, format_instant
from prunecli.verdict import Kind, Step


@dataclass(frozen=True, slots=True)
class Event:
    """One event of an Engine. `actor_id` is empty for prune events; attributes are all text."""

    type: str
    action: str
    at: Instant
    actor_id: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    scope: str = "local"


def prune_event(kind: Kind, reclaimed: int, at: Instant) -> Event:
    """Return the event that ends a prune: it is emitted also when nothing went.

    Source: moby's "prune events" change, API 1.41.
    """
    return Event(kind.event_type, "prune", at, attributes={"reclaimed": str(reclaimed)})


def step_event(step: Step, at: Instant) -> Event | None:
    """Return the event that tells of one step, or None for a step nobody tells of."""
    if not step.action:
        return None
    return Event(step.kind.event_type, step.action, at, step.id, step.attributes)


# Filtering


ACTOR_KEYS = ("container", "network", "volume", "plugin", "daemon", "service", "node", "secret", "config")
"""Filter keys that are held against the actor's id and name, whatever the type of the event."""

_OPEN_ACTIONS = frozenset({"health_status", "exec_create", "exec_start"})
"""Actions that go on with a colon and details: one of these as a filter makes all `event` values prefixes."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events a listener wants. Keys are all to hold; of a key's values one is enough, but all for `label`.

    A key that is not known, or has no value, asks nothing.
    Source: `cli-and-api.md` 7.2 of the specification.
    """

    values: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, filters: Filters) -> EventFilter:
        """Return the filter that these words ask for; there are no wrong ones."""
        known = {"event", "type", "scope", "image", "label", *ACTOR_KEYS}
        return cls({key: values for key, values in filters.values.items() if key in known and values})

    def match(self, event: Event) -> bool:
        """Say whether the listener wants to hear of it."""
        return all(_asks(key, values, event) for key, values in self.values.items())


def _asks(key: str, values: frozenset[str], event: Event) -> bool:
    """Say whether one key of a filter lets the event pass."""
    if key == "event":
        return event.action in values or (not values.isdisjoint(_OPEN_ACTIONS) and _begins(event.action, values))
    if key == "type":
        return event.type in values
    if key == "scope":
        return event.scope in values
    if key == "label":
        return all(_labelled(event.attributes, value) for value in values)
    if key == "image":
        return not values.isdisjoint(_image_names(event))
    return _begins(event.actor_id, values) or _begins(event.attributes.get("name", ""), values)


def _begins(text: str, values: frozenset[str]) -> bool:
    return any(text.startswith(value) for value in values)


def _labelled(attributes: Mapping[str, str], value: str) -> bool:
    key, equals, wanted = value.partition("=")
    return key in attributes and (not equals or attributes[key] == wanted)


def _image_names(event: Event) -> set[str]:
    """Return every text by which `image=` finds this event: ids and names, each also without tag and digest."""
    name = event.attributes.get("name" if event.type == "image" else "image", "")
    return {event.actor_id, name, familiar_name(event.actor_id), familiar_name(name)}


def familiar_name(reference: str) -> str:
    """Return an image reference as Docker shows its repository, without tag and digest; other text as it is.

    `docker.io/library/busybox:1` is `busybox`. An image's id, `sha256:...`, reads as a repository named `sha256`.
    """
    try:
        return references.parse(reference).familiar_repository
    except RefusedError:
        return reference


# Writing and reading


def event_json(event: Event, *, legacy: bool) -> dict[str, object]:
    """Return the Engine's JSON form, keys in the Engine's order; what is empty or zero is left out.

    `legacy` adds `status`, `id` and `from` to container and image events: API versions before 1.52.
    Source: `cli-and-api.md` 7.5 of the specification.
    """
    document: dict[str, object] = {}
    if legacy and event.type in ("container", "image"):
        document |= {"status": event.action, "id": event.actor_id}
        document["from"] = event.attributes.get("image", "") if event.type == "container" else ""
        document = {key: value for key, value in document.items() if value}
    document |= {"Type": event.type, "Action": event.action}
    document["Actor"] = {"ID": event.actor_id, "Attributes": dict(sorted(event.attributes.items()))}
    told: dict[str, object] = {"scope": event.scope, "time": event.at // SECOND, "timeNano": event.at}
    return document | {key: value for key, value in told.items() if value}


def event_line(event: Event, utc_offset_of: Callable[[Instant], int]) -> str:
    """Return the line that `docker events` prints, without its end; `utc_offset_of` gives seconds ahead of UTC.

    Control characters in names and labels are spelt out (`\\x1b`), here and nowhere else in the line's form.
    Source: `cli-and-api.md` 7.1 of the specification.
    """
    line = f"{event.type} {event.action} {event.actor_id}"
    if event.at:
        line = f"{format_instant(event.at, utc_offset=utc_offset_of(event.at), digits=9)} {line}"
    if event.attributes:
        line += " (" + ", ".join(f"{key}={value}" for key, value in sorted(event.attributes.items())) + ")"
    return printable(line)


def parse_event(document: object) -> Event:
    """Read an Engine's JSON form; `timeNano` wins over `time`, and legacy keys stand in where the newer are missing.

    Errors: EngineError for what is no event.
    """
    if not isinstance(document, dict):
        raise EngineError(f"the Engine sent an event that is no JSON object: {document!r:.80}")
    actor = document.get("Actor") or {}
    attributes = (actor.get("Attributes") or {}) if isinstance(actor, dict) else None
    if not isinstance(attributes, dict):
        raise EngineError(f"the Engine sent an event whose actor cannot be read: {actor!r:.80}")
    seconds, nanos = document.get("time") or 0, document.get("timeNano") or 0
    if not (isinstance(seconds, int) and isinstance(nanos, int)):
        raise EngineError(f"the Engine sent an event whose time is no number: {nanos or seconds!r:.80}")
    return Event(
        type=str(document.get("Type") or "container"),
        action=str(document.get("Action") or document.get("status") or ""),
        at=nanos or seconds * SECOND,
        actor_id=str(actor.get("ID") or document.get("id") or ""),
        attributes={str(key): str(value) for key, value in attributes.items()},
        scope=str(document.get("scope") or ""),
    )
