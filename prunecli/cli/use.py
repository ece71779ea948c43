"""`use`: name once for all the world that commands work on, or say which one that is and why."""

from __future__ import annotations

import os

import click

from prunecli.cli import kept
from prunecli.cli.pflag import DockerCommand, Flag
from prunecli.cli.session import Session
from prunecli.errors import PrunecliError
from prunecli.printable import printable
from prunecli.worlds import Choice, Flags, NoWorldError, Way, from_environment, from_word, is_word


@click.command(
    "use",
    cls=DockerCommand,
    params=[
        click.Argument(["world"], required=False),
        Flag(["--clear"], is_flag=True, help="Forget the world that is kept"),
    ],
    usage_suffix=" [OPTIONS] [engine|store|CONTEXT]",
    arguments=1,
    help="""Name once for all the world that commands work on: your Docker, the state store, or a context.

    Without a name, say which world that is and why. No Engine is contacted.
    """,
)
@click.pass_obj
def use(session: Session, world: str | None, clear: bool) -> int:
    """Keep a name, forget it, or tell what holds."""
    if world is None and not clear:
        print(printable(_describe(session, session.named)))
        return 0
    if world is not None and clear:
        raise PrunecliError("use either keeps the name of a world or forgets it: leave out --clear or the name")
    if session.flags != Flags() or session.tls is not None:
        raise PrunecliError("use keeps engine, store or the name of a context: leave out options that name a world")
    if world is None:
        print(f"forgot what was kept in {printable(str(kept.path()))}" if kept.clear() else "nothing was kept")
        return 0
    if not is_word(world):
        raise PrunecliError(f'use keeps engine, store or the name of a context, not "{world}"')
    choice = from_word(world, "from now on")
    print(printable(_describe(session, choice)))
    kept.write(world)
    if stronger := from_environment(os.environ):
        session.warn(f"here {stronger.by} is set, which is stronger")
    return 0


def _describe(session: Session, choice: Choice | None) -> str:
    """Return which world a choice comes to, and by what. Errors: those of finding an Engine's address."""
    if choice is None:
        if not os.path.lexists(session.store):
            raise NoWorldError
        return f"the state store {session.store}: nothing else is named"
    target = session.as_target(choice)
    if target is None:
        there = "" if os.path.lexists(session.store) else ", which is not there"
        return f"the state store {session.store}{there}: {choice.by}"
    url = target.endpoint(session.config_dir).url
    how = {
        Way.HOST: "",
        Way.CONTEXT: f", of the context {choice.value}",
        Way.ENGINE: ", which docker itself would use",
    }
    return f"the live Engine at {url}{how[choice.way]}: {choice.by}"
