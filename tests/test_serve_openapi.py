"""The OpenAPI description is complete, and true to the answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

for needed in ("aiohttp", "schemathesis", "docker"):
    pytest.importorskip(needed, reason=f"needs {needed}, of the extra prunecli[test]")

import requests  # noqa: E402 - only where it is installed, as below
import schemathesis  # noqa: E402
from docker.transport import UnixHTTPAdapter  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402
from schemathesis import checks  # noqa: E402

from prunecli.server.app import ROUTES  # noqa: E402
from tests.conftest import NOW  # noqa: E402
from tests.serving import Served, serving  # noqa: E402

DESCRIPTION: dict[str, Any] = json.loads(resources.files("prunecli.server").joinpath("openapi.json").read_bytes())
BASE = "http://localhost"
SKIPPED = {"/events", "/grpc", "/session"}  # a stream, and connections that are no HTTP afterwards: tests of their own

API = schemathesis.openapi.from_dict(DESCRIPTION)


def test_every_route_is_described() -> None:
    """What is served is described, and what is described is served."""
    served = {(method, path) for method, path, _ in ROUTES if method != "OPTIONS" and path != "/networks/"}
    described = {(method.upper(), path) for path, item in DESCRIPTION["paths"].items() for method in item}
    assert served == described


def test_the_description_is_served_and_refers_to_nothing_missing() -> None:
    """Every reference leads somewhere, and names are used once."""
    text = json.dumps(DESCRIPTION)
    for reference in set(re.findall(r'"#/components/(\w+)/(\w+)"', text)):
        group, name = reference
        assert name in DESCRIPTION["components"][group]
    ids = [op["operationId"] for item in DESCRIPTION["paths"].values() for op in item.values()]
    assert len(ids) == len(set(ids))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Lend one server to all tests of this module."""
    with serving(tmp_path_factory.mktemp("serve")) as served:
        yield served


@pytest.fixture(scope="module")
def session(running: Served) -> Iterator[requests.Session]:
    """Lend what sends requests to the server's socket."""
    with requests.Session() as session:
        session.mount("http://", UnixHTTPAdapter(f"http+unix://{running.socket}", timeout=30))
        yield session


def test_the_server_answers_with_it(running: Served) -> None:
    """`GET /openapi.json` is the file of the package."""
    assert running.ask("GET", "/openapi.json").json == DESCRIPTION
    assert running.ask("GET", "/v1.41/openapi.json").status == 200


@API.parametrize()
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_answers_are_as_described(case: Any, running: Served, session: requests.Session) -> None:
    """Whatever the description allows, and much that it does not: status, headers and body are as described."""
    if case.path in SKIPPED:
        return
    if case.method != "GET":
        running.reset()
    answer = case.call(base_url=BASE, session=session)
    case.validate_response(
        answer,
        checks=[
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_headers_conformance,
            checks.response_schema_conformance,
        ],
    )


def test_the_store_is_whole_afterwards(running: Served) -> None:
    """After all that, nothing contradicts anything."""
    with running.store() as store:
        assert store.check() == []
        store.snapshot(NOW)
