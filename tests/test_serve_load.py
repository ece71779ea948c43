"""Many clients at once: the short form of `python -m tests.load`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")

from tests.load import Outcome, run_load
from tests.serving import serving


def test_many_clients_at_once(tmp_path: Path) -> None:
    """No error but the Engine's own 409, every prune told once to every listener, and the store is sound."""
    with serving(tmp_path, now=None) as served:
        outcome = asyncio.run(run_load(served.socket, clients=64, seconds=3, seed=7))
        assert outcome.judge() == []
        assert outcome.prunes
        assert len(outcome.heard) == 16
        with served.store() as store:
            assert store.check() == []


@pytest.mark.parametrize(
    ("heard", "sentence"),
    [
        pytest.param([[]], "listener 0 heard 0 prunes, 1 were answered", id="a prune that nobody told of"),
        pytest.param([[("volume", 1, 5), ("volume", 1, 5)]], "listener 0 heard a prune twice", id="one told twice"),
        pytest.param(
            [[("volume", 2, 5)]], "listener 0 heard 1 prunes, 1 were answered", id="one told with other bytes"
        ),
    ],
)
def test_the_judge_sees_what_is_wrong(heard: list[list[tuple[str, int, int]]], sentence: str) -> None:
    """The load tool does not pass whatever happens."""
    assert sentence in Outcome(prunes=[("volume", 1)], heard=heard).judge()
