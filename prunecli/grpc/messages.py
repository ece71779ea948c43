"""What gRPC lays over HTTP/2, for both ends: status codes, the prefix of a message, and the spelling of errors.

Source: the gRPC protocol over HTTP/2.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED = 0, 1, 2, 3, 4
RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = 8, 12, 13, 14

CONTENT_TYPE = "application/grpc"
PREFIX = 5
"""Bytes in front of a message: whether it is compressed, and its length."""

_PLAIN = " !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~"


def wrap(message: bytes) -> bytes:
    """Return a message with its prefix, uncompressed."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def prefix(data: bytes | bytearray) -> tuple[bool, int]:
    """Return what a prefix says: whether the message is compressed, and how many bytes it has."""
    return bool(data[0]), int.from_bytes(data[1:PREFIX], "big")


def spell(message: str) -> str:
    """Return an error's message as a header can carry it."""
    return quote(message, safe=_PLAIN)


def unspell(value: str) -> str:
    """Return the message that a header carries."""
    return unquote(value, errors="replace")
