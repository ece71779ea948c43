"""`POST /images/create`: an image from a tar archive, as `docker import` sends it; this Engine pulls nothing.

Source: Docker Engine API; moby (daemon/images/image_import.go); the OCI image specification.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import lzma
import shlex
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO, BinaryIO, cast

from prunecli.errors import ConflictError, RefusedError
from prunecli.events import Event
from prunecli.kinds.image import Blob, Image
from prunecli.kinds.image.references import parse
from prunecli.profile import Profile
from prunecli.server.messages import JSON, Answer, Request
from prunecli.server.tags import requested_tag, tag_image
from prunecli.server.world import Json, ServedWorld
from prunecli.snapshot import Snapshot
from prunecli.units import SECOND, Instant, format_instant

_MOST_CONTENT = 1 << 32  # bytes of an unpacked archive; a small file can pretend to be endless
_CHUNK = 1 << 20
_MAGIC = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))


@dataclass(frozen=True, slots=True)
class Layer:
    """An archive as a layer: the digest of its uncompressed bytes, what its files hold, and its own length."""

    diff_id: str
    size: int
    length: int


@dataclass(slots=True)
class Config:
    """What the `changes` of an import say of the image."""

    labels: dict[str, str] = field(default_factory=dict)
    env: list[str] = field(default_factory=list)
    cmd: list[str] | None = None
    entrypoint: list[str] | None = None
    workdir: str = ""
    user: str = ""


def create_image(world: ServedWorld, request: Request) -> Answer:
    """Answer `POST /images/create?fromSrc=-`, with the new image's id in a stream of one message.

    Errors: RefusedError for a pull, an address as the source, a bad archive, a bad `changes` or a bad name.
    """
    if pulled := request.text("fromImage"):
        parse(pulled.removesuffix(":"))
        why = "a state store has no registry, import an archive"
        raise RefusedError(f"{pulled} cannot be pulled: {why}", http_status=501)
    reference = requested_tag(request.text("repo"), request.text("tag"))
    source = request.text("fromSrc")
    if source != "-":
        raise RefusedError(
            f"{source or 'nothing'} cannot be imported: only the body of the request (fromSrc=-) is read"
        )
    config = read_changes(request.form.all("changes"))
    layer = read_layer(request.upload)
    comment = request.text("message") or f"Imported from {source}"
    with world.store.edit() as edit:
        now = world.clock.now()
        snapshot = edit.snapshot(now)
        image, raw = _make(snapshot, layer, config, comment, now)
        if all(other.id != image.id for other in snapshot.images):
            if snapshot.layers.get(layer.diff_id, layer.size) != layer.size:
                raise ConflictError(f"layer {layer.diff_id} is already known with another size")
            edit.add(image, layers={layer.diff_id: layer.size}, raw=raw)
        if reference:
            tag_image(edit, snapshot, image, reference, world.clock.now())
        edit.emit(Event("image", "import", world.clock.now(), image.id, {**config.labels, "name": image.id}))
    return Answer(200, json.dumps({"status": image.id}, separators=(",", ":")).encode() + b"\r\n", JSON)


def read_layer(archive: BinaryIO | None) -> Layer:
    """Read a tar archive, plain or compressed. Errors: RefusedError, a 500 as with an Engine."""
    if archive is None:
        raise RefusedError("the request has no body: expected a tar archive")
    digest = _Digest(_plain(archive))
    size = 0
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", digest), mode="r|") as tar:
            for member in tar:
                size += member.size if member.isreg() else 0
        while digest.read(_CHUNK):
            continue  # what follows the end of the archive belongs to the layer's bytes
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise RefusedError(f"the body is no tar archive: {error}", http_status=500) from None
    return Layer(f"sha256:{digest.hash.hexdigest()}", size, digest.length)


class _Digest:
    """A stream whose bytes are counted and hashed as they are read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.hash = hashlib.sha256()
        self.length = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.hash.update(data)
        self.length += len(data)
        if self.length > _MOST_CONTENT:
            raise ValueError(f"it holds more than {_MOST_CONTENT} bytes")
        return data


def _plain(archive: BinaryIO) -> IO[bytes]:
    start = archive.read(6)
    archive.seek(0)
    for magic, opener in _MAGIC:
        if start.startswith(magic):
            return cast("IO[bytes]", opener(archive))
    return archive


def read_changes(changes: Iterable[str]) -> Config:
    """Return the configuration that instructions of a Dockerfile describe: LABEL, ENV, CMD, ENTRYPOINT, WORKDIR, USER.

    Errors: RefusedError for any other one.
    """
    config = Config()
    for change in changes:
        word, _, rest = change.strip().partition(" ")
        name, rest = word.upper(), rest.strip()
        if name == "LABEL":
            config.labels |= dict(_pairs(rest))
        elif name == "ENV":
            config.env += [f"{key}={value}" for key, value in _pairs(rest)]
        elif name == "CMD":
            config.cmd = _command(rest)
        elif name == "ENTRYPOINT":
            config.entrypoint = _command(rest)
        elif name == "WORKDIR":
            config.workdir = rest
        elif name == "USER":
            config.user = rest
        else:
            raise RefusedError(f"{word.lower()} is not a valid change command")
    return config


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise RefusedError(f"{text} cannot be read: {error}") from None
    if words and "=" not in words[0]:
        return [(words[0], text[len(words[0]) :].strip())]
    return [(word.partition("=")[0], word.partition("=")[2]) for word in words]


def _command(text: str) -> list[str]:
    try:
        words = json.loads(text)
    except ValueError:
        words = None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return words
    return ["/bin/sh", "-c", text]


def _make(snapshot: Snapshot, layer: Layer, config: Config, comment: str, now: Instant) -> tuple[Image, Json]:
    """Return the record of an image of one layer, and the Engine's JSON for it."""
    created = format_instant(now)
    said = _config_json(config)
    document = {
        "architecture": "amd64",
        "comment": comment,
        "config": said,
        "created": created,
        "history": [{"created": created, "comment": comment}],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]},
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    containerd = snapshot.profile.containerd
    id = "sha256:" + hashlib.sha256(text).hexdigest()
    blobs = (Blob(id, len(text), manifest=True), Blob(layer.diff_id, layer.length, unpacked=layer.size))
    image = Image(
        id,
        created_at=now,
        labels=config.labels,
        layers=(layer.diff_id,),
        content=blobs if containerd else (),
        recorded_at=now if containerd else None,
        size=layer.size + (len(text) + layer.length if containerd else 0),
        diff_ids=(layer.diff_id,),
    )
    inspect = _inspection(image, said, comment, snapshot.profile)
    seconds = now // SECOND
    row = _row(image, seconds)
    history = {"Comment": comment, "Created": seconds, "CreatedBy": "", "Id": id, "Size": layer.size, "Tags": None}
    places = {"images": inspect | {"History": [history], "Summary": row}, "df.Images": row | {"RepoDigests": None}}
    return image, {place: {"at": -1, "is": told} for place, told in places.items()}


def _config_json(config: Config) -> Json:
    return {
        "Cmd": config.cmd,
        "Entrypoint": config.entrypoint,
        "Env": config.env or None,
        "Labels": config.labels or None,
        "OnBuild": None,
        "User": config.user,
        "Volumes": None,
        "WorkingDir": config.workdir,
    }


def _inspection(image: Image, config: Json, comment: str, profile: Profile) -> Json:
    created = format_instant(image.created_at or 0)
    return {
        "Id": image.id,
        "RepoTags": [],
        "RepoDigests": [],
        "Parent": "",
        "Comment": comment,
        "Created": created,
        "DockerVersion": profile.engine,
        "Author": "",
        "Architecture": "amd64",
        "Os": "linux",
        "Size": image.size,
        "GraphDriver": {"Data": None, "Name": "overlayfs" if profile.containerd else "overlay2"},
        "RootFS": {"Type": "layers", "Layers": list(image.layers)},
        "Metadata": {"LastTagTime": created},
        "Config": config,
    }


def _row(image: Image, seconds: int) -> Json:
    return {
        "Containers": 0,
        "Created": seconds,
        "Id": image.id,
        "Labels": dict(image.labels or {}) or None,
        "ParentId": "",
        "RepoDigests": [],
        "RepoTags": [],
        "SharedSize": -1,
        "Size": image.size,
    }
