"""`state add`: single objects, for rehearsals and tests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import click

from prunecli.cli.groups import Entry, LazyGroup
from prunecli.cli.pflag import DockerCommand, Flag, Text
from prunecli.cli.session import Session
from prunecli.errors import PrunecliError, ValueTextError
from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.container import RUNNING_STATES, Container
from prunecli.kinds.image import Blob, Image
from prunecli.kinds.image.chains import chain_ids
from prunecli.kinds.network import Network
from prunecli.kinds.volume import ANONYMOUS_LABEL, Volume
from prunecli.snapshot import Snapshot
from prunecli.units import Duration, Instant, parse_duration, parse_human_duration, parse_size

state_add = LazyGroup(
    "add",
    help="""Add a single object to the store.

    Ids follow from names, so that the same commands always make the same world.
    """,
    table={
        "container": Entry("state_add:add_container", "Add a container"),
        "network": Entry("state_add:add_network", "Add a network"),
        "volume": Entry("state_add:add_volume", "Add a volume"),
        "image": Entry("state_add:add_image", "Add an image with its layers"),
        "cache": Entry("state_add:add_cache", "Add a build cache record"),
    },
)

_MANIFEST_SIZE = 2048  # bytes of a made-up image's manifest and config

STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
TYPES = ("regular", "source.local", "source.git.checkout", "exec.cachemount", "frontend", "internal")


def digest(text: str) -> str:
    """Return the 64 hex digits that stand for a name."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def parse_age(text: str) -> Duration:
    """Return a duration typed as `90m`, `36h` or `2 weeks`, in nanoseconds; raises ValueTextError."""
    human = parse_human_duration(text)
    return parse_duration(text) if human is None else human


def _one_of(words: tuple[str, ...]) -> Callable[[str], None]:
    def check(text: str) -> None:
        if text not in words:
            raise ValueTextError(f"one of {', '.join(words)} is expected")

    return check


def _count(text: str) -> None:
    if not text.isdecimal():
        raise ValueTextError("a number is expected")


def _layer(text: str) -> tuple[str, int]:
    name, colon, size = text.rpartition(":")
    if not colon or not name:
        raise ValueTextError("a layer is NAME:SIZE, such as base:5MB")
    return name, parse_size(size)


def _switch(name: str, help: str) -> Flag:
    return Flag([name], is_flag=True, help=help)


def _text(name: str, help: str, metavar: str = "string", default: str | None = None) -> Flag:
    return Flag([name], type=Text(metavar), help=help, default=default)


def _many(name: str, help: str, metavar: str = "string", check: Callable[[str], object] | None = None) -> Flag:
    return Flag([name], type=Text(metavar, check), multiple=True, help=help)


CREATED = Flag(
    ["--created"], type=Text("duration", parse_age), default="0s", help="How long ago it was made (e.g. 36h)"
)
LABEL = _many("--label", "Label, key or key=value", "label")
SIZE = Flag(["--size"], type=Text("bytes", parse_size), default="0", help="What it takes on disk (e.g. 5MB)")


def _adder(
    name: str,
    help: str,
    params: list[Flag],
    make: Callable[..., tuple[Any, dict[str, int]]],
    usage: str,
    words: int = 1,
) -> click.Command:
    """Make one command; `make` turns its words and flags into a record, and for images the bytes of its layers."""

    @click.pass_obj
    def callback(session: Session, /, words: tuple[str, ...], **flags: Any) -> int:
        if not words or not all(words):
            raise PrunecliError(f"state add {name} needs {usage}")
        now = session.clock.now()
        with session.open_store(create=True) as store:
            record, layers = make(words, now=now, **flags)
            if isinstance(record, Image):
                record = _as_stored(record, layers, store.snapshot(now))
            store.add(record, layers=layers)
        return 0

    return DockerCommand(
        name,
        callback=callback,
        params=[*params, click.Argument(["words"], nargs=-1)],
        help=help,
        usage_suffix=f" [OPTIONS] {usage}",
        arguments=words,
    )


def _container(
    words: tuple[str, ...],
    now: Instant,
    image: str | None,
    image_id: str | None,
    state: str,
    created: str,
    size: str,
    label: tuple[str, ...],
    volume: tuple[str, ...],
) -> tuple[Container, dict[str, int]]:
    text = image or "busybox"
    created_at = now - parse_age(created)
    record = Container(
        id=digest(f"container {words[0]}"),
        name=words[0],
        image=text,
        image_id=image_id or f"sha256:{digest(f'image {_tagged(text)}')}",
        state=state,
        running=state in RUNNING_STATES,
        created_at=created_at,
        finished_at=created_at if state in ("exited", "dead") else None,
        labels=_labels(label),
        size=parse_size(size),
        volumes=volume,
    )
    return record, {}


def _network(
    words: tuple[str, ...], now: Instant, driver: str, created: str, label: tuple[str, ...], endpoint: tuple[str, ...]
) -> tuple[Network, dict[str, int]]:
    record = Network(
        digest(f"network {words[0]}"),
        words[0],
        driver,
        now - parse_age(created),
        labels=_labels(label),
        endpoints=endpoint,
    )
    return record, {}


def _volume(
    words: tuple[str, ...],
    now: Instant,
    anonymous: bool,
    driver: str,
    created: str,
    size: str,
    label: tuple[str, ...],
    option: tuple[str, ...],
) -> tuple[Volume, dict[str, int]]:
    labels = _labels(label) | ({ANONYMOUS_LABEL: ""} if anonymous else {})
    name = digest(f"volume {words[0]}") if anonymous else words[0]
    record = Volume(
        name, driver, now - parse_age(created), labels=labels, options=_labels(option), size=parse_size(size)
    )
    return record, {}


def _image(
    words: tuple[str, ...],
    now: Instant,
    layer: tuple[str, ...],
    parent: str | None,
    created: str,
    label: tuple[str, ...],
    untagged: bool,
) -> tuple[Image, dict[str, int]]:
    tags = tuple(_tagged(word) for word in words)
    named = [_layer(text) for text in layer or (f"{tags[0]}:0B",)]
    diff_ids = tuple(f"sha256:{digest(f'layer {name}')}" for name, _ in named)
    chains = chain_ids(diff_ids)
    layers = {chain: size for chain, (_, size) in zip(chains, named, strict=True)}
    record = Image(
        id=f"sha256:{digest(f'image {tags[0]}')}",
        parent=f"sha256:{digest(f'image {_tagged(parent)}')}" if parent else "",
        created_at=now - parse_age(created),
        labels=_labels(label),
        tags=() if untagged else tuple(sorted(tags)),
        layers=chains,
        size=sum(layers.values()),
        diff_ids=diff_ids,
    )
    return record, layers


def _as_stored(image: Image, layers: dict[str, int], world: Snapshot) -> Image:
    """Return the image as the store's Engine would have it: with the containerd store it has content and digests."""
    if not world.profile.containerd:
        return image
    from prunecli.wire import retell

    unpacked = [
        Blob(diff, layers[chain], unpacked=layers[chain])
        for diff, chain in zip(image.diff_ids, image.layers, strict=True)
    ]
    content = (Blob(image.id, _MANIFEST_SIZE, manifest=True), *unpacked)
    made = replace(
        image,
        content=content,
        digests=tuple(dict.fromkeys(f"{tag.rpartition(':')[0]}@{image.id}" for tag in image.tags)),
        recorded_at=image.created_at,
        size=sum(blob.size + blob.unpacked for blob in content),
    )
    (told,) = retell(Snapshot(world.taken_at, world.profile, images=(made,), layers=layers)).images
    return told


def _cache(
    words: tuple[str, ...],
    now: Instant,
    type: str,
    size: str,
    parent: tuple[str, ...],
    created: str,
    used: str | None,
    uses: str,
    description: str | None,
    mutable: bool,
    in_use: bool,
    shared: bool,
) -> tuple[CacheRecord, dict[str, int]]:
    last_used_at = now - parse_age(used) if used else None
    record = CacheRecord(
        words[0],
        parents=parent,
        type=type,
        description=description or "",
        mutable=mutable,
        in_use=in_use,
        reported_shared=shared,
        size=parse_size(size),
        created_at=now - parse_age(created),
        last_used_at=last_used_at,
        usage_count=int(uses),
    )
    return record, {}


def _labels(given: Iterable[str]) -> dict[str, str]:
    return {key: value for key, _, value in (text.partition("=") for text in given)}


def _tagged(reference: str) -> str:
    """Return the reference with a tag: `busybox` is `busybox:latest`."""
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


add_container = _adder(
    "container",
    "Add a container; its image need not be in the store.",
    [
        _text("--image", "Text it was created from (default busybox)", "reference"),
        _text("--image-id", "Id of its image (default: that of an image added under this name)", "id"),
        Flag(["--state"], type=Text("state", _one_of(STATES)), default="exited", help=f"One of {', '.join(STATES)}"),
        CREATED,
        SIZE,
        LABEL,
        _many("--volume", "Name of a volume it mounts", "name"),
    ],
    _container,
    "NAME",
)
add_network = _adder(
    "network",
    "Add a network.",
    [
        _text("--driver", "Driver", default="bridge"),
        CREATED,
        LABEL,
        _many("--endpoint", "Name of a container that is attached now", "container"),
    ],
    _network,
    "NAME",
)
add_volume = _adder(
    "volume",
    "Add a volume.",
    [
        _switch("--anonymous", "Make it one that nobody gave a name"),
        _text("--driver", "Driver", default="local"),
        CREATED,
        SIZE,
        LABEL,
        _many("--option", "Driver option, key=value", "option"),
    ],
    _volume,
    "NAME",
)
add_image = _adder(
    "image",
    "Add an image under one or more references; layers of the same name and place are shared with other images.",
    [
        _many("--layer", "Layer NAME:SIZE, bottom first (e.g. base:5MB)", "layer", _layer),
        _text("--parent", "Reference under which its parent was added", "reference"),
        CREATED,
        LABEL,
        _switch("--untagged", "Leave it without a reference: a dangling image"),
    ],
    _image,
    "REFERENCE...",
    100,
)
add_cache = _adder(
    "cache",
    "Add a build cache record.",
    [
        Flag(["--type"], type=Text("type", _one_of(TYPES)), default="regular", help=f"One of {', '.join(TYPES)}"),
        SIZE,
        _many("--parent", "Id of a record it builds on", "id"),
        CREATED,
        Flag(["--used"], type=Text("duration", parse_age), help="How long ago it was used last (default: never)"),
        Flag(["--uses"], type=Text("number", _count), default="0", help="How often it was used"),
        _text("--description", "What made it"),
        _switch("--mutable", "It can be written: a local source or a cache mount"),
        _switch("--in-use", "A running build holds it"),
        _switch("--shared", "It shares its layer with an image"),
    ],
    _cache,
    "ID",
)
