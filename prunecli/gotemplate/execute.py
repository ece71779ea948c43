"""Run a parsed template over its data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, cast

from prunecli.errors import TemplateError
from prunecli.gotemplate import nodes
from prunecli.gotemplate.budget import Budget, weigh
from prunecli.gotemplate.formatting import PLAIN, format_value, sprint
from prunecli.gotemplate.functions import ANY, GO_FUNCTIONS, Function, printable
from prunecli.gotemplate.literals import quote
from prunecli.gotemplate.parser import Trees
from prunecli.gotemplate.values import (
    INVALID,
    Boxed,
    FunctionError,
    Kind,
    Struct,
    element,
    is_list,
    kind_of,
    sorted_items,
    to_bytes,
    truth,
    type_name,
    typed,
    unbox,
)

_ABSENT: Final = object()  # stands for "no value comes from the pipe"


class _Jump(Exception):
    """A `break` or `continue` on its way to its range."""

    def __init__(self, keyword: str) -> None:
        self.keyword = keyword


class Execution:
    """One run; the text written so far is in `out`, also when a mistake ends the run."""

    def __init__(self, source: str, name: str, trees: Trees, functions: Mapping[str, Function], budget: Budget) -> None:
        self.source = source
        self.source_name = name
        self.name = name  # of the template that runs
        self.trees = trees
        self.functions = functions
        self.budget = budget
        self.out: list[str] = []
        self.node: nodes.Node | None = None  # what is being evaluated, for messages
        self.variables: list[tuple[str, object]] = []
        self.calls: list[tuple[str, nodes.TemplateCall]] = []

    def run(self, data: object) -> None:
        """Write the whole template; `TemplateError` where it does not fit the data."""
        dot = INVALID if data is None else data
        self.variables = [("$", dot)]
        self.budget.begin(data)
        try:
            self.walk(dot, self.trees[self.name])
        except FunctionError as error:  # those of functions have become mistakes; this one is the budget's
            raise self.mistake(str(error)) from None
        except RecursionError:  # only a template that calls itself goes this deep
            self.name, self.node = self.calls[-1] if self.calls else (self.name, self.node)
            raise self.mistake("exceeded maximum template depth (100000)") from None
        except MemoryError:
            raise self.mistake("the output does not fit into memory") from None

    def mistake(self, message: str) -> TemplateError:
        """Return what is wrong at the current node, with its line and its column in bytes."""
        if self.node is None:
            return TemplateError(f"template: {self.name}: {message}")
        before = self.source[: self.node.position]
        line = before.count("\n") + 1
        column = len(to_bytes(before[before.rfind("\n") + 1 :]))
        place = f"{self.source_name}:{line}:{column}"
        return TemplateError(f"template: {place}: executing {quote(self.name)} at <{self.node}>: {message}")

    # Statements

    def walk(self, dot: object, body: Iterable[nodes.Statement]) -> None:
        for statement in body:
            self.node = statement
            self.budget.step()
            match statement:
                case nodes.Text():
                    self.out.append(self.budget.take(statement.text))
                case nodes.Action():
                    value = self.pipe(dot, statement.pipe)
                    if not statement.pipe.variables:
                        self.out.append(self.budget.take(sprint([printable(unbox(value))])))
                case nodes.Branch(keyword="range"):
                    self.walk_range(dot, statement)
                case nodes.Branch():
                    self.walk_branch(dot, statement)
                case nodes.TemplateCall():
                    self.walk_template(dot, statement)
                case nodes.Jump():
                    raise _Jump(statement.keyword)

    def walk_branch(self, dot: object, branch: nodes.Branch) -> None:
        """Run `if` or `with`; their variables end with them."""
        known = len(self.variables)
        value = self.pipe(dot, branch.pipe)
        if truth(value):
            self.walk(value if branch.keyword == "with" else dot, branch.body)
        elif branch.otherwise is not None:
            self.walk(dot, branch.otherwise)
        del self.variables[known:]

    def walk_range(self, dot: object, branch: nodes.Branch) -> None:
        known = len(self.variables)
        value = unbox(self.pipe(dot, branch.pipe))
        ran = False
        try:
            for index, item in self.iterate(value, branch.pipe):
                ran = True
                self.iteration(branch, index, item)
        except _Jump as jump:
            if jump.keyword != "break":
                raise
        if not ran and branch.otherwise is not None:
            self.walk(dot, branch.otherwise)
        del self.variables[known:]

    def iterate(self, value: object, pipe: nodes.Pipe) -> Iterator[tuple[object, object]]:
        """Return index and element of each turn; an integer counts up to itself."""
        if isinstance(value, Mapping):
            return iter([(key, element(value, item)) for key, item in sorted_items(value)])
        if is_list(value):
            return ((index, element(value, item)) for index, item in enumerate(cast("Iterable[object]", value)))
        if kind_of(value) in (Kind.INT, Kind.UINT):
            if len(pipe.variables) > 1:
                raise self.mistake(f"can't use {format_value(value, PLAIN)} to iterate over more than one variable")
            name = type_name(value)
            return ((INVALID, typed(number, name)) for number in range(cast("int", value)))
        if value is not INVALID:
            raise self.mistake(f"range can't iterate over {format_value(printable(value), PLAIN)}")
        return iter(())

    def iteration(self, branch: nodes.Branch, index: object, item: object) -> None:
        """Run a range's body once, with its variables set."""
        self.budget.step()
        variables, known = branch.pipe.variables, len(self.variables)
        values = (index, item) if len(variables) > 1 else (item,)
        for offset, (variable, value) in enumerate(zip(variables, values, strict=False)):
            if branch.pipe.assigns:
                self.assign(variable.names[0], value)
            else:
                self.variables[known - len(variables) + offset] = (variable.names[0], value)
        try:
            self.walk(item, branch.body)
        except _Jump as jump:
            if jump.keyword != "continue":
                raise
        finally:
            del self.variables[known:]

    def walk_template(self, dot: object, call: nodes.TemplateCall) -> None:
        """Run another template, which sees no variables but `$`."""
        if call.name not in self.trees:
            raise self.mistake(f"template {quote(call.name)} not defined")
        value = INVALID if call.pipe is None else self.pipe(dot, call.pipe)
        saved = self.name, self.variables
        self.calls.append((self.name, call))
        self.name, self.variables = call.name, [("$", value)]
        self.walk(value, self.trees[call.name])
        self.name, self.variables = saved
        self.calls.pop()

    # Expressions

    def variable(self, name: str) -> object:
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise self.mistake(f"undefined variable: {name}")  # its declaration was in an argument that `and` skipped

    def assign(self, name: str, value: object) -> None:
        """Give the innermost variable of that name another value."""
        for place in range(len(self.variables) - 1, -1, -1):
            if self.variables[place][0] == name:
                self.variables[place] = (name, value)
                return
        raise self.mistake(f"undefined variable: {name}")

    def pipe(self, dot: object, pipe: nodes.Pipe) -> object:
        """Return the value of a pipeline, and set its variables."""
        self.node = pipe
        value: object = _ABSENT
        for command in pipe.commands:
            value = unbox(self.command(dot, command, value))
        for variable in pipe.variables:
            if pipe.assigns:
                self.assign(variable.names[0], value)
            else:
                self.variables.append((variable.names[0], value))
        return value

    def command(self, dot: object, command: nodes.Command, final: object) -> object:
        """Return a command's value; `final` is what the pipe brings as its last argument."""
        first, args = command.args[0], command.args[1:]
        match first:
            case nodes.Field() | nodes.Chain():
                return self.fields(dot, first, args, final)
            case nodes.Variable() if len(first.names) > 1:
                return self.fields(dot, first, args, final)
            case nodes.Identifier():
                return self.function(dot, first, command, args, final)
        if not isinstance(first, nodes.Pipe):
            self.node = first
        if args or final is not _ABSENT:
            raise self.mistake(f"can't give argument to non-function {first}")
        if isinstance(first, nodes.Nil):
            raise self.mistake("nil is not a command")
        return self.operand(dot, first)

    def operand(self, dot: object, node: nodes.Operand) -> object:
        """Return the value of an operand that stands alone."""
        match node:
            case nodes.Pipe():
                return self.pipe(dot, node)
            case nodes.Identifier():
                return self.function(dot, node, node, (), _ABSENT)
        self.node = node
        match node:
            case nodes.Dot():
                return dot
            case nodes.Variable(names=(name,)):
                return self.variable(name)
            case nodes.Field() | nodes.Variable() | nodes.Chain():
                return self.fields(dot, node, (), _ABSENT)
            case nodes.BoolLiteral():
                return node.value
            case nodes.StringLiteral():
                return node.text
            case nodes.NumberLiteral():
                if node.number.value is None:
                    raise self.mistake(f"{node} overflows int")
                return node.number.value
        return INVALID

    def fields(
        self,
        dot: object,
        node: nodes.Field | nodes.Variable | nodes.Chain,
        args: tuple[nodes.Operand, ...],
        final: object,
    ) -> object:
        """Return the value at the end of `.A.B`; only the last step may have arguments."""
        self.node = node
        names = node.names
        value = dot
        if isinstance(node, nodes.Variable):
            value, names = self.variable(names[0]), names[1:]
        elif isinstance(node, nodes.Chain):
            value = self.operand(dot, node.node)
        for name in names[:-1]:
            value = self.field(value, name, 0)
        return self.field(value, names[-1], len(args) + (final is not _ABSENT))

    def field(self, receiver: object, name: str, arguments: int) -> object:
        """Return a struct's field or a map's element; no value has no value in it."""
        if receiver is INVALID:
            return INVALID
        static_type = type_name(receiver)
        if isinstance(receiver, Boxed) and receiver.value is None:
            raise self.mistake(f"nil pointer evaluating {static_type}.{name}")
        value = unbox(receiver)
        if isinstance(value, Struct) and name in value.fields:
            if arguments and value.methods:
                raise self.mistake(f"wrong number of args for {name}: want 0 got {arguments}")
            if arguments:
                raise self.mistake(f"{name} has arguments but cannot be invoked as function")
            found = value.fields[name]
            return Boxed(None) if found is None else found
        if isinstance(value, Mapping):
            if arguments:
                raise self.mistake(f"{name} is not a method but has arguments")
            return element(value, value[name]) if name in value else INVALID
        raise self.mistake(f"can't evaluate field {name} in type {static_type}")

    # Functions

    def function(
        self,
        dot: object,
        identifier: nodes.Identifier,
        whole: nodes.Node,
        args: tuple[nodes.Operand, ...],
        final: object,
    ) -> object:
        """Call a function; `whole` is where its failure is said to be."""
        self.node = identifier
        name = identifier.name
        function = self.functions[name]
        builtin = function is GO_FUNCTIONS.get(name)
        count = len(args) + (final is not _ABSENT)
        if function.more and count < len(function.params):
            raise self.mistake(f"wrong number of args for {name}: want at least {len(function.params)} got {len(args)}")
        if not function.more and count != len(function.params):
            raise self.mistake(f"wrong number of args for {name}: want {len(function.params)} got {count}")
        if builtin and name in ("and", "or"):
            return self.first_that_decides(dot, args, final, decisive=name == "or")
        types = function.params + (ANY,) * (count - len(function.params))
        values = [self.argument(dot, arg, wanted) for arg, wanted in zip(args, types, strict=False)]
        if final is not _ABSENT:
            values.append(self.check(final, types[-1]))
        if builtin and name == "call":
            values = [str(args[0]) if args else _reflect_string(final), values[0]]
        return self.guarded(name, whole, function, values)

    def guarded(self, name: str, whole: nodes.Node, function: Function, values: list[object]) -> object:
        try:
            self.budget.step()
            self.budget.claim(sum(len(value) for value in values if isinstance(value, str)))
            result = function.call(*values)
            if isinstance(result, str):
                self.budget.take(result)
            elif is_list(result):
                self.budget.claim(weigh(result))
            return result
        except FunctionError as error:
            self.node = whole
            raise self.mistake(f"error calling {name}: {error}") from None

    def first_that_decides(
        self, dot: object, args: tuple[nodes.Operand, ...], final: object, *, decisive: bool
    ) -> object:
        """Evaluate `and` or `or`: stop at the first value with the truth that decides, else give the last value."""
        value: object = INVALID
        for arg in args:
            value = self.argument(dot, arg, ANY)
            if truth(value) is decisive:
                return value
        return value if final is _ABSENT else final

    def argument(self, dot: object, node: nodes.Operand, wanted: str) -> object:
        """Return an argument's value, checked against the parameter's type."""
        self.node = node
        if isinstance(node, nodes.Nil):
            if wanted in ("string", "int"):
                raise self.mistake(f"cannot assign nil to {wanted}")
            return INVALID if wanted == ANY else []
        if isinstance(node, nodes.BoolLiteral | nodes.NumberLiteral | nodes.StringLiteral) and wanted != ANY:
            return self.constant(node, wanted)
        return self.check(self.operand(dot, node), wanted)

    def constant(self, node: nodes.BoolLiteral | nodes.NumberLiteral | nodes.StringLiteral, wanted: str) -> object:
        """Return a literal where a type is asked for."""
        if wanted == "string":
            if isinstance(node, nodes.StringLiteral):
                return node.text
            raise self.mistake(f"expected string; found {node}")
        if wanted == "int":
            if isinstance(node, nodes.NumberLiteral) and node.number.as_int is not None:
                return node.number.as_int
            raise self.mistake(f"expected integer; found {node}")
        raise self.mistake(f"can't handle {node} for arg of type {wanted}")

    def check(self, value: object, wanted: str) -> object:
        """Return a value if a parameter of the wanted type takes it."""
        if wanted == ANY:
            return value
        if value is INVALID:
            if wanted.startswith("[]"):
                return []
            raise self.mistake(f"invalid value; expected {wanted}")
        inner = unbox(value)
        if type_name(inner) == wanted or (wanted.startswith("[]") and inner == []):
            return inner
        raise self.mistake(f"wrong type for value; expected {wanted}; got {type_name(inner)}")


def _reflect_string(value: object) -> str:
    """Return a value as Go's reflection names it in passing."""
    if value is INVALID:
        return "<invalid Value>"
    return str(value) if isinstance(value, str) else f"<{type_name(value)} Value>"
