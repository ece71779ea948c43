"""Random regular expressions and texts: `python -m tests.fuzz.patterns --seconds 60 --seed 1 [--go go]`.

Each answer is compared with that of a slow matcher that follows the tree, and with `--go COMMAND`, a Go toolchain, with
Go's own. A Go without a proxy is enough: `patterns.go` needs its standard library alone.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from prunecli.errors import FilterError
from prunecli.goregexp import RegexpError, compile_regexp
from prunecli.goregexp.syntax import Alternation, Assertion, Character, Node, Place, Repetition, Sequence, parse_pattern

_ATOMS = [
    *"aabbk1_ .^$",
    "[ab]",
    "[^a]",
    "[a-c1-3]",
    "[^\\d]",
    "[[:alpha:]]",
    "[[:^space:]_]",
    "[k\\-x]",
    "[]a]",
    "(?:)",
]
_ESCAPES = [r"\d", r"\D", r"\w", r"\W", r"\s", r"\b", r"\B", r"\A", r"\z", r"\pL", r"\P{Lu}", r"\x61", r"\Qa.\E", r"\n"]
_SHAPES = ["({})", "(?:{})", "(?i:{})", "(?s:{})", "(?m){}", "(?i){}", "(?P<n>{})", "{}|{}", "{}{}", "{}{}", "{}{}{}"]
_REPEATS = ["*", "+", "?", "*?", "{2}", "{1,3}", "{0,2}", "{2,}", "{0}", "{0,30}", "{40}"]
_CHARS = "aaabbbk1_ .\nAK\u212a\u017fs\u00e9\u00c9\u4e16"
_NOISE = r"ab()[]{}|*+?^$.\-1,pPdiQEzx=:<>&"


@dataclass(frozen=True)
class Question:
    """A pattern and the texts that it is held against."""

    pattern: str
    texts: tuple[str, ...]


def questions(seed: int) -> Iterator[Question]:
    """Yield questions without end; the same seed gives the same ones."""
    dice = random.Random(seed)
    while True:
        pattern = _pattern(dice, dice.randrange(5))
        if dice.random() < 0.2:
            at = dice.randrange(len(pattern) + 1)
            pattern = pattern[:at] + dice.choice(_NOISE) + pattern[at + dice.randrange(2) :]
        texts = ("".join(dice.choices(_CHARS, k=dice.randrange(12))) for _ in range(6))
        yield Question(pattern, (*texts, "ab" * dice.randrange(60)))


def _pattern(dice: random.Random, depth: int) -> str:
    if depth == 0:
        return dice.choice(_ATOMS) if dice.random() < 0.7 else dice.choice(_ESCAPES)
    shape = dice.choice(_SHAPES)
    made = shape.format(*(_pattern(dice, depth - 1) for _ in range(shape.count("{}"))))
    return f"(?:{made}){dice.choice(_REPEATS)}" if dice.random() < 0.4 else made


def ours(question: Question) -> list[bool] | None:
    """Return whether each text matches, None where the pattern is refused."""
    try:
        matches = compile_regexp(question.pattern)
    except RegexpError:
        return None
    return [matches(text) for text in question.texts]


def slowly(question: Question) -> list[bool] | None:
    """Return the same, found by following the tree with sets of places."""
    try:
        node = parse_pattern(question.pattern)
    except RegexpError:
        return None
    return [bool(_ends(node, text, set(range(len(text) + 1)))) for text in question.texts]


def _ends(node: Node, text: str, starts: set[int]) -> set[int]:
    match node:
        case Character(test):
            return {at + 1 for at in starts if at < len(text) and test(text[at])}
        case Assertion(place):
            return {at for at in starts if _holds(place, text, at)}
        case Sequence(nodes):
            for part in nodes:
                starts = _ends(part, text, starts)
            return starts
        case Alternation(nodes):
            return set().union(*(_ends(part, text, starts) for part in nodes))
        case Repetition(part, low, high):
            for _ in range(low):
                starts = _ends(part, text, starts)
            found, turns = set(starts), low
            while starts and (high is None or turns < high):
                starts, turns = _ends(part, text, starts) - found, turns + 1
                found |= starts
            return found


def _holds(place: Place, text: str, at: int) -> bool:
    before, after = text[at - 1 : at] if at else "", text[at : at + 1]
    word_edge = _is_word(before) != _is_word(after)
    return {
        Place.TEXT_START: at == 0,
        Place.TEXT_END: at == len(text),
        Place.LINE_START: before in ("", "\n"),
        Place.LINE_END: after in ("", "\n"),
        Place.WORD_EDGE: word_edge,
        Place.NO_WORD_EDGE: not word_edge,
    }[place]


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def ask_go(command: str, asked: Iterable[Question]) -> list[list[bool] | None]:
    """Return Go's answers."""
    lines = "".join(json.dumps({"pattern": q.pattern, "texts": q.texts}) + "\n" for q in asked)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "patterns"
        source = Path(__file__).with_name("patterns.go")
        subprocess.run([command, "build", "-o", program, source], check=True)
        told = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout
    answers = [json.loads(line) for line in told.splitlines()]
    return [None if answer["error"] else answer["found"] for answer in answers]


def main() -> int:
    """Compare until the time is over; print each difference with its seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--go", metavar="COMMAND", default="")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    end = time.monotonic() + options.seconds
    asked: list[Question] = []
    wrong: list[str] = []
    refused = 0
    for question in questions(options.seed):
        if time.monotonic() > end:
            break
        try:
            found, expected = ours(question), slowly(question)
        except FilterError:
            refused += 1
            continue
        asked.append(question)
        if found != expected:
            wrong.append(f"{question!r}: {found}, followed slowly {expected}")
    if options.go:
        for question, expected in zip(asked, ask_go(options.go, asked), strict=True):
            found = ours(question)
            if found != expected:
                wrong.append(f"{question!r}: {found}, Go says {expected}")
    print(*wrong[:40], sep="\n", end="\n" if wrong else "")
    print(f"{len(asked)} patterns, {refused} not supported, {len(wrong)} differences")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
