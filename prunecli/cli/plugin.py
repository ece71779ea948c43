"""`plugin`: prunecli as `docker prunecli`, and the answers that Docker's completion asks of a plugin."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from prunecli.cli.groups import Entry, LazyGroup
from prunecli.cli.pflag import DockerCommand
from prunecli.cli.session import Session
from prunecli.errors import PrunecliError
from prunecli.printable import printable

SCRIPT = "docker-prunecli"

plugin = LazyGroup(
    "plugin",
    help="""Use prunecli as a plugin of the Docker client: `docker prunecli system prune`.

    There it works on the Engine that docker itself would use.
    """,
    table={
        "install": Entry("plugin:plugin_install", "Link it into Docker's configuration"),
        "remove": Entry("plugin:plugin_remove", "Take the link away"),
    },
)


@click.command(
    "install",
    cls=DockerCommand,
    usage_suffix="",
    help="Link prunecli into cli-plugins of Docker's configuration, where docker looks for plugins.",
)
@click.pass_obj
def plugin_install(session: Session) -> int:
    """Make the link, in the place of an earlier one of ours."""
    link, target = _link(session), _script()
    if link.exists() and not link.is_symlink():
        raise PrunecliError(f"{link} is there already and is no link: move it away first")
    if link.is_symlink() and link.readlink().name != SCRIPT:
        raise PrunecliError(f"{link} leads to {link.readlink()}, which is not ours: move it away first")
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    except OSError as e:
        raise PrunecliError(f"{link} cannot be made: {(e.strerror or str(e)).lower()}") from e
    print(printable(f"{link} -> {target}"))
    return 0


@click.command(
    "remove", cls=DockerCommand, usage_suffix="", help="Remove the link that `plugin install` made, and nothing else."
)
@click.pass_obj
def plugin_remove(session: Session) -> int:
    """Remove the link if it is one of ours."""
    link = _link(session)
    if not link.is_symlink():
        if link.exists():
            raise PrunecliError(f"{link} is no link of ours: it was left alone")
        print(printable(f"{link} is not there"))
        return 0
    if link.readlink().name != SCRIPT:
        raise PrunecliError(f"{link} leads to {link.readlink()}, which is not ours: it was left alone")
    try:
        link.unlink()
    except OSError as e:
        raise PrunecliError(f"{link} cannot be removed: {(e.strerror or str(e)).lower()}") from e
    print(printable(f"removed {link}"))
    return 0


def _link(session: Session) -> Path:
    return session.config_dir / "cli-plugins" / SCRIPT


def _script() -> Path:
    """Return the program that docker is to run: it stands beside the interpreter, or else on the path."""
    beside = Path(sys.executable).parent / SCRIPT
    found = str(beside) if beside.exists() else shutil.which(SCRIPT)
    if not found:
        raise PrunecliError(f"{SCRIPT} is not installed beside {sys.executable}: install prunecli with pip first")
    return Path(found).absolute()


_NO_SPACE, _NO_FILES, _DIRECTORIES = 2, 4, 16
_PLAIN = re.compile(r"[\w][\w.,:/@%+=-]*")
"""Names that every shell reads as they are."""


def complete_for_docker(words: Sequence[str], *, descriptions: bool) -> None:
    """Print what can replace the last word, in the form that Docker's completion scripts read.

    A candidate on a line, its sentence behind a tab, and in the end a colon with a sum: 2 no space behind it, 4 no
    names of files, 16 directories only. Names come from a store that is named, since the world here is an Engine; and
    not all scripts of docker quote what they read here, so a name that a shell would read otherwise is left out.
    Source: `cli-and-api.md` 10.1 of the specification.
    """
    from prunecli.cli.tree import command_tree
    from prunecli.complete import find_names
    from prunecli.completion.answer import complete

    def names(what: str, prefix: str, store: str) -> list[str]:
        found = find_names(what, prefix, store) if store or what in ("context", "world") else []
        return [name for name in found if _PLAIN.fullmatch(name)]

    *before, word = [*words] or [""]
    answer = complete(command_tree(), before, word, names)
    option = f"{word.partition('=')[0]}=" if word.startswith("--") and "=" in word else ""
    for candidate, sentence in answer.words.items():
        shown = candidate.removeprefix(option)
        print(f"{shown}\t{sentence}" if sentence and descriptions else shown)
    if answer.paths:
        print(f":{_DIRECTORIES if answer.paths == 'dir' else 0}")
    else:
        print(f":{_NO_FILES + (_NO_SPACE if answer.words and len(answer.open) == len(answer.words) else 0)}")
