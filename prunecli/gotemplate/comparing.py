"""Go's `eq` and `lt` for templates."""

from __future__ import annotations

from typing import Any, Final, cast

from prunecli.gotemplate.formatting import PLAIN, Verb, format_value
from prunecli.gotemplate.values import FunctionError, Kind, Struct, is_nil, kind_of, to_bytes, type_name, unbox

_BASIC: Final = frozenset({Kind.BOOL, Kind.INT, Kind.UINT, Kind.FLOAT, Kind.COMPLEX, Kind.STRING})
_WHOLE: Final = frozenset({Kind.INT, Kind.UINT})


def equal(first: object, *others: object) -> bool:
    """Say whether the first value equals any of the others; `FunctionError` for values that cannot be compared."""
    if not others:
        raise FunctionError("missing argument for comparison")
    return any(_same(unbox(first), unbox(other)) for other in others)


def _same(left: object, right: object) -> bool:
    kinds = _basic(left), _basic(right)
    if kinds[0] is not kinds[1] and not _WHOLE.issuperset(kinds):
        if Kind.INVALID in (kind_of(left), kind_of(right)):
            return False
        raise FunctionError("incompatible types for comparison")
    if kinds[0] is not Kind.INVALID:
        return bool(left == right)
    return _same_compound(left, right)


def _same_compound(left: object, right: object) -> bool:
    """Compare two values of which neither is a bool, number or string."""
    left_kind, right_kind = _reflect_kind(left), _reflect_kind(right)
    if left_kind != right_kind and Kind.INVALID.value not in (left_kind, right_kind):
        shown = format_value(left, Verb("s")), format_value(right, PLAIN)
        raise FunctionError(
            f"non-comparable types {shown[0]}: {type_name(left)}, {type_name(right)}: {shown[1]}",
        )
    if is_nil(left) or is_nil(right):
        return is_nil(left) and is_nil(right)
    if kind_of(right) in (Kind.LIST, Kind.MAP):
        raise FunctionError(f"non-comparable type {format_value(right, Verb('s'))}: {type_name(right)}")
    return left is right


def _reflect_kind(value: object) -> str:
    pointer = isinstance(value, Struct) and value.is_pointer
    return "pointer" if pointer else kind_of(value).value


def _basic(value: object) -> Kind:
    kind = kind_of(value)
    return kind if kind in _BASIC else Kind.INVALID


def less(left: object, right: object) -> bool:
    """Say whether one value comes before the other; strings go by their bytes."""
    left, right = unbox(left), unbox(right)
    kinds = _basic(left), _basic(right)
    if Kind.INVALID in kinds:
        raise FunctionError("invalid type for comparison")
    if kinds[0] is not kinds[1] and not _WHOLE.issuperset(kinds):
        raise FunctionError("incompatible types for comparison")
    if kinds[0] in (Kind.BOOL, Kind.COMPLEX):
        raise FunctionError("invalid type for comparison")
    if kinds[0] is Kind.STRING:
        return to_bytes(cast("str", left)) < to_bytes(cast("str", right))
    return bool(cast("Any", left) < cast("Any", right))
