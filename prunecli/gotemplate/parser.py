"""Turn a template's tokens into trees, refusing what Go refuses, in its words."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, TypeVar

from prunecli.errors import TemplateError
from prunecli.gotemplate import nodes
from prunecli.gotemplate.lexer import Kind, Token, tokenize
from prunecli.gotemplate.literals import LiteralError, Number, parse_number, quote, unquote, unquote_char

_T = TypeVar("_T")

_OPERANDS: Final = frozenset(
    {
        Kind.BOOL,
        Kind.CHAR_LITERAL,
        Kind.DOT,
        Kind.FIELD,
        Kind.IDENTIFIER,
        Kind.NUMBER,
        Kind.NIL,
        Kind.STRING,
        Kind.VARIABLE,
        Kind.LEFT_PAREN,
    }
)
_LITERALS: Final = (nodes.BoolLiteral, nodes.Dot, nodes.Nil, nodes.NumberLiteral, nodes.StringLiteral)
_SPACE_BYTES: Final = " \t\n\v\f\r\x85\xa0"


class _Stream:
    """The tokens, with a place in them; shared by a template and those defined inside it."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0

    def at(self, place: int) -> Token:
        return self.tokens[min(place, len(self.tokens) - 1)]


class _Parser:
    """Parses one template; each `define` and `block` inside it gets a parser of its own on the same stream."""

    def __init__(self, name: str, stream: _Stream, functions: Collection[str], trees: Trees) -> None:
        self.name = name  # of the whole, for messages
        self.stream = stream
        self.functions = functions
        self.trees = trees
        self.variables = ["$"]
        self.range_depth = 0
        self.action_line = 0
        self.line = 0  # of the furthest token this parser has looked at: where Go says a mistake is

    # Tokens

    def look(self, place: int) -> Token:
        token = self.stream.at(place)
        self.line = max(self.line, token.line)
        return token

    def peek(self) -> Token:
        return self.look(self.stream.place)

    def next(self) -> Token:
        token = self.peek()
        self.stream.place += 1
        return token

    def peek_non_space(self) -> Token:
        """Go past space, and return what follows without taking it."""
        while self.peek().kind is Kind.SPACE:
            self.stream.place += 1
        return self.peek()

    def next_non_space(self) -> Token:
        self.peek_non_space()
        return self.next()

    def expect(self, kind: Kind, context: str) -> Token:
        token = self.next_non_space()
        if token.kind is not kind:
            raise self.unexpected(token, context)
        return token

    # Mistakes

    def mistake(self, message: str) -> TemplateError:
        return TemplateError(f"template: {self.name}:{self.line}: {message}")

    def unexpected(self, token: Token, context: str) -> TemplateError:
        if token.kind is not Kind.ERROR:
            return self.mistake(f"unexpected {token} in {context}")
        where = ""
        if self.action_line not in (0, token.line):
            begun = "started" if token.text.endswith(" action") else "in action started"
            where = f" {begun} at {self.name}:{self.action_line}"
        return self.mistake(f"{token}{where}")

    def literal(self, read: Callable[[str], _T], token: Token) -> _T:
        try:
            return read(token.text)
        except LiteralError as error:
            raise self.mistake(str(error)) from None

    # Templates

    def parse_template(self) -> None:
        """Read the whole text, and install its tree under the template's own name."""
        body: list[nodes.Statement] = []
        while self.peek().kind is not Kind.EOF:
            if self.peek().kind is Kind.LEFT:
                left = self.stream.place
                self.next()
                if self.next_non_space().is_keyword("define"):
                    self.inner().parse_definition()
                    continue
                self.stream.place = left
            statement = self.text_or_action()
            if isinstance(statement, str):
                raise self.mistake(f"unexpected {{{{{statement}}}}}")
            body.append(statement)
        self.add(self.name, tuple(body))

    def inner(self) -> _Parser:
        return _Parser(self.name, self.stream, self.functions, self.trees)

    def parse_definition(self) -> None:
        """Read from the name of a `define` to its `end`."""
        name = self.literal(unquote, self.expect(Kind.STRING, "define clause"))
        self.expect(Kind.RIGHT, "define clause")
        body, end = self.statements()
        if end != "end":
            raise self.mistake(f"unexpected {{{{{end}}}}} in define clause")
        self.add(name, body)

    def add(self, name: str, body: tuple[nodes.Statement, ...]) -> None:
        """Install a tree; one of nothing but space never replaces another."""
        if name not in self.trees or _is_empty(self.trees[name]):
            self.trees[name] = body
        elif not _is_empty(body):
            raise self.mistake(f"template: multiple definition of template {quote(name)}")

    def statements(self) -> tuple[tuple[nodes.Statement, ...], str]:
        """Return the statements up to an `end` or `else`, and which of the two it is."""
        body: list[nodes.Statement] = []
        while self.peek_non_space().kind is not Kind.EOF:
            statement = self.text_or_action()
            if isinstance(statement, str):
                return tuple(body), statement
            body.append(statement)
        raise self.mistake("unexpected EOF")

    def text_or_action(self) -> nodes.Statement | str:
        """Return a statement, or the word `end` or `else`."""
        token = self.next_non_space()
        if token.kind is Kind.TEXT:
            return nodes.Text(token.position, token.text)
        if token.kind is not Kind.LEFT:
            raise self.unexpected(token, "input")
        self.action_line = token.line
        statement = self.action()
        self.action_line = 0
        return statement

    # Actions

    def action(self) -> nodes.Statement | str:
        token = self.peek_non_space()
        if token.kind is not Kind.KEYWORD or token.text == "define":
            return nodes.Action(token.position, self.pipeline("command"))
        self.next()
        match token.text:
            case "break" | "continue":
                return self.jump(token)
            case "if" | "with" | "range":
                return self.branch(token.text)
            case "template":
                return self.template_call()
            case "block":
                return self.block()
            case "else":
                return self.otherwise()
        self.expect(Kind.RIGHT, "end")
        return "end"

    def otherwise(self) -> str:
        """Read past an `else`; the `if` or `with` of an `else if` is left for the branch."""
        token = self.peek_non_space()
        if not (token.is_keyword("if") or token.is_keyword("with")):
            self.expect(Kind.RIGHT, "else")
        return "else"

    def jump(self, token: Token) -> nodes.Jump:
        self.expect(Kind.RIGHT, f"{{{{{token.text}}}}}")
        if self.range_depth == 0:
            raise self.mistake(f"{{{{{token.text}}}}} outside {{{{range}}}}")
        return nodes.Jump(token.position, token.text)

    def branch(self, keyword: str) -> nodes.Branch:
        """Read from after the keyword to its `end`; variables declared meanwhile end with it."""
        known = len(self.variables)
        pipe = self.pipeline(keyword)
        self.range_depth += keyword == "range"
        body, end = self.statements()
        self.range_depth -= keyword == "range"
        otherwise: tuple[nodes.Statement, ...] | None = None
        if end == "else":
            if keyword != "range" and self.peek().is_keyword(keyword):  # else if: its end is also ours
                self.next()
                otherwise = (self.branch(keyword),)
            else:
                otherwise, end = self.statements()
                if end != "end":
                    raise self.mistake(f"expected end; found {{{{{end}}}}}")
        del self.variables[known:]
        return nodes.Branch(pipe.position, keyword, pipe, body, otherwise)

    def template_name(self, context: str) -> tuple[int, str]:
        token = self.next_non_space()
        if token.kind is not Kind.STRING:
            raise self.unexpected(token, context)
        return token.position, self.literal(unquote, token)

    def template_call(self) -> nodes.TemplateCall:
        position, name = self.template_name("template clause")
        if self.peek_non_space().kind is Kind.RIGHT:
            self.next()
            return nodes.TemplateCall(position, name, None)
        return nodes.TemplateCall(position, name, self.pipeline("template clause"))

    def block(self) -> nodes.TemplateCall:
        """Read a `block`: a definition and its use in one."""
        position, name = self.template_name("block clause")
        pipe = self.pipeline("block clause")
        parser = self.inner()
        body, end = parser.statements()
        if end != "end":
            raise self.mistake(f"unexpected {{{{{end}}}}} in block clause")
        parser.add(name, body)
        return nodes.TemplateCall(position, name, pipe)

    # Expressions

    def pipeline(self, context: str, end: Kind = Kind.RIGHT) -> nodes.Pipe:
        """Read declarations and commands up to and with `end`."""
        position = self.peek_non_space().position
        variables, assigns = self.declarations(context)
        commands: list[nodes.Command] = []
        while (token := self.peek_non_space()).kind is not end:
            if token.kind not in _OPERANDS:
                raise self.unexpected(token, context)
            commands.append(self.command())
        self.next()
        if not commands:
            raise self.mistake(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], start=2):
            if isinstance(command.args[0], _LITERALS):
                raise self.mistake(f"non executable command in pipeline stage {stage}")
        return nodes.Pipe(position, variables, assigns, tuple(commands))

    def declarations(self, context: str) -> tuple[tuple[nodes.Variable, ...], bool]:
        """Read `$x :=`, `$x =`, or in a range also `$i, $x :=`; return the variables and whether they exist already."""
        variables: list[nodes.Variable] = []
        while (token := self.peek_non_space()).kind is Kind.VARIABLE:
            place = self.stream.place
            self.next()
            follower = self.peek_non_space()
            if follower.kind not in (Kind.ASSIGN, Kind.DECLARE) and (follower.kind, follower.text) != (Kind.CHAR, ","):
                self.stream.place = place
                break
            self.next()
            variables.append(nodes.Variable(token.position, (token.text,)))
            self.variables.append(token.text)
            if follower.kind is not Kind.CHAR:
                return tuple(variables), follower.kind is Kind.ASSIGN
            if context != "range" or len(variables) > 1:
                raise self.mistake(f"too many declarations in {context}")
            if self.peek_non_space().kind not in (Kind.VARIABLE, Kind.RIGHT, Kind.RIGHT_PAREN):
                raise self.mistake("range can only initialize variables")
        return tuple(variables), False

    def command(self) -> nodes.Command:
        """Read operands up to a pipe sign, which is taken, or the end of the pipeline, which is not."""
        args: list[nodes.Operand] = []
        while True:
            self.peek_non_space()
            operand = self.operand()
            if operand is not None:
                args.append(operand)
            token = self.peek()
            if token.kind is Kind.SPACE:
                continue
            if token.kind is Kind.PIPE:
                self.next()
            elif token.kind not in (Kind.RIGHT, Kind.RIGHT_PAREN):
                raise self.unexpected(self.next(), "operand")
            break
        if not args:
            raise self.mistake("empty command")
        return nodes.Command(tuple(args))

    def operand(self) -> nodes.Operand | None:
        """Read a term and the fields asked of it; None when no operand comes next."""
        term = self.term()
        if term is None or self.peek().kind is not Kind.FIELD:
            return term
        position = self.peek().position
        names: list[str] = []
        while self.peek().kind is Kind.FIELD:
            names.append(self.next().text[1:])
        if isinstance(term, _LITERALS):
            raise self.mistake(f"unexpected . after term {quote(str(term))}")
        if isinstance(term, nodes.Field):
            return nodes.Field(position, (*term.names, *names))
        if isinstance(term, nodes.Variable):
            return nodes.Variable(position, (*term.names, *names))
        return nodes.Chain(position, term, tuple(names))

    def term(self) -> nodes.Operand | None:
        token = self.peek_non_space()
        if token.kind not in _OPERANDS:
            return None
        self.next()
        match token.kind:
            case Kind.IDENTIFIER:
                if token.text not in self.functions:
                    raise self.mistake(f"function {quote(token.text)} not defined")
                return nodes.Identifier(token.position, token.text)
            case Kind.VARIABLE:
                if token.text not in self.variables:
                    raise self.mistake(f"undefined variable {quote(token.text)}")
                return nodes.Variable(token.position, (token.text,))
            case Kind.FIELD:
                return nodes.Field(token.position, (token.text[1:],))
            case Kind.DOT:
                return nodes.Dot(token.position)
            case Kind.NIL:
                return nodes.Nil(token.position)
            case Kind.LEFT_PAREN:
                return self.pipeline("parenthesized pipeline", Kind.RIGHT_PAREN)
        return self.constant(token)

    def constant(self, token: Token) -> nodes.Operand:
        if token.kind is Kind.BOOL:
            return nodes.BoolLiteral(token.position, token.text == "true")
        if token.kind is Kind.STRING:
            return nodes.StringLiteral(token.position, token.text, self.literal(unquote, token))
        if token.kind is Kind.CHAR_LITERAL:
            code = self.literal(unquote_char, token)
            return nodes.NumberLiteral(token.position, token.text, Number(code, code))
        return nodes.NumberLiteral(token.position, token.text, self.literal(parse_number, token))


Trees = dict[str, tuple[nodes.Statement, ...]]


def _is_empty(body: tuple[nodes.Statement, ...]) -> bool:
    return all(isinstance(statement, nodes.Text) and not statement.text.strip(_SPACE_BYTES) for statement in body)


def parse_trees(text: str, *, name: str, functions: Collection[str]) -> Trees:
    """Return the template and those defined inside it, by name; `TemplateError` when the text is no template."""
    trees: Trees = {}
    parser = _Parser(name, _Stream(tokenize(text)), functions, trees)
    try:
        parser.parse_template()
    except RecursionError:
        raise parser.mistake("expression nested too deeply") from None
    return trees
