"""Containers: `GET /containers/{id}/json?size=1` and the row of `GET /system/df`, to a record and back."""

from __future__ import annotations

from collections.abc import Mapping

from prunecli.kinds.container import RUNNING_STATES, Container
from prunecli.units import SECOND, Instant, format_instant
from prunecli.wire.fields import Json, Reader, patched

ZERO_TIME = "0001-01-01T00:00:00Z"
"""How Go writes a time that was never set."""


def read_container(inspect: Reader, row: Reader | None, image_ids: Mapping[str, str]) -> Container:
    """Return the record of one container; `image_ids` maps image references and ids to ids, for image mounts."""
    if row is not None:
        row.texts("Names"), row.labels("Labels")
    state, config = inspect.sub("State"), inspect.sub("Config")
    mounts = inspect.items("Mounts")
    mounted = [m.text("Name", "") for m in mounts if m.text("Type", "") == "image"]
    return Container(
        id=inspect.name("Id"),
        name=inspect.name("Name").removeprefix("/"),
        image=config.text("Image", ""),
        image_id=inspect.text("Image", ""),
        state=state.name("Status"),
        running=state.flag("Running"),
        created_at=inspect.dated("Created"),
        finished_at=state.instant("FinishedAt"),
        labels=config.labels("Labels"),
        size=inspect.number("SizeRw", 0),
        volumes=tuple(m.name("Name") for m in mounts if m.text("Type", "") == "volume"),
        image_mounts=tuple(dict.fromkeys(image_ids[name] for name in mounted if name in image_ids)),
    )


def write_container(
    container: Container, said: Json | None, before: Container | None, image_size: int, networks: Json
) -> Json:
    """Return the inspection of a container; `before` is the record as what the Engine said reads.

    `networks` are its endpoints in networks that no Engine told of, by the networks' names.
    """
    if said is None or before is None:
        return _new(container, image_size, networks)
    values: Json = _attached(said, networks)
    if _standing(container) != _standing(before):
        values["State"] = patched(said.get("State") or {}, **_state(container))
    if container.labels != before.labels:
        values["Config"] = patched(said.get("Config") or {}, Labels=dict(container.labels))
    if container.name != before.name:
        values["Name"] = f"/{container.name}"
    if container.size != before.size:
        values["SizeRw"] = container.size
    return patched(said, **values) if values else said


def write_container_row(
    container: Container, said: Json | None, before: Container | None, image_size: int, networks: Json
) -> Json:
    """Return the container's row of a list, with its sizes."""
    if said is None or before is None:
        return _new_row(container, image_size, networks)
    values: Json = _attached(said, networks)
    if _standing(container) != _standing(before):
        values |= {"State": container.state, "Status": _status(container)}
    if container.size != before.size:
        values["SizeRw"] = container.size
    if container.labels != before.labels:
        values["Labels"] = dict(container.labels)
    if container.name != before.name:
        values["Names"] = [f"/{container.name}"]
    return patched(said, **values) if values else said


def _attached(said: Json, networks: Json) -> Json:
    if not networks:
        return {}
    settings: Json = said.get("NetworkSettings") or {}
    return {"NetworkSettings": patched(settings, Networks={**(settings.get("Networks") or {}), **networks})}


def _standing(container: Container) -> tuple[str, bool, Instant | None]:
    return container.state, container.running, container.finished_at


def _state(container: Container) -> Json:
    finished = container.finished_at
    return {
        "Status": container.state,
        "Running": container.running,
        "Paused": container.state == "paused",
        "Restarting": container.state == "restarting",
        "Dead": container.state == "dead",
        "FinishedAt": ZERO_TIME if finished is None else format_instant(finished),
    }


def _status(container: Container) -> str:
    if container.running:
        return "Up (Paused)" if container.state == "paused" else "Up"
    return {"created": "Created", "removing": "Removal In Progress", "dead": "Dead"}.get(container.state, "Exited (0)")


def _new(container: Container, image_size: int, networks: Json) -> Json:
    started = container.state not in ("created", "removing")
    state = {
        **_state(container),
        "OOMKilled": False,
        "Pid": 1 if container.state in RUNNING_STATES else 0,
        "ExitCode": 0,
        "Error": "",
        "StartedAt": format_instant(container.created_at) if started else ZERO_TIME,
    }
    return {
        "Id": container.id,
        "Created": format_instant(container.created_at),
        "Path": "sh",
        "Args": [],
        "State": state,
        "Image": container.image_id,
        "Name": f"/{container.name}",
        "RestartCount": 0,
        "Driver": "overlay2",
        "Platform": "linux",
        "HostConfig": {"NetworkMode": _network_mode(networks)},
        "SizeRw": container.size,
        "SizeRootFs": max(container.size, 0) + image_size,
        "Mounts": _mounts(container),
        "Config": {
            "Hostname": container.id[:12],
            "Image": container.image,
            "Cmd": ["sh"],
            "Env": None,
            "Entrypoint": None,
            "Labels": dict(container.labels),
        },
        "NetworkSettings": {"Ports": {}, "Networks": networks},
    }


def _network_mode(networks: Json) -> str:
    """Return the network that a container was made for; one that is in none has left the default one."""
    return next(iter(networks), "bridge")


def _new_row(container: Container, image_size: int, networks: Json) -> Json:
    row = {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": container.image or container.image_id,
        "ImageID": container.image_id,
        "Command": "sh",
        "Created": container.created_at // SECOND,
        "Ports": [],
        "SizeRw": container.size,
        "SizeRootFs": max(container.size, 0) + image_size,
        "Labels": dict(container.labels),
        "State": container.state,
        "Status": _status(container),
        "HostConfig": {"NetworkMode": _network_mode(networks)},
        "NetworkSettings": {"Networks": networks},
        "Mounts": _mounts(container),
    }
    return {key: value for key, value in row.items() if value or not key.startswith("Size")}


def _mounts(container: Container) -> list[Json]:
    volumes = [
        {
            "Type": "volume",
            "Name": name,
            "Source": f"/var/lib/docker/volumes/{name}/_data",
            "Destination": f"/volume{n}" if n else "/volume",
            "Driver": "local",
            "Mode": "",
            "RW": True,
            "Propagation": "",
        }
        for n, name in enumerate(container.volumes)
    ]
    images = [
        {
            "Type": "image",
            "Name": id,
            "Source": "",
            "Destination": f"/image{n}" if n else "/image",
            "Mode": "",
            "RW": False,
            "Propagation": "",
        }
        for n, id in enumerate(container.image_mounts)
    ]
    return volumes + images
