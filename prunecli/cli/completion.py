"""`completion`: print the script that teaches a shell to complete prunecli."""

from __future__ import annotations

import sys

import click

from prunecli.cli.groups import Entry, LazyGroup
from prunecli.cli.pflag import DockerCommand

completion = LazyGroup(
    "completion",
    help="Print the script that teaches a shell to complete prunecli.",
    table={
        "bash": Entry("completion:completion_bash", "The script for bash"),
        "zsh": Entry("completion:completion_zsh", "The script for zsh"),
        "fish": Entry("completion:completion_fish", "The script for fish"),
    },
)


def script(shell: str) -> str:
    """Return the completion script for a shell, made from the command tree."""
    from importlib import import_module

    from prunecli.cli.tree import command_tree

    text = import_module(f"prunecli.completion.{shell}").script(command_tree())
    assert isinstance(text, str)  # noqa: S101 - a module that has no such function must not go on
    return text


def _command(shell: str, place: str) -> click.Command:
    def callback() -> int:
        sys.stdout.write(script(shell))
        return 0

    text = f"Print the completion script for {shell}.\n\n{place}"
    return DockerCommand(shell, callback=callback, usage_suffix="", help=text)


completion_bash = _command(
    "bash", "Put it into ~/.local/share/bash-completion/completions/prunecli; bash-completion finds it there."
)
completion_zsh = _command(
    "zsh", "Put it into a folder of $fpath under the name _prunecli; compinit finds it there with the next shell."
)
completion_fish = _command("fish", "Put it into ~/.config/fish/completions/prunecli.fish; fish finds it there.")
