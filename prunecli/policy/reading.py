"""From a configuration file to a policy: which of the two forms it has, and the reader for it."""

from __future__ import annotations

import json
import tomllib
from pathlib import PurePath
from typing import Any

from prunecli.errors import PolicyError
from prunecli.policy.buildkitd import WORKERS, read_buildkitd
from prunecli.policy.daemon import read_daemon
from prunecli.policy.fields import Table
from prunecli.policy.rules import Ground, Policy

MOST_BYTES = 4 * 2**20
"""The largest configuration file that is read: anything beyond is another kind of file."""


def read_policy(text: bytes, file: str, ground: Ground, *, worker: str | None = None) -> Policy:
    """Return the policy of a daemon.json or a buildkitd.toml; the name's end tells them apart, else the text itself.

    `file` is how messages call it; `worker` chooses `oci` or `containerd` in a buildkitd.toml.
    Errors: PolicyError, one sentence with the file, the key, and what would be right.
    """
    if len(text) > MOST_BYTES:
        raise PolicyError(f"{file} is larger than {MOST_BYTES} bytes: that is no daemon.json and no buildkitd.toml")
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise PolicyError(f"{file} is no text: byte {e.start} is not UTF-8") from None
    if _is_json(decoded, file):
        if worker is not None:
            raise PolicyError(f"{file} is a daemon.json, which knows no workers: --worker goes with a buildkitd.toml")
        return read_daemon(Table(file, "", _parse_json(decoded, file)), ground)
    return read_buildkitd(Table(file, "", _parse_toml(decoded, file)), ground, worker)


def _is_json(text: str, file: str) -> bool:
    suffix = PurePath(file).suffix.lower()
    return suffix == ".json" or (suffix != ".toml" and text.lstrip().startswith("{"))


def _parse_json(text: str, file: str) -> dict[str, Any]:
    """Read JSON; the daemon takes an empty file for one that says nothing."""
    if not text.strip():
        return {}
    try:
        document = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as e:
        raise PolicyError(
            f"{file} is not JSON: {e.msg[:1].lower()}{e.msg[1:]} at line {e.lineno}, column {e.colno}"
        ) from e
    except (ValueError, RecursionError) as e:
        raise PolicyError(f"{file} is not JSON: {e}") from e
    if not isinstance(document, dict):
        raise PolicyError(f'{file} is no daemon.json: expected an object such as {{"builder": {{"gc": {{}}}}}}')
    return document


def _refuse(name: str) -> Any:
    raise ValueError(f"it has no {name}")


def _parse_toml(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as e:  # Python's limit on the digits of a number is one that tomllib does not wrap
        raise PolicyError(f"{file} is not TOML: {str(e)[:1].lower()}{str(e)[1:]}") from e
    except RecursionError:
        raise PolicyError(f"{file} is not TOML: it nests too deep") from None


__all__ = ["MOST_BYTES", "WORKERS", "read_policy"]
