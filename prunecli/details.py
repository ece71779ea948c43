"""What a snapshot leaves out and people want to see of a container: its command, status, ports, mounts, networks.

All of it comes from the Engine's own JSON (`GET /containers/{id}/json`), where a store has it; else the record tells
what it can. Texts from outside come back as they are.
Source: moby (container/state.go and view.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prunecli.errors import TimestampError
from prunecli.kinds.container import Container
from prunecli.units import Instant, human_duration, parse_rfc3339

_ZERO_YEAR = "0001-01-01T"


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a container; `public` is 0 and `ip` empty where it is not published."""

    private: int
    public: int
    type: str
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """Something that a container mounts: `name` is a volume's or image's, empty for a path of the host (`source`)."""

    type: str
    name: str
    source: str
    driver: str

    @property
    def shown(self) -> str:
        """What it is listed as."""
        return self.name or self.source


@dataclass(frozen=True, slots=True)
class ContainerDetails:
    """What a list of containers shows beside the record; `networks` by name, the rest as the Engine has it.

    `names` are without their first slash; with `--link` a container has more than one.
    """

    names: tuple[str, ...]
    command: str
    status: str
    ports: tuple[Port, ...]
    mounts: tuple[Mount, ...]
    networks: tuple[str, ...]

    @property
    def local_volumes(self) -> int:
        """How many mounts are volumes of the local driver."""
        return sum(mount.driver == "local" for mount in self.mounts)


def container_details(container: Container, raw: object, now: Instant) -> ContainerDetails:
    """Return what a list shows of a container; `raw` is what a store keeps of the Engine's JSON, see `said_in`."""
    said, row = said_in(raw, "containers"), said_in(raw, "df.Containers")
    listed = tuple(name.removeprefix("/") for name in _list(row, "Names") if isinstance(name, str))
    settings = _object(said, "NetworkSettings")
    mounts = tuple(_mount(m) for m in _list(said, "Mounts") if isinstance(m, Mapping))
    return ContainerDetails(
        names=listed if container.name in listed else (container.name,),
        command=_command(said),
        status=status(container, _object(said, "State"), now),
        ports=_ports(_object(settings, "Ports")),
        mounts=mounts if said else tuple(Mount("volume", name, "", "local") for name in container.volumes),
        networks=tuple(sorted(_object(settings, "Networks"))),
    )


def said_in(raw: object, place: str) -> Mapping[str, Any]:
    """Return what an Engine said of one object in one place of a dump (`containers`, `df.Volumes`), or nothing.

    `raw` maps such places to `{"at": position, "is": JSON}`, as a store keeps it from an import.
    """
    return _object(_object(raw, place), "is") if isinstance(raw, Mapping) else {}


def status(container: Container, state: Mapping[str, Any], now: Instant) -> str:
    """Return the words of a list: `Up 2 hours`, `Exited (0) 3 days ago`.

    `state` is the Engine's `State`, or empty: then a container has run since it was created, and ended with code 0.
    """
    started = _instant(state, "StartedAt") or container.created_at
    up = human_duration(now - started)
    match container.state:
        case "running":
            health = _health(state)
            return f"Up {up} ({health})" if health else f"Up {up}"
        case "paused":
            return f"Up {up} (Paused)"
        case "restarting":
            return f"Restarting ({_code(state)}) {human_duration(now - (container.finished_at or now))} ago"
        case "removing":
            return "Removal In Progress"
        case "dead":
            return "Dead"
        case "created":
            return "Created"
    if container.finished_at is None:
        return ""
    return f"Exited ({_code(state)}) {human_duration(now - container.finished_at)} ago"


def _health(state: Mapping[str, Any]) -> str:
    """Return the words of a health check; empty where the container has none."""
    if not isinstance(state.get("Health"), Mapping):
        return ""
    health = _text(_object(state, "Health"), "Status") or "unhealthy"
    return "health: starting" if health == "starting" else health


def _code(state: Mapping[str, Any]) -> int:
    code = state.get("ExitCode")
    return code if isinstance(code, int) else 0


def _command(said: Mapping[str, Any]) -> str:
    """Return path and arguments in one line; an argument with a space stands in single quotes, as an Engine has it."""
    args = [f"'{arg}'" if " " in arg else arg for arg in _list(said, "Args") if isinstance(arg, str)]
    return " ".join([_text(said, "Path"), *args])


def _ports(bindings: Mapping[str, Any]) -> tuple[Port, ...]:
    """Return every published and exposed port; what is no port number is left out."""
    found: list[Port] = []
    for key, published in bindings.items():
        number, _, protocol = key.partition("/")
        private = _port_number(number)
        if private is None:
            continue
        if not published:
            found.append(Port(private, 0, protocol or "tcp"))
        for binding in published if isinstance(published, list) else ():
            public = _port_number(_text(binding, "HostPort")) if isinstance(binding, Mapping) else None
            if public is not None:
                found.append(Port(private, public, protocol or "tcp", _text(binding, "HostIp")))
    return tuple(found)


def _port_number(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1
    return number if 0 <= number < 2**16 else None


def _mount(mount: Mapping[str, Any]) -> Mount:
    return Mount(_text(mount, "Type"), _text(mount, "Name"), _text(mount, "Source"), _text(mount, "Driver"))


def _instant(document: Mapping[str, Any], key: str) -> Instant | None:
    text = _text(document, key)
    if not text or text.startswith(_ZERO_YEAR):
        return None
    try:
        return parse_rfc3339(text)
    except TimestampError:
        return None


# The Engine's JSON is kept as it was said: a value of another type than expected counts as absent.


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    return value if isinstance(value, list) else []


def _object(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}
