"""Image references: `busybox` is short for `docker.io/library/busybox:latest`, and shown as `busybox:latest`.

Source: the distribution project's reference grammar, with the error texts that an Engine passes on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from prunecli.errors import RefusedError

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
_LEGACY_DOMAIN = "index.docker.io"
_OFFICIAL = "library/"
_LONGEST_PATH = 255

_HOST_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_HOST_PART}(?:\.{_HOST_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(
    rf"(?P<domain>{_DOMAIN})/(?P<path>{_PATH_PART}(?:/{_PATH_PART})*)(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
_TRUNCATED_ID = re.compile(r"(?:sha256:)?([a-f0-9]{4,64})")
_ENCODED_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference taken apart: `repository` is the full name (`docker.io/library/busybox`), empty for a bare digest."""

    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def full(self) -> str:
        """The normalised text: `docker.io/library/busybox:latest`."""
        return self._joined(self.repository)

    @property
    def familiar(self) -> str:
        """The text that people see: `busybox:latest`."""
        return self._joined(self.familiar_repository)

    @property
    def familiar_repository(self) -> str:
        """The repository without what Docker Hub makes obvious."""
        path = self.repository.removeprefix(f"{DEFAULT_DOMAIN}/")
        if path == self.repository:
            return path
        official = path.removeprefix(_OFFICIAL)
        return path if "/" in official else official

    def with_default_tag(self) -> Reference:
        """Return it with the tag `latest` when it names neither a tag nor a digest."""
        return self if self.tag or self.digest else replace(self, tag=DEFAULT_TAG)

    def by_digest(self) -> Reference:
        """Return it without its tag when it has a digest, which settles the content alone."""
        return replace(self, tag="") if self.digest else self

    def _joined(self, repository: str) -> str:
        if not repository:
            return self.digest
        return repository + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse(text: str) -> Reference:
    """Read a reference as typed; neither tag nor digest is made up.

    Errors: RefusedError in the Engine's words.
    """
    if _IDENTIFIER.fullmatch(text):
        raise RefusedError(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    domain, remainder = _split_domain(text)
    remote = remainder.partition(":")[0]
    if remote.lower() != remote:
        raise RefusedError(f"invalid reference format: repository name ({remote}) must be lowercase")
    found = _REFERENCE.fullmatch(f"{domain}/{remainder}")
    if not found:
        raise RefusedError("invalid reference format")
    if len(found["path"]) > _LONGEST_PATH:
        raise RefusedError(f"repository name must not be more than {_LONGEST_PATH} characters")
    digest = found["digest"] or ""
    if digest and (mistake := _digest_mistake(digest)):
        raise RefusedError(mistake)
    return Reference(f"{domain}/{found['path']}", found["tag"] or "", digest)


def parse_any(text: str) -> Reference:
    """Read a reference or a whole image id, with or without its `sha256:`; an id becomes a bare digest.

    Errors: RefusedError in the Engine's words.
    """
    if _IDENTIFIER.fullmatch(text):
        return Reference("", digest=f"sha256:{text}")
    if ":" in text and not _digest_mistake(text):
        return Reference("", digest=text)
    return parse(text)


def listed(text: str) -> Reference:
    """Read a reference that an Engine lists; one that does not parse stands for itself."""
    try:
        return parse(text)
    except RefusedError:
        return Reference(text)


def truncated_id(text: str) -> str:
    """Return the hexadecimal part of what could be an image id of 4 to 64 digits, or nothing."""
    found = _TRUNCATED_ID.fullmatch(text)
    return found[1] if found else ""


def is_id_prefix(image_id: str, text: str) -> bool:
    """Say whether the text is the beginning of this id, with or without its `sha256:`."""
    return image_id.startswith(text) or image_id.partition(":")[2].startswith(text)


def short_id(id: str) -> str:
    """Return the 12 digits by which Docker shows an id."""
    return id.rpartition(":")[2][:12]


def _split_domain(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    if not slash:
        return DEFAULT_DOMAIN, _OFFICIAL + text
    if first == _LEGACY_DOMAIN:
        domain, remainder = DEFAULT_DOMAIN, rest
    elif first == "localhost" or "." in first or ":" in first or first.lower() != first:
        domain, remainder = first, rest
    else:
        domain, remainder = DEFAULT_DOMAIN, text
    if domain == DEFAULT_DOMAIN and "/" not in remainder:
        remainder = _OFFICIAL + remainder
    return domain, remainder


def _digest_mistake(text: str) -> str:
    algorithm, _, encoded = text.partition(":")
    length = _ENCODED_LENGTHS.get(algorithm)
    if length is None:
        return "unsupported digest algorithm"
    if len(encoded) != length:
        return "invalid checksum digest length"
    return "" if re.fullmatch(r"[a-f0-9]+", encoded) else "invalid checksum digest format"
