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
        pytest.param("", LOCAL, id="nothing is the default socket"),
        pytest.param("unix://", LOCAL, id="a scheme alone is the default socket"),
        pytest.param("unix:///run/user/1000/docker.sock", "unix:///run/user/1000/docker.sock", id="a socket"),
        pytest.param("tcp://box:2376", "tcp://box:2376", id="a host with its port"),
        pytest.param("tcp://box", "tcp://box:2375", id="a host without a port has the usual one"),
        pytest.param("box", "tcp://box:2375", id="a bare name is a host"),
        pytest.param("box:99", "tcp://box:99", id="a bare name may have a port"),
        pytest.param("tcp://:99", "tcp://localhost:99", id="a port alone is on this machine"),
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
    """With TLS the usual port is 2376, and no address at all is that port on this machine."""
    assert parse_host("box", secured=True) == "tcp://box:2376"
    assert parse_host("", secured=True) == "tcp://localhost:2376"


@pytest.mark.parametrize(
    "text", ["ftp://box", "npipe:////./pipe/docker", "fd://", "ssh://", "tcp://box:port", "box:99999"]
)
def test_no_address(text: str) -> None:
    """What is no address is refused in one sentence that quotes it."""
    with pytest.raises(PrunecliError, match="is no address of a Docker Engine") as refused:
        parse_host(text)
    assert f'"{text}"' in refused.value.message


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
    found = find_endpoint(environ, tmp_path, host=flags.get("host", ""), context=flags.get("context", ""))
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
