"""Complete one command line: what the scripts do in their shells, for whoever asks the program itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from prunecli.completion import values
from prunecli.completion.tree import Command, Option

Names = Callable[[str, str, str], Iterable[str]]
"""What the store holds: `(what, prefix, store)`, the store as typed or empty."""

LIVE = frozenset({"--host", "--context", "--engine"})
"""With one of these the names in the store say nothing: another world is meant."""

_NUMBER = re.compile(r"([0-9]+\.?[0-9]*)([A-Za-z]*)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What can stand here. `words` map each candidate to its sentence, empty for values.

    `open` are candidates that are not the end of a word; `paths` is `file` or `dir` where the shell is to offer names.
    """

    words: dict[str, str] = field(default_factory=dict)
    paths: str = ""

    @property
    def open(self) -> tuple[str, ...]:
        """The candidates after which a person goes on typing."""
        return tuple(word for word in self.words if word.endswith(("=", ":", "/")))


@dataclass(slots=True)
class _Place:
    """Where the cursor stands: after which command, and what was said before."""

    command: Command | None
    given: set[str] = field(default_factory=set)
    arguments: int = 0
    waiting: Option | None = None
    plain: bool = False
    live: bool = False
    store: str = ""


def complete(root: Command, before: Sequence[str], word: str, names: Names) -> Answer:
    """Return what can replace `word`, the piece left of the cursor; `before` are the words that precede it."""
    place = _Place(root)
    for earlier in before:
        _pass(place, earlier)
    if place.command is None:
        return Answer()
    find = _silent if place.live else names
    if place.waiting:
        return _values(place.waiting.values, word, "", place.store, find)
    if not place.plain and word.startswith("--") and "=" in word:
        name, _, value = word.partition("=")
        option = place.command.option(name)
        return _values(option.values, value, f"{name}=", place.store, find) if option else Answer()
    if not place.plain and word.startswith("-"):
        return _options(place, word)
    if place.command.commands:
        return Answer({c.path[-1]: c.summary for c in place.command.commands if c.path[-1].startswith(word)})
    sources = place.command.arguments
    return (
        _values(sources[min(place.arguments, len(sources) - 1)], word, "", place.store, find) if sources else Answer()
    )


def _pass(place: _Place, word: str) -> None:
    """Take note of one word left of the cursor."""
    if place.waiting:
        _note(place, place.waiting, word)
        place.waiting = None
    elif place.command is None:
        return
    elif not place.plain and word.startswith("-") and word != "-":
        _pass_options(place, place.command, word)
    elif place.command.commands:
        place.command = place.command.below(word)
        place.given.clear()
    else:
        place.arguments += 1


def _pass_options(place: _Place, command: Command, word: str) -> None:
    if word == "--":
        place.plain = True
        return
    name, equals, value = word.partition("=")
    forms = [name] if word.startswith("--") else [f"-{letter}" for letter in name[1:]]
    for form in forms:
        option = command.option(form)
        if option is None:
            continue
        place.given.add(option.long)
        if equals or option.switch or option.optional:
            _note(place, option, value)
        else:
            place.waiting = option


def _note(place: _Place, option: Option, value: str) -> None:
    if option.long == "--store":
        place.store = value
    place.live = place.live or option.long in LIVE


def _options(place: _Place, word: str) -> Answer:
    assert place.command is not None  # noqa: S101 - asked before
    offered: dict[str, str] = {}
    for option in place.command.options:
        if option.long in place.given and not option.repeatable:
            continue
        forms = (*option.names, f"{option.long}=") if option.optional else option.names
        offered |= {form: option.summary for form in forms if form.startswith(word)}
    return Answer(offered)


def _values(source: str, word: str, prefix: str, store: str, names: Names) -> Answer:
    kind, _, rest = source.partition(" ")
    if kind == "filter":
        key, equals, value = word.partition("=")
        if equals:
            return _values(values.FILTERS[rest].get(key, ""), value, f"{prefix}{key}=", store, names)
        candidates: Iterable[str] = (f"{key}=" for key in values.FILTERS[rest])
    elif kind == "words":
        candidates = rest.split()
    elif kind in _UNITS:
        candidates = _with_units(word, _UNITS[kind])
    elif kind == "names":
        candidates = names(rest, word, store)
    else:
        return Answer(paths=kind)
    return Answer({prefix + candidate: "" for candidate in candidates if candidate.startswith(word)})


_UNITS = {"size": values.SIZE_UNITS, "duration": values.DURATION_UNITS, "age": values.AGE_UNITS}


def _with_units(word: str, units: Iterable[str]) -> list[str]:
    match = _NUMBER.fullmatch(word)
    return [match[1] + unit for unit in units] if match else []


def _silent(_what: str, _prefix: str, _store: str) -> list[str]:
    return []
