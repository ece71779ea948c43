"""The states of a regular expression, followed side by side, each step remembered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from prunecli.goregexp.classes import RegexpError
from prunecli.goregexp.syntax import (
    Alternation,
    Assertion,
    Character,
    Node,
    Place,
    Repetition,
    Sequence,
    parse_pattern,
)

_MAX_STATES = 10_000
_MAX_MEMORY = 50_000  # remembered steps; then everything learnt is forgotten

Matcher = Callable[[str], bool]

_WORDS = re.compile(r"(\^?)(?:\((?:\?:)?(\w+(?:\|\w+)*)\)|(\w+))(\$?)", re.ASCII)


def compile_regexp(pattern: str) -> Matcher:
    """Return a function that says whether a text contains a match.

    Alternatives of plain words, as in `^(id1|id2|id3)$`, are looked up, however many there are.
    Errors: RegexpError for what Go refuses, and for what this module does not support.
    """
    plain = _WORDS.fullmatch(pattern)
    if plain is not None:
        words = (plain[2] or plain[3]).split("|")
        return _word_matcher(words, at_start=bool(plain[1]), at_end=bool(plain[4]))
    return _Machine(parse_pattern(pattern)).matches


def _word_matcher(words: Iterable[str], *, at_start: bool, at_end: bool) -> Matcher:
    unique = tuple(dict.fromkeys(words))
    if at_start and at_end:
        return frozenset(unique).__contains__
    if at_start:
        return lambda text: text.startswith(unique)
    if at_end:
        return lambda text: text.endswith(unique)
    return lambda text: any(word in text for word in unique)


@dataclass(frozen=True, slots=True)
class _Consume:
    test: Matcher
    then: int


@dataclass(frozen=True, slots=True)
class _Check:
    place: Place
    then: int


@dataclass(slots=True)
class _Fork:
    ways: tuple[int, ...]


_Instruction = _Consume | _Check | _Fork | None
"""None is the match itself."""


@dataclass(eq=False, slots=True)
class _State:
    """The instructions that wait for the next character, and what stood before it."""

    waiting: frozenset[int]
    before: str
    steps: dict[str, _State] = field(default_factory=dict)


_MATCHED = _State(frozenset(), "")


class _Machine:
    """A program of states, and what has been learnt about its steps."""

    def __init__(self, node: Node) -> None:
        self._program: list[_Instruction] = [None]
        self._start = self._emit(node, 0)
        self._first = _State(frozenset(), "edge")
        self._forget()

    def matches(self, text: str) -> bool:
        """Say whether the text contains a match."""
        state = self._first
        for char in text:
            state = state.steps.get(char) or self._step(state, char)
            if state is _MATCHED:
                return True
        return self._step(state, "") is _MATCHED

    def _step(self, state: _State, char: str) -> _State:
        """Return the state after one more character; the empty one is the end of the text."""
        after = _surrounding(char)
        consumers = self._follow(state, after)
        following = _MATCHED
        if consumers is not None:
            waiting = frozenset(c.then for c in consumers if char and c.test(char))
            following = self._states.setdefault((waiting, after), _State(waiting, after))
        self._learnt += 1
        if self._learnt > _MAX_MEMORY:
            self._forget()
        else:
            state.steps[char] = following
        return following

    def _follow(self, state: _State, after: str) -> list[_Consume] | None:
        """Return what can consume the next character, or None when a match is reached before it."""
        found: list[_Consume] = []
        seen: set[int] = set()
        todo = [self._start, *state.waiting]  # a match may begin anywhere, so the start waits in every state
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            instruction = self._program[at]
            if instruction is None:
                return None
            if isinstance(instruction, _Consume):
                found.append(instruction)
            elif isinstance(instruction, _Fork):
                todo.extend(instruction.ways)
            elif _holds(instruction.place, state.before, after):
                todo.append(instruction.then)
        return found

    def _forget(self) -> None:
        self._learnt = 0
        self._first.steps.clear()
        self._states: dict[tuple[frozenset[int], str], _State] = {}

    def _emit(self, node: Node, then: int) -> int:
        """Add a node's instructions, which go on at `then`, and return where they begin."""
        match node:
            case Character(test):
                return self._add(_Consume(test, then))
            case Assertion(place):
                return self._add(_Check(place, then))
            case Sequence(nodes):
                for part in reversed(nodes):
                    then = self._emit(part, then)
                return then
            case Alternation(nodes):
                return self._add(_Fork(tuple(self._emit(part, then) for part in nodes)))
            case Repetition(part, low, high):
                return self._emit_repetition(part, low, high, then)

    def _emit_repetition(self, part: Node, low: int, high: int | None, then: int) -> int:
        end = then
        if high is None:
            loop = _Fork(())
            then = self._add(loop)
            body = self._emit(part, then)
            loop.ways = (body, end)
            if low:
                then, low = body, low - 1
        else:
            for _ in range(high - low):
                then = self._add(_Fork((self._emit(part, then), end)))
        for _ in range(low):
            then = self._emit(part, then)
        return then

    def _add(self, instruction: _Instruction) -> int:
        if len(self._program) >= _MAX_STATES:
            raise RegexpError("expression too large")
        self._program.append(instruction)
        return len(self._program) - 1


def _surrounding(char: str) -> str:
    """Return what a neighbouring character is to an assertion."""
    if not char:
        return "edge"
    if char == "\n":
        return "line"
    return "word" if char.isascii() and (char.isalnum() or char == "_") else "other"


def _holds(place: Place, before: str, after: str) -> bool:
    """Say whether an assertion holds between two neighbours."""
    match place:
        case Place.TEXT_START:
            return before == "edge"
        case Place.TEXT_END:
            return after == "edge"
        case Place.LINE_START:
            return before in ("edge", "line")
        case Place.LINE_END:
            return after in ("edge", "line")
        case Place.WORD_EDGE:
            return (before == "word") != (after == "word")
        case Place.NO_WORD_EDGE:
            return (before == "word") == (after == "word")
