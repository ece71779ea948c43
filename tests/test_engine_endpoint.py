"""Which Engine is meant, from flags, environment and contexts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from prunecli.backends.engine.endpoint import Endpoint, Tls, TlsFlags, find_endpoint, parse_host
from prunecli.errors import PrunecliError

LOCAL = "unix:///var/run/docker.sock"


def make_context(config: Path, name: str, host: str, *, skip: bool = False, files: tuple[str, ...] = ()) -> str:
    """Write a context as docker does; returns the folder of its TLS files."""
    folder = hashlib.sha256(name.encode()).hexdigest()
    meta = config / "contexts" / "meta" / folder / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": skip}}}))
    tls = config / "contexts" / "tls" / folder / "docker"
    tls.mkdir(parents=True)
    for part in files:
        (tls / f"{part}.pem").write_text("")
    return str(tls)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        pytest.param("unix:///run/user/1000/docker.sock", "unix:///run/user/1000/docker.sock", id="a socket"),
        pytest.param("tcp://box:2376", "tcp://box:2376", id="a host with its port"),
        pytest.param("tcp://box", "tcp://box:2375", id="a host without a port has the usual one"),
        pytest.param("box", "tcp://box:2375", id="a bare name is a host"),
        pytest.param("box:99", "tcp://box:99", id="a bare name may have a port"),
        pytest.param("tcp://[::1]:99", "tcp://[::1]:99", id="an IPv6 address stands in brackets"),
        pytest.param("tcp://[::1]", "tcp://[::1]:2375", id="and may do without a port"),
        pytest.param("tcp://box:99/prefix", "tcp://box:99/prefix", id="a path stays"),
        pytest.param("ssh://me@box:22", "ssh://me@box:22", id="ssh stays as it is"),
        pytest.param("  box ", "tcp://box:2375", id="blanks around it do not matter"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    """An address is completed as docker completes it."""
    assert parse_host(text) == url


def test_tls_has_another_port() -> None:
    """With TLS the usual port is 2376, and docker without an address is on that port of this machine."""
    assert parse_host("box", secured=True) == "tcp://box:2376"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "it is empty", id="nothing"),
        pytest.param(" ", "it is empty", id="a blank"),
        pytest.param("ftp://box", "it begins with unix://, tcp:// or ssh://", id="another scheme"),
        pytest.param("npipe:////./pipe/docker", "it begins with unix://, tcp:// or ssh://", id="a pipe of Windows"),
        pytest.param("fd://", "it begins with unix://, tcp:// or ssh://", id="what only a daemon takes"),
        pytest.param("://box", "it begins with unix://, tcp:// or ssh://", id="a scheme that is empty"),
        pytest.param("unix://", "it names no socket", id="a socket without its path"),
        pytest.param("ssh://", "it names no host", id="ssh to nowhere"),
        pytest.param("ssh://me@", "it names no host", id="ssh to nobody's host"),
        pytest.param("tcp://", "it names no host", id="TCP to nowhere"),
        pytest.param("tcp://:2375", "it names no host", id="a port alone"),
        pytest.param(":2375", "it names no host", id="a port without a scheme"),
        pytest.param("tcp:///prefix", "it names no host", id="a path alone"),
        pytest.param("tcp://box:port", '"port" is no port', id="a port in words"),
        pytest.param("box:99999", '"99999" is no port', id="a port too high"),
        pytest.param("ssh://h:abc", '"abc" is no port', id="a port in words, over ssh"),
        pytest.param("tcp://[::1", "an IPv6 address stands in brackets, like [::1]:2375", id="an open bracket"),
        pytest.param("ssh://[::1", "an IPv6 address stands in brackets, like [::1]:2375", id="an open one over ssh"),
        pytest.param("tcp://[box]:1", "an IPv6 address stands in brackets, like [::1]:2375", id="a name in brackets"),
        pytest.param("tcp://::1:1", "an IPv6 address stands in brackets, like [::1]:2375", id="no brackets"),
        pytest.param("tcp://bo x", "it has blanks or control characters in it", id="a blank in the middle"),
        pytest.param("ssh://me:secret@box", "plain-text password is not supported", id="a password"),
        pytest.param("ssh://-oProxyCommand=x", "a name that begins with a dash would be an option of ssh", id="a dash"),
        pytest.param(
            "ssh://box/run/other.sock",
            "over ssh it is docker there that chooses the socket, so it has no path",
            id="a socket on the other side",
        ),
    ],
)
def test_no_address(text: str, why: str) -> None:
    """What is no address is refused in one sentence that quotes it; nothing that is missing becomes a default."""
    with pytest.raises(PrunecliError) as refused:
        parse_host(text)
    assert refused.value.message == f'"{text}" is no address of a Docker Engine: {why}'


BOX = {"Host": "tcp://box:1"}
LEADS_NOWHERE = "its docker endpoint has no Host: the address of an Engine is expected there"


@pytest.mark.parametrize(
    ("meta", "why"),
    [
        pytest.param({"Endpoints": {"kubernetes": BOX}}, 'cannot find docker endpoint in context "far"', id="another"),
        pytest.param({"Endpoints": {}}, 'cannot find docker endpoint in context "far"', id="no endpoint"),
        pytest.param({"Endpoints": None}, 'cannot find docker endpoint in context "far"', id="null for endpoints"),
        pytest.param({"docker": 5}, 'cannot find docker endpoint in context "far"', id="an endpoint in no place"),
        pytest.param({"Endpoints": [1]}, "Endpoints is no object", id="a list of endpoints"),
        pytest.param(
            {"Endpoints": {"docker": None}},
            'endpoint "docker" is not of type EndpointMeta in context "far"',
            id="null for the endpoint",
        ),
        pytest.param(
            {"Endpoints": {"docker": [BOX]}},
            'endpoint "docker" is not of type EndpointMeta in context "far"',
            id="a list for the endpoint",
        ),
        pytest.param({"Endpoints": {"docker": {}}}, LEADS_NOWHERE, id="no Host"),
        pytest.param({"Endpoints": {"docker": {"Host": ""}}}, LEADS_NOWHERE, id="an empty Host"),
        pytest.param({"Endpoints": {"docker": {"Host": " "}}}, LEADS_NOWHERE, id="a Host of blanks"),
        pytest.param({"Endpoints": {"docker": {"Host": 5}}}, LEADS_NOWHERE, id="a Host that is no text"),
        pytest.param({"Endpoints": {"docker": {"Host": ["tcp://box"]}}}, LEADS_NOWHERE, id="a list for the Host"),
        pytest.param({"Endpoints": {"docker": {"Host": "tcp://:1"}}}, "it names no host", id="a Host that is a port"),
        pytest.param({"Endpoints": {"docker": {"Host": "unix://"}}}, "it names no socket", id="a socket without path"),
        pytest.param(
            {"Endpoints": {"docker": BOX | {"SkipTLSVerify": "no"}}},
            "SkipTLSVerify is neither true nor false",
            id="a text for a truth value",
        ),
        pytest.param({"Name": "other", "Endpoints": {"docker": BOX}}, "it is the file of another context", id="a name"),
        pytest.param({"Name": None, "Endpoints": {"docker": BOX}}, "it is the file of another context", id="no name"),
        pytest.param("x", "is no JSON object", id="a text"),
    ],
)
def test_a_context_that_says_nothing_of_an_engine(meta: object, why: str, tmp_path: Path) -> None:
    """Whatever is missing or broken in a context, it is refused, and no other Engine stands in for it."""
    make_context(tmp_path, "far", "tcp://far:1")
    path = tmp_path / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest() / "meta.json"
    path.write_text(json.dumps({"Name": "far"} | meta if isinstance(meta, dict) else meta))
    for environ, context in (({}, "far"), ({"DOCKER_CONTEXT": "far"}, None)):
        with pytest.raises(PrunecliError) as refused:
            find_endpoint(environ, tmp_path, context=context)
        assert refused.value.message.endswith(why)


def test_nested_files(tmp_path: Path) -> None:
    """Files that are nested without end are refused in one sentence that names them."""
    make_context(tmp_path, "far", "tcp://far:1")
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest() / "meta.json"
    for path, context in ((meta, "far"), (tmp_path / "config.json", None)):
        path.write_text('{"Endpoints":' + "[" * 200_000)
        with pytest.raises(PrunecliError) as refused:
            find_endpoint({}, tmp_path, context=context)
        assert refused.value.message == f"{path} is no JSON object: it is nested too deeply"


@pytest.mark.parametrize("current", ["5", "[]", "{}", "true"])
def test_a_current_context_that_is_no_text(current: str, tmp_path: Path) -> None:
    """docker warns of such a file and goes to the default socket; here it is refused."""
    (tmp_path / "config.json").write_text(f'{{"currentContext": {current}}}')
    with pytest.raises(PrunecliError, match="currentContext must be the name of a context, and is no text"):
        find_endpoint({}, tmp_path)


def test_empty_names(tmp_path: Path) -> None:
    """An empty host or context was meant to be one, and DOCKER_HOST with a blank in it too."""
    for given, words in (({"host": ""}, "it is empty"), ({"context": ""}, "context name cannot be empty")):
        with pytest.raises(PrunecliError, match=words):
            find_endpoint({}, tmp_path, host=given.get("host"), context=given.get("context"))
    with pytest.raises(PrunecliError) as refused:
        find_endpoint({"DOCKER_HOST": " "}, tmp_path)
    assert refused.value.message == '$DOCKER_HOST: " " is no address of a Docker Engine: it is empty'


def test_nobody_said_anything(tmp_path: Path) -> None:
    """Only who names nothing at all gets docker's usual address, on TCP with TLS."""
    (tmp_path / "config.json").write_text('{"currentContext": ""}')
    assert find_endpoint({"DOCKER_HOST": "", "DOCKER_CONTEXT": ""}, tmp_path).url == LOCAL
    assert find_endpoint({"DOCKER_TLS": "1"}, tmp_path).url == "tcp://localhost:2376"


@pytest.mark.parametrize(
    ("environ", "flags", "url"),
    [
        pytest.param({}, {}, LOCAL, id="nothing said: the default socket"),
        pytest.param({"DOCKER_HOST": "tcp://env:1"}, {}, "tcp://env:1", id="DOCKER_HOST"),
        pytest.param({"DOCKER_HOST": ""}, {}, LOCAL, id="an empty DOCKER_HOST is none"),
        pytest.param({"DOCKER_HOST": "tcp://env:1"}, {"host": "tcp://flag:1"}, "tcp://flag:1", id="a flag wins"),
        pytest.param({"DOCKER_CONTEXT": "far"}, {}, "tcp://far:1", id="DOCKER_CONTEXT"),
        pytest.param(
            {"DOCKER_CONTEXT": "nope", "DOCKER_HOST": "tcp://env:1"}, {}, "tcp://env:1", id="DOCKER_HOST wins"
        ),
        pytest.param(
            {"DOCKER_HOST": "tcp://env:1"}, {"context": "far"}, "tcp://far:1", id="but --context wins over it"
        ),
        pytest.param({"DOCKER_CONTEXT": "default"}, {}, LOCAL, id="the default context is what there is without one"),
        pytest.param(
            {"DOCKER_HOST": "tcp://env:1"}, {"context": "default"}, "tcp://env:1", id="which takes DOCKER_HOST"
        ),
    ],
)
def test_precedence(environ: dict[str, str], flags: dict[str, str], url: str, tmp_path: Path) -> None:
    """Flags come before the environment, and there DOCKER_HOST before DOCKER_CONTEXT."""
    make_context(tmp_path, "far", "tcp://far:1")
    found = find_endpoint(environ, tmp_path, host=flags.get("host"), context=flags.get("context"))
    assert found.url == url


def test_current_context(tmp_path: Path) -> None:
    """The context that `docker context use` chose holds when nothing else is said."""
    make_context(tmp_path, "far", "ssh://far")
    (tmp_path / "config.json").write_text('{"currentContext": "far"}')
    assert find_endpoint({}, tmp_path).url == "ssh://far"
    assert find_endpoint({"DOCKER_HOST": "tcp://env:1"}, tmp_path).url == "tcp://env:1"


def test_host_and_context_exclude_each_other(tmp_path: Path) -> None:
    """Both at once are refused in Docker's words."""
    with pytest.raises(PrunecliError) as refused:
        find_endpoint({}, tmp_path, host="box", context="far")
    assert refused.value.message == "conflicting options: cannot specify both --host and --context"


def test_unknown_context(tmp_path: Path) -> None:
    """An unknown context is refused in Docker's words, with the file that is missing."""
    with pytest.raises(PrunecliError) as refused:
        find_endpoint({}, tmp_path, context="nope")
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"nope").hexdigest() / "meta.json"
    assert refused.value.message == (
        'Failed to initialize: unable to resolve docker endpoint: context "nope": context not found: '
        f"open {meta}: no such file or directory"
    )


def test_tls_of_a_context(tmp_path: Path) -> None:
    """A context brings its certificates along, and says whether the Engine's is checked."""
    folder = make_context(tmp_path, "safe", "tcp://safe:2376", files=("ca", "cert", "key"))
    found = find_endpoint({}, tmp_path, context="safe")
    assert found == Endpoint("tcp://safe:2376", Tls(f"{folder}/ca.pem", f"{folder}/cert.pem", f"{folder}/key.pem"))
    make_context(tmp_path, "lax", "tcp://lax:2376", skip=True)
    assert find_endpoint({}, tmp_path, context="lax").tls == Tls(verify=False)


@pytest.mark.parametrize(
    ("environ", "flags", "files", "verify"),
    [
        pytest.param({"DOCKER_TLS_VERIFY": "1"}, TlsFlags(), ("ca",), True, id="DOCKER_TLS_VERIFY checks the Engine"),
        pytest.param({"DOCKER_TLS": "1"}, TlsFlags(), (), False, id="DOCKER_TLS alone does not"),
        pytest.param({}, TlsFlags(tls=True), (), False, id="nor does --tls"),
        pytest.param({}, TlsFlags(verify=True), ("ca", "cert", "key"), True, id="--tlsverify does"),
        pytest.param({}, TlsFlags(verify=False), (), False, id="--tlsverify=false still means TLS"),
    ],
)
def test_tls(environ: dict[str, str], flags: TlsFlags, files: tuple[str, ...], verify: bool, tmp_path: Path) -> None:
    """Flags and environment turn TLS on; files at their usual place are used when they are there."""
    for part in files:
        (tmp_path / f"{part}.pem").write_text("")
    found = find_endpoint(environ, tmp_path, host="tcp://box", tls=flags)
    usual = {part: str(tmp_path / f"{part}.pem") for part in files}
    assert found == Endpoint("tcp://box:2376", Tls(**usual, verify=verify))


def test_a_ca_that_is_not_there(tmp_path: Path) -> None:
    """Verification without a CA is refused, with the file that was looked for."""
    with pytest.raises(PrunecliError, match=r"could not read CA certificate .*ca\.pem"):
        find_endpoint({"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}, tmp_path, host="tcp://box")
