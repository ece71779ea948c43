"""Docker's command-line grammar on top of Click: its flag syntax, its error texts, its usage tail.

Docker reads flags with pflag, whose rules differ from Click's: `-f=false`, `--flag=value` for truth values, `1` and
`TRUE` as truth, and errors that name the value, the flag and the reason. Each command's words are read here, checked in
the order in which they were typed, and handed to Click in a form that both understand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import click

from prunecli.errors import UsageError, ValueTextError
from prunecli.units import parse_go_bool

Words = Iterator[str]


class CommandError(UsageError):
    """A command line that cannot be read; `tail` is the usage text that follows the message.

    `exit_code` is 125 for flags and 1 for arguments and unknown commands.
    """

    def __init__(self, message: str, tail: str, exit_code: int = 125) -> None:
        super().__init__(message)
        self.tail = tail
        self.exit_code = exit_code  # type: ignore[misc] # the one class whose code depends on the mistake


class Text(click.ParamType):
    """A flag's value: `metavar` stands in the help, `check` raises ValueTextError or UsageError for bad text."""

    def __init__(self, metavar: str = "string", check: Callable[[str], object] | None = None) -> None:
        self.name = metavar
        self.check = check

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - Click's signature
        """Return the word that stands for the value."""
        return self.name


class Flag(click.Option):
    """An option; `bare` is the value that it takes when it is written without one (`--explain`)."""

    def __init__(self, *args: Any, bare: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bare = bare

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
    """Return what follows an error: the usage line and where help is."""
    return f"\n{usage_line(ctx)}\n\nRun '{ctx.command_path} --help' for more information"


class DockerCommand(click.Command):
    """A command that reads its flags as Docker does.

    `arguments` is how many positional words it takes at most; `usage_suffix` follows its name in the usage line.
    """

    usage_suffix = " [OPTIONS]"
    arguments = 0

    def __init__(self, *args: Any, usage_suffix: str = " [OPTIONS]", arguments: int = 0, **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {"help_option_names": ["--help"]})
        super().__init__(*args, **kwargs)
        self.usage_suffix = usage_suffix
        self.arguments = arguments

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words as pflag would, then let Click assign them."""
        return super().parse_args(ctx, _normalise(self, ctx, args))

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help page in Docker's layout."""
        from prunecli.cli.help import command_help

        formatter.write(command_help(self, ctx))


def _normalise(command: DockerCommand, ctx: click.Context, args: Sequence[str]) -> list[str]:
    """Return the words in a form that Click reads as pflag reads the original.

    Raises CommandError for the first word that pflag would refuse.
    """
    tail = usage_tail(ctx)
    flags = {name: p for p in command.get_params(ctx) if isinstance(p, Flag) for name in p.opts}
    truths: dict[str, bool] = {}
    out: list[str] = []
    rest: list[str] = []
    helped = False
    words = iter(args)
    for word in words:
        if word == "--":
            rest.extend(words)
        elif word in ("--help", "-h"):
            helped = True
        elif word.startswith("--"):
            name, eq, value = word.partition("=")
            if name not in flags:
                raise CommandError(f"unknown flag: {name}", tail)
            _take(flags[name], value if eq else None, words, tail, out, truths, name)
        elif word.startswith("-") and word != "-":
            _take_bundle(word, flags, words, tail, out, truths)
        else:
            rest.append(word)
    if helped:
        return ["--help"]
    if len(rest) > command.arguments:
        _refuse_arguments(command, ctx, tail)
    out.extend(name for name, on in truths.items() if on)
    return [*out, "--", *rest] if rest else out


def normalise_globals(group: click.Group, ctx: click.Context, args: Sequence[str]) -> list[str]:
    """Return a group's words with its own flags normalised; what follows the command's name is left alone."""
    tail = usage_tail(ctx)
    flags = {name: p for p in group.get_params(ctx) if isinstance(p, Flag) for name in p.opts}
    truths: dict[str, bool] = {}
    out: list[str] = []
    words = iter(args)
    for word in words:
        if word in ("--help", "-h"):
            return ["--help"]
        if not word.startswith("-") or word == "-":
            return [*out, *(name for name, on in truths.items() if on), word, *words]
        if word.startswith("--"):
            name, eq, value = word.partition("=")
            if name not in flags:
                raise CommandError(f"unknown flag: {name}", tail)
            _take(flags[name], value if eq else None, words, tail, out, truths, name)
        else:
            _take_bundle(word, flags, words, tail, out, truths)
    return [*out, *(name for name, on in truths.items() if on)]


def _refuse_arguments(command: DockerCommand, ctx: click.Context, tail: str) -> NoReturn:
    path = ctx.command_path
    if command.arguments == 0:
        raise CommandError(f"{_root(ctx)}: '{path}' accepts no arguments", tail, 1)
    some = "1 argument" if command.arguments == 1 else f"{command.arguments} arguments"
    raise CommandError(f"{_root(ctx)}: '{path}' requires at most {some}", tail, 1)


def _take_bundle(
    word: str, flags: dict[str, Flag], words: Words, tail: str, out: list[str], truths: dict[str, bool]
) -> None:
    """Read `-fa`, `-f=false` or `-fvalue`."""
    letters = word[1:]
    while letters:
        name, letters = "-" + letters[0], letters[1:]
        if name not in flags:
            raise CommandError(f"unknown shorthand flag: {name[1:]!r} in {word}", tail)
        flag = flags[name]
        if letters.startswith("="):
            _take(flag, letters[1:], words, tail, out, truths, name)
            return
        if flag.is_flag or flag.bare is not None or not letters:
            _take(flag, None, words, tail, out, truths, name if not letters else f"{name[1:]!r} in {word}")
        else:
            _take(flag, letters, words, tail, out, truths, name)
            return


def _take(
    flag: Flag, value: str | None, words: Words, tail: str, out: list[str], truths: dict[str, bool], typed: str
) -> None:
    """Check one flag's value and write it down."""
    if flag.is_flag:
        text = "true" if value is None else value
        try:
            truths[flag.long] = parse_go_bool(text)
        except ValueTextError as e:
            raise CommandError(f'invalid argument "{text}" for "{flag.shown}" flag: {e}', tail) from e
        return
    if value is None:
        value = flag.bare if flag.bare is not None else next(words, None)
        if value is None:
            missing = typed if typed.startswith("--") else f"{typed[1:]!r} in {typed}"
            raise CommandError(f"flag needs an argument: {missing}", tail)
    check = flag.type.check if isinstance(flag.type, Text) else None
    if check is not None:
        try:
            check(value)
        except (ValueTextError, UsageError) as e:
            raise CommandError(f'invalid argument "{value}" for "{flag.shown}" flag: {e}', tail) from e
    out.append(f"{flag.long}={value}")


def _root(ctx: click.Context) -> str:
    return ctx.find_root().info_name or "prunecli"
