"""Sizes: text to bytes in binary units, bytes to text in decimal ones.

10GB typed is 10 * 2**30, 10GB printed is 10**10: Docker parses binary and prints decimal.
"""

from __future__ import annotations

from prunecli.errors import SizeError
from prunecli.units.gotext import INT64_MAX, number_error, read_float, utf8

_DECIMAL_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_BINARY_EXPONENTS = {"k": 10, "m": 20, "g": 30, "t": 40, "p": 50}


def parse_size(text: str) -> int:
    """Read a size such as `512`, `10GB`, `1.5 gib` or `.5k` into bytes; 1k is 1024.

    Shape: a Go float, at most one space, then nothing, `b`, or one of k m g t p with an optional `b` or `ib`; any case.
    Fractions of a byte are dropped.
    Errors: SizeError in Docker's words.
    Source: docker/go-units 0.5 RAMInBytes. We refuse what does not fit into 64 bits, infinities and NaN; there the
    result depends on the processor and is mostly a negative size, which would protect nothing.
    """
    number, suffix = _split(text)
    try:
        value = read_float(number)
    except ValueError as reason:
        raise SizeError(number_error("ParseFloat", number, str(reason))) from None
    if value < 0:
        raise SizeError(f"invalid size: '{text}'")
    value *= _multiple(suffix)
    if not value <= INT64_MAX:  # not `>`: NaN is refused too
        raise SizeError(f"invalid size: '{text}'")
    return int(value)


def format_size(size: float, precision: int = 4) -> str:
    """Return a size in decimal units with so many digits: `15.73MB`, `0B`, `1e+03kB` (three digits of 999950).

    Negative sizes are never scaled. Source: docker/go-units HumanSizeWithPrecision.
    """
    value = float(size)
    step = 0
    while value >= 1000 and step < len(_DECIMAL_UNITS) - 1:
        value /= 1000
        step += 1
    return f"{value:.{precision}g}{_DECIMAL_UNITS[step]}"


def _split(text: str) -> tuple[str, str]:
    """Split at the last digit, dot or space; that space belongs to neither part."""
    last = max((i for i, char in enumerate(text) if char in "0123456789. "), default=None)
    if last is None:
        raise SizeError(f"invalid size: '{text}'")
    if text[last] == " ":
        return text[:last], text[last + 1 :]
    return text[: last + 1], text[last + 1 :]


def _multiple(suffix: str) -> int:
    """Return how many bytes one of the unit is."""
    if len(utf8(suffix)) > 3:
        raise SizeError(f"invalid suffix: '{suffix}'")
    unit = suffix.lower()
    if unit in ("", "b"):
        return 1
    exponent = _BINARY_EXPONENTS.get(unit[0])
    if exponent is None or unit[1:] not in ("", "b", "ib"):
        raise SizeError(f"invalid suffix: '{unit}'")
    return 1 << exponent
