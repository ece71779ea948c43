"""`_ping`, `version`, `info` and `system/df`."""

from __future__ import annotations

from collections.abc import Callable

from prunecli.errors import RefusedError
from prunecli.profile import STATE_STORE, Profile, format_api, parse_version
from prunecli.server import versions
from prunecli.server.containers import container_row
from prunecli.server.images import shown_images
from prunecli.server.messages import TEXT, Answer, Request, json_answer
from prunecli.server.world import Json, ServedWorld, Told
from prunecli.units import format_instant
from prunecli.verdict import Kind

_NO_CACHE = {"Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache"}


def ping(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET` and `HEAD /_ping`: what a client negotiates with stands in the headers."""
    headers = dict(_NO_CACHE)
    if parse_version(request.profile.engine) >= (23, 0):
        headers |= {"Builder-Version": "2", "Swarm": "inactive"}
    del world  # the Engine answers, whatever it holds
    if request.method == "HEAD":
        return Answer(200, b"", TEXT, headers | {"Content-Length": "0"})
    return Answer(200, b"OK", TEXT, headers)


def options(world: ServedWorld, request: Request) -> Answer:
    """Answer `OPTIONS` of any path: there is nothing to say."""
    del world, request
    return Answer()


def version(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /version`."""
    profile = request.profile
    said = world.told().said.document.get("version") or {}
    facts = {
        "ApiVersion": format_api(profile.max_api),
        "Arch": said.get("Arch") or "amd64",
        "BuildTime": said.get("BuildTime") or "",
        "Experimental": "false",
        "GitCommit": said.get("GitCommit") or "",
        "GoVersion": said.get("GoVersion") or "",
        "KernelVersion": said.get("KernelVersion") or "",
        "MinAPIVersion": format_api(profile.min_api),
        "Os": said.get("Os") or "linux",
    }
    keys = ("ApiVersion", "MinAPIVersion", "GitCommit", "GoVersion", "Os", "Arch", "KernelVersion", "BuildTime")
    return json_answer(
        {
            "Platform": {"Name": ""},
            "Components": [{"Name": "Engine", "Version": profile.engine, "Details": facts}],
            "Version": profile.engine,
            **{key: facts[key] for key in keys},
        }
    )


def info(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /info`: what the store knows of its Engine, and for the rest what says nothing."""
    told = world.told()
    said: Json = told.said.document.get("info") or {}
    document = _counts(told) | _ENVIRONMENT
    document |= {"SystemTime": format_instant(told.snapshot.taken_at), "ServerVersion": request.profile.engine}
    document |= {key: value for key, value in said.items() if key in document}
    document["ID"] = world.store.name().id  # of the store: an import does not make it the Engine that it came from
    return json_answer(_spoken_info(document, request.profile))


def disk(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /prunecli/disk`, a route of ours: the file system below the build cache, null where it is not known.

    A client asks the file system itself when an Engine is local, and would here find that of another machine.
    """
    del request
    found = world.told().snapshot.disk
    return json_answer(None if found is None else {"total": found.total, "free": found.free})


def _counts(told: Told) -> Json:
    containers = told.snapshot.containers
    paused = sum(c.state == "paused" for c in containers)
    running = sum(c.running for c in containers) - paused
    return {
        "ID": "",
        "Containers": len(containers),
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": len(containers) - running - paused,
        "Images": len(told.snapshot.images),
    }


_ENVIRONMENT: Json = {
    "Driver": "overlay2",
    "DriverStatus": [],
    "Plugins": {"Volume": ["local"], "Network": ["bridge", "host", "null"], "Authorization": None, "Log": []},
    "MemoryLimit": True,
    "SwapLimit": True,
    "CpuCfsPeriod": True,
    "CpuCfsQuota": True,
    "CPUShares": True,
    "CPUSet": True,
    "PidsLimit": True,
    "IPv4Forwarding": True,
    "Debug": False,
    "NFd": 0,
    "OomKillDisable": False,
    "NGoroutines": 0,
    "SystemTime": "",
    "LoggingDriver": "json-file",
    "CgroupDriver": "none",
    "CgroupVersion": "2",
    "NEventsListener": 0,
    "KernelVersion": "",
    "OperatingSystem": STATE_STORE,
    "OSVersion": "",
    "OSType": "linux",
    "Architecture": "x86_64",
    "IndexServerAddress": "https://index.docker.io/v1/",
    "RegistryConfig": {"IndexConfigs": {}, "InsecureRegistryCIDRs": [], "Mirrors": None},
    "NCPU": 1,
    "MemTotal": 0,
    "GenericResources": None,
    "DockerRootDir": "/var/lib/docker",
    "HttpProxy": "",
    "HttpsProxy": "",
    "NoProxy": "",
    "Name": "prunecli",
    "Labels": [],
    "ExperimentalBuild": False,
    "ServerVersion": "",
    "Runtimes": {"runc": {"path": "runc"}},
    "DefaultRuntime": "runc",
    "Swarm": {
        "NodeID": "",
        "NodeAddr": "",
        "LocalNodeState": "inactive",
        "ControlAvailable": False,
        "Error": "",
        "RemoteManagers": None,
    },
    "LiveRestoreEnabled": False,
    "Isolation": "",
    "InitBinary": "docker-init",
    "ContainerdCommit": {"ID": ""},
    "RuncCommit": {"ID": ""},
    "InitCommit": {"ID": ""},
    "SecurityOptions": [],
    "Warnings": None,
}


def _spoken_info(document: Json, profile: Profile) -> Json:
    if profile.api < (1, 49):
        for key in ("ContainerdCommit", "RuncCommit", "InitCommit"):
            document[key] = document[key] | {"Expected": document[key]["ID"]}
    if profile.api < (1, 50):
        document |= {"BridgeNfIptables": False, "BridgeNfIp6tables": False}
    return document


# Disk usage

_TYPES = {
    "container": Kind.CONTAINER,
    "image": Kind.IMAGE,
    "volume": Kind.VOLUME,
    "build-cache": Kind.BUILD_CACHE,
}


def disk_usage(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /system/df`: kinds that were not asked for are null.

    Errors: RefusedError for an unknown type; before API 1.42 the parameter is not read.
    """
    kinds = set(_TYPES.values())
    if request.api >= (1, 42) and "type" in request.form:
        kinds = {_kind(text) for text in request.form.all("type")}
    told = world.told()
    cached = told.said.rows[Kind.BUILD_CACHE].values()
    rows: dict[Kind, Callable[[], list[Json]]] = {
        Kind.IMAGE: lambda: _image_rows(told, request),
        Kind.CONTAINER: lambda: _container_rows(told),
        Kind.VOLUME: lambda: list(told.said.rows[Kind.VOLUME].values()),
        Kind.BUILD_CACHE: lambda: [
            versions.cache_row(r, request.api) for r in told.said.rows[Kind.BUILD_CACHE].values()
        ],
    }
    found = {kind: make() if kind in kinds else None for kind, make in rows.items()}
    document: Json = {
        "LayersSize": told.said.usage.get("LayersSize", 0) if Kind.IMAGE in kinds else 0,
        "Images": found[Kind.IMAGE],
        "Containers": found[Kind.CONTAINER],
        "Volumes": found[Kind.VOLUME],
        "BuildCache": found[Kind.BUILD_CACHE],
    }
    total = sum(row.get("Size", 0) for row in cached)
    if request.api < (1, 42) and total:
        document["BuilderSize"] = total
    return json_answer(document)


def _kind(text: str) -> Kind:
    if text not in _TYPES:
        raise RefusedError(f"unknown object type: {text}")
    return _TYPES[text]


def _image_rows(told: Told, request: Request) -> list[Json]:
    rows = told.said.rows[Kind.IMAGE]
    shown = (rows[image.id] for image in shown_images(told.snapshot) if image.id in rows)
    return [versions.image_usage_row(row, request.api) for row in shown]


def _container_rows(told: Told) -> list[Json]:
    newest = sorted(told.snapshot.containers, key=lambda c: (-c.created_at, c.id))
    return [versions.without(container_row(told, c), {"ImageManifestDescriptor"}) for c in newest]
