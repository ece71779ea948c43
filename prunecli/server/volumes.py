"""Volumes: list, inspection, creation, and removal of one.

Source: Docker Engine API; moby (volume/service, volume/local).
"""

from __future__ import annotations

import re
import secrets

from prunecli.errors import ConflictError, NotFoundError, RefusedError
from prunecli.events import Event
from prunecli.kinds.volume import ANONYMOUS_LABEL, Volume
from prunecli.server.body import Body
from prunecli.server.listing import Pattern, check_keys, has_labels, is_exactly, truth
from prunecli.server.messages import Answer, Request, json_answer
from prunecli.server.world import Json, ServedWorld, Told, new_volume
from prunecli.snapshot import Snapshot
from prunecli.units import SECOND
from prunecli.verdict import Kind, Step

_KEYS = ("dangling", "driver", "label", "name")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_OPTIONS = frozenset({"type", "o", "device", "size"})


def list_volumes(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /volumes`, in the order of their names. Errors: FilterError."""
    filters, told = request.filters(), world.told()
    check_keys(filters, _KEYS, request.profile)
    dangling, names = truth(filters, "dangling", request.profile), Pattern.of(filters, "name")
    used = {name for c in told.snapshot.containers for name in c.volumes}
    chosen = [
        v
        for v in told.snapshot.volumes
        if is_exactly(filters, "driver", v.driver)
        and names.fits(v.name)
        and has_labels(filters, v.labels)
        and (dangling is None or (v.name not in used) == dangling)
    ]
    return json_answer({"Volumes": [told.said.volumes[v.name] for v in chosen], "Warnings": None})


def inspect_volume(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /volumes/{name}`. Errors: NotFoundError."""
    return json_answer(_shown(world.told(), request.names["name"]))


def create_volume(world: ServedWorld, request: Request) -> Answer:
    """Answer `POST /volumes/create`; a volume that is there comes back as it is, and nothing is told.

    Errors: RefusedError, NotFoundError for an unknown driver, ConflictError for another driver than before.
    """
    body = Body(request.document("volume.CreateOptions"), "CreateOptions")
    name, driver = body.text("Name"), body.text("Driver") or "local"
    labels, options = body.labels("Labels"), body.labels("DriverOpts")
    if not name:
        name = secrets.token_hex(32)
        labels[ANONYMOUS_LABEL] = ""
    with world.store.edit() as edit:
        now = world.clock.now()
        there = next((v for v in edit.snapshot(now).volumes if v.name == name), None)
        _refuse_creation(name, driver, options, there)
        if there is not None:
            # Asked inside the transaction, while nobody can remove it.
            return json_answer(_shown(world.told(), name), 201)
        made = Volume(name, driver, now // SECOND * SECOND, labels, options)
        edit.add(made)
        edit.emit(Event("volume", "create", world.clock.now(), name, {"driver": driver}))
    return json_answer(new_volume(made, now), 201)


def delete_volume(world: ServedWorld, request: Request) -> Answer:
    """Answer `DELETE /volumes/{name}`; with `force` a missing one is no mistake.

    Errors: NotFoundError, ConflictError.
    """
    name = request.names["name"]
    with world.store.edit() as edit:
        snapshot = edit.snapshot(world.clock.now())
        volume = next((v for v in snapshot.volumes if v.name == name), None)
        if volume is None:
            if request.flag("force"):
                return Answer(204)
            raise _no_such_volume(name)
        if users := _users(snapshot, name):
            raise ConflictError(f"remove {name}: volume is in use - [{', '.join(users)}]")
        edit.remove(Step(Kind.VOLUME, name, name, reclaims=max(volume.size, 0)))
        edit.emit(Event("volume", "destroy", world.clock.now(), name, {"driver": volume.driver}))
    return Answer(204)


def _shown(told: Told, name: str) -> Json:
    if name not in told.said.volumes:
        raise _no_such_volume(name)
    return told.said.volumes[name]


def _no_such_volume(name: str) -> NotFoundError:
    return NotFoundError(f"get {name}: no such volume" if name else "get: no such volume")


def _users(snapshot: Snapshot, name: str) -> list[str]:
    return sorted(c.id for c in snapshot.containers if name in c.volumes)


def _refuse_creation(name: str, driver: str, options: dict[str, str], there: Volume | None) -> None:
    if driver != "local":
        if there is not None and there.driver != driver:
            raise ConflictError(f"create {name}: conflict: volume name must be unique")
        why = f'error looking up volume plugin {driver}: plugin "{driver}" not found'
        raise NotFoundError(f"create {name}: {why}")
    if there is not None:
        return
    if len(name) == 1:
        why = "volume name is too short, names should be at least two alphanumeric characters"
        raise RefusedError(f"create {name}: {why}")
    if not _NAME.fullmatch(name):
        raise RefusedError(
            f'create {name}: "{name}" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'
        )
    if unknown := sorted(options.keys() - _OPTIONS):
        raise RefusedError(f'create {name}: invalid option: "{unknown[0]}"')
