"""What type a value has in the Engine's own words, wherever something is read from them later.

Records are read with `fields`. What is kept beside them, and written and served again, is settled once, on import: a
text, number or truth value that is null counts as missing, as it does for every reader of Engine JSON; a list, a
mapping or an object may be null, as Go writes what was never made; anything else of another type is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from prunecli.wire.fields import INT64, Json, Reader

Shape: TypeAlias = "type[str] | type[int] | type[bool] | Mapping[str, Any] | tuple[Any] | Each"
"""A type, the keys of an object, a list of one shape in a tuple of one, or a mapping."""


@dataclass(frozen=True, slots=True)
class Each:
    """A mapping whose values all have one shape."""

    of: Any


_LABELS = Each(str)
_MOUNT = {"Type": str, "Name": str, "Source": str, "Destination": str, "Driver": str, "Mode": str, "RW": bool}
_ENDPOINT = {"NetworkID": str, "EndpointID": str, "IPAddress": str, "MacAddress": str, "Aliases": (str,)}
_NETWORKS = {"Networks": Each(_ENDPOINT)}
_STATE = {
    **dict.fromkeys(("Status", "Error", "StartedAt", "FinishedAt"), str),
    **dict.fromkeys(("Running", "Paused", "Restarting", "OOMKilled", "Dead"), bool),
    **dict.fromkeys(("Pid", "ExitCode"), int),
    "Health": {"Status": str},
}
_VOLUME = {
    **dict.fromkeys(("Name", "Driver", "Scope", "Mountpoint", "CreatedAt"), str),
    "Labels": _LABELS,
    "Options": _LABELS,
}
_DESCRIPTOR = {"mediaType": str, "digest": str, "size": int}
_MANIFEST = {
    "ID": str,
    "Kind": str,
    "Available": bool,
    "Descriptor": _DESCRIPTOR,
    "Size": {"Content": int, "Total": int},
    "ImageData": {"Platform": {"os": str, "architecture": str}, "Containers": (str,)},
}
_IMAGE_ROW = {
    **dict.fromkeys(("Id", "ParentId"), str),
    **dict.fromkeys(("Containers", "Created", "SharedSize", "Size", "VirtualSize"), int),
    "RepoTags": (str,),
    "RepoDigests": (str,),
    "Labels": _LABELS,
    "Descriptor": _DESCRIPTOR,
    "Manifests": (_MANIFEST,),
}

SHAPES: Mapping[str, Mapping[str, Any]] = {
    "containers": {
        **dict.fromkeys(("Id", "Name", "Image", "Created", "Path", "Driver", "Platform"), str),
        **dict.fromkeys(("SizeRw", "SizeRootFs", "RestartCount"), int),
        "Args": (str,),
        "State": _STATE,
        "Config": {"Hostname": str, "Image": str, "Labels": _LABELS},
        "HostConfig": {"NetworkMode": str},
        "NetworkSettings": {**_NETWORKS, "Ports": Each(({"HostIp": str, "HostPort": str},))},
        "Mounts": (_MOUNT,),
        "ImageManifestDescriptor": _DESCRIPTOR,
    },
    "df.Containers": {
        **dict.fromkeys(("Id", "Image", "ImageID", "Command", "State", "Status"), str),
        **dict.fromkeys(("Created", "SizeRw", "SizeRootFs"), int),
        "Names": (str,),
        "Ports": ({"IP": str, "PrivatePort": int, "PublicPort": int, "Type": str},),
        "Labels": _LABELS,
        "HostConfig": {"NetworkMode": str},
        "NetworkSettings": _NETWORKS,
        "Mounts": (_MOUNT,),
    },
    "networks": {
        **dict.fromkeys(("Id", "Name", "Driver", "Scope", "Created"), str),
        **dict.fromkeys(("Internal", "Attachable", "Ingress", "ConfigOnly", "EnableIPv4", "EnableIPv6"), bool),
        "Containers": Each({"Name": str, "EndpointID": str}),
        "Labels": _LABELS,
    },
    "volumes": _VOLUME,
    "df.Volumes": {**_VOLUME, "UsageData": {"Size": int, "RefCount": int}},
    "images": {
        **dict.fromkeys(("Id", "Parent", "Comment", "Created", "Author", "Architecture", "Os"), str),
        **dict.fromkeys(("Size", "VirtualSize"), int),
        "RepoTags": (str,),
        "RepoDigests": (str,),
        "Descriptor": _DESCRIPTOR,
        "RootFS": {"Type": str, "Layers": (str,)},
        "Metadata": {"LastTagTime": str},
        "Config": {"Labels": _LABELS},
        "History": (
            {
                **dict.fromkeys(("Id", "CreatedBy", "Comment"), str),
                **dict.fromkeys(("Created", "Size"), int),
                "Tags": (str,),
            },
        ),
        "Summary": _IMAGE_ROW,
    },
    "df.Images": _IMAGE_ROW,
    "df.BuildCache": {
        **dict.fromkeys(("ID", "Parent", "Type", "Description", "CreatedAt"), str),
        **dict.fromkeys(("InUse", "Shared"), bool),
        **dict.fromkeys(("Size", "UsageCount"), int),
        " Parents": (str,),
        "Parents": (str,),
    },
    "df": {"LayersSize": int, "BuilderSize": int},
    "version": dict.fromkeys(("Os", "Arch", "GitCommit", "GoVersion", "KernelVersion", "BuildTime"), str),
    "info": dict.fromkeys(("ServerVersion", "Driver", "OSType", "Architecture"), str),
}
"""By the path of the list, or of the object, in a dump."""

_SCALARS = (str, int, bool)


def settle(reader: Reader, path: str) -> Json:
    """Return an object of a dump, its nulls settled; `path` is where such objects are.

    Errors: DumpError for a value of the wrong type.
    """
    return _settle(reader, SHAPES[path])


def _settle(reader: Reader, shape: Mapping[str, Any]) -> Json:
    if _is_sound(reader.data, shape):
        return reader.data
    settled = dict(reader.data)
    for key, inner in shape.items():
        if key not in settled or _is_sound(settled[key], inner):
            continue
        if settled[key] is None:
            del settled[key]
        else:
            settled[key] = _settle_value(reader, key, inner)
    return settled


def _settle_value(reader: Reader, key: str, shape: Any) -> Any:
    """Return a value that is not sound as it should have been, or raise what is wrong with it."""
    if shape is str:
        return reader.text(key)
    if shape is int:
        return reader.number(key)
    if shape is bool:
        return reader.flag(key)
    if shape == (str,):
        return list(reader.texts(key))
    if shape == _LABELS:
        return reader.labels(key)
    if isinstance(shape, Each):
        inner = reader.sub(key)
        return _settle(inner, dict.fromkeys(inner.data, shape.of))
    if isinstance(shape, tuple):
        return [_settle(item, shape[0]) for item in reader.items(key)]
    return _settle(reader.sub(key), shape)


def _is_sound(value: Any, shape: Any) -> bool:
    if shape in _SCALARS:
        return type(value) is shape and (shape is not int or -INT64 <= value < INT64)
    if value is None:
        return True
    if isinstance(shape, tuple):
        return isinstance(value, list) and all(v is not None and _is_sound(v, shape[0]) for v in value)
    if isinstance(shape, Each):
        return isinstance(value, dict) and all(_is_sound(v, shape.of) for v in value.values())
    keys = cast(Mapping[str, Any], shape)
    return isinstance(value, dict) and all(_is_sound(value[key], keys[key]) for key in keys.keys() & value.keys())
