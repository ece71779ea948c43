"""Protocol buffers on the wire: fields to bytes and back, without a schema.

Source: the protocol buffers encoding. Proto3: what is zero or empty is not written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

_LONGEST_VARINT = 10
_SIGN = 1 << 63


class WireError(ValueError):
    """Bytes that are no message."""


@dataclass(slots=True)
class Message:
    """A message that was read: numbers and bytes by field, in the order in which they came."""

    numbers: dict[int, list[int]] = field(default_factory=dict)
    data: dict[int, list[bytes]] = field(default_factory=dict)

    def number(self, tag: int) -> int:
        """Return an int64; the last one counts, 0 is absent."""
        value = self.numbers.get(tag, [0])[-1]
        return value - 2 * _SIGN if value >= _SIGN else value

    def flag(self, tag: int) -> bool:
        """Return a bool."""
        return bool(self.number(tag))

    def text(self, tag: int) -> str:
        """Return a string; the last one counts, the empty one is absent. Errors: WireError."""
        return self.texts(tag)[-1] if tag in self.data else ""

    def texts(self, tag: int) -> tuple[str, ...]:
        """Return a repeated string. Errors: WireError."""
        try:
            return tuple(value.decode() for value in self.data.get(tag, ()))
        except UnicodeDecodeError:
            raise WireError("string field contains invalid UTF-8") from None


def read(data: bytes) -> Message:
    """Read one message. Errors: WireError."""
    message, at = Message(), 0
    while at < len(data):
        key, at = _read_varint(data, at)
        tag, kind = key >> 3, key & 7
        if tag == 0:
            raise WireError("field number 0")
        if kind == VARINT:
            value, at = _read_varint(data, at)
            message.numbers.setdefault(tag, []).append(value)
            continue
        if kind == BYTES:
            length, at = _read_varint(data, at)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise WireError(f"wire type {kind}")
        if at + length > len(data):
            raise WireError("unexpected EOF")
        if kind == BYTES:
            message.data.setdefault(tag, []).append(data[at : at + length])
        at += length
    return message


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for n in range(_LONGEST_VARINT):
        if at + n >= len(data):
            raise WireError("unexpected EOF")
        byte = data[at + n]
        value |= (byte & 0x7F) << (7 * n)
        if byte < 0x80:
            return value & (2 * _SIGN - 1), at + n + 1
    raise WireError("integer overflow")


def number(tag: int, value: int | bool) -> bytes:
    """Write an int64 or bool."""
    return _varint(tag << 3 | VARINT) + _varint(int(value) % (2 * _SIGN)) if value else b""


def text(tag: int, value: str) -> bytes:
    """Write a string; half of a surrogate pair becomes U+FFFD."""
    return nested(tag, value.encode("utf-8", "replace")) if value else b""


def texts(tag: int, values: Iterable[str]) -> bytes:
    """Write a repeated string."""
    return b"".join(nested(tag, value.encode("utf-8", "replace")) for value in values)


def nested(tag: int, data: bytes) -> bytes:
    """Write a message within a message, which stands there even when it is empty."""
    return _varint(tag << 3 | BYTES) + _varint(len(data)) + data


def mapping(tag: int, values: Mapping[str, str]) -> bytes:
    """Write a map of strings."""
    return b"".join(nested(tag, text(1, key) + text(2, value)) for key, value in values.items())


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
