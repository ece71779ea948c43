"""Groups of commands that import a command only when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from prunecli.cli.pflag import CommandError, Flag, normalise_globals


class Entry(NamedTuple):
    """A command that is not imported yet: `where` is `module:attribute`, `summary` its sentence in the group's help."""

    where: str
    summary: str
    hidden: bool = False


class LazyGroup(click.Group):
    """A group whose commands are a table; reading the table imports nothing."""

    usage_suffix = " COMMAND"

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
        """Read the group's own flags; without a command, show the help on stderr, as Docker's groups do."""
        words = normalise_globals(self, ctx, args)
        if not any(not w.startswith("-") for w in words) and "--help" not in words:
            click.echo(self.get_help(ctx), file=sys.stderr, nl=False)
            ctx.exit(0)
        return super().parse_args(ctx, words)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say in Docker's words that there is none."""
        command = self.get_command(ctx, args[0])
        if command is None:
            root = ctx.find_root().info_name
            usage = f"Usage:  {ctx.command_path}\n\n" if ctx.parent else ""
            path = f"{ctx.command_path} {args[0]}"
            more = f"Run '{ctx.command_path} --help' for more information"
            raise CommandError(f"{root}: unknown command: {path}\n\n{usage}{more}", "", 1)
        return args[0], command, args[1:]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help page in Docker's layout."""
        from prunecli.cli.help import group_help

        rows = [(name, e.summary) for name, e in sorted(self.table.items()) if not e.hidden]
        options = [p for p in self.params if isinstance(p, Flag) and not p.hidden]
        formatter.write(group_help(ctx, self.help or "", rows, options))
