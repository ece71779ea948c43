"""The layers of images: chain ids, the size of each layer, and the step of the history that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prunecli.kinds.image.chains import chain_id
from prunecli.units import Instant

BUILDKIT = "buildkit"
"""What BuildKit's comment on a history row begins with."""

_ANY_TIME = 2**62
_NOP = "/bin/sh -c #(nop) "
_LAYER_WORDS = frozenset({"RUN", "COPY", "ADD"})
_SHELL = "/bin/sh -c "


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row of an image's history; `created` is in whole seconds, `size` in bytes."""

    text: str
    comment: str
    created: int
    size: int

    @property
    def step(self) -> tuple[str, str]:
        """The build step that the row tells of, in the form of `step_of_text`; empty for what BuildKit did not make."""
        if not self.comment.startswith(BUILDKIT):
            return "", ""
        return step_of_text(self.text.removesuffix(" # buildkit"))


@dataclass(frozen=True, slots=True)
class LayeredImage:
    """What an image says of its layers: diff ids bottom first, history oldest first, the sum of its layers in bytes."""

    id: str
    diff_ids: tuple[str, ...]
    rows: tuple[HistoryRow, ...]
    created_at: Instant | None
    size: int
    tagged: bool = False


@dataclass(slots=True)
class Node:
    """A layer in the tree of all chains; `rows` are the history rows that made it, as the images tell it.

    `finished` holds the build times of the images that end here, `tagged` says that one of them has a tag. `based` is
    the last second in which a step was built on one of them, as far as images tell, -1 for none. `height` counts the
    layers on the longest way up from here, this one included.
    """

    chain: str
    parent: str
    depth: int
    size: int
    rows: list[HistoryRow] = field(default_factory=list)
    finished: set[Instant] = field(default_factory=set)
    top: bool = False
    tagged: bool = False
    based: int = -1
    height: int = 1


@dataclass(frozen=True, slots=True)
class Tree:
    """All layers of some images by chain id, parents before children; `bases` are the images that BuildKit built on."""

    nodes: dict[str, Node]
    bases: frozenset[str]


def step_of_text(text: str) -> tuple[str, str]:
    """Return the kind of a Dockerfile instruction, "run", "file" or "other", and its text without flags and arguments.

    Both `RUN |1 V=2 /bin/sh -c true` and `RUN /bin/sh -c true` are ("run", "/bin/sh -c true").
    """
    word, _, rest = text.partition(" ")
    word = word.upper()
    if word == "RUN":
        return "run", _without_build_args(rest)
    if word in ("COPY", "ADD", "WORKDIR"):
        return "file", " ".join((word, *(part for part in rest.split() if not part.startswith("--"))))
    return "other", ""


def _without_build_args(text: str) -> str:
    if not text.startswith("|"):
        return text
    at = text.find(_SHELL)
    if at >= 0:
        return text[at:]
    count, _, rest = text[1:].partition(" ")
    for _ in range(int(count) if count.isdecimal() and len(count) < 5 else 0):
        rest = rest.partition(" ")[2]
    return rest


def make_tree(images: Sequence[LayeredImage]) -> Tree:
    """Return every layer of these images.

    The sizes come from the history rows that made a layer, in order, against the diff ids. Where a history is shorter
    than its image, what is missing is taken from other images, and the rest from the image's own sum.
    """
    known: dict[int, tuple[LayeredImage, tuple[HistoryRow | None, ...]]] = {}
    tree: dict[str, Node] = {}
    unsized: list[tuple[LayeredImage, tuple[str, ...]]] = []
    bases: set[str] = set()
    chains_of: dict[tuple[str, str], str] = {}
    for image in sorted(images, key=lambda i: (len(i.rows), len(i.diff_ids), i.id)):
        chains = _chains(image.diff_ids, chains_of)
        made, base = _assign(image, known)
        _grow(tree, chains, made)
        if base and base.diff_ids and image.rows[len(base.rows)].comment.startswith(BUILDKIT):
            bases.add(base.id)
            node = tree[chains[len(base.diff_ids) - 1]]
            node.based = max(node.based, _first_step(image.rows[len(base.rows) :]))
        if any(row is None for row in made):
            unsized.append((image, chains))
        if chains:
            top = tree[chains[-1]]
            top.top = True
            top.tagged |= image.tagged
            if image.created_at is not None:
                top.finished.add(image.created_at)
    for image, chains in unsized:
        _fill_sizes(tree, image, chains)
    for node in reversed(tree.values()):
        node.size = max(node.size, 0)
        if node.parent:
            below = tree[node.parent]
            below.height = max(below.height, node.height + 1)
    return Tree(tree, frozenset(bases))


def _first_step(rows: Sequence[HistoryRow]) -> int:
    """Return the second of the first step that made a layer; without one it may have been at any time."""
    return next((row.created for row in rows if row.step[0] in ("run", "file")), _ANY_TIME)


def _chains(diff_ids: Sequence[str], known: dict[tuple[str, str], str]) -> tuple[str, ...]:
    chains: list[str] = []
    parent = ""
    for diff_id in diff_ids:
        link = (parent, diff_id)
        if link not in known:
            known[link] = chain_id(parent, diff_id) if parent else diff_id
        parent = known[link]
        chains.append(parent)
    return tuple(chains)


def _assign(
    image: LayeredImage, known: dict[int, tuple[LayeredImage, tuple[HistoryRow | None, ...]]]
) -> tuple[tuple[HistoryRow | None, ...], LayeredImage | None]:
    """Return the row that made each layer, and the nearest image whose whole history this one continues."""
    made: tuple[HistoryRow | None, ...] = ()
    base: LayeredImage | None = None
    done = prefix = 0
    for n, row in enumerate(image.rows[:-1], 1):
        prefix = hash((prefix, row))
        if prefix in known:
            other, rows = known[prefix]
            if len(other.rows) == n and other.diff_ids == image.diff_ids[: len(other.diff_ids)]:
                made, base, done = rows, other, n
    made += _choose(image.rows[done:], len(image.diff_ids) - len(made))
    whole = hash((prefix, image.rows[-1])) if image.rows else 0
    known.setdefault(whole, (image, made))
    return made, base


def _choose(rows: Sequence[HistoryRow], count: int) -> tuple[HistoryRow | None, ...]:
    """Pick the `count` rows that made a layer: all that have a size, then the likeliest of the others."""
    likeliest = sorted(range(len(rows)), key=lambda n: (-_likelihood(rows[n]), n))[:count]
    chosen: list[HistoryRow | None] = [rows[n] for n in sorted(likeliest)]
    return (*[None] * (count - len(chosen)), *chosen)


def _likelihood(row: HistoryRow) -> int:
    """Say how likely a row made a layer: the API does not tell an empty layer from none."""
    if row.size > 0:
        return 9
    word = row.text.partition(" ")[0]
    if row.comment.startswith(BUILDKIT):
        return 6 if word in _LAYER_WORDS else 5 if word == "WORKDIR" else 0
    if row.text.startswith(_NOP):
        word = row.text.removeprefix(_NOP).lstrip().partition(" ")[0]
        return 4 if word in _LAYER_WORDS else 2 if word == "WORKDIR" else 0
    return 3


def _grow(tree: dict[str, Node], chains: Sequence[str], made: Sequence[HistoryRow | None]) -> None:
    parent = ""
    for depth, (chain, row) in enumerate(zip(chains, made, strict=True), 1):
        node = tree.get(chain)
        if node is None:
            node = tree[chain] = Node(chain, parent, depth, -1)
        if row is not None:
            if node.size < 0:
                node.size = row.size
            if row not in node.rows:
                node.rows.append(row)
        parent = chain


def _fill_sizes(tree: Mapping[str, Node], image: LayeredImage, chains: Sequence[str]) -> None:
    """Give the lowest layer without a size what the image's sum leaves over, and the others nothing."""
    unknown = [tree[chain] for chain in chains if tree[chain].size < 0]
    if unknown:
        unknown[0].size = max(image.size - sum(max(tree[chain].size, 0) for chain in chains), 0)
        for node in unknown[1:]:
            node.size = 0
