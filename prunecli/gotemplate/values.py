"""Python values seen as Go values: their type names, kinds, elements and truth.

A Go string is bytes. Text that is no UTF-8 travels in a `str` as surrogate escapes (as `os.fsdecode` gives it), so that
no byte is lost on the way through a template.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, cast, final

ANY: Final = "interface {}"


class FunctionError(Exception):
    """A function that cannot do what it was asked; the message is Go's, without what stands around it."""


MAX_TEXT: Final = 8_000_000
"""Characters that one function may make; Go's limit is what memory holds."""


def check_length(characters: int) -> None:
    """Refuse text that is too long before it is made. Errors: FunctionError."""
    if characters > MAX_TEXT:
        raise FunctionError(f"too much text: more than {MAX_TEXT // 1_000_000}MB")


class Kind(Enum):
    """What a value is underneath its type's name; `INVALID` is no value at all, `INTERFACE` a nil interface."""

    INVALID = "invalid"
    INTERFACE = "interface"
    BOOL = "bool"
    INT = "int"
    UINT = "uint"
    FLOAT = "float"
    COMPLEX = "complex"
    STRING = "string"
    LIST = "list"
    MAP = "map"
    STRUCT = "struct"


@final
class Invalid:
    """No value: a missing map key, or data that is nil; prints as `<no value>`."""


INVALID: Final = Invalid()


@final
@dataclass(frozen=True, slots=True)
class Boxed:
    """A value whose static type is `interface {}`; `None` inside is a nil interface."""

    value: object


@final
@dataclass(frozen=True, slots=True, eq=False)
class Struct:
    """A Go struct, or a pointer to one when `type_name` starts with `*`.

    `fields` are what a template can reach, in Go's order; a field that is None is a nil interface. With `methods` they
    are methods, as in Docker's formatter contexts: they refuse arguments in other words, and the JSON is that of the
    context's own `MarshalJSON`, with sorted keys and HTML always escaped. `json_value` takes the fields' place in JSON.
    Two structs are equal only when they are the same object, as pointers are.
    """

    type_name: str
    fields: Mapping[str, object]
    json_value: Mapping[str, object] | None = field(default=None, kw_only=True)
    methods: bool = field(default=False, kw_only=True)

    @property
    def is_pointer(self) -> bool:
        return self.type_name.startswith("*")

    @property
    def json_items(self) -> Iterable[tuple[str, object]]:
        """The keys and values of its JSON object, in the order they are written."""
        if self.json_value is not None:
            return self.json_value.items()
        return sorted(self.fields.items()) if self.methods else self.fields.items()


class TypedStr(str):
    """A string of a named type, which a function that wants `string` refuses, as Go does."""

    go_type = "string"


class TypedInt(int):
    """An integer of another type than `int`."""

    go_type = "int"


class TypedList(tuple[object, ...]):
    """A slice whose type is known, and which can be nil."""

    go_type = "[]" + ANY
    is_nil = False


class TypedMap(dict[str, object]):
    """A map whose type is known, and which can be nil."""

    go_type = "map[string]" + ANY
    is_nil = False


def typed(value: str | int | Sequence[object] | Mapping[str, object] | None, go_type: str) -> object:
    """Return `value` under a Go type's name; None with a slice or map type is that type's nil.

    Without it a `str` is a `string`, an `int` an `int`, and lists and maps are named after what they hold, empty ones
    after `interface {}`. Source: Go assigns `events.Type` to no `string` parameter, so `{{upper .Type}}` fails.
    """
    result: TypedStr | TypedInt | TypedList | TypedMap
    if isinstance(value, str):
        result = TypedStr(value)
    elif isinstance(value, int):
        result = TypedInt(value)
    elif isinstance(value, Mapping) or (value is None and go_type.startswith("map[")):
        result = TypedMap(value or {})
        result.is_nil = value is None
    else:
        result = TypedList(value or ())
        result.is_nil = value is None
    result.go_type = go_type
    return result


def is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def kind_of(value: object) -> Kind:
    """Return the kind of an unboxed value; anything Go could not have sent counts as no value."""
    match value:
        case None | Boxed(value=None):
            return Kind.INTERFACE
        case bool():
            return Kind.BOOL
        case int():
            unsigned = isinstance(value, TypedInt) and value.go_type.startswith("uint")
            return Kind.UINT if unsigned else Kind.INT
        case float():
            return Kind.FLOAT
        case complex():
            return Kind.COMPLEX
        case str():
            return Kind.STRING
        case Struct():
            return Kind.STRUCT
        case Mapping():
            return Kind.MAP
        case list() | tuple():
            return Kind.LIST
    return Kind.INVALID


_BASIC_NAMES: Final = {Kind.BOOL: "bool", Kind.INT: "int", Kind.FLOAT: "float64", Kind.COMPLEX: "complex128"}


def type_name(value: object) -> str:
    """Return the name Go's messages and `%T` give the value's type."""
    if isinstance(value, TypedStr | TypedInt | TypedList | TypedMap):
        return value.go_type
    if isinstance(value, Struct):
        return value.type_name
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping):
        return "map[string]" + _common_type(value.values())
    if isinstance(value, list | tuple):
        return "[]" + _common_type(value)
    if value is None or isinstance(value, Boxed | Invalid):
        return ANY
    return _BASIC_NAMES[kind_of(value)]


def _common_type(values: Iterable[object]) -> str:
    names = {type_name(value) for value in values}
    return names.pop() if len(names) == 1 else ANY


def element(container: object, value: object) -> object:
    """Return a container's element as Go hands it out: inside an interface when that is the element's static type."""
    if value is None or isinstance(value, Boxed):
        return value if value is not None else Boxed(None)
    return Boxed(value) if type_name(container).endswith("]" + ANY) else value


def unbox(value: object) -> object:
    """Return what an interface holds; a nil interface holds nothing."""
    if isinstance(value, Boxed):
        value = value.value
    return INVALID if value is None else value


def is_nil(value: object) -> bool:
    """Say whether a value is nil, or none at all."""
    if isinstance(value, TypedList | TypedMap):
        return value.is_nil
    return kind_of(value) in {Kind.INVALID, Kind.INTERFACE}


def truth(value: object) -> bool:
    """Say what `if` makes of a value: false is what is empty, zero, nil or missing; a struct is always true."""
    value = unbox(value)
    return isinstance(value, Struct) or (value is not INVALID and bool(value))


def sorted_items(mapping: Mapping[str, object]) -> list[tuple[str, object]]:
    """Return a map's items by the bytes of their keys, the order in which Go prints and ranges."""
    return sorted(mapping.items(), key=lambda item: to_bytes(item[0]))


def to_bytes(text: str) -> bytes:
    """Return the bytes of a Go string."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that escapes no byte
        return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """Return the `str` of a Go string's bytes."""
    return data.decode("utf-8", "surrogateescape")


def valid_utf8(text: str) -> str:
    """Return the text with U+FFFD for each byte that is no UTF-8."""
    return text if text.isascii() else "".join("�" if "\ud800" <= char <= "\udfff" else char for char in text)


def count(value: object) -> int:
    """Return how many things a value is: itself, and what is in it."""
    value = unbox(value)
    if isinstance(value, Struct):
        return 1 + sum(map(count, value.fields.values()))
    if isinstance(value, Mapping):
        return 1 + len(value) + sum(map(count, value.values()))
    return 1 + sum(map(count, cast("Iterable[object]", value))) if is_list(value) else 1
