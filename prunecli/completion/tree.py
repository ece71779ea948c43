"""The command line as plain data: commands, options, and where their values come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Option:
    """An option. `metavar` is the word that stands for its value, empty for a switch.

    `optional` says that a value may be left out, and is written after `=` only. `default` is empty where there is none.
    `values` is a source, as `values.py` spells it.
    """

    long: str
    short: str = ""
    metavar: str = ""
    optional: bool = False
    repeatable: bool = False
    summary: str = ""
    default: str = ""
    values: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All its forms."""
        return (self.long, self.short) if self.short else (self.long,)

    @property
    def switch(self) -> bool:
        """Whether it takes no value."""
        return not self.metavar


HELP = Option("--help", summary="Show the help of this command")


@dataclass(frozen=True, slots=True)
class Command:
    """A command or a group of commands; `path` are its words, none for the root.

    `usage` is what follows its name in the usage line. `arguments` are the sources of its positional words; the last
    one holds for all further ones.
    """

    path: tuple[str, ...]
    summary: str
    text: str = ""
    usage: str = ""
    options: tuple[Option, ...] = ()
    arguments: tuple[str, ...] = ()
    commands: tuple[Command, ...] = field(default=())

    @property
    def name(self) -> str:
        """Its words in a row: `system prune`."""
        return " ".join(self.path)

    def walk(self) -> Iterator[Command]:
        """Yield this command and all below it, parents first."""
        yield self
        for command in self.commands:
            yield from command.walk()

    def below(self, word: str) -> Command | None:
        """Return the command of that name below this one."""
        return next((c for c in self.commands if c.path[-1] == word), None)

    def option(self, name: str) -> Option | None:
        """Return the option that has this long or short form."""
        return next((o for o in self.options if name in o.names), None)
