"""The command line as plain data, read off Click's commands: for completion scripts, manuals and their tests."""

from __future__ import annotations

import click

from prunecli.cli.groups import LazyGroup
from prunecli.cli.pflag import DockerCommand, Flag
from prunecli.completion.tree import HELP, Command, Option
from prunecli.completion.values import ARGUMENTS, canonical, source_of


def command_tree() -> Command:
    """Return the root of the command line with everything below it; hidden commands and options are left out.

    This imports every command.
    """
    from prunecli.cli.main import root

    return _command(root, (), root.help or "")


def _command(command: click.Command, path: tuple[str, ...], summary: str) -> Command:
    context = click.Context(command, info_name=" ".join(("prunecli", *path)))
    below: list[Command] = []
    if isinstance(command, LazyGroup):
        for name, entry in sorted(command.table.items()):
            child = None if entry.hidden else command.get_command(context, name)
            if child is not None:
                below.append(_command(child, (*path, name), entry.summary))
    name = " ".join(path)
    flags = [p for p in command.params if isinstance(p, Flag) and not p.hidden]
    return Command(
        path,
        summary,
        text=command.help or "",
        usage=command.usage_suffix if isinstance(command, DockerCommand | LazyGroup) else "",
        options=(*sorted((_option(name, flag) for flag in flags), key=lambda o: o.long), HELP),
        arguments=ARGUMENTS.get(canonical(name), ()),
        commands=tuple(below),
    )


def _option(command: str, flag: Flag) -> Option:
    metavar = "" if flag.is_flag else flag.type.name
    default = flag.default if isinstance(flag.default, str) else ""
    return Option(
        flag.long,
        short=next((o for o in flag.opts if not o.startswith("--")), ""),
        metavar=metavar,
        optional=flag.bare is not None,
        repeatable=flag.multiple,
        summary=flag.help or "",
        default=default,
        values=(source_of(command, flag.long, metavar) or "") if metavar else "",
    )
