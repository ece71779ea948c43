"""Whatever is sent to a served store: no traceback, no unknown failure, and nothing changes that was not asked for."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")

from prunecli.server.app import ROUTES
from tests.serving import Reply, Served, serving

FUZZ = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
NOT_ASKED = {"/events", "/grpc", "/session"}  # streams and upgrades have fuzz tests of their own

WORDS = st.sampled_from(
    [
        "web",
        "nginx:1.27",
        "web-data",
        "shop",
        "bridge",
        "alpine",
        "sha256:",
        "a/b/c",
        "..",
        "%2e%2e",
        "\x00",
        "\u202e",
        "é",
    ]
)
NAMES = WORDS | st.text(max_size=20)
KEYS = st.sampled_from(
    [
        *(
            "filters",
            "all",
            "limit",
            "size",
            "type",
            "force",
            "v",
            "link",
            "repo",
            "tag",
            "fromSrc",
            "changes",
            "since",
        ),
        *("until", "keep-storage", "reserved-space", "max-used-space", "min-free-space", "verbose", "scope", "noprune"),
    ]
)
FILTER_KEYS = st.sampled_from(
    [
        "label",
        "label!",
        "until",
        "dangling",
        "all",
        "name",
        "id",
        "reference",
        "status",
        "before",
        "publish",
        "type",
        "volume",
    ]
)
FILTERS = st.dictionaries(
    FILTER_KEYS | st.text(max_size=5),
    st.lists(st.text(max_size=10), max_size=3)
    | st.dictionaries(st.text(max_size=10), st.booleans(), max_size=2)
    | st.none(),
    max_size=3,
).map(json.dumps)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["Name", "name", "Labels", "Driver", "DriverOpts", "IPAM", "Options", "Internal", "ConfigFrom"]
)
BODIES = (
    st.none()
    | st.binary(max_size=60)
    | st.dictionaries(FIELDS, JUNK, max_size=4).map(lambda d: json.dumps(d).encode())
    | JUNK.map(lambda j: json.dumps(j).encode())
)
VALUES = FILTERS | st.text(max_size=20) | st.sampled_from(["0", "1", "-1", "true", "9" * 30, "1.5", "-", "["])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Lend one server to all examples; it must end without a word on stderr."""
    with serving(tmp_path_factory.mktemp("serve")) as served:
        yield served


@FUZZ
@given(
    route=st.sampled_from([(m, p) for m, p, _ in ROUTES if p not in NOT_ASKED]),
    version=st.sampled_from(["", "/v1.24", "/v1.41", "/v1.51"]),
    name=NAMES,
    query=st.lists(st.tuples(KEYS, VALUES), max_size=4),
    content_type=st.sampled_from(
        ["application/json", "text/plain", "", "application/x-www-form-urlencoded", "application/json; charset=x"]
    ),
    body=BODIES,
)
@example(("POST", "/volumes/create"), "", "", [], "application/json", b'{"Name":"\\ud800"}')
@example(("POST", "/volumes/create"), "", "", [], "application/json", b'{"Labels":{"\\ud800":"\\udfff"}}')
@example(("POST", "/networks/create"), "", "", [], "application/json", b'{"Name":"n","IPAM":{"Config":[{"a":1}]}}')
@example(("GET", "/images/json"), "", "", [("filters", '{"reference":["[a-"]}')], "", None)
@example(("GET", "/containers/json"), "", "", [("filters", '{"publish":["1-99999999999"]}')], "", None)
def test_known_routes(
    running: Served,
    route: tuple[str, str],
    version: str,
    name: str,
    query: list[tuple[str, str]],
    content_type: str,
    body: bytes | None,
) -> None:
    """Any parameters, names and bodies on a known route: an answer of the Engine's; a refused one changes nothing."""
    method, path = route
    encoded = quote(name.encode("utf-8", "surrogatepass"), safe="/:")
    target = version + path.replace("{name}", encoded).replace("{path}", encoded)
    if query:
        target += "?" + "&".join(f"{k}={quote(v.encode('utf-8', 'surrogatepass'))}" for k, v in query)
    with running.store() as store:
        before = store.generation(), store.last_event()
        reply = running.ask(method, target, body, None, Content_Type=content_type)
        check(reply)
        if method in ("GET", "HEAD", "OPTIONS") or reply.status >= 400:
            assert (store.generation(), store.last_event()) == before
        else:
            assert store.check() == []
            running.reset()


def check(reply: Reply) -> None:
    """Check that an answer is one of the Engine's; its own 500s are sentences, and ours never come."""
    assert reply.status in {200, 201, 204, 301, 400, 403, 404, 409, 500, 501}
    assert b"Traceback" not in reply.body
    if reply.status >= 400 and reply.headers["content-type"] == "application/json":
        assert reply.message
        assert reply.message not in ("the request could not be served", "Internal Server Error")


@FUZZ
@given(
    data=st.binary(max_size=400)
    | st.builds(
        lambda method, target, headers, body: b" ".join([method, target, b"HTTP/1.1\r\n"]) + headers + b"\r\n" + body,
        st.sampled_from([b"GET", b"POST", b"DELETE", b"CONNECT", b"TRACE", b"get", b"\xff"]),
        st.binary(max_size=60)
        | st.sampled_from([b"/_ping", b"*", b"http://x/_ping", b"//_ping", b"/volumes/create", b"/%zz"]),
        st.lists(
            st.sampled_from(
                [
                    b"Host: x\r\n",
                    b"Content-Length: 5\r\n",
                    b"Content-Length: -1\r\n",
                    b"Content-Length: 99999999999999999999\r\n",
                    b"Transfer-Encoding: chunked\r\n",
                    b"Content-Encoding: gzip\r\n",
                    b"Expect: 100-continue\r\n",
                    b"Upgrade: h2c\r\nConnection: Upgrade\r\n",
                    b"Connection: close\r\n",
                    b"\x00: \x00\r\n",
                ]
            ),
            max_size=5,
        ).map(b"".join),
        st.binary(max_size=60) | st.sampled_from([b'{"Name":"made"}', b"5\r\nabcde\r\n0\r\n\r\n", b"FFFFFFFFFF\r\n"]),
    )
)
def test_raw_bytes(running: Served, data: bytes) -> None:
    """Bytes that are no request, or a broken one: the connection ends, others go on, and nothing has changed."""
    with running.store() as store:
        before = store.generation()
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = running.raw(data)
        assert b"Traceback" not in answer
        assert b"HTTP/1.1 500" not in answer
        if store.generation() != before:  # only a whole request may make a volume
            assert b"HTTP/1.1 201 Created" in answer
            running.reset()
    assert running.ask("GET", "/_ping").body == b"OK"


@FUZZ
@given(since=VALUES, until=VALUES, filters=FILTERS | st.text(max_size=10))
def test_events(running: Served, since: str, until: str, filters: str) -> None:
    """Any bounds and filters of the event stream: refused at once, or a stream that begins."""
    values = [("since", since), ("until", until), ("filters", filters)]
    query = "&".join(f"{k}={quote(v.encode('utf-8', 'surrogatepass'))}" for k, v in values)
    from tests.serving import UnixConnection

    connection = UnixConnection(running.socket)
    try:
        connection.request("GET", f"/events?{query}")
        answer: http.client.HTTPResponse = connection.getresponse()
        assert answer.status in (200, 400, 500)
        if answer.status != 200:
            assert json.loads(answer.read())["message"] != "the request could not be served"
    finally:
        connection.close()
