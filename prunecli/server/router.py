"""Which route a path means, and which API version it asks for.

Source: moby (api/server); `cli-and-api.md` 9.1 of the specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from prunecli.profile import Profile, format_api

H = TypeVar("H")

_VERSIONED = re.compile(r"/v([0-9.]+)(/.*)", re.DOTALL)
_NAME = re.compile(r"\{(\w+)\}")


class VersionMismatch(Exception):
    """A version that this Engine does not speak; `too_old` answers are plain text."""

    def __init__(self, message: str, *, too_old: bool) -> None:
        super().__init__(message)
        self.message = message
        self.too_old = too_old


@dataclass(frozen=True, slots=True)
class Found(Generic[H]):
    """A route that a path means: its handler, the open parts of its path, and the version as it was written."""

    handler: H
    names: Mapping[str, str]
    version: str


class Router(Generic[H]):
    """A table of routes; the first that fits wins. `{name}` stands for any text, slashes included."""

    def __init__(self, routes: Iterable[tuple[str, str, H]]) -> None:
        self._routes = [(method, _pattern(path), handler) for method, path, handler in routes]

    def find(self, method: str, path: str) -> Found[H] | None:
        """Return the route of a decoded path, or None: an unknown path and a wrong method are the same to an Engine."""
        versioned = _VERSIONED.fullmatch(path)
        if versioned and (found := self._match(method, versioned[2], versioned[1])):
            return found
        return self._match(method, path, "")

    def _match(self, method: str, path: str, version: str) -> Found[H] | None:
        for wanted, pattern, handler in self._routes:
            if wanted == method and (fits := pattern.fullmatch(path)):
                return Found(handler, fits.groupdict(), version)
        return None


def _pattern(path: str) -> re.Pattern[str]:
    parts = _NAME.split(path)
    fixed, names = parts[::2], parts[1::2]
    text = re.escape(fixed[0])
    for name, after in zip(names, fixed[1:], strict=True):
        text += f"(?P<{name}>.*)" + re.escape(after)
    return re.compile(text, re.DOTALL)


def negotiate(version: str, profile: Profile) -> Profile:
    """Return the profile that speaks the version of a path; without one the newest.

    Errors: VersionMismatch in the Engine's words.
    """
    if not version:
        return profile.speaking(profile.max_api)
    api = _numbers(version)
    if api > profile.max_api:
        newest = format_api(profile.max_api)
        raise VersionMismatch(
            f"client version {version} is too new. Maximum supported API version is {newest}", too_old=False
        )
    if api < profile.min_api:
        oldest = format_api(profile.min_api)
        raise VersionMismatch(
            f"client version {version} is too old. Minimum supported API version is {oldest}, "
            "please upgrade your client to a newer version",
            too_old=True,
        )
    return profile.speaking(api)


def _numbers(version: str) -> tuple[int, int]:
    """Return the first two numbers of a version; what is no number counts as 0, as it does for an Engine."""
    parts = [int(part) if part and len(part) < 19 else 0 for part in version.split(".")]
    return parts[0], parts[1] if len(parts) > 1 else 0
