"""Print values as Go's `fmt` package does: `print`, `println` and `printf`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, cast

from prunecli.gotemplate.literals import quote
from prunecli.gotemplate.values import (
    ANY,
    INVALID,
    Boxed,
    Kind,
    Struct,
    is_nil,
    kind_of,
    sorted_items,
    to_bytes,
    type_name,
    unbox,
)


@dataclass(frozen=True, slots=True)
class Verb:
    """A formatting directive: `%-10s` is letter `s`, width 10, minus.

    `go_syntax` is `%#v`, `names` is `%+v`; their signs then mean nothing else.
    """

    letter: str = "v"
    minus: bool = False
    plus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    width: int | None = None
    precision: int | None = None
    go_syntax: bool = False
    names: bool = False

    def pad(self, text: str, *, zeros: bool = True) -> str:
        """Return the text at least `width` characters wide."""
        if self.minus:
            return text.ljust(self.width or 0)
        return text.rjust(self.width or 0, "0" if self.zero and zeros else " ")


PLAIN: Final = Verb()


def sprint(values: Sequence[object]) -> str:
    """Return the values printed, with a space between two neighbours that are both no strings."""
    pieces: list[str] = []
    after_string = True
    for value in map(unbox, values):
        is_string = isinstance(value, str)
        if not (is_string or after_string):
            pieces.append(" ")
        pieces.append(format_value(value, PLAIN))
        after_string = is_string
    return "".join(pieces)


def sprintln(values: Sequence[object]) -> str:
    """Return the values printed, with a space between all of them and a newline at the end."""
    return " ".join(format_value(unbox(value), PLAIN) for value in values) + "\n"


def format_value(value: object, verb: Verb, depth: int = 0) -> str:
    """Return one value under a verb; a verb that does not fit prints `%!d(string=x)`."""
    if depth and isinstance(value, Boxed) and value.value is None:
        return f"{ANY}(nil)" if verb.go_syntax else "<nil>"
    value = unbox(value)
    if verb.letter == "T" and depth == 0:
        name = replace(verb, letter="s")
        return name.pad("<nil>") if value is INVALID else _format_string(type_name(value), name)
    match kind_of(value):
        case Kind.BOOL if verb.letter in "tv":
            return verb.pad("true" if value else "false")
        case Kind.INT | Kind.UINT if verb.letter in "vdboOxXcqU":
            return _format_int(cast("int", value), verb)
        case Kind.FLOAT if verb.letter in "vbgGxXfFeE":
            return _format_float(cast("float", value), verb)
        case Kind.COMPLEX if verb.letter in "vbgGxXfFeE":
            number = cast("complex", value)
            imaginary = _format_float(number.imag, replace(verb, plus=True))
            return f"({_format_float(number.real, verb)}{imaginary}i)"
        case Kind.STRING if verb.letter in "vsxXq":
            return _format_string(str(value), verb)
        case Kind.LIST | Kind.MAP | Kind.STRUCT if _fits_compound(value, verb, depth):
            return _format_compound(value, verb, depth)
        case Kind.INVALID:
            return verb.pad("<nil>") if verb.letter == "v" else f"%!{verb.letter}(<nil>)"
    return f"%!{verb.letter}({type_name(value)}={format_value(value, replace(verb, letter='v'))})"


def _fits_compound(value: object, verb: Verb, depth: int) -> bool:
    """Say whether a verb goes to what is inside; a pointer further down is an address, and takes verbs for numbers."""
    inner_pointer = isinstance(value, Struct) and value.is_pointer and depth > 0
    return verb.letter not in "pw" and (not inner_pointer or verb.letter in "vdboxX")


def _format_compound(value: object, verb: Verb, depth: int) -> str:
    """Return a list, map or struct; the verb goes to each thing inside."""
    go_syntax = verb.go_syntax
    separator = ", " if go_syntax else " "
    opening, closing = ("{", "}") if go_syntax else ("[", "]")

    def inner(item: object) -> str:
        return format_value(Boxed(None) if item is None else item, verb, depth + 1)

    if isinstance(value, Struct):
        named = go_syntax or verb.names
        pieces: Iterable[str] = ((f"{name}:" if named else "") + inner(item) for name, item in value.fields.items())
        # Go prints the address of a pointer further down; what it points to says more.
        head = ("&" if value.is_pointer and depth == 0 else "") + (value.type_name.lstrip("*") if go_syntax else "")
        return f"{head}{{{separator.join(pieces)}}}"
    if go_syntax and is_nil(value):
        return f"{type_name(value)}(nil)"
    if isinstance(value, Mapping):
        pieces = (f"{inner(key)}:{inner(item)}" for key, item in sorted_items(value))
        prefix = type_name(value) if go_syntax else "map"
        return f"{prefix}{opening}{separator.join(pieces)}{closing}"
    items = cast("Sequence[object]", value)
    prefix = type_name(value) if go_syntax else ""
    return prefix + opening + separator.join(inner(item) for item in items) + closing


def _format_string(text: str, verb: Verb) -> str:
    if verb.letter in "xX":
        return _format_hex(to_bytes(text), verb)
    if verb.precision is not None:
        text = text[: verb.precision]
    if verb.letter != "q" and not verb.go_syntax:
        return verb.pad(text)
    if verb.letter == "q" and verb.sharp and "`" not in text and all(c.isprintable() or c == "\t" for c in text):
        return verb.pad(f"`{text}`")
    return verb.pad(quote(text, ascii_only=verb.plus))


def _format_hex(data: bytes, verb: Verb) -> str:
    if verb.precision is not None:
        data = data[: verb.precision]
    prefix = f"0{verb.letter}" if verb.sharp else ""
    digits = [f"{byte:02X}" if verb.letter == "X" else f"{byte:02x}" for byte in data]
    if not digits:
        return verb.pad("")
    return verb.pad((" " + prefix).join([prefix + digits[0], *digits[1:]]) if verb.space else prefix + "".join(digits))


_BASES: Final = {"v": "d", "O": "o", "U": "X"}


def _format_int(number: int, verb: Verb) -> str:
    if verb.letter in "cqU":
        return _format_char(number, verb)
    base = _BASES.get(verb.letter, verb.letter)
    if verb.precision == 0 and number == 0:
        return " " * (verb.width or 0)
    digits = format(abs(number), base)
    sign = "-" if number < 0 else "+" if verb.plus else " " if verb.space else ""
    if verb.precision is not None:
        digits = digits.zfill(verb.precision)
    elif verb.zero and not verb.minus:
        digits = digits.zfill((verb.width or 0) - len(sign))
    if verb.sharp and base == "o" and not digits.startswith("0"):
        digits = "0" + digits
    elif verb.sharp and base in "bxX":
        digits = f"0{base}{digits}"
    if verb.letter == "O":
        digits = "0o" + digits
    return verb.pad(sign + digits, zeros=False)


def _format_char(number: int, verb: Verb) -> str:
    valid = 0 <= number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    char = chr(number) if valid else "�"
    if verb.letter == "c":
        return verb.pad(char)
    if verb.letter == "q":
        return verb.pad(quote(char, mark="'", ascii_only=verb.plus))
    digits = format(number % 2**64, "X").zfill(max(verb.precision or 0, 4))
    shown = f" '{char}'" if verb.sharp and valid and char.isprintable() else ""
    return verb.pad(f"U+{digits}{shown}", zeros=False)


def _format_float(number: float, verb: Verb) -> str:
    sign = "-" if math.copysign(1, number) < 0 else "+" if verb.plus else " " if verb.space else ""
    if not math.isfinite(number):
        forced = "+" if verb.plus else " " if verb.space else ""
        return verb.pad(forced + "NaN" if math.isnan(number) else (sign or "+") + "Inf", zeros=False)
    digits = _float_digits(abs(number), verb)
    if verb.zero and not verb.minus:
        digits = digits.zfill((verb.width or 0) - len(sign))
    return verb.pad(sign + digits, zeros=False)


def _float_digits(number: float, verb: Verb) -> str:
    letter = {"v": "g", "F": "f"}.get(verb.letter, verb.letter)
    if letter == "b":
        mantissa, exponent = math.frexp(number)
        return f"{int(mantissa * 2**53)}p{exponent - 53:+d}" if number else "0p-1074"
    if letter in "xX":
        text = _hex_digits(number, verb)
        return text.upper() if letter == "X" else text
    if letter in "gG" and verb.precision is None:
        text = shortest_float(number, low=-4, high=6)
        if verb.sharp and sum(char.isdigit() for char in text.partition("e")[0]) <= 6:
            text = format(number, "#.6g")
        return text.upper() if letter == "G" else text
    precision = 6 if verb.precision is None else verb.precision
    return format(number, f"{'#' if verb.sharp else ''}.{precision}{letter}")


def _hex_digits(number: float, verb: Verb) -> str:
    """Return `0x1.8p+01`, rounded half to even when a precision is given."""
    precision = verb.precision
    fraction, exponent = math.frexp(number)
    mantissa, exponent = int(fraction * 2**53), exponent - 1  # 1.xxx with 52 bits after the point
    if not mantissa:
        exponent = 0
    if precision is not None and precision < 13:
        unit = 1 << (52 - 4 * precision)
        whole, rest = divmod(mantissa, unit)
        whole += rest * 2 > unit or (rest * 2 == unit and whole % 2 == 1)
        mantissa = whole * unit
        if mantissa >= 1 << 53:
            mantissa, exponent = mantissa >> 1, exponent + 1
    digits = f"{mantissa & (2**52 - 1):013x}"
    if precision is None:
        digits = digits.rstrip("0").ljust(4 if verb.sharp and verb.letter == "x" else 0, "0")
    else:
        digits = digits[:precision].ljust(precision, "0")
    return f"0x{mantissa >> 52}{'.' if digits or verb.sharp else ''}{digits}p{exponent:+03d}"


def shortest_float(number: float, *, low: int, high: int) -> str:
    """Return the fewest digits that mean a number, with an exponent when that is below `low`, or `high` and more."""
    _, digit_tuple, shift = Decimal(repr(abs(number))).normalize().as_tuple()
    digits = "".join(map(str, digit_tuple))
    exponent = len(digits) - 1 + int(shift) if number else 0
    sign = "-" if math.copysign(1, number) < 0 else ""
    if number and not low <= exponent < high:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{rest}e{exponent:+03d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, rest = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{sign}{whole}{'.' if rest else ''}{rest}"
