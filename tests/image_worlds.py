"""Images in one line each: ids and digests that sort by their names, layers named by what lies below them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence

from prunecli.kinds.image import Blob, Image, ImageUse
from prunecli.units import DAY, HOUR
from prunecli.verdict import Decisions, Step

NOW = 1_795_000_000 * 1_000_000_000


def digest(name: str) -> str:
    """Return a digest that sorts as its name does."""
    return f"sha256:{name.encode().hex():0<64}"


def refs(text: str) -> tuple[str, ...]:
    """Read `a:1 a@D`, where a name after the `@` stands for a digest."""
    return tuple(f"{r.partition('@')[0]}@{digest(r.partition('@')[2])}" if "@" in r else r for r in text.split())


def chains(*sizes: int) -> tuple[str, ...]:
    """Return the chain ids of layers of these sizes, bottom first: layers are the same when all below them are."""
    return tuple(digest("/".join(map(str, sizes[: height + 1]))) for height in range(len(sizes)))


def image(
    name: str, names: str = "", *layers: int, parent: str = "", created_at: int | None = NOW - 2 * DAY, **fields: object
) -> Image:
    """Return an image of the graph drivers' store: its references and the sizes of its layers, bottom first."""
    found = refs(names)
    return Image(
        digest(name),
        parent=digest(parent) if parent else "",
        created_at=created_at,
        tags=tuple(r for r in found if "@" not in r),
        digests=tuple(r for r in found if "@" in r),
        layers=chains(*layers),
        size=sum(layers),
        **fields,  # type: ignore[arg-type] # the fields that a row names
    )


def record(name: str, names: str = "", *blobs: str, **fields: object) -> Image:
    """Return an image of the containerd store with its records; as an Engine, it lists a digest for each tag.

    Every image has a manifest of its own (1 byte); `blobs` are `name:size`.
    """
    found = refs(names)
    repositories = dict.fromkeys(r.partition("@")[0].rpartition(":")[0] or r.partition("@")[0] for r in found)
    content = (Blob(digest(name), 1, manifest=True), *(_blob(b) for b in blobs))
    return Image(
        digest(name),
        tags=found,
        digests=tuple(f"{repository}@{digest(name)}" for repository in repositories),
        content=content,
        **{"recorded_at": NOW - 2 * DAY, "created_at": NOW - 2 * DAY, **fields},  # type: ignore[arg-type] # as above
    )


def _blob(text: str) -> Blob:
    name, size = text.split(":")
    return Blob(digest(name), int(size), manifest=name.startswith("m"))


def use(image_name: str, text: str = "", *, running: bool = False, mount: bool = False, name: str = "web") -> ImageUse:
    """Return a container's claim on an image; its text is the image's id unless one is given."""
    id = digest(image_name)
    container = f"{name.encode().hex():0<64}"
    return ImageUse(container, name, running, "" if mount else text or id, id, mount=mount)


def layer_sizes(images: Iterable[Image], layers: Iterable[Sequence[int]] = ()) -> dict[str, int]:
    """Return the size of every layer, read from the name that its chain id carries."""
    known = {chain for i in images for chain in i.layers} | {c for sizes in layers for c in chains(*sizes)}
    return {chain: int(_name(chain).rpartition("/")[2]) for chain in known}


def rows(steps: Iterable[Step]) -> list[str]:
    """Return the rows of steps as `U:a:1`, `U:a@D`, `D:name of an image`, `D:L100` for a layer of 100 bytes."""
    return [f"{row.verb[0].upper()}:{_short(row.text)}" for step in steps for row in step.rows]


def left(images: Iterable[Image], decisions: Decisions) -> dict[str, str]:
    """Return the images that stay, with the references that they keep."""
    verdicts = {v.id: v for v in decisions.verdicts}
    return {
        _short(i.id): " ".join(_short(r) for r in (*i.tags, *i.digests) if r not in verdicts[i.id].untagged)
        for i in images
        if not verdicts[i.id].removed
    }


def _name(id: str) -> str:
    return bytes.fromhex(id.partition(":")[2]).rstrip(b"\0").decode()


def _short(text: str) -> str:
    before, found, hexadecimal = text.partition("sha256:")
    if not found:
        return text
    name = _name("sha256:" + hexadecimal)
    return before + (f"L{name.rpartition('/')[2]}" if name[0].isdigit() else name)


def random_images(rng: random.Random) -> tuple[Image, ...]:
    """Return a forest of images of the graph drivers' store, some dangling, tagged several times, or without a date."""
    images: list[Image] = []
    for number in range(rng.randint(1, 9)):
        base = rng.choice(images) if images and rng.random() < 0.7 else None
        below = tuple(int(_name(c).rpartition("/")[2]) for c in base.layers) if base else ()
        own = tuple(rng.choice((10, 20, 300)) for _ in range(rng.randint(0, 2)))
        repositories = [rng.choice("pqr") for _ in range(rng.choice((0, 0, 1, 2, 3)))]
        names = dict.fromkeys(f"{r}:{number}{rng.randint(0, 1)}" for r in repositories)
        digests = dict.fromkeys(f"{r}@D{number}" for r in repositories if rng.random() < 0.4)
        images.append(
            image(
                f"i{number}",
                " ".join((*names, *digests)),
                *below,
                *own,
                parent=_name(base.id) if base and rng.random() < 0.7 else "",
                created_at=rng.choice((NOW - HOUR, NOW - 3 * DAY, None)),
                labels=rng.choice(({}, {"keep": "1"}, None)),
            )
        )
    return tuple(images)


def random_records(rng: random.Random) -> tuple[Image, ...]:
    """Return images of the containerd store that share blobs, some without names, some known by digest alone."""
    images = []
    for number in range(rng.randint(1, 8)):
        names = dict.fromkeys(f"{rng.choice('pqr')}:{number}{rng.randint(0, 2)}" for _ in range(rng.randint(0, 3)))
        own = [f"s@i{number}"] if rng.random() < 0.2 else []
        blobs = [f"{rng.choice('mx')}{rng.randint(0, 5)}:100" for _ in range(rng.randint(0, 3))]
        images.append(
            record(
                f"i{number}",
                " ".join((*names, *own)),
                *blobs,
                labels=rng.choice(({}, {"keep": "1"})),
                recorded_at=rng.choice((NOW - HOUR, NOW - 3 * DAY)),
            )
        )
    return tuple(images)


def random_uses(rng: random.Random, images: Sequence[Image]) -> tuple[ImageUse, ...]:
    """Return claims of containers on some of these images, by name, by id, by digest, or as a mount."""
    uses = []
    for number in range(rng.randint(0, 4)):
        target = rng.choice(images)
        name = _name(target.id)
        texts = (*target.tags, *target.digests, target.id, target.id[7:19], "gone:1")
        running, mount = rng.random() < 0.5, rng.random() < 0.2
        uses.append(use(name, rng.choice(texts), running=running, mount=mount, name=f"c{number}"))
    return tuple(uses)


def reclaimed_by(steps: Iterable[Step]) -> Mapping[str, int]:
    """Return the bytes that steps give back, by image."""
    total: dict[str, int] = {}
    for step in steps:
        total[step.id] = total.get(step.id, 0) + step.reclaims
    return total
