"""Groups of commands that import a command only when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

import click

from prunecli import __version__
from prunecli.cli.pflag import CommandError, Flag, FlagReader, usage_tail
from prunecli.cli.suggest import did_you_mean
from prunecli.errors import RefusedError


class Entry(NamedTuple):
    """A command that is not imported yet: `where` is `module:attribute`, `summary` its sentence in the group's help.

    `ours` says that Docker has no such command.
    """

    where: str
    summary: str
    hidden: bool = False
    ours: bool = False


class LazyGroup(click.Group):
    """A group whose commands are a table; reading the table imports nothing."""

    usage_suffix = " COMMAND"
    error_usage_suffix = ""

    def __init__(self, *args: Any, table: Mapping[str, Entry], **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {"help_option_names": ["--help"]})
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """Return the names of all commands, as the help shows them."""
        return sorted(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - Click's signature
        """Import one command."""
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name].where.partition(":")
        command = getattr(import_module(f"prunecli.cli.{module}"), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - a table that names something else must not go on
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the group's own flags; without a command, show the help on stderr, as Docker's groups do.

        Flags before an unknown command are the group's, and so are those after it.
        """
        reader = FlagReader(self, ctx, usage_tail(ctx))
        words = iter(args)
        first = reader.read_flags(words)
        rest = [*words] if first in (None, "--") else [str(first), *words]
        if not rest or rest[0] not in self.table:
            rest = reader.read(iter(rest))
            reader.tell(err=ctx.parent is None)
            if reader.helped:
                return super().parse_args(ctx, ["--help"])
            if not rest:
                self.without_command(ctx, reader)
            self._refuse_command(ctx, rest[0])
        helped = ["--help"] if reader.helped else []
        return super().parse_args(ctx, [*reader.words, rest[0], *helped, *rest[1:]])

    def without_command(self, ctx: click.Context, reader: FlagReader) -> NoReturn:  # noqa: ARG002 - the root's matter
        """Show the help on stderr and end well, as Docker's groups do."""
        click.echo(self.get_help(ctx), file=sys.stderr)
        ctx.exit(0)

    def _refuse_command(self, ctx: click.Context, name: str) -> NoReturn:
        usage = f"Usage:  {ctx.command_path}\n\n" if ctx.parent else ""
        more = f"Run '{ctx.command_path} --help' for more information"
        message = f"{ctx.find_root().info_name}: unknown command: {ctx.command_path} {name}"
        raise CommandError(message, f"\n{usage}{more}", 1, hint=self.meant(name))

    def meant(self, name: str) -> str:
        """Return the line that names the command nearest to an unknown one, or nothing."""
        return did_you_mean(name, (known for known, entry in self.table.items() if not entry.hidden))

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help page in Docker's layout."""
        from prunecli.cli.help import group_help

        rows = [(name, e.summary) for name, e in sorted(self.table.items()) if not e.hidden]
        options = [p for p in self.params if isinstance(p, Flag) and not p.hidden]
        formatter.write(group_help(ctx, self.help or "", rows, options))


class RootGroup(LazyGroup):
    """The root of the command line: it also knows its version, and `help COMMAND` as another way to ask for help."""

    usage_suffix = " [OPTIONS] COMMAND"
    error_usage_suffix = " [OPTIONS] COMMAND [ARG...]"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the global options; `help system prune` becomes `system prune --help`."""
        words = iter(args)
        name = FlagReader(self, ctx, usage_tail(ctx)).read_flags(words)
        return super().parse_args(ctx, self._topic(ctx, list(words)) if name == "help" else args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Docker's own name a daemon in their errors even where a store plays it, ours do not."""
        try:
            return super().invoke(ctx)
        except RefusedError as e:
            entry = self.table.get(ctx.invoked_subcommand or "")
            e.from_daemon |= not (entry and entry.ours)
            raise

    def without_command(self, ctx: click.Context, reader: FlagReader) -> NoReturn:
        """Print the version if that was asked for, else the help."""
        if reader.is_on("--version"):
            click.echo(f"{ctx.info_name} version {__version__}")
            ctx.exit(0)
        super().without_command(ctx, reader)

    def _topic(self, ctx: click.Context, words: list[str]) -> list[str]:
        command: click.Command | None = self
        path = [word for word in words if not word.startswith("-")]
        for at, word in enumerate(path):
            group = command
            command = group.get_command(ctx, word) if isinstance(group, LazyGroup) else None
            if command is None:
                hint = group.meant(word) if isinstance(group, LazyGroup) else ""
                raise CommandError(f"unknown help topic: {' '.join(path[at:])}", "", 1, hint=hint)
        return [*path, "--help"]
