"""Which world a command works on - what was named, and by what - and the name that a world has itself.

A world is named by flags, or else by the environment, or else by what `prunecli use` keeps. Nothing is guessed: more
than one name on a level is refused, and without any there is no choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from prunecli.errors import PrunecliError

ENGINE = "engine"
STORE = "store"
WORLD_VARIABLE = "PRUNECLI_WORLD"
STORE_VARIABLE = "PRUNECLI_STORE"
_LONGEST = 1000  # characters of a kept name


class Way(StrEnum):
    """How a world can be named."""

    STORE = STORE
    """The state store, wherever that is."""
    HOST = "host"
    """An Engine by its address."""
    CONTEXT = "context"
    """An Engine by a context of the Docker client."""
    ENGINE = ENGINE
    """The Engine that docker itself would use."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A world as it was named: `value` is an address, or a context's name; `by` says in words what named it."""

    way: Way
    value: str = ""
    by: str = ""

    @property
    def live(self) -> bool:
        """Whether it is a live Engine."""
        return self.way is not Way.STORE


class Flags(NamedTuple):
    """The global options that name a world, as typed; None is "not given"."""

    store: str | None = None
    host: str | None = None
    context: str | None = None
    engine: bool = False

    @property
    def names_engine(self) -> bool:
        """Whether one of them names a live Engine."""
        return self.engine or self.host is not None or self.context is not None

    def choice(self) -> Choice | None:
        """Return what they name, None when they name nothing.

        Errors: PrunecliError for more than one of them, and for a store without a name.
        """
        given = [
            Choice(way, value or "", f"--{way}")
            for way, value in (
                (Way.STORE, self.store),
                (Way.HOST, self.host),
                (Way.CONTEXT, self.context),
                (Way.ENGINE, "" if self.engine else None),
            )
            if value is not None
        ]
        if len(given) > 1:
            raise PrunecliError(f"conflicting options: cannot specify both {given[0].by} and {given[1].by}")
        if self.store == "":
            raise PrunecliError('--store needs the name of a file, not ""')
        return given[0] if given else None


def choose(flags: Flags, environ: Mapping[str, str], kept: Callable[[], Choice | None]) -> Choice | None:
    """Return the world that is named, None when nobody names one; `kept` is asked last, see `read_kept`.

    Errors: PrunecliError for more than one name on the level that decides.
    """
    return flags.choice() or from_environment(environ) or kept()


def from_environment(environ: Mapping[str, str]) -> Choice | None:
    """Return the world that the variables name, None without any; an empty variable is none.

    Errors: PrunecliError for a store beside an Engine.
    """
    word, store = environ.get(WORLD_VARIABLE), environ.get(STORE_VARIABLE)
    if word and store and word != STORE:
        raise PrunecliError(
            f'conflicting variables: ${STORE_VARIABLE} names a state store, and ${WORLD_VARIABLE} is "{word}"'
        )
    if word:
        return from_word(word, f"${WORLD_VARIABLE}")
    return Choice(Way.STORE, by=f"${STORE_VARIABLE}") if store else None


def from_word(word: str, by: str) -> Choice:
    """Return the world that one word names: `engine`, `store`, or else a context."""
    return Choice(Way(word), by=by) if word in (ENGINE, STORE) else Choice(Way.CONTEXT, word, by)


def read_kept(text: str, path: str) -> Choice:
    """Return the world in the file that `prunecli use` writes: a word on a line of its own.

    Errors: PrunecliError, with the file's name, for anything else; a file that was cut short has no end of line.
    """
    word = text.removesuffix("\n")
    if word == text or not is_word(word):
        raise PrunecliError(
            f"{path} is broken: engine, store or the name of a context is expected there, alone on one line"
        )
    return from_word(word, f"what `prunecli use` keeps in {path}")


def is_word(word: str) -> bool:
    """Say whether this can be the name of a world."""
    return bool(word) and word.isprintable() and word == word.strip() and len(word) <= _LONGEST


class NoWorldError(PrunecliError):
    """Nobody named a world, and there is no default store."""

    def __init__(self) -> None:
        super().__init__(
            'there is no state store yet, and no Engine was named: "prunecli --engine ..." works on your Docker, '
            '"prunecli state demo" makes an example'
        )


@dataclass(frozen=True, slots=True)
class WorldName:
    """What a world says of itself. Two worlds with one `id` are the same one, at whatever address; empty is unknown.

    `kind` is `engine` or `store`, `address` a URL or a path, `host` the name of an Engine's machine, `version` the
    Engine's, for a store that of the Engine which it stands for.
    """

    kind: str
    address: str
    id: str
    version: str
    host: str | None = None

    def __str__(self) -> str:
        """Return the name as people read it; what an Engine says of itself stands in it as it came."""
        if self.kind == ENGINE:
            return f"Docker Engine {self.version} at {self.address}" + (f" ({self.host})" if self.host else "")
        return f"the state store {self.address}"

    def is_same(self, other: WorldName) -> bool:
        """Say whether two names are those of one world."""
        return bool(self.id) and (self.kind, self.id) == (other.kind, other.id)
