"""Which Engine is meant: a host, a context, or what docker itself would use; and how to prove who one is.

Source: docker CLI (opts/hosts.go, context/docker, cli/command/cli.go); `cli-and-api.md` 10.2 of the specification.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunecli.errors import EngineError, PrunecliError

DEFAULT_SOCKET = "/var/run/docker.sock"
DEFAULT_CONTEXT = "default"
_PORTS = {False: 2375, True: 2376}  # without TLS and with it
_UNRESOLVED = "Failed to initialize: unable to resolve docker endpoint:"  # how docker begins
_PLACE = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(?::([^:]*))?")  # host, and behind a colon the port


@dataclass(frozen=True, slots=True)
class Tls:
    """How a connection is secured: the files are paths or empty; `verify` says that the Engine has to prove itself."""

    ca: str = ""
    cert: str = ""
    key: str = ""
    verify: bool = True


@dataclass(frozen=True, slots=True)
class TlsFlags:
    """The global flags about TLS as typed; None is "not given"."""

    tls: bool = False
    verify: bool | None = None
    ca: str | None = None
    cert: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an Engine listens: `url` as Docker writes it, `unix:///run/docker.sock`, `tcp://host:2376`, `ssh://host`."""

    url: str
    tls: Tls | None = None

    @property
    def socket(self) -> str:
        """The path of a unix socket, empty for every other kind of endpoint."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else ""

    @property
    def http_base(self) -> str:
        """What stands before the path in the URLs of Docker's error messages."""
        if self.socket:
            return "http://" + self.socket.replace("/", "%2F")
        address = self.url.partition("://")[2]
        return f"{'https' if self.tls else 'http'}://{address}"


def find_endpoint(
    environ: Mapping[str, str],
    config_dir: Path,
    *,
    host: str | None = None,
    context: str | None = None,
    tls: TlsFlags | None = None,
) -> Endpoint:
    """Return the endpoint of the Engine that was named, or that docker itself would use.

    `host` and `context` are those of the command line, None when not given; after them come `DOCKER_HOST`,
    `DOCKER_CONTEXT`, the configuration's current context, and the default socket. That one is for those who said
    nothing at all: where docker takes it for a name that is empty or broken, another machine may have been meant.
    Errors: PrunecliError for both at once, an address that is none, and a context that does not exist, or says
    nothing of an Engine.
    """
    if host is not None and context is not None:
        raise PrunecliError("conflicting options: cannot specify both --host and --context")
    if context is None:
        context = DEFAULT_CONTEXT if host is not None else _current_context(environ, config_dir)
    if context != DEFAULT_CONTEXT:
        return _in_context(context, config_dir)
    secured = _tls(environ, config_dir, tls or TlsFlags())
    if host is not None:
        return Endpoint(parse_host(host, secured=secured is not None), secured)
    if named := environ.get("DOCKER_HOST"):
        return Endpoint(_parse_named("$DOCKER_HOST", named, secured=secured is not None), secured)
    return Endpoint(f"tcp://localhost:{_PORTS[True]}" if secured else f"unix://{DEFAULT_SOCKET}", secured)


def _parse_named(by: str, host: str, *, secured: bool) -> str:
    """Return an address in full; when it is none, the refusal says where it stands."""
    try:
        return parse_host(host, secured=secured)
    except PrunecliError as e:
        raise PrunecliError(f"{by}: {e.message}") from None


def parse_host(text: str, *, secured: bool = False) -> str:
    """Return an address in full; without a scheme it is a host for TCP.

    `secured` decides the port that stands for none: 2376 with TLS, else 2375.
    Errors: PrunecliError for a scheme that no Engine is reached by, and for an address that names no socket or host.
    """
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        scheme, rest = "tcp", scheme
    if not text.strip():
        raise _no_address(text, "it is empty")
    if scheme == "unix":
        if not rest:
            raise _no_address(text, "it names no socket")
        return f"unix://{rest}"
    if scheme == "ssh":
        return f"ssh://{_ssh_place(rest, text)}"
    if scheme == "tcp":
        return f"tcp://{_tcp_place(rest, text, secured=secured)}"
    raise _no_address(text, "it begins with unix://, tcp:// or ssh://")


def _no_address(text: str, why: str) -> PrunecliError:
    return PrunecliError(f'"{text}" is no address of a Docker Engine: {why}')


def _tcp_place(rest: str, text: str, *, secured: bool) -> str:
    user, host, port, path = _split_place(rest, text)
    return f"{user}{host}:{port or _PORTS[secured]}{path}"


def _ssh_place(rest: str, text: str) -> str:
    """Return the place as it stands: the program ssh has the last word on it, but must not take it for an option."""
    user, host, _, path = _split_place(rest, text)
    if ":" in user:
        raise _no_address(text, "plain-text password is not supported")
    if host.startswith("-") or user.startswith("-"):
        raise _no_address(text, "a name that begins with a dash would be an option of ssh")
    if path.strip("/"):
        raise _no_address(text, "over ssh it is docker there that chooses the socket, so it has no path")
    return rest


def _split_place(rest: str, text: str) -> tuple[str, str, str, str]:
    """Return what stands before the host with its `@`, the host, the port or nothing, and the path."""
    authority, slash, path = rest.partition("/")
    name, at, place = authority.rpartition("@")
    found = _PLACE.fullmatch(place)
    if not rest.isprintable() or " " in rest:
        raise _no_address(text, "it has blanks or control characters in it")
    if not found or (found[1].startswith("[") and not _is_ipv6(found[1][1:-1])):
        raise _no_address(text, "an IPv6 address stands in brackets, like [::1]:2375")
    host, port = found[1], found[2] or ""
    if not host:
        raise _no_address(text, "it names no host")
    if port and not (port.isascii() and port.isdecimal() and int(port) < 2**16):
        raise _no_address(text, f'"{port}" is no port')
    return name + at, host, port, slash + path


def _is_ipv6(text: str) -> bool:
    from ipaddress import IPv6Address

    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _current_context(environ: Mapping[str, str], config_dir: Path) -> str:
    if environ.get("DOCKER_HOST"):
        return DEFAULT_CONTEXT
    if named := environ.get("DOCKER_CONTEXT"):
        return named
    path = config_dir / "config.json"
    current = (_read_json(path) or {}).get("currentContext")
    if current is not None and not isinstance(current, str):
        raise PrunecliError(f"{path}: currentContext must be the name of a context, and is no text")
    return current or DEFAULT_CONTEXT


def _in_context(name: str, config_dir: Path) -> Endpoint:
    """Return what a context says of the Engine: it lies in a folder that is named by the digest of its name.

    Source: docker CLI (context/store/metadatastore.go, context/docker/load.go), whose words are used where it has any.
    """
    import hashlib

    if not name:
        raise EngineError(f"{_UNRESOLVED} context name cannot be empty")
    folder = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
    host, skip = _docker_endpoint(name, config_dir / "contexts" / "meta" / folder / "meta.json")
    files = {
        part: config_dir / "contexts" / "tls" / folder / "docker" / f"{part}.pem" for part in ("ca", "cert", "key")
    }
    found = {part: str(file) for part, file in files.items() if file.is_file()}
    secured = bool(found) or skip
    url = _parse_named(f'context "{name}"', host, secured=secured)
    return Endpoint(url, Tls(**found, verify=not skip) if secured and url.startswith("tcp://") else None)


def _docker_endpoint(name: str, path: Path) -> tuple[str, bool]:
    """Return the address in a context's file, and whether the Engine there need not prove who it is."""
    meta = _read_json(path)
    if meta is None:
        raise EngineError(f'{_UNRESOLVED} context "{name}": context not found: open {path}: no such file or directory')
    broken = f'{_UNRESOLVED} context "{name}": parsing {path}:'
    endpoints = meta.get("Endpoints")
    if endpoints is not None and not isinstance(endpoints, dict):
        raise EngineError(f"{broken} Endpoints is no object")
    if not endpoints or "docker" not in endpoints:
        raise EngineError(f'{_UNRESOLVED} cannot find docker endpoint in context "{name}"')
    if meta.get("Name") != name:
        raise EngineError(f"{broken} it is the file of another context")
    docker = endpoints["docker"]
    if not isinstance(docker, dict):
        raise EngineError(f'{_UNRESOLVED} endpoint "docker" is not of type EndpointMeta in context "{name}"')
    host, skip = docker.get("Host"), docker.get("SkipTLSVerify")
    if not isinstance(host, str) or not host.strip():
        raise EngineError(f"{broken} its docker endpoint has no Host: the address of an Engine is expected there")
    if skip is not None and not isinstance(skip, bool):
        raise EngineError(f"{broken} SkipTLSVerify is neither true nor false")
    return host, bool(skip)


def _tls(environ: Mapping[str, str], config_dir: Path, flags: TlsFlags) -> Tls | None:
    """Return how flags and environment secure a connection, None for not at all.

    Whoever mentions verification wants TLS. Files at their usual place count only when they are there.
    """
    verify = bool(environ.get("DOCKER_TLS_VERIFY")) if flags.verify is None else flags.verify
    if not (flags.tls or environ.get("DOCKER_TLS") or verify or flags.verify is not None):
        return None
    folder = Path(environ.get("DOCKER_CERT_PATH") or config_dir)
    given = {"ca": flags.ca, "cert": flags.cert, "key": flags.key}
    usual = {part: str(folder / f"{part}.pem") for part in given if (folder / f"{part}.pem").is_file()}
    if verify and given["ca"] is None and "ca" not in usual:
        raise EngineError(f"could not read CA certificate {folder / 'ca.pem'}: no such file or directory")
    return Tls(**{part: usual.get(part, "") if path is None else path for part, path in given.items()}, verify=verify)


def _read_json(path: Path) -> dict[str, Any] | None:
    """Return a JSON object, None where there is no such file. Errors: PrunecliError for anything else."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as e:
        raise PrunecliError(f"{path} cannot be read: {(e.strerror or str(e)).lower()}") from e
    except RecursionError:
        raise PrunecliError(f"{path} is no JSON object: it is nested too deeply") from None
    except ValueError as e:
        raise PrunecliError(f"{path} is no JSON object: {e}") from e
    if not isinstance(document, dict):
        raise PrunecliError(f"{path} is no JSON object")
    return document
