"""The states of a regular expression, followed side by side, each step remembered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from prunecli.goregexp.effort import Effort
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

Matcher = Callable[[str], bool]

_STEP_SIZE = 100  # bytes, roughly
_STATE_SIZE = 600

_WORDS = re.compile(r"(\^?)(?:\((?:\?:)?(\w+(?:\|\w+)*)\)|(\w+))(\$?)", re.ASCII)


def compile_regexp(pattern: str, effort: Effort | None = None) -> Matcher:
    """Return a function that says whether a text contains a match.

    Alternatives of plain words, as in `^(id1|id2|id3)$`, are looked up, however many there are. With an `effort` the
    work is shared with other expressions.
    Errors: RegexpError for what Go refuses, FilterError for what is not supported or takes too much; the function, too,
    raises a FilterError when the work gets too much.
    """
    effort = effort or Effort()
    plain = _WORDS.fullmatch(pattern)
    effort.begin(words=plain is not None)
    if plain is not None:
        words = (plain[2] or plain[3]).split("|")
        return _word_matcher(words, at_start=bool(plain[1]), at_end=bool(plain[4]))
    return _Machine(parse_pattern(pattern), effort).matches


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

_MATCH = 1
_START = 2
_FIRST = 2  # the bit of the first consumer; those before it stand for the match and for the start


@dataclass(eq=False, slots=True)
class _State:
    """Which consumers have taken the last character, one bit each, and what that character was."""

    taken: int
    before: str
    steps: dict[str, _State] = field(default_factory=dict)


_MATCHED = _State(_MATCH, "")


class _Machine:
    """A program of states, and what has been learnt about its steps.

    A set of states is a number with one bit for each instruction that consumes a character, in the order of the
    pattern, so that most of them lead to their neighbour and one shift moves them all.
    """

    def __init__(self, node: Node, effort: Effort) -> None:
        self._effort = effort
        self._program: list[_Instruction] = [None]
        self._start = self._emit(node, 0)
        self._checks = any(isinstance(instruction, _Check) for instruction in self._program)
        # The program is written back to front.
        consumers = [at for at, what in enumerate(self._program) if isinstance(what, _Consume)]
        self._bits = {at: 1 << number for number, at in enumerate(reversed(consumers), _FIRST)}
        self._by_test: dict[Matcher, int] = {}
        for at, bit in self._bits.items():
            test = cast("_Consume", self._program[at]).test
            self._by_test[test] = self._by_test.get(test, 0) | bit
        self._first = _State(_START, "edge" if self._checks else "")
        self._forget()

    def matches(self, text: str) -> bool:
        """Say whether the text contains a match."""
        state = self._first
        for char in text:
            state = state.steps.get(char) or self._step(state, char)
            if state is _MATCHED:
                return True
        return (state.steps.get("") or self._step(state, "")) is _MATCHED

    def _step(self, state: _State, char: str) -> _State:
        """Return the state after one more character; the empty one is the end of the text."""
        after = _surrounding(char) if self._checks else ""
        ways = self._ways.get((state.before, after)) or self._learn_ways(state.before, after)
        self._effort.spend(ways.cost)
        waiting = ways.follow(state.taken)
        following = _MATCHED
        if not waiting & _MATCH:
            accepting = self._accepting.get(char)
            if accepting is None:
                accepting = self._learn_char(char)
            taken = waiting & accepting | _START  # a match may begin anywhere
            following = self._states.get((taken, after)) or self._learn_state(taken, after)
        state.steps[char] = following
        self._remember(_STEP_SIZE)
        return following

    def _learn_ways(self, before: str, after: str) -> _Ways:
        reach = self._find_reach(before, after)
        ways = self._ways[before, after] = _find_ways(self._program, self._bits, reach, self._start)
        self._remember(ways.size)
        return ways

    def _find_reach(self, before: str, after: str) -> list[int]:
        """Return for each instruction which consumers are reached from it without a character between."""
        reach = [0] * len(self._program)
        changed = True
        while changed:  # once more for each loop around a loop
            self._effort.spend(2 * len(self._program) * _unit(len(self._program)))
            changed = False
            for at, instruction in enumerate(self._program):
                match instruction:
                    case None:
                        found = _MATCH
                    case _Consume():
                        found = self._bits[at]
                    case _Check(place, then):
                        found = reach[then] if _holds(place, before, after) else 0
                    case _Fork(ways):
                        found = 0
                        for way in ways:
                            found |= reach[way]
                if found != reach[at]:
                    reach[at], changed = found, True
        return reach

    def _learn_char(self, char: str) -> int:
        self._effort.spend(4 * len(self._by_test))
        accepting = 0
        if char:
            for test, bits in self._by_test.items():
                if test(char):
                    accepting |= bits
        self._accepting[char] = accepting
        self._remember(_STEP_SIZE + len(self._program) // 8)
        return accepting

    def _learn_state(self, taken: int, after: str) -> _State:
        state = self._states[taken, after] = _State(taken, after)
        self._remember(_STATE_SIZE + len(self._program) // 8)
        return state

    def _remember(self, size: int) -> None:
        """Count what was learnt, in bytes; when it is too much, everything learnt is forgotten."""
        self._learnt += size
        if self._learnt > self._effort.memory:
            self._forget()

    def _forget(self) -> None:
        self._learnt = 0
        self._first.steps.clear()
        self._states: dict[tuple[int, str], _State] = {}
        self._accepting: dict[str, int] = {}
        self._ways: dict[tuple[str, str], _Ways] = {}

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
        self._effort.claim_state()
        self._program.append(instruction)
        return len(self._program) - 1


@dataclass(frozen=True, slots=True)
class _Ways:
    """Where the consumers lead between two neighbouring characters.

    Those in `shifted` lead to their neighbour; beyond that, `groups` holds consumers with all that they lead to.
    """

    shifted: int
    groups: tuple[tuple[int, int], ...]
    cost: int
    size: int

    def follow(self, taken: int) -> int:
        """Return what waits for the next character, and the bit of the match when one is reached."""
        waiting = (taken & self.shifted) << 1
        for consumers, further in self.groups:
            if taken & consumers:
                waiting |= further
        return waiting


def _find_ways(program: list[_Instruction], bits: Mapping[int, int], reach: list[int], start: int) -> _Ways:
    """Return the ways of all consumers, given what is reached from each instruction without a character between."""
    shifted = 0
    groups: dict[int, int] = {}
    for bit, then in [(_START, start), *((bit, cast("_Consume", program[at]).then) for at, bit in bits.items())]:
        further = reach[then]
        if further & bit << 1 and bit != _START:
            shifted |= bit
            further ^= bit << 1
        if further:
            groups[further] = groups.get(further, 0) | bit
    cost = 20 + len(program) // 500 + len(groups) * _unit(len(program))
    return _Ways(
        shifted, tuple((to, further) for further, to in groups.items()), cost, len(groups) * (200 + len(bits) // 4)
    )


def _unit(instructions: int) -> int:
    """Return the work of joining two sets of states."""
    return 1 + instructions // 4000


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
