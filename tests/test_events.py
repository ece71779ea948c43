"""Events: who hears of them, and how they are written down."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli.errors import EngineError
from prunecli.events import (
    Event,
    EventFilter,
    event_json,
    event_line,
    familiar_name,
    parse_event,
    prune_event,
    step_event,
)
from prunecli.filters import Filters
from prunecli.verdict import Kind, Step
from tests.store_worlds import texts

AT = 1_795_247_299_010_102_956

CONTAINER = Event(
    "container",
    "destroy",
    AT,
    "debe577d",
    {"name": "running_foo", "image": "registry.example.com:5000/team/app:v1@sha256:" + "a" * 64, "tier": "web"},
)
OFFICIAL = Event("container", "create", AT, "9927b039", {"name": "anon", "image": "busybox:latest"})
BARE = Event("container", "create", AT, "9927b039", {"name": "anon", "image": "busybox"})
IMAGE = Event("image", "untag", AT, "sha256:" + "5" * 64, {"name": "busybox:latest"})
NETWORK = Event("network", "destroy", AT, "f00d", {"name": "front", "type": "bridge"})
PRUNE = prune_event(Kind.VOLUME, 15728640, AT)
HEALTH = Event("container", "health_status: healthy", AT, "c0ffee", {"name": "web"})
SWARM = Event("service", "remove", AT, "s1", {"name": "api"}, "swarm")


def asks(event: Event, *words: str) -> bool:
    """Say whether a filter given as words (`key=value`) lets the event pass."""
    values: dict[str, set[str]] = {}
    for word in words:
        key, _, value = word.partition("=")
        values.setdefault(key, set()).add(value)
    return EventFilter.parse(Filters({key: frozenset(v) for key, v in values.items()})).match(event)


@pytest.mark.parametrize(
    ("event", "words", "passes"),
    [
        pytest.param(CONTAINER, [], True, id="who asks nothing hears everything"),
        pytest.param(CONTAINER, ["event=destroy"], True, id="an action"),
        pytest.param(CONTAINER, ["event=dest"], False, id="is exact"),
        pytest.param(CONTAINER, ["event=prune", "event=destroy"], True, id="one of several actions"),
        pytest.param(HEALTH, ["event=health_status"], True, id="health_status stands for all of its results"),
        pytest.param(HEALTH, ["event=health_status: healthy"], True, id="and for one"),
        pytest.param(HEALTH, ["event=health"], False, id="a shorter beginning does not"),
        pytest.param(HEALTH, ["event=health", "event=exec_start"], True, id="unless an open action makes all prefixes"),
        pytest.param(CONTAINER, ["type=container"], True, id="a type"),
        pytest.param(CONTAINER, ["type=Container"], False, id="in small letters"),
        pytest.param(CONTAINER, ["type=image", "type=container"], True, id="one of several types"),
        pytest.param(CONTAINER, ["type=image", "event=destroy"], False, id="different keys are all to hold"),
        pytest.param(CONTAINER, ["container=debe"], True, id="the beginning of an id"),
        pytest.param(CONTAINER, ["container=runn"], True, id="the beginning of a name"),
        pytest.param(CONTAINER, ["container=foo"], False, id="not its middle"),
        pytest.param(NETWORK, ["container=fro"], True, id="names are not tied to a type"),
        pytest.param(SWARM, ["service=api", "node=s1"], True, id="two names of one actor"),
        pytest.param(PRUNE, ["volume=data"], False, id="a prune has no name"),
        pytest.param(PRUNE, ["volume="], True, id="but begins with nothing"),
        pytest.param(CONTAINER, ["scope=local"], True, id="a scope"),
        pytest.param(SWARM, ["scope=local"], False, id="another scope"),
        pytest.param(CONTAINER, ["label=tier"], True, id="a label"),
        pytest.param(CONTAINER, ["label=tier=web"], True, id="with its value"),
        pytest.param(CONTAINER, ["label=tier=db"], False, id="with another value"),
        pytest.param(CONTAINER, ["label=tier", "label=owner"], False, id="all labels are to be there"),
        pytest.param(PRUNE, ["label=reclaimed=15728640"], True, id="every attribute is a label"),
        pytest.param(OFFICIAL, ["image=busybox:latest"], True, id="an image as it was named"),
        pytest.param(OFFICIAL, ["image=busybox"], True, id="without its tag"),
        pytest.param(BARE, ["image=busybox:latest"], False, id="but with no more than was said"),
        pytest.param(CONTAINER, ["image=registry.example.com:5000/team/app"], True, id="without tag and digest"),
        pytest.param(CONTAINER, ["image=registry.example.com:5000/team/app:v1"], False, id="not with half of them"),
        pytest.param(IMAGE, ["image=sha256:" + "5" * 64], True, id="an image's id"),
        pytest.param(IMAGE, ["image=" + "5" * 12], False, id="not its beginning"),
        pytest.param(IMAGE, ["image=busybox"], True, id="an image's name"),
        pytest.param(IMAGE, ["image=sha256"], True, id="an id reads as a repository named sha256"),
        pytest.param(CONTAINER, ["nonsense=1"], True, id="an unknown key asks nothing"),
    ],
)
def test_filters(event: Event, words: list[str], passes: bool) -> None:
    """A filter lets pass what an Engine's would."""
    assert asks(event, *words) is passes


def test_a_key_without_values_asks_nothing() -> None:
    """An empty set of values, which the wire form can express, is no condition."""
    assert EventFilter.parse(Filters({"type": frozenset(), "label": frozenset()})).match(CONTAINER)


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("busybox", "busybox"),
        ("busybox:1.36", "busybox"),
        ("library/busybox:1", "busybox"),
        ("docker.io/library/busybox", "busybox"),
        ("index.docker.io/team/app:1", "team/app"),
        ("localhost/app", "localhost/app"),
        ("Registry/app:1", "Registry/app"),
        ("example.com:5000/app:1@sha256:" + "0" * 64, "example.com:5000/app"),
        ("f" * 64, "f" * 64),
        ("sha256:" + "f" * 64, "sha256"),
        ("Busybox:1", "Busybox:1"),
        ("", ""),
        ("a b", "a b"),
    ],
)
def test_familiar_names(reference: str, name: str) -> None:
    """A reference loses tag and digest and what Docker leaves unsaid; what is none stays as it is."""
    assert familiar_name(reference) == name


@pytest.mark.parametrize(
    ("event", "legacy", "document"),
    [
        pytest.param(
            Event("container", "destroy", AT, "debe577d", {"name": "anon", "image": "busybox"}),
            True,
            '{"status":"destroy","id":"debe577d","from":"busybox","Type":"container","Action":"destroy","Actor":{"ID":'
            '"debe577d","Attributes":{"image":"busybox","name":"anon"}},"scope":"local","time":1795247299,'
            '"timeNano":1795247299010102956}',
            id="a container names its image",
        ),
        pytest.param(
            Event("container", "prune", AT, attributes={"reclaimed": "15728640"}),
            True,
            '{"status":"prune","Type":"container","Action":"prune","Actor":{"ID":"","Attributes":{"reclaimed":'
            '"15728640"}},"scope":"local","time":1795247299,"timeNano":1795247299010102956}',
            id="a prune has neither id nor image",
        ),
        pytest.param(
            Event("network", "prune", AT, attributes={"reclaimed": "0"}),
            True,
            '{"Type":"network","Action":"prune","Actor":{"ID":"","Attributes":{"reclaimed":"0"}},"scope":"local",'
            '"time":1795247299,"timeNano":1795247299010102956}',
            id="a network never had the old keys",
        ),
        pytest.param(
            Event("image", "delete", AT, "sha256:53b7", {"name": "sha256:53b7"}),
            True,
            '{"status":"delete","id":"sha256:53b7","Type":"image","Action":"delete","Actor":{"ID":"sha256:53b7",'
            '"Attributes":{"name":"sha256:53b7"}},"scope":"local","time":1795247299,"timeNano":1795247299010102956}',
            id="an image has no origin",
        ),
        pytest.param(
            Event("container", "destroy", AT, "debe577d", {"image": "busybox"}),
            False,
            '{"Type":"container","Action":"destroy","Actor":{"ID":"debe577d","Attributes":{"image":"busybox"}},'
            '"scope":"local","time":1795247299,"timeNano":1795247299010102956}',
            id="newer API versions dropped the old keys",
        ),
        pytest.param(
            Event("daemon", "reload", 0, scope=""),
            False,
            '{"Type":"daemon","Action":"reload","Actor":{"ID":"","Attributes":{}}}',
            id="what is empty or zero is left out",
        ),
        pytest.param(
            Event("volume", "destroy", 5, "v"),
            False,
            '{"Type":"volume","Action":"destroy","Actor":{"ID":"v","Attributes":{}},"scope":"local","timeNano":5}',
            id="the first second has no seconds",
        ),
    ],
)
def test_json_form(event: Event, legacy: bool, document: str) -> None:
    """An event's JSON is the Engine's, key for key in its order."""
    assert json.dumps(event_json(event, legacy=legacy), separators=(",", ":")) == document


@given(
    event=st.builds(
        Event,
        texts().filter(bool),
        texts().filter(bool),
        st.integers(),
        texts(),
        st.dictionaries(texts(), texts()),
        texts(),
    ),
    legacy=st.booleans(),
)
def test_json_comes_back(event: Event, legacy: bool) -> None:
    """Reading what was written gives the same event, whichever form."""
    assert parse_event(json.loads(json.dumps(event_json(event, legacy=legacy)))) == event


@pytest.mark.parametrize(
    ("document", "event"),
    [
        pytest.param(
            {"status": "destroy", "id": "c1", "from": "busybox", "time": 7},
            Event("container", "destroy", 7_000_000_000, "c1", {}, ""),
            id="the form of very old engines",
        ),
        pytest.param(
            {"Type": "volume", "Action": "prune", "Actor": {"ID": "", "Attributes": None}, "timeNano": 5, "time": 9},
            Event("volume", "prune", 5, scope=""),
            id="no attributes, and the finer time wins",
        ),
    ],
)
def test_reading_what_engines_write(document: object, event: Event) -> None:
    """Forms that we do not write are read too."""
    assert parse_event(document) == event


@pytest.mark.parametrize(
    "document",
    [
        pytest.param([], id="a list"),
        pytest.param({"Actor": "x"}, id="an actor that is text"),
        pytest.param({"Actor": {"Attributes": ["x"]}}, id="attributes that are a list"),
        pytest.param({"timeNano": "now"}, id="a time that is text"),
    ],
)
def test_what_is_no_event(document: object) -> None:
    """What cannot be an event is an error of the Engine, in one sentence."""
    with pytest.raises(EngineError, match=r"^the Engine sent an event (that|whose) "):
        parse_event(document)


@pytest.mark.parametrize(
    ("event", "offset", "line"),
    [
        pytest.param(
            Event("container", "destroy", 1_795_247_299_182_103_000, "9927b039", {"name": "foo", "image": "busybox"}),
            0,
            "2026-11-21T07:48:19.182103000Z container destroy 9927b039 (image=busybox, name=foo)",
            id="attributes are sorted",
        ),
        pytest.param(
            prune_event(Kind.CONTAINER, 15728640, 1_795_247_299_182_405_206),
            0,
            "2026-11-21T07:48:19.182405206Z container prune  (reclaimed=15728640)",
            id="a prune has two spaces",
        ),
        pytest.param(
            prune_event(Kind.BUILD_CACHE, 52428859, 1_795_247_302_219_846_536),
            -5 * 3600,
            "2026-11-21T02:48:22.219846536-05:00 builder prune  (reclaimed=52428859)",
            id="local time",
        ),
        pytest.param(Event("daemon", "reload", 0, "d"), 3600, "daemon reload d", id="no time, no attributes"),
        pytest.param(
            Event("container", "exec_start: sh \x1b[2J", AT, "c", {"\ta": "x\ny", "b": "\u202e"}),
            0,
            "2026-11-21T07:48:19.010102956Z container exec_start: sh \\x1b[2J c (\\x09a=x\\x0ay, b=\\u202e)",
            id="nothing from outside moves the cursor",
        ),
    ],
)
def test_line_form(event: Event, offset: int, line: str) -> None:
    """An event's line is Docker's, byte for byte, but for control characters in foreign text."""
    assert event_line(event, lambda _: offset) == line


def test_the_offset_is_that_of_the_event() -> None:
    """Daylight saving time is that of the event's day, not of today."""
    asked: list[int] = []

    def offset(at: int) -> int:
        asked.append(at)
        return 0

    event_line(CONTAINER, offset)

    assert asked == [AT]


def test_steps_and_their_events() -> None:
    """A step tells what its action says, and a step without an action tells nothing."""
    step = Step(Kind.VOLUME, "v", "v", action="destroy", attributes={"driver": "local"})

    assert step_event(step, AT) == Event("volume", "destroy", AT, "v", {"driver": "local"})
    assert step_event(Step(Kind.BUILD_CACHE, "r", "r"), AT) is None
