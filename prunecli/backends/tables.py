"""Records as rows: the columns of each kind's table are the fields of its record, in their order.

Text, numbers and truth values stand in columns of their own; lists, mappings and records within records are JSON text.
A field that a record gains later is one more column: it needs one line among the migrations of `schema.py`.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

from prunecli.errors import StoreError
from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.network import Network
from prunecli.kinds.volume import Volume
from prunecli.verdict import Kind

Record: TypeAlias = Container | Network | Volume | Image | CacheRecord
Cell: TypeAlias = str | int | None
Convert: TypeAlias = Callable[[Any], Any]

_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a record in its table; `encode` and `decode` are each other's inverse."""

    name: str
    declaration: str
    encode: Convert
    decode: Convert


@dataclass(frozen=True, slots=True)
class Table:
    """One kind's table. `key` is the column that names an object; `position` (order of import) and `raw` join it."""

    kind: Kind
    name: str
    record: type[Record]
    key: str
    columns: tuple[Column, ...]

    @property
    def ddl(self) -> str:
        """The statement that makes the table."""
        lines = ["position INTEGER PRIMARY KEY", *(c.declaration for c in self.columns), "raw TEXT"]
        return f"CREATE TABLE {self.name} ({', '.join(lines)}, UNIQUE ({self.key}))"

    @property
    def select(self) -> str:
        """The start of a query whose rows `read` understands."""
        return f"SELECT {', '.join(_quoted(c.name) for c in self.columns)} FROM {self.name}"  # noqa: S608 - names of fields

    @property
    def insert(self) -> str:
        """The statement that adds a row made by `write`, its raw JSON last."""
        names = ", ".join([*(_quoted(c.name) for c in self.columns), "raw"])
        return f"INSERT INTO {self.name} ({names}) VALUES ({', '.join('?' * (len(self.columns) + 1))})"  # noqa: S608 - as above

    def read(self, row: Sequence[Cell]) -> Record:
        """Build the record of a row; raises ValueError, TypeError or KeyError for a row that holds none."""
        return self.record(*[c.decode(cell) for c, cell in zip(self.columns, row, strict=True)])

    def read_all(self, rows: Iterable[Sequence[Cell]]) -> tuple[Record, ...]:
        """Build many records; the loop of `read`, laid out for speed."""
        record, decoders = self.record, [c.decode for c in self.columns]
        return tuple([record(*[decode(cell) for decode, cell in zip(decoders, row, strict=True)]) for row in rows])

    def write(self, record: Record) -> tuple[Cell, ...]:
        """Return the record's row."""
        return tuple(c.encode(getattr(record, c.name)) for c in self.columns)

    def id_of(self, record: Record) -> str:
        """Return what names the object: its id, or a volume's name."""
        return cast(str, getattr(record, self.key))

    def add_column(self, name: str) -> str:
        """Return the statement that gives an older table the column of a newer field, with the field's default."""
        column = next(c for c in self.columns if c.name == name)
        default = next(f for f in fields(self.record) if f.name == name)
        value = default.default if default.default_factory is MISSING else default.default_factory()
        cell = column.encode(value)
        text = "NULL" if cell is None else str(cell) if isinstance(cell, int) else "'" + cell.replace("'", "''") + "'"
        return f"ALTER TABLE {self.name} ADD COLUMN {column.declaration} DEFAULT {text}"


def _quoted(name: str) -> str:
    return f'"{name}"'


# Columns from types


def _column(name: str, hint: Any) -> Column:
    inner, optional = _without_none(hint)
    declared: str
    encode: Convert
    decode: Convert
    if inner is str:
        declared, encode, decode = "TEXT", storable, _same
    elif inner is bool:
        declared, encode, decode = "INTEGER", int, bool
    elif inner is int:
        # No declared type: Go's zero time is below 64 bits in nanoseconds and is kept as text, which SQLite would
        # otherwise turn into a float.
        declared, encode, decode = "", _encode_int, int
    else:
        declared, encode, decode = "TEXT", _json_encoder(inner), _json_decoder(inner)
    if optional:
        return Column(name, f"{_quoted(name)} {declared}".strip(), _unless_none(encode), _unless_none(decode))
    return Column(name, f"{_quoted(name)} {declared} NOT NULL".replace("  ", " "), encode, decode)


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    rest = [a for a in get_args(hint) if a is not type(None)]
    if len(rest) != 1:
        raise TypeError(f"no column can hold {hint}")
    return rest[0], True


def storable(text: str) -> str:
    """Return the text if a database can hold it; raises StoreError for half a surrogate pair, which JSON can spell."""
    try:
        text.encode()
    except UnicodeEncodeError as e:
        raise StoreError(f"the store cannot hold {ascii(text)[:80]}: it is no valid Unicode") from e
    return text


def _same(value: Any) -> Any:
    return value


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _encode_int(value: int) -> Cell:
    return value if value in _INT64 else str(value)


def _json_encoder(hint: Any) -> Convert:
    plain = _plain(hint)
    return lambda value: json.dumps(plain(value), separators=(",", ":"))


def _json_decoder(hint: Any) -> Convert:
    build = _build(hint)
    empty = {"[]": build([])} if get_origin(hint) in (tuple, frozenset) else {}
    return lambda text: empty[text] if text in empty else build(json.loads(text))


def _plain(hint: Any) -> Convert:
    """Return how a value of this type becomes JSON."""
    inner, optional = _without_none(hint)
    if optional:
        return _unless_none(_plain(inner))
    origin, args = get_origin(inner), get_args(inner)
    if inner in (str, int, bool):
        return _same
    if origin is tuple and len(args) == 2 and args[1] is ...:
        item = _plain(args[0])
        return lambda values: [item(v) for v in values]
    if origin is tuple:
        items = [_plain(a) for a in args]
        return lambda values: [plain(v) for plain, v in zip(items, values, strict=True)]
    if origin in (frozenset, AbstractSet):
        item = _plain(args[0])
        return lambda values: [item(v) for v in sorted(values)]
    if origin in (dict, Mapping):
        item = _plain(args[1])
        return lambda values: {k: item(v) for k, v in values.items()}
    if isinstance(inner, type) and issubclass(inner, Enum):
        return lambda value: value.value
    if is_dataclass(inner):
        parts = {name: _plain(h) for name, h in _hints(inner).items()}
        return lambda value: {name: plain(getattr(value, name)) for name, plain in parts.items()}
    raise TypeError(f"no column can hold {hint}")


def _build(hint: Any) -> Convert:
    """Return how a value of this type comes back from JSON."""
    inner, optional = _without_none(hint)
    if optional:
        return _unless_none(_build(inner))
    origin, args = get_origin(inner), get_args(inner)
    if inner in (str, int, bool):
        return _same
    if origin is tuple and len(args) == 2 and args[1] is ...:
        item = _build(args[0])
        return tuple if item is _same else lambda values: tuple(item(v) for v in values)
    if origin is tuple:
        items = [_build(a) for a in args]
        return lambda values: tuple(build(v) for build, v in zip(items, values, strict=True))
    if origin in (frozenset, AbstractSet):
        item = _build(args[0])
        return lambda values: frozenset(item(v) for v in values)
    if origin in (dict, Mapping):
        item = _build(args[1])
        return dict if item is _same else lambda values: {k: item(v) for k, v in values.items()}
    if isinstance(inner, type) and issubclass(inner, Enum):
        return cast(Convert, inner)
    parts = {name: _build(h) for name, h in _hints(inner).items()}
    return lambda value: inner(**{name: parts[name](v) for name, v in value.items()})


def _hints(record: Any) -> dict[str, Any]:
    """Map the fields of a record to their types, in order."""
    hints = get_type_hints(record)
    return {f.name: hints[f.name] for f in fields(record)}


def make_table(kind: Kind, name: str, record: type[Any]) -> Table:
    """Return the table whose columns are the fields of a record."""
    hints = _hints(record)
    columns = tuple(_column(field, hint) for field, hint in hints.items())
    return Table(kind, name, record, "id" if "id" in hints else "name", columns)


TABLES: Mapping[Kind, Table] = {
    Kind.CONTAINER: make_table(Kind.CONTAINER, "containers", Container),
    Kind.NETWORK: make_table(Kind.NETWORK, "networks", Network),
    Kind.VOLUME: make_table(Kind.VOLUME, "volumes", Volume),
    Kind.IMAGE: make_table(Kind.IMAGE, "images", Image),
    Kind.BUILD_CACHE: make_table(Kind.BUILD_CACHE, "build_cache", CacheRecord),
}

KIND_OF: Mapping[type[Record], Kind] = {table.record: kind for kind, table in TABLES.items()}
