"""Which Engines the live tests run on, and how many states on each."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.engines import Engine, endpoints

NOT_NAMED = "set PRUNECLI_TEST_ENGINES to endpoints of Docker Engines that may be emptied"
ONE_AT_A_TIME = "an Engine has one world for all tests: run these with -n 0"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here as `live`."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.live)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on each Engine, and those that take a seed on each of `PRUNECLI_TEST_STATES` states."""
    if "engine" in metafunc.fixturenames:
        named = [pytest.param((name, url)) for name, url in endpoints().items()]
        ids = list(endpoints())
        shared = "PYTEST_XDIST_WORKER" in os.environ
        if shared or not named:
            reason = ONE_AT_A_TIME if named else NOT_NAMED
            # A real Engine is no part of a checkout: without one the test is named as skipped, with what it wants.
            named, ids = [pytest.param(None, marks=pytest.mark.skip(reason=reason))], ["no Engine"]
        metafunc.parametrize("engine", named, ids=ids, indirect=True, scope="session")
    if "seed" in metafunc.fixturenames:
        first, states = (int(os.environ.get(f"PRUNECLI_TEST_{key}", default)) for key, default in _STATES)
        metafunc.parametrize("seed", range(first, first + states))


_STATES = (("FIRST_SEED", "1"), ("STATES", "5"))


@pytest.fixture(autouse=True)
def _alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wait until no other run of the tests works on the same Engine."""
    live = request.getfixturevalue("engine") if "engine" in request.fixturenames else None
    if live is None:
        yield
        return
    name = f"prunecli-live-{hashlib.sha256(live.url.encode()).hexdigest()[:16]}.lock"
    with (Path(tempfile.gettempdir()) / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A real Engine, which is emptied before each state."""
    name, url = request.param
    live = Engine(name, url)
    yield live
    live.client.close()
