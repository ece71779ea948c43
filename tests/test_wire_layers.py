"""Chain ids, the sizes of layers, and the history rows that made them."""

from __future__ import annotations

import pytest

from prunecli.kinds.image.chains import chain_ids
from prunecli.wire import read_dump
from prunecli.wire.layers import HistoryRow, LayeredImage, make_tree, step_of_text
from tests.oracle import Case, cases

KIT = "buildkit.dockerfile.v0"
NOP = "/bin/sh -c #(nop) "


def row(text: str, size: int = 0, comment: str = KIT, created: int = 1) -> HistoryRow:
    return HistoryRow(text, comment, created, size)


def image(id: str, layers: str, *rows: HistoryRow, size: int = 0) -> LayeredImage:
    """An image whose layers are the letters of a word."""
    return LayeredImage(id, tuple(layers), rows, None, size or sum(r.size for r in rows))


def sizes(images: list[LayeredImage], of: LayeredImage) -> list[int]:
    nodes = make_tree(images).nodes
    return [nodes[chain].size for chain in chain_ids(of.diff_ids)]


def test_chain_ids_follow_the_image_specification() -> None:
    """The lowest layer's chain id is its digest; each further one hashes what lies below and itself."""
    low, high = "sha256:" + "1" * 64, "sha256:" + "2" * 64

    assert chain_ids(()) == ()
    assert chain_ids([low]) == (low,)
    assert chain_ids([low, high]) == (low, "sha256:9932074217c35353d2e03a3f5a86549f7c67bfeb0ba53e23d69f4d4c8f7958f5")


@pytest.mark.parametrize("case", [c for c in cases() if not c.containerd], ids=lambda case: case.name)
def test_sizes_of_layers_add_up(case: Case) -> None:
    """Of every recorded image, the layers' sizes make up the image's, whatever other images have in common with it."""
    snapshot = read_dump(case.before).snapshot
    for image in snapshot.images:
        assert sum(snapshot.layers[chain] for chain in image.layers) == image.size


IMPORT = row("", 100, "Imported from -")


@pytest.mark.parametrize(
    ("layers", "rows", "expected"),
    [
        pytest.param("ab", [IMPORT, row("ENV A=1"), row("RUN x", 5)], [100, 5], id="settings make no layer"),
        pytest.param(
            "abc", [IMPORT, row("RUN true"), row("LABEL a=b"), row("RUN x", 5)], [100, 0, 5], id="a step does"
        ),
        pytest.param("abc", [IMPORT, row("WORKDIR /w"), row("RUN x", 5)], [100, 0, 5], id="BuildKit's WORKDIR does"),
        pytest.param(
            "ab", [IMPORT, row(NOP + "WORKDIR /w", comment=""), row("x", 5, "")], [100, 5], id="the old one need not"
        ),
        pytest.param(
            "abc",
            [IMPORT, row(NOP + "COPY file:1 in /", comment=""), row(NOP + 'CMD ["sh"]', comment=""), row("x", 5, "")],
            [100, 0, 5],
            id="an old COPY of nothing does",
        ),
        pytest.param(
            "ab", [IMPORT, row("sh -c true", 0, ""), row("sh -c x", 5, "")], [100, 5], id="a commit of nothing"
        ),
        pytest.param("abc", [row("RUN x", 5)], [25, 0, 5], id="a history too short leaves the rest to the lowest"),
        pytest.param("", [row("ENV A=1")], [], id="an image may have no layer"),
    ],
)
def test_which_rows_made_a_layer(layers: str, rows: list[HistoryRow], expected: list[int]) -> None:
    """The API shows an empty layer and no layer alike; kind and number of the rows tell them apart."""
    it = image("i", layers, *rows, size=sum(expected))
    assert sizes([it], it) == expected


def test_an_image_continues_the_history_of_its_base() -> None:
    """What is known of a base's rows holds for those that were built on it."""
    nothing, something = row("sh -c true", 0, ""), row("sh -c touch", 0, "")
    base = image("base", "ab", IMPORT, nothing, row("sh -c x", 7, ""))
    built = image("built", "abcd", *base.rows, something, row("RUN y", 3))

    assert sizes([built, base], built) == [100, 7, 0, 3]
    assert make_tree([built, base]).bases == frozenset()  # a commit: BuildKit did not begin with it
    assert make_tree([image("kit", "abc", *base.rows, row("RUN y", 3)), base]).bases == {"base"}


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("RUN /bin/sh -c make", ("run", "/bin/sh -c make")),
        ("RUN |2 A=1 B=x y /bin/sh -c make all", ("run", "/bin/sh -c make all")),
        ("RUN |1 A=1 make all", ("run", "make all")),
        ("COPY --from=one --chown=1:1 /a /b", ("file", "COPY /a /b")),
        ("ADD https://example.com/x /x", ("file", "ADD https://example.com/x /x")),
        ("WORKDIR /deep/er", ("file", "WORKDIR /deep/er")),
        ("ENV A=1", ("other", "")),
        ("", ("other", "")),
    ],
)
def test_a_step_is_its_instruction_without_flags_and_arguments(text: str, step: tuple[str, str]) -> None:
    """History and cache write the same step in different ways; both are brought to one."""
    assert step_of_text(text) == step
