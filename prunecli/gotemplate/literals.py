"""Go's literals: quoting text, and reading quoted text, characters and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from prunecli.gotemplate.values import to_text, valid_utf8


class LiteralError(ValueError):
    """A literal that Go would not take; its message is Go's."""


_ESCAPES: Final = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v", "\\": "\\"}
_UNESCAPES: Final = {letter: char for char, letter in _ESCAPES.items()}


def quote(text: str, *, mark: str = '"', ascii_only: bool = False) -> str:
    """Return the text as a Go string literal: `%q`, or `%+q` with `ascii_only`; bytes that are no UTF-8 are `\\xNN`."""
    return mark + "".join(_quote_char(char, mark, ascii_only) for char in text) + mark


def _quote_char(char: str, mark: str, ascii_only: bool) -> str:
    if char == mark:
        return "\\" + char
    if char in _ESCAPES:
        return "\\" + _ESCAPES[char]
    code = ord(char)
    if char.isprintable() and (code < 0x80 or not ascii_only):
        return char
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if 0xD800 <= code <= 0xDFFF:
        return "\\ufffd"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def describe_char(char: str) -> str:
    """Return a character as Go's `%#U` does: `U+0041 'A'`."""
    code = 0xFFFD if "\ud800" <= char <= "\udfff" else ord(char)
    return f"U+{code:04X} '{chr(code)}'" if chr(code).isprintable() else f"U+{code:04X}"


_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\\"'])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|([^\\])", re.DOTALL
)


def _unescape(text: str, position: int, mark: str) -> tuple[bytes, int, int]:
    """Return the bytes and the code of the character at `position`, and where the next one starts."""
    match = _ESCAPE.match(text, position)
    if match is None or match[6] in (mark, "\n"):
        raise LiteralError("invalid syntax")
    letter, hex_byte, short, long, octal, plain = match.groups()
    if plain is not None:
        plain = valid_utf8(plain)
        return plain.encode(), ord(plain), match.end()
    if letter is not None:
        if letter in "\"'" and letter != mark:
            raise LiteralError("invalid syntax")
        char = _UNESCAPES.get(letter, letter)
        return char.encode(), ord(char), match.end()
    code = int(octal, 8) if octal is not None else int(hex_byte or short or long, 16)
    if octal is not None or hex_byte is not None:
        if code > 0xFF:
            raise LiteralError("invalid syntax")
        return bytes([code]), code, match.end()
    if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        raise LiteralError("invalid syntax")
    return chr(code).encode(), code, match.end()


def unquote(literal: str) -> str:
    """Return the text of a quoted or raw string literal; `LiteralError` on an escape that Go does not know."""
    if literal.startswith("`"):
        return literal[1:-1].replace("\r", "")
    data, position, end = bytearray(), 1, len(literal) - 1
    while position < end:
        piece, _, position = _unescape(literal, position, '"')
        data += piece
    return to_text(bytes(data))


def unquote_char(literal: str) -> int:
    """Return the code of a character literal; `LiteralError` unless it holds exactly one character."""
    _, code, position = _unescape(literal, 1, "'")
    if literal[position:] != "'":
        raise LiteralError(f"malformed character constant: {literal}")
    return code


@dataclass(frozen=True, slots=True)
class Number:
    """A number literal: what it is where nothing asks for a type, and as an int where one is asked for, if it is one.

    `value` is None when the literal needs an unsigned type, which Go's templates refuse to choose by themselves.
    """

    value: int | float | complex | None
    as_int: int | None


_UNDERSCORES: Final = re.compile(r"[+-]?(?:0[xXbBoO]_?)?[0-9a-fA-F.+\-eEpP]*(?:_[0-9a-fA-F][0-9a-fA-F.+\-eEpP]*)*")
_LEGACY_OCTAL: Final = re.compile(r"([+-]?0)([0-7_]+)")
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEX_FLOAT: Final = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")


def parse_number(text: str) -> Number:
    """Return what a number literal stands for; `LiteralError` with Go's words when it is none.

    Source: Go's `strconv` with base 0 (prefixes, underscores, leading zero for octal), then floats, then imaginaries.
    """
    if text.endswith("i"):
        return _parse_imaginary(text)
    integer = _parse_int(text)
    if integer is not None and -(2**63) <= integer < 2**64:
        whole = integer if integer < 2**63 else None
        return Number(whole, whole)
    number = _parse_float(text)
    if number is None:
        raise LiteralError(f"illegal number syntax: {quote(text)}")
    if not any(char in ".eEpP" for char in text):
        raise LiteralError(f"integer overflow: {quote(text)}")
    if _looks_hex(text) and not any(char in "pP" for char in text):
        return Number(_as_int(number), _as_int(number))
    return Number(number, _as_int(number))


def _parse_int(text: str) -> int | None:
    try:
        return int(_LEGACY_OCTAL.sub(r"\1o\2", text) if _LEGACY_OCTAL.fullmatch(text) else text, 0)
    except ValueError:
        return None


def _parse_float(text: str) -> float | None:
    digits = text.replace("_", "")
    if digits != text and not _UNDERSCORES.fullmatch(text):
        return None
    try:
        if _HEX_FLOAT.fullmatch(digits):
            return float.fromhex(digits)
        number = float(digits) if _FLOAT.fullmatch(digits) else None
    except OverflowError:
        return None
    return None if number in (float("inf"), float("-inf")) else number


def _parse_imaginary(text: str) -> Number:
    """Read `2i` or `1+2i`; one whose imaginary part is 0 still counts as complex."""
    split = max(text.rfind("+", 1), text.rfind("-", 1))
    if split > 0 and text[split - 1] in "eEpP":
        split = -1
    real = _parse_float(text[:split]) if split > 0 else 0.0
    imaginary = _parse_float(text[split:-1] if split > 0 else text[:-1])
    if real is None or imaginary is None:
        raise LiteralError(
            "syntax error scanning complex number" if split > 0 else f"illegal number syntax: {quote(text)}"
        )
    return Number(complex(real, imaginary), _as_int(real) if imaginary == 0 else None)


def _as_int(number: float) -> int | None:
    return int(number) if number.is_integer() and -(2.0**63) <= number < 2.0**63 else None


def _looks_hex(text: str) -> bool:
    return text[:2] in ("0x", "0X")
