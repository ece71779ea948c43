"""Go's own ways with text: quoting, integers, floats and booleans, with the words of its strconv package."""

from __future__ import annotations

import re

from prunecli.errors import ValueTextError

INT64_MAX = 2**63 - 1

_ESCAPES = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
}
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}
_INT = re.compile(r"[+-]?[0-9]+")
_DIGITS = "[0-9](?:_?[0-9])*"
_HEX_DIGITS = "[0-9a-fA-F](?:_?[0-9a-fA-F])*"
_DECIMAL = re.compile(rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_HEXADECIMAL = re.compile(rf"[+-]?0[xX](?:_?{_HEX_DIGITS}(?:\.(?:{_HEX_DIGITS})?)?|\.{_HEX_DIGITS})[pP][+-]?{_DIGITS}")
_NAMED_FLOAT = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE | re.ASCII)
_LONE_SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def go_quote(text: str) -> str:
    """Return the text in double quotes as Go's `%q` writes it.

    Bytes that are no UTF-8 arrive as Python's surrogate escapes and leave as `\\xNN`.
    Source: Go strconv.Quote; its idea of a printable character is Python's.
    """
    return '"' + "".join(_escape(char, '"') for char in text) + '"'


def quote_byte(byte: int) -> str:
    """Return one byte in single quotes, as Go's `%q` writes a number: read as a code point."""
    return "'" + _escape(chr(byte), "'") + "'"


def time_quote(text: str) -> str:
    """Return the text in double quotes as Go's time package writes it: every byte beyond ASCII as `\\xNN`."""
    return '"' + "".join(_escape_byte(byte) for byte in utf8(text)) + '"'


def utf8(text: str) -> bytes:
    """Return the bytes of the text as they were given, where they came in as surrogate escapes."""
    return _LONE_SURROGATE.sub("\ufffd", text).encode("utf-8", "surrogateescape")


def parse_atoi(text: str) -> int:
    """Read a decimal integer of 64 bits.

    Errors: ValueTextError with strconv.Atoi's message.
    """
    return parse_int(text, "Atoi")


def parse_int(text: str, function: str = "ParseInt") -> int:
    """Read a decimal integer of 64 bits; `function` is the strconv function that the message names.

    Errors: ValueTextError, `strconv.ParseInt: parsing "abc": invalid syntax` or `...: value out of range`.
    """
    try:
        return read_int64(text)
    except ValueError as reason:
        raise ValueTextError(number_error(function, text, str(reason))) from None


def number_error(function: str, text: str, reason: str) -> str:
    """Return strconv's message for a number that cannot be read."""
    return f"strconv.{function}: parsing {go_quote(text)}: {reason}"


def read_int64(text: str) -> int:
    """Read a decimal integer of 64 bits; the ValueError carries strconv's bare reason."""
    if not _INT.fullmatch(text):
        raise ValueError("invalid syntax")
    digits = text.lstrip("+-").lstrip("0")
    number = int(digits or "0") if len(digits) <= 19 else INT64_MAX + 2
    if text[0] == "-":
        number = -number
    if not -INT64_MAX - 1 <= number <= INT64_MAX:
        raise ValueError("value out of range")
    return number


def read_float(text: str) -> float:
    """Read a float as strconv.ParseFloat does: decimal, hexadecimal with exponent, `inf` or `nan`; `_` may part digits.

    Errors: ValueError with strconv's bare reason.
    """
    if _NAMED_FLOAT.fullmatch(text):
        return float(text)
    if _DECIMAL.fullmatch(text):
        number = float(text)
    elif _HEXADECIMAL.fullmatch(text):
        try:
            number = float.fromhex(text.replace("_", ""))
        except OverflowError:
            raise ValueError("value out of range") from None
    else:
        raise ValueError("invalid syntax")
    if number in (float("inf"), float("-inf")):
        raise ValueError("value out of range")
    return number


def parse_go_bool(text: str) -> bool:
    """Read `1 t T TRUE true True` or `0 f F FALSE false False`.

    Errors: ValueTextError with strconv.ParseBool's message.
    """
    try:
        return _BOOLS[text]
    except KeyError:
        raise ValueTextError(number_error("ParseBool", text, "invalid syntax")) from None


def _escape(char: str, quote: str) -> str:
    code = ord(char)
    if char == quote:
        return "\\" + char
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if 0xD800 <= code <= 0xDFFF:
        return r"\ufffd"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escape_byte(byte: int) -> str:
    if byte < 0x20 or byte >= 0x80:
        return f"\\x{byte:02x}"
    char = chr(byte)
    return "\\" + char if char in '"\\' else char
