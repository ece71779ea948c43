"""Containers: list, inspection, and removal of one.

Source: Docker Engine API; moby (daemon/list.go, daemon/delete.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from prunecli.backends.served import Edit
from prunecli.details import status
from prunecli.errors import ConflictError, NotFoundError, RefusedError, ValueTextError
from prunecli.events import Event
from prunecli.filters import Filters
from prunecli.kinds.container import Container
from prunecli.kinds.volume import Volume
from prunecli.profile import Profile
from prunecli.server import versions
from prunecli.server.images import find_image
from prunecli.server.listing import Pattern, check_keys, has_labels, invalid, is_exactly, truth
from prunecli.server.messages import Answer, Request, json_answer
from prunecli.server.world import Json, ServedWorld, Told
from prunecli.snapshot import Snapshot
from prunecli.units import go_quote, parse_atoi
from prunecli.verdict import Kind, Step

_STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
_HEALTHS = ("none", "starting", "healthy", "unhealthy")
_KEYS = (
    *("ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network"),
    *("publish", "since", "status", "volume"),
)


def container_row(told: Told, container: Container) -> Json:
    """Return a container's row of a list with its sizes, its status as of now."""
    row = told.said.row(Kind.CONTAINER, container.id)
    inspected = told.said.containers[container.id]
    state: dict[str, Any] = inspected.get("State") or {}
    row = {**row, "Status": status(container, state, told.snapshot.taken_at)}
    manifest = inspected.get("ImageManifestDescriptor")
    return versions.insert_after(row, "ImageID", "ImageManifestDescriptor", manifest) if manifest else row


def list_containers(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /containers/json`, newest first.

    Errors: FilterError; RefusedError for a limit that is no number.
    """
    limit = _limit(request.text("limit"))
    filters, told = request.filters(), world.told()
    check_keys(filters, _KEYS, request.profile)
    wanted = _Wanted(told, filters, request)
    size = request.flag("size")
    chosen = islice(wanted.chosen(limit), limit if limit > 0 else None)
    rows = [versions.container_row(container_row(told, c), request.api, size=size) for c in chosen]
    return json_answer(rows)


def inspect_container(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /containers/{name}/json`. Errors: NotFoundError."""
    told = world.told()
    container = find_container(told.snapshot, request.names["name"])
    document = told.said.containers[container.id]
    return json_answer(versions.container_inspect(document, request.profile, size=request.flag("size")))


def delete_container(world: ServedWorld, request: Request) -> Answer:
    """Answer `DELETE /containers/{name}`; `v` takes the anonymous volumes along that nothing else mounts.

    Errors: NotFoundError, ConflictError.
    """
    name = request.names["name"]
    with world.store.edit() as edit:
        now = world.clock.now()
        snapshot = edit.snapshot(now)
        container = find_container(snapshot, name)
        if request.flag("link"):
            raise RefusedError("Conflict, cannot remove the default link name of the container", http_status=500)
        refuse_running(container, name, force=request.flag("force"))
        if container.running:
            _kill(edit, world, snapshot, container)
        attributes = _attributes(container)
        edit.remove(Step(Kind.CONTAINER, container.id, container.name, reclaims=max(container.size, 0)))
        if request.flag("v"):
            for volume in _left_behind(snapshot, container):
                edit.remove(Step(Kind.VOLUME, volume.name, volume.name, reclaims=max(volume.size, 0)))
                edit.emit(Event("volume", "destroy", world.clock.now(), volume.name, {"driver": volume.driver}))
        edit.emit(Event("container", "destroy", world.clock.now(), container.id, attributes))
    return Answer(204)


def find_container(snapshot: Snapshot, text: str) -> Container:
    """Return the container of this id, name, or beginning of an id.

    Errors: NotFoundError; RefusedError for a beginning that several have.
    """
    name = text.removeprefix("/")
    for container in snapshot.containers:
        if text == container.id:
            return container
    for container in snapshot.containers:
        if name == container.name:
            return container
    found = [c for c in snapshot.containers if text and c.id.startswith(text)]
    if len(found) > 1:
        raise RefusedError(f"multiple IDs found with provided prefix: {text}")
    if not found:
        raise NotFoundError(f"No such container: {text}")
    return found[0]


def refuse_running(container: Container, name: str, *, force: bool) -> None:
    """Refuse to remove a container that runs, unless it is to be killed. Errors: ConflictError."""
    if container.state == "removing":
        raise ConflictError(f"removal of container {name} is already in progress")
    if not container.running or force:
        return
    if container.state == "paused":
        why = "container is paused and must be unpaused first"
    else:
        why = f"container is {container.state}: stop the container before removing or force remove"
    raise ConflictError(f'cannot remove container "{name}": {why}')


def _attributes(container: Container) -> dict[str, str]:
    attributes = {**container.labels, "name": container.name}
    return {**attributes, "image": container.image} if container.image else attributes


def _kill(edit: Edit, world: ServedWorld, snapshot: Snapshot, container: Container) -> None:
    """Stop a running container: it leaves its networks, and the world is told in the Engine's order."""

    def tell(type: str, action: str, id: str, attributes: dict[str, str]) -> None:
        edit.emit(Event(type, action, world.clock.now(), id, attributes))

    attributes = _attributes(container)
    tell("container", "kill", container.id, {**attributes, "signal": "9"})
    for network in snapshot.networks:
        if container.name in network.endpoints:
            edit.put(replace(network, endpoints=tuple(e for e in network.endpoints if e != container.name)))
            left = {"container": container.id, "name": network.name, "type": network.driver}
            tell("network", "disconnect", network.id, left)
    ran = max(snapshot.taken_at - container.created_at, 0) // 10**9
    tell("container", "die", container.id, {**attributes, "execDuration": str(ran), "exitCode": "137"})


def _left_behind(snapshot: Snapshot, container: Container) -> list[Volume]:
    others = {name for c in snapshot.containers if c.id != container.id for name in c.volumes}
    return [v for v in snapshot.volumes if v.name in container.volumes and v.anonymous and v.name not in others]


def _limit(text: str) -> int:
    if not text:
        return 0
    try:
        return parse_atoi(text)
    except ValueTextError as error:
        raise RefusedError(str(error), http_status=500) from None


@dataclass(frozen=True, slots=True)
class _Facts:
    """One container as the filters see it: its record, inspection and row."""

    record: Container
    said: Json
    row: Json

    @property
    def state(self) -> Json:
        return self.said.get("State") or {}

    @property
    def health(self) -> str:
        return str((self.state.get("Health") or {}).get("Status") or "none")

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it runs and before it was started."""
        if self.record.running or self.record.state == "created":
            return None
        code = self.state.get("ExitCode")
        return code if isinstance(code, int) else 0

    @property
    def mounts(self) -> set[str]:
        mounts = self.row.get("Mounts") or ()
        return {str(m.get("Name") or m.get("Source")) for m in mounts} | {str(m.get("Destination")) for m in mounts}

    def in_network(self, wanted: frozenset[str]) -> bool:
        networks: Json = (self.row.get("NetworkSettings") or {}).get("Networks") or {}
        ids = [str((n or {}).get("NetworkID") or "") for n in networks.values()]
        return any(w in networks or any(id.startswith(w) for id in ids) for w in wanted)

    def has_port(self, key: str, wanted: frozenset[tuple[int, str]]) -> bool:
        ports = self.row.get("Ports") or ()
        return any((p.get(key) or 0, p.get("Type") or "tcp") in wanted for p in ports)


class _Wanted:
    """Which containers a list shows, all values checked. Errors: FilterError."""

    def __init__(self, told: Told, filters: Filters, request: Request) -> None:
        profile = request.profile
        self.told, self.filters = told, filters
        self.codes = [_exit_code(v) for v in sorted(filters.get("exited"))]
        _check_values(filters, "status", _STATES, "state", profile)
        _check_values(filters, "health", _HEALTHS, "health", profile)
        self.all = request.flag("all") or bool(filters.get("status"))
        self.task = truth(filters, "is-task", profile)
        self.before = [find_container(told.snapshot, v) for v in sorted(filters.get("before"))]
        self.since = [find_container(told.snapshot, v) for v in sorted(filters.get("since"))]
        self.ancestors = _ancestors(told.snapshot, filters)
        self.names, self.ids = Pattern.of(filters, "name"), Pattern.of(filters, "id")
        self.published, self.exposed = _ports(filters, "publish"), _ports(filters, "expose")

    def chosen(self, limit: int) -> Iterator[Container]:
        """Yield the containers that match, newest first; with a limit stopped ones too."""
        for container in sorted(self.told.snapshot.containers, key=lambda c: (-c.created_at, c.id)):
            if not (container.running or self.all or limit > 0):
                continue
            row = self.told.said.row(Kind.CONTAINER, container.id)
            if self._match(_Facts(container, self.told.said.containers[container.id], row)):
                yield container

    def _match(self, facts: _Facts) -> bool:
        c, filters = facts.record, self.filters
        return (
            all(_older(c, other) for other in self.before)
            and all(_older(other, c) for other in self.since)
            and self.names.fits(f"/{c.name}", c.name)
            and self.ids.fits(c.id)
            and not self.task
            and has_labels(filters, c.labels)
            and (not self.codes or facts.exit_code in self.codes)
            and (not filters.get("status") or c.state in filters.get("status"))
            and is_exactly(filters, "health", facts.health)
            and (not filters.get("volume") or not facts.mounts.isdisjoint(filters.get("volume")))
            and (self.ancestors is None or c.image_id in self.ancestors)
            and (not filters.get("network") or facts.in_network(filters.get("network")))
            and self._has_ports(facts)
        )

    def _has_ports(self, facts: _Facts) -> bool:
        if not (self.published or self.exposed):
            return True
        return facts.has_port("PublicPort", self.published) or facts.has_port("PrivatePort", self.exposed)


def _older(one: Container, other: Container) -> bool:
    return (one.created_at, other.id) < (other.created_at, one.id)


def _exit_code(text: str) -> int:
    try:
        return parse_atoi(text)
    except ValueTextError as error:
        raise RefusedError(f"invalid filter 'exited={text}': {error}") from None


def _check_values(filters: Filters, key: str, known: tuple[str, ...], what: str, profile: Profile) -> None:
    for value in sorted(filters.get(key)):
        if value not in known:
            words = f"invalid value for {what} ({value}): must be one of {', '.join(known)}"
            raise invalid(f"'{key}={value}': {words}", profile)


def _ancestors(snapshot: Snapshot, filters: Filters) -> frozenset[str] | None:
    """Return the ids of the images named by `ancestor` and of all that were made from them, None without any."""
    if "ancestor" not in filters:
        return None
    found: set[str] = set()
    for text in filters.get("ancestor"):
        try:
            found.add(find_image(snapshot, text).id)
        except RefusedError:
            continue
    size = -1
    while len(found) > size:
        size = len(found)
        found |= {image.id for image in snapshot.images if image.parent in found}
    return frozenset(found)


def _ports(filters: Filters, key: str) -> frozenset[tuple[int, str]]:
    """Return the ports of a key: `80`, `80/udp`, `8000-8010/tcp`. Errors: RefusedError, a 500 as with an Engine."""
    found: set[tuple[int, str]] = set()
    for value in sorted(filters.get(key)):
        if ":" in value:
            raise RefusedError(f"filter for '{key}' should not contain ':': {value}", http_status=500)
        numbers, _, protocol = value.partition("/")
        first, dash, last = numbers.partition("-")
        low, high = (_port(text, f"{key} {value}") for text in (first, last if dash else first))
        if low > high:
            why = f"invalid range specified for port: {numbers}"
            raise RefusedError(f"error while looking up for {key} {value}: {why}", http_status=500)
        found.update((number, protocol or "tcp") for number in range(low, high + 1))
    return frozenset(found)


def _port(text: str, what: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 2**16:
        return int(text)
    reason = "value out of range" if text.isascii() and text.isdecimal() else "invalid syntax"
    why = f"strconv.ParseUint: parsing {go_quote(text)}: {reason}"
    raise RefusedError(f"error while looking up for {what}: {why}", http_status=500)
