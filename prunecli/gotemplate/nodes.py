"""The tree of a parsed template. `str` of an expression is its source text as Go's messages quote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from prunecli.gotemplate.literals import Number, quote


@dataclass(frozen=True, slots=True)
class Dot:
    position: int

    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True)
class Nil:
    position: int

    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True)
class BoolLiteral:
    position: int
    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(frozen=True, slots=True)
class NumberLiteral:
    position: int
    source: str
    number: Number

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class StringLiteral:
    position: int
    source: str
    text: str

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class Identifier:
    """The name of a function."""

    position: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Field:
    """`.A.B`; the position is that of the last step that follows the first, where Go points."""

    position: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x.A`; the first name is the variable's, with its dollar sign."""

    position: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of what a function or a parenthesised pipeline gives: `(index . 0).A`."""

    position: int
    node: Operand
    names: tuple[str, ...]

    def __str__(self) -> str:
        head = f"({self.node})" if isinstance(self.node, Pipe) else str(self.node)
        return head + "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Command:
    """An operand with its arguments; the first one is called if it can be."""

    args: tuple[Operand, ...]

    @property
    def position(self) -> int:
        return self.args[0].position

    def __str__(self) -> str:
        return " ".join(f"({arg})" if isinstance(arg, Pipe) else str(arg) for arg in self.args)


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each of which gets the value before it as last argument; the result may go to variables."""

    position: int
    variables: tuple[Variable, ...]
    assigns: bool  # to variables that exist already
    commands: tuple[Command, ...]

    def __str__(self) -> str:
        names = ", ".join(map(str, self.variables))
        head = f"{names} {'=' if self.assigns else ':='} " if names else ""
        return head + " | ".join(map(str, self.commands))


@dataclass(frozen=True, slots=True)
class Text:
    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Action:
    position: int
    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branch:
    """`if`, `with` or `range`; `otherwise` is None without an `else`."""

    position: int
    keyword: str
    pipe: Pipe
    body: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] | None


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`."""

    position: int
    keyword: str


@dataclass(frozen=True, slots=True)
class TemplateCall:
    position: int
    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        argument = f" {self.pipe}" if self.pipe is not None else ""
        return f"{{{{template {quote(self.name)}{argument}}}}}"


Operand: TypeAlias = (
    Dot | Nil | BoolLiteral | NumberLiteral | StringLiteral | Identifier | Field | Variable | Chain | Pipe
)
Statement: TypeAlias = Text | Action | Branch | Jump | TemplateCall
Node: TypeAlias = Operand | Statement | Command
