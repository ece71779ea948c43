"""Which Engine is meant: a host, a context, or what docker itself would use; and how to prove who one is.

Source: docker CLI (opts/hosts.go, context/docker, cli/command/cli.go); `cli-and-api.md` 10.2 of the specification.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunecli.errors import EngineError, PrunecliError

DEFAULT_SOCKET = "/var/run/docker.sock"
DEFAULT_CONTEXT = "default"
_PORTS = {False: 2375, True: 2376}  # without TLS and with it


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
    environ: Mapping[str, str], config_dir: Path, *, host: str = "", context: str = "", tls: TlsFlags | None = None
) -> Endpoint:
    """Return the endpoint of the Engine that was named, or that docker itself would use.

    `host` and `context` are those of the command line, empty when not given; after them come `DOCKER_HOST`,
    `DOCKER_CONTEXT`, the configuration's current context, and the default socket.
    Errors: PrunecliError for both at once, an address that is none, and a context that does not exist.
    """
    if host and context:
        raise PrunecliError("conflicting options: cannot specify both --host and --context")
    name = context or (DEFAULT_CONTEXT if host else _current_context(environ, config_dir))
    if name != DEFAULT_CONTEXT:
        return _in_context(name, config_dir)
    secured = _tls(environ, config_dir, tls or TlsFlags())
    return Endpoint(parse_host(host or environ.get("DOCKER_HOST", ""), secured=secured is not None), secured)


def parse_host(text: str, *, secured: bool = False) -> str:
    """Return an address in full; without a scheme it is a host for TCP, without text the default socket.

    `secured` decides the port that stands for none: 2376 with TLS, else 2375.
    Errors: PrunecliError for a scheme that no Engine is reached by, or a port that is none.
    """
    text = text.strip()
    scheme, separator, rest = text.partition("://")
    if not text:
        return f"tcp://localhost:{_PORTS[True]}" if secured else f"unix://{DEFAULT_SOCKET}"
    if not separator:
        scheme, rest = "tcp", text
    if scheme == "unix":
        return f"unix://{rest or DEFAULT_SOCKET}"
    if scheme == "ssh" and rest:
        return f"ssh://{rest}"
    if scheme == "tcp":
        return f"tcp://{_host_and_port(rest, text, secured=secured)}"
    raise PrunecliError(f'"{text}" is no address of a Docker Engine: it begins with unix://, tcp:// or ssh://')


def _host_and_port(rest: str, text: str, *, secured: bool) -> str:
    address, slash, path = rest.partition("/")
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, ""
    if port and not (port.isascii() and port.isdecimal() and int(port) < 2**16):
        raise PrunecliError(f'"{text}" is no address of a Docker Engine: "{port}" is no port')
    return f"{host or 'localhost'}:{port or _PORTS[secured]}{slash}{path}"


def _current_context(environ: Mapping[str, str], config_dir: Path) -> str:
    if environ.get("DOCKER_HOST"):
        return DEFAULT_CONTEXT
    if named := environ.get("DOCKER_CONTEXT"):
        return named
    config = _read_json(config_dir / "config.json")
    current = config.get("currentContext") if config else None
    return current if isinstance(current, str) and current else DEFAULT_CONTEXT


def _in_context(name: str, config_dir: Path) -> Endpoint:
    """Return what a context says of the Engine: it lies in a folder that is named by the digest of its name."""
    import hashlib

    folder = hashlib.sha256(name.encode()).hexdigest()
    path = config_dir / "contexts" / "meta" / folder / "meta.json"
    meta = _read_json(path)
    if meta is None:
        raise EngineError(
            f'Failed to initialize: unable to resolve docker endpoint: context "{name}": context not found: '
            f"open {path}: no such file or directory"
        )
    docker = (meta.get("Endpoints") or {}).get("docker") or {}
    files = {
        part: config_dir / "contexts" / "tls" / folder / "docker" / f"{part}.pem" for part in ("ca", "cert", "key")
    }
    found = {part: str(file) for part, file in files.items() if file.is_file()}
    skip = bool(docker.get("SkipTLSVerify"))
    host = docker.get("Host")
    secured = bool(found) or skip
    url = parse_host(host if isinstance(host, str) else "", secured=secured)
    return Endpoint(url, Tls(**found, verify=not skip) if secured and url.startswith("tcp://") else None)


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
    except (OSError, ValueError) as e:
        raise PrunecliError(f"{path} cannot be read: {e}") from e
    if not isinstance(document, dict):
        raise PrunecliError(f"{path} is no JSON object")
    return document
