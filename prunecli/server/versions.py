"""How answers differ between API versions: from what an Engine says in its newest one to what it says in an older.

Source: moby (api/server/router), and answers of Engines 28.5 and 20.10 in several versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prunecli.profile import Profile

Json = dict[str, Any]
Api = tuple[int, int]

_PARENTS = " Parents"
_SHARED = ("bridge", "default", "host", "none")
_EMPTY_CONFIG: Json = {
    "Hostname": "",
    "Domainname": "",
    "User": "",
    "AttachStdin": False,
    "AttachStdout": False,
    "AttachStderr": False,
    "Tty": False,
    "OpenStdin": False,
    "StdinOnce": False,
    "Env": None,
    "Cmd": None,
    "Image": "",
    "Volumes": None,
    "WorkingDir": "",
    "Entrypoint": None,
    "OnBuild": None,
    "Labels": None,
}
_NOT_OF_IMAGES = ("AttachStderr", "AttachStdin", "AttachStdout", "Domainname", "Hostname", "Image", "OpenStdin")
_CONFIG_BEFORE_1_50 = (*_NOT_OF_IMAGES, "StdinOnce", "Tty", "User", "Volumes", "WorkingDir", "Cmd", "Entrypoint", "Env")


def container_row(row: Json, api: Api, *, size: bool) -> Json:
    """Return the row of a list of containers; only disk usage and `size=1` tell sizes."""
    dropped = set() if size else {"SizeRw", "SizeRootFs"}
    if api < (1, 48):
        dropped.add("ImageManifestDescriptor")
    return without(row, dropped)


def container_inspect(document: Json, profile: Profile, *, size: bool) -> Json:
    """Return the inspection of a container: before API 1.45 its short id is an alias of it in networks of its own."""
    out = container_row(document, profile.api, size=size)
    settings = out.get("NetworkSettings") or {}
    networks: Json = settings.get("Networks") or {}
    if not profile.api < (1, 45) <= profile.max_api:  # an older Engine has said so itself
        return out
    hostname = (out.get("Config") or {}).get("Hostname") or ""
    added = list(dict.fromkeys((str(out.get("Id"))[:12], hostname)))
    spoken = {
        name: {**end, "Aliases": [*(end.get("Aliases") or []), *added]} if end and name not in _SHARED else end
        for name, end in networks.items()
    }
    return {**out, "NetworkSettings": {**settings, "Networks": spoken}}


def image_row(row: Json, api: Api, *, shared_size: int, manifests: bool) -> Json:
    """Return the row of a list of images; `shared_size` is -1 where it was not asked for."""
    out = without(row, {"VirtualSize"} | ({"Descriptor"} if api < (1, 48) else set()))
    if not (manifests and api >= (1, 47)):
        out.pop("Manifests", None)
    tags, digests = references(out)
    if api >= (1, 43):
        out |= {"RepoDigests": digests, "RepoTags": tags}
    elif not (tags or digests):
        out |= {"RepoDigests": ["<none>@<none>"], "RepoTags": ["<none>:<none>"]}
    else:
        out |= {"RepoDigests": digests or None, "RepoTags": tags or None}
    out["SharedSize"] = shared_size if api >= (1, 42) else -1
    if api < (1, 51):
        out["Containers"] = -1
    return _with_virtual_size(out, api)


def references(row: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the tags and digest references of a row, placeholders left out."""
    tags = [t for t in row.get("RepoTags") or () if t != "<none>:<none>"]
    digests = [d for d in row.get("RepoDigests") or () if d != "<none>@<none>"]
    return tags, digests


def image_inspect(document: Json, profile: Profile) -> Json:
    """Return the inspection of an image, without what a dump keeps beside it."""
    api = profile.api
    said = without(document, {"History", "Summary", "VirtualSize", "Manifests"})
    if api < (1, 48):
        said.pop("Descriptor", None)
    config = said.get("Config")
    if isinstance(config, dict) and api < (1, 50):
        missing = {key: _EMPTY_CONFIG[key] for key in _CONFIG_BEFORE_1_50 if key not in config}
        said["Config"] = dict(sorted((config | missing).items()))
    if api < (1, 45) and "ContainerConfig" not in said and not profile.containerd:
        said = insert_after(said, "Created", "ContainerConfig", dict(_EMPTY_CONFIG))
    return _with_virtual_size(said, api)


def image_usage_row(row: Json, api: Api) -> Json:
    """Return an image's row of disk usage."""
    return _with_virtual_size(without(row, {"VirtualSize"}), api)


def cache_row(row: Json, api: Api) -> Json:
    """Return a build cache record's row of disk usage: from API 1.42 on it names all parents."""
    if api < (1, 42):
        return without(row, {_PARENTS, "Parents"})
    parents = row.get(_PARENTS) or row.get("Parents") or ([row["Parent"]] if row.get("Parent") else [])
    out = without(row, {"Parent", "Parents", _PARENTS})
    return insert_after(out, "ID", _PARENTS, parents) if parents else out


def without(document: Mapping[str, Any], keys: set[str]) -> Json:
    """Return a copy without some keys."""
    return {key: value for key, value in document.items() if key not in keys}


def insert_after(document: Mapping[str, Any], place: str, key: str, value: Any) -> Json:
    """Return a copy with a key after another one, or at the end where that is missing."""
    out: Json = {}
    for name, held in document.items():
        out[name] = held
        if name == place:
            out[key] = value
    out.setdefault(key, value)
    return out


def _with_virtual_size(document: Json, api: Api) -> Json:
    if api >= (1, 44):
        return document
    return insert_after(document, "Size", "VirtualSize", document.get("Size", 0))
