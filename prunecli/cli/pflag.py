"""Docker's command-line grammar on top of Click: its flag syntax, its error texts, its usage tail.

Docker reads flags with pflag, whose rules differ from Click's: `-f=false`, `--flag=value` for truth values, `1` and
`TRUE` as truth, and errors that name the value, the flag and the reason. Each command's words are read here, checked in
the order in which they were typed, and handed to Click in a form that both understand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import click

from prunecli.cli.suggest import did_you_mean, question
from prunecli.errors import UsageError, ValueTextError
from prunecli.printable import printable
from prunecli.units import go_quote, parse_go_bool
from prunecli.units.gotext import quote_byte, utf8

Words = Iterator[str]


class CommandError(UsageError):
    """A command line that cannot be read; `tail` is the usage text that follows the message.

    `exit_code` is 125 for flags and 1 for arguments and unknown commands. A hint stands below the tail.
    """

    def __init__(self, message: str, tail: str, exit_code: int = 125, *, hint: str = "") -> None:
        super().__init__(message)
        self.tail = tail
        self.hint = hint
        self.exit_code = exit_code  # type: ignore[misc] # the one class whose code depends on the mistake


class Text(click.ParamType):  # type: ignore[type-arg] # generic in the newest Click, and in no other
    """A flag's value: `metavar` stands in the help, `check` raises ValueTextError or UsageError for bad text."""

    def __init__(self, metavar: str = "string", check: Callable[[str], object] | None = None) -> None:
        self.name = metavar
        self.check = check

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - Click's signature
        """Return the word that stands for the value."""
        return self.name


class Flag(click.Option):
    """An option; `bare` is the value that it takes when it is written without one (`--explain`).

    `once` is how the refusal of a second value calls it, empty where the last value counts.
    """

    def __init__(self, *args: Any, bare: str | None = None, once: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bare = bare
        self.once = once

    @property
    def long(self) -> str:
        """The long form, `--force`."""
        return next(o for o in self.opts if o.startswith("--"))

    @property
    def shown(self) -> str:
        """How error texts name it: `-f, --force`, or `--filter` alone."""
        return ", ".join(sorted(self.opts, key=len))


def usage_line(ctx: click.Context) -> str:
    """Return the usage line: `Usage:  prunecli system prune [OPTIONS]`."""
    command = ctx.command
    suffix = getattr(command, "usage_suffix", " [OPTIONS]")
    return f"Usage:  {ctx.command_path}{suffix}"


def usage_tail(ctx: click.Context) -> str:
    """Return what follows an error: the usage line, which is shorter for groups, and where help is."""
    suffix = getattr(ctx.command, "error_usage_suffix", None)
    usage = usage_line(ctx) if suffix is None else f"Usage:  {ctx.command_path}{suffix}"
    return f"\n{usage}\n\nRun '{ctx.command_path} --help' for more information"


class DockerCommand(click.Command):
    """A command that reads its flags as Docker does.

    `arguments` is how many positional words it takes at most; `usage_suffix` follows its name in the usage line.
    `aliases` are the paths below the root under which it is known, if there are several.
    """

    def __init__(
        self,
        *args: Any,
        usage_suffix: str = " [OPTIONS]",
        arguments: int = 0,
        aliases: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("context_settings", {"help_option_names": ["--help"]})
        super().__init__(*args, **kwargs)
        self.usage_suffix = usage_suffix
        self.arguments = arguments
        self.aliases = tuple(aliases)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words as pflag would, then let Click assign them."""
        reader = FlagReader(self, ctx, usage_tail(ctx))
        rest = reader.read(iter(args))
        reader.tell()
        if reader.helped:
            return super().parse_args(ctx, ["--help"])
        if len(rest) > self.arguments:
            _refuse_arguments(self, ctx, reader.blank)
        return super().parse_args(ctx, [*reader.words, "--", *rest] if rest else reader.words)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help page in Docker's layout."""
        from prunecli.cli.help import command_help

        formatter.write(command_help(self, ctx))


def _refuse_arguments(command: DockerCommand, ctx: click.Context, blank: str) -> NoReturn:
    """Refuse words that are too many; `blank` is what one of them would have been behind a `=`."""
    some = {0: "accepts no arguments", 1: "requires at most 1 argument"}
    what = some.get(command.arguments, f"requires at most {command.arguments} arguments")
    root = ctx.find_root().info_name
    hint = question([blank] if blank and printable(blank) == blank else [])
    raise CommandError(f"{root}: '{ctx.command_path}' {what}", usage_tail(ctx), 1, hint=hint)


class FlagReader:
    """Reads the flags of one command as pflag does, and writes them down in a form that Click reads alike.

    `helped` says that help was asked for. `blank` is the first word that a flag with an optional value did not take,
    since that value can only follow a `=`, written as it would be taken: `--explain=web`. Every method raises
    CommandError for the first word that pflag would refuse.
    """

    def __init__(self, command: click.Command, ctx: click.Context, tail: str) -> None:
        self.helped = False
        self.blank = ""
        self._bare = ""  # the flag that was just read without its optional value
        self._old_help = False
        self._ctx = ctx
        self._tail = tail
        self._flags = _flags(command, ctx)
        self._values: list[str] = []
        self._truths: dict[str, bool] = {}

    @property
    def words(self) -> list[str]:
        """The flags that were read, for Click."""
        return [*self._values, *(name for name, on in self._truths.items() if on)]

    def is_on(self, name: str) -> bool:
        """Say whether a truth value was set and not taken back."""
        return self._truths.get(name, False)

    def tell(self, *, err: bool = False) -> None:
        """Say what pflag says of flags that are read but should not be used any more."""
        if self._old_help:
            click.echo("Flag shorthand -h has been deprecated, use --help", err=err)

    def read(self, words: Words) -> list[str]:
        """Read all words; returns those that are no flags."""
        rest: list[str] = []
        while (word := self.read_flags(words)) is not None:
            if word == "--":
                return [*rest, *words]
            rest.append(word)
        return rest

    def read_flags(self, words: Words) -> str | None:
        """Read flags up to the first other word and return that: `--` too, and None at the end."""
        for word in words:
            bare, self._bare = self._bare, ""
            if word in ("-", "--") or not word.startswith("-"):
                if bare and word != "--":
                    self.blank = self.blank or f"{bare}={word}"
                return word
            if word.startswith("--"):
                self._long(word, words)
            else:
                self._bundle(word[1:], words)
        return None

    def _long(self, word: str, words: Words) -> None:
        """Read `--all`, `--all=true`, `--filter x` or `--filter=x`."""
        name, eq, value = word.partition("=")
        if name == "--" or name.startswith("---"):
            self._refuse(f"bad flag syntax: {word}")
        if name == "--help":
            self._help(value if eq else None)
        elif name not in self._flags:
            self._refuse(f"unknown flag: {name}", self._meant(name))
        else:
            self._take(self._flags[name], value if eq else None, words, name)

    def _bundle(self, letters: str, words: Words) -> None:
        """Read what follows the dash of `-fa`, `-f=false` or `-fvalue`."""
        while letters:
            all_letters, letter, letters = letters, letters[0], letters[1:]
            flag = self._flags.get(f"-{letter}")
            value = letters[1:] if letters.startswith("=") and len(letters) > 1 else None
            if letter == "h":
                self._help(value)
                self._old_help = True
            elif flag is None:
                first = quote_byte(utf8(letter)[0])  # pflag looks at bytes
                self._refuse(f"unknown shorthand flag: {first} in -{all_letters}")
            elif value is None and letters and not (flag.is_flag or flag.bare is not None):
                self._take(flag, letters, words, "")
                return
            else:
                self._take(flag, value, words, f"{letter!r} in -{all_letters}")
            if value is not None:
                return

    def _help(self, value: str | None) -> None:
        self.helped = self._truth("true" if value is None else value, "--help")

    def _take(self, flag: Flag, value: str | None, words: Words, typed: str) -> None:
        """Check one flag's value and write it down."""
        if flag.is_flag:
            self._truths[flag.long] = self._truth("true" if value is None else value, flag.shown)
            return
        if value is None and flag.bare is not None:
            value, self._bare = flag.bare, flag.long
        elif value is None:
            value = next(words, None)
        if value is None:
            self._refuse(f"flag needs an argument: {typed}")
        check = flag.type.check if isinstance(flag.type, Text) else None
        if check is not None:
            try:
                check(value)
            except (ValueTextError, UsageError) as e:
                self._refuse(f'invalid argument {go_quote(value)} for "{flag.shown}" flag: {e}')
        if flag.once and any(word.startswith(f"{flag.long}=") for word in self._values):
            self._refuse(f'invalid argument {go_quote(value)} for "{flag.shown}" flag: specify only one {flag.once}')
        self._values.append(f"{flag.long}={value}")

    def _truth(self, text: str, shown: str) -> bool:
        try:
            return parse_go_bool(text)
        except ValueTextError as e:
            self._refuse(f'invalid argument {go_quote(text)} for "{shown}" flag: {e}')

    def _meant(self, name: str) -> str:
        """Return what may have been meant by an unknown flag: a near one of the command, or a global one."""
        own = [flag.long for flag in self._flags.values() if not flag.hidden]
        root = self._ctx.find_root()
        above = {flag.long for flag in _flags(root.command, root).values() if not flag.hidden} - set(own)
        if name in above:
            return f"{name} is a global option: it stands before the command"
        return did_you_mean(name[2:], (flag[2:] for flag in own), before="--")

    def _refuse(self, message: str, hint: str = "") -> NoReturn:
        raise CommandError(message, self._tail, hint=hint)


def _flags(command: click.Command, ctx: click.Context) -> dict[str, Flag]:
    return {name: p for p in command.get_params(ctx) if isinstance(p, Flag) for name in p.opts}
