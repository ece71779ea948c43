"""`state`: load, save and inspect the state store."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from prunecli.cli.pflag import DockerCommand
from prunecli.cli.session import Session
from prunecli.cli.streams import read_stdin, read_whole
from prunecli.errors import DumpError
from prunecli.printable import printable


@click.command(
    "import",
    cls=DockerCommand,
    params=[click.Argument(["file"], required=False)],
    usage_suffix=" FILE",
    arguments=1,
    help="""Replace the store's contents and profile by an Engine dump (engine-dump/v1); `-` reads it from stdin.

    The journal of events stays, and no event is written. A dump that cannot be read leaves the store as it was.
    """,
)
@click.pass_obj
def state_import(session: Session, file: str | None) -> int:
    """Read a dump and replace the world by it, in one transaction."""
    from prunecli.wire import read_dump

    if file is None:
        raise DumpError("state import needs the name of a dump file, or - for stdin")
    dump = read_dump(_read(file), source=file)
    with session.open_store(create=True) as store:
        store.replace(dump.snapshot, dump.raw, dump.header)
    return 0


@click.command("export", cls=DockerCommand, usage_suffix="", help="Print the store's contents as an Engine dump.")
@click.pass_obj
def state_export(session: Session) -> int:
    """Print what is in the store, as the Engine would say it."""
    from prunecli.wire import write_dump

    with session.open_store() as store:
        dump = write_dump(store.snapshot(session.clock.now()), store.raw(), store.header())
    json.dump(dump, sys.stdout, ensure_ascii=True, separators=(",", ":"))
    sys.stdout.write("\n")
    return 0


@click.command(
    "check",
    cls=DockerCommand,
    usage_suffix="",
    help="Check that the store is whole: silent and exit 0 when it is, else one line for each fault and exit 1.",
)
@click.pass_obj
def state_check(session: Session) -> int:
    """Say what is wrong with the store, if anything is."""
    with session.open_store() as store:
        faults = store.check()
    for fault in faults:
        print(printable(fault), file=sys.stderr)
    return int(bool(faults))


@click.command(
    "demo",
    cls=DockerCommand,
    usage_suffix="",
    help="""Replace the store's contents by the example of Docker's "prune events" change.

    Containers, networks, volumes, images and build cache, of which some are in use.
    """,
)
@click.pass_obj
def state_demo(session: Session) -> int:
    """Load the example world."""
    from prunecli.example import example_world

    with session.open_store(create=True) as store:
        store.replace(example_world(session.clock.now()), {}, {})
    return 0


def _read(file: str) -> bytes:
    try:
        return read_stdin() if file == "-" else read_whole(Path(file))
    except IsADirectoryError:
        raise DumpError(f"{file} is a folder: expected an Engine dump (engine-dump/v1)") from None
    except OSError as e:
        raise DumpError(f"{file} cannot be read: {e.strerror}") from e
