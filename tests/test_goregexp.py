"""Go's regular expressions."""

from __future__ import annotations

import random
import re
import tracemalloc
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli.errors import FilterError
from prunecli.filters import CacheFilter
from prunecli.goregexp import Effort, RegexpError, compile_regexp
from tests.fuzz.patterns import ours, questions, slowly


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        pytest.param("alpine", "pulled from alpine:3.20", True, id="a match may be anywhere"),
        pytest.param("", "", True, id="nothing matches everything"),
        pytest.param("^a$", "a", True, id="anchored at both ends"),
        pytest.param("^a$", "a\n", False, id="the end is the end and not before a last line feed"),
        pytest.param("^(ab|cd)$", "cd", True, id="one of some words"),
        pytest.param("^(ab|cd)$", "xcd", False, id="none of some words"),
        pytest.param("^(?:ab|cd)", "cdx", True, id="words at the start"),
        pytest.param("(ab|cd)$", "xcd", True, id="words at the end"),
        pytest.param("(ab|cd)$", "cdx", False, id="words not at the end"),
        pytest.param("ab|cd", "xcdx", True, id="bare words"),
        pytest.param("^ab|cd$", "abx", True, id="an anchor binds closer than an alternative"),
        pytest.param("^.{3}$", "a\u00e91", True, id="a dot is a character and not a byte"),
        pytest.param("a.b", "a\nb", False, id="a dot is no line feed"),
        pytest.param("(?s)a.b", "a\nb", True, id="unless it is told to be"),
        pytest.param("a[^x]b", "a\nb", True, id="a negated class takes a line feed"),
        pytest.param("(?m)^b$", "a\nb\nc", True, id="lines when asked for"),
        pytest.param("^b$", "a\nb\nc", False, id="and not otherwise"),
        pytest.param(r"\bfoo\b", "a foo b", True, id="whole words"),
        pytest.param(r"\bfoo\b", "afoo", False, id="no part of a word"),
        pytest.param(r"\bb", "\u00e9b", True, id="letters beyond ASCII end a word"),
        pytest.param(r"\Bb", "\u00e9b", False, id="and so are no inside of one"),
        pytest.param(r"\A\d+\z", "123", True, id="digits"),
        pytest.param(r"\d", "\u0663", False, id="digits are ASCII"),
        pytest.param(r"\s", "\v", False, id="a vertical tab is no Perl space"),
        pytest.param("[[:space:]]", "\v", True, id="but a POSIX one"),
        pytest.param("[[:^alpha:]]", "a", False, id="a negated POSIX class"),
        pytest.param("[[:alpha:]x-z0]", "0", True, id="a class of several kinds"),
        pytest.param("[]a]", "]", True, id="a bracket first in a class"),
        pytest.param("[a-]", "-", True, id="a dash last in a class"),
        pytest.param("[^]a]", "]", False, id="a bracket first in a negated class"),
        pytest.param(r"[\d\-x]", "-", True, id="escapes in a class"),
        pytest.param(r"^[\D]$", "5", False, id="a negated class in a class"),
        pytest.param("(?i)LaYeR", "a layer", True, id="any case"),
        pytest.param("(?i)[a-c]", "B", True, id="any case in a class"),
        pytest.param("(?i)\u017f", "s", True, id="the long s is an s"),
        pytest.param("(?i)k", "\u212a", True, id="and the Kelvin sign a k"),
        pytest.param("(?i:a)B", "Ab", False, id="flags end with their group"),
        pytest.param("(?i)a(?-i)B", "AB", True, id="flags can be taken back"),
        pytest.param("a(?i)b|c", "C", True, id="flags reach over alternatives"),
        pytest.param("(a(?i)b)c", "aBC", False, id="and no further than the group"),
        pytest.param(r"\p{Lu}", "a\u00c9", True, id="a category"),
        pytest.param(r"\PL", "a1", True, id="all but a category"),
        pytest.param(r"\p{^L}", "ab", False, id="a negated category"),
        pytest.param(r"\x41\x{42}\103\t", "ABC\t", True, id="characters by number"),
        pytest.param(r"\Qa.b\E+", "a.bbb", True, id="a quotation"),
        pytest.param(r"\Qa.b", "axb", False, id="a quotation without an end"),
        pytest.param("^a{2,3}$", "aaaa", False, id="counted, too many"),
        pytest.param("^a{2,}$", "aaaa", True, id="counted without a bound"),
        pytest.param("^a{0}$", "", True, id="counted to nothing"),
        pytest.param("^((a{500}){0}){500}$", "", True, id="what is left out is not counted"),
        pytest.param("a{,2}", "a{,2}", True, id="a brace that counts nothing"),
        pytest.param("a{02}", "a{02}", True, id="a count with a zero in front is none"),
        pytest.param("^(?P<x>a)(?<y>b)$", "ab", True, id="named groups"),
        pytest.param("^(?P<x>a)(?P<x>b)$", "ab", True, id="even with one name"),
        pytest.param("^(a*?)+$", "aaa", True, id="lazy or not is the same"),
        pytest.param("()*x", "x", True, id="nothing, any number of times"),
        pytest.param("(|a)+$", "b", True, id="an empty alternative"),
        pytest.param("a(?i)*", "", True, id="flags stand between nothing"),
    ],
)
def test_matches(pattern: str, text: str, found: bool) -> None:
    """A pattern means what it means to Go."""
    assert compile_regexp(pattern)(text) is found


_NO_REPEAT = ["*", "a**", "a{2}*", "a*??", "|*", "(*)", "a{1001}", "a{2,1}", "(a{50}){50}"]
_NO_CLASS = ["[a", "[", "[]", "[^", "[b-a]", "[[:foo:]]", r"[[:a]b:]]", r"[a-\d]", r"\p{Xx}", r"\p"]
_NO_ESCAPE = ["\\", r"\1", r"\8", r"\C", r"\Z", r"\q", r"\u0041", r"\x{}", r"\x4", r"\x{110000}", "\udcff"]
_NO_GROUP = ["(a", "a)", "(?=a)", "(?<=a)", "(?P=x)", "(?P<>a)", "(?-)", "(?i-)", "(?x)"]


@pytest.mark.parametrize("pattern", [*_NO_REPEAT, *_NO_CLASS, *_NO_ESCAPE, *_NO_GROUP])
def test_mistakes(pattern: str) -> None:
    """What Go refuses is refused."""
    with pytest.raises(RegexpError):
        compile_regexp(pattern)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        pytest.param("(" * 101 + ")" * 101, "nests too deeply", id="groups in groups"),
        pytest.param("a" * 10_001 + "*", "more than 10000 parts", id="a long one"),
        pytest.param("[ab]{1000}c" * 11, "more than 10000 parts", id="many repetitions"),
        pytest.param(r"\p{Greek}", "Unicode scripts", id="a script"),
    ],
)
def test_limits(pattern: str, why: str) -> None:
    """What Go may take, and we do not, is refused in a sentence, and not taken for what matches nothing."""
    with pytest.raises(FilterError, match=why):
        compile_regexp(pattern)("a")


def test_too_many() -> None:
    """So are more expressions for one question than can be looked for."""
    words = CacheFilter(tuple(f"description~=word{n}" for n in range(320)))
    assert words.match({"description": "a word319"}.get)

    with pytest.raises(FilterError, match="or 320 that are plain words"):
        CacheFilter(tuple(f"description~=a.{n}" for n in range(33)))


@pytest.mark.parametrize("number", [1, 9])
def test_the_work_is_bounded(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern whose every step is a new set of states is refused, all its like together."""
    monkeypatch.setattr("prunecli.goregexp.effort._START", 300_000)
    wanted = CacheFilter(tuple(f'description~="[ab]*a[ab]{{{1000 - n}}}c"' for n in range(number)))
    dice = random.Random(number)
    texts = ["".join(dice.choices("ab", k=1_000)) for _ in range(40)]
    done: list[bool] = []

    with pytest.raises(FilterError, match="too costly"):
        done.extend(wanted.match({"description": text}.get) for text in texts)

    assert len(done) < 20 / number


def test_cheap_work_is_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been learnt costs nothing more, and every object brings its own share."""
    monkeypatch.setattr("prunecli.goregexp.effort._START", 30_000)
    wanted = CacheFilter((r'description~="RUN (make|ninja) .* of [0-9]+$"',))

    assert [n for n in range(2_000) if wanted.match({"description": f"RUN make target {n} of 3"}.get)] == [
        *range(2_000)
    ]


def test_memory_is_bounded() -> None:
    """What is remembered about such a pattern stays within its share."""
    effort = Effort()
    effort.expressions = 31
    matches = compile_regexp("[ab]*a[ab]{1000}c", effort)
    dice = random.Random(1)
    tracemalloc.start()
    try:
        matches("".join(dice.choices("ab", k=8_000)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert effort.memory / 4 < peak < 2 * effort.memory


def test_many_words() -> None:
    """Thousands of plain words are looked up, where a program of states would be too large."""
    words = [f"id{n:05d}" for n in range(20_000)]
    chosen = compile_regexp(f"^({'|'.join(words)})$")
    assert chosen("id19999")
    assert not chosen("id1999")


@pytest.mark.parametrize(
    ("pattern", "end"),
    [("^(a+)+$", "b"), ("^(a|a)*$", "b"), ("(a*)*b", ""), ("(x?x?){300}y", ""), ("(.*)(.*)(.*)(.*)(.*)[^a]$", "")],
)
def test_patient_patterns(pattern: str, end: str) -> None:
    """A pattern that keeps a backtracking engine busy for years gets its answer."""
    assert not compile_regexp(pattern)("a" * 3000 + end)


def test_forgetting() -> None:
    """What was learnt is dropped when it gets too much, and answers stay right."""
    matches = compile_regexp("^(..)*x$")
    for n in range(0, 60_000, 500):
        text = "".join(chr(0x4E00 + (n + i) % 20_000) for i in range(500))
        assert not matches(text)
        assert matches(f"{text}x")


_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", "^", "1", "_"])


@st.composite
def _patterns(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0:
        return draw(_ATOMS)
    inner = _patterns(depth=depth - 1)
    shape = draw(
        st.sampled_from(["{}", "{}{}", "{}|{}", "(?:{})*", "(?:{})+", "(?:{})?", "(?:{}){{1,2}}", "({})", r"{}\b"])
    )
    return shape.format(*(draw(inner) for _ in range(shape.replace("{{", "").count("{}"))))


@given(_patterns(), st.text("ab1_ \n", max_size=8))
def test_agrees_with_python(pattern: str, text: str) -> None:
    """Where Go and Python mean the same, both find the same."""
    assert compile_regexp(pattern)(text) is bool(re.search(pattern, text, re.ASCII))


@given(st.text(r"ab()[]{}|*+?^$.\-1,pPLdi:<>Qx=!&", max_size=12), st.text("ab1-", max_size=5))
def test_never_surprised(pattern: str, text: str) -> None:
    """Any text at all is either a pattern or refused as none."""
    try:
        matches = compile_regexp(pattern)
    except RegexpError:
        return
    assert matches(text) in (True, False)


def test_a_round_of_random_patterns() -> None:
    """Random patterns give the answers of a slow matcher that follows the tree; the module has longer rounds."""
    for question in islice(questions(seed=7), 400):
        assert ours(question) == slowly(question), question
