"""Help pages in the layout that Docker's users know: usage, one sentence, options in aligned columns."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable

import click

from prunecli.cli.pflag import Flag, usage_line


def command_help(command: click.Command, ctx: click.Context) -> str:
    """Return a command's help page, with a newline at its end."""
    parts = [usage_line(ctx), "", _paragraphs(command.help or command.short_help or "")]
    if aliases := getattr(command, "aliases", ()):
        root = ctx.find_root().info_name
        parts += ["", "Aliases:", "  " + ", ".join(f"{root} {alias}" for alias in aliases)]
    options = [p for p in command.get_params(ctx) if isinstance(p, Flag) and not p.hidden]
    if options:
        parts += ["", "Options:", *option_lines(options)]
    epilog = command.epilog
    if epilog:
        parts += ["", textwrap.dedent(epilog).strip()]
    return "\n".join(parts) + "\n"


def option_lines(options: Iterable[Flag]) -> list[str]:
    """Return the options sorted by long name, descriptions aligned in one column and wrapped to the terminal."""
    rows = []
    for option in sorted(options, key=lambda o: o.long):
        short = next((o for o in option.opts if not o.startswith("--")), "")
        metavar = "" if option.is_flag else f" {option.type.name}"
        value = f"[={option.type.name}]" if option.bare is not None else metavar
        rows.append((f"  {short + ',' if short else '   '} {option.long}{value}", option.help or ""))
    column = max(len(left) for left, _ in rows) + 3
    width = max(shutil.get_terminal_size((80, 24)).columns - 1, column + 20)
    lines: list[str] = []
    for left, text in rows:
        first, *more = textwrap.wrap(text, width - column) or [""]
        lines.append(left.ljust(column) + first)
        lines += [" " * column + line for line in more]
    return lines


def group_help(ctx: click.Context, text: str, commands: Iterable[tuple[str, str]], options: Iterable[Flag]) -> str:
    """Return a group's help page: its commands with one sentence each."""
    rows = list(commands)
    column = max(len(name) for name, _ in rows) + 4
    parts = [usage_line(ctx), "", _paragraphs(text), "", "Commands:"]
    parts += [f"  {name.ljust(column - 2)}{summary}" for name, summary in rows]
    options = list(options)
    if options:
        parts += ["", "Global Options:", *option_lines(options)]
    parts += ["", f"Run '{ctx.command_path} COMMAND --help' for more information on a command."]
    return "\n".join(parts) + "\n"


def _paragraphs(text: str) -> str:
    width = max(shutil.get_terminal_size((80, 24)).columns - 1, 40)
    return "\n\n".join(textwrap.fill(" ".join(p.split()), width) for p in textwrap.dedent(text).strip().split("\n\n"))
