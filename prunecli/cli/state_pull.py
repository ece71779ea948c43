"""`state pull`: what a live Engine holds, into the store or into a dump file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from prunecli.cli.files import replace_whole
from prunecli.cli.live import open_engine
from prunecli.cli.pflag import DockerCommand, Flag, Text
from prunecli.cli.session import Session
from prunecli.errors import DumpError


@click.command(
    "pull",
    cls=DockerCommand,
    params=[
        Flag(
            ["-o", "--output"], type=Text("file"), help="Write a dump (engine-dump/v1) instead; - writes it to stdout"
        ),
    ],
    help="""Replace the store's contents and profile by what a live Engine holds.

    The Engine is the one that --host or --context names, else the one that docker itself would use. It is only read.
    """,
)
@click.pass_obj
def state_pull(session: Session, output: str | None) -> int:
    """Read an Engine, and keep what it says."""
    from prunecli.wire import read_dump

    with open_engine(session, session.source()) as engine:
        document = engine.dump()
        dump = read_dump(document, source=engine.url)
    if output is not None:
        _write(output, json.dumps(document, ensure_ascii=True, indent=1) + "\n")
        return 0
    with session.pulled_store() as store:
        store.replace(dump.snapshot, dump.raw, dump.header)
    return 0


def _write(output: str, text: str) -> None:
    """Write a file as a whole or not at all: a dump that is cut short would be none.

    Only an older dump or an empty file gives way: a slip of the hand must not cost the state store.
    """
    if output == "-":
        sys.stdout.write(text)
        return
    path = Path(output)
    try:
        if path.is_file() and (beginning := _beginning(path)) and _FORMAT not in beginning:
            raise DumpError(f"{output} is there already and is no Engine dump: only an older dump is replaced")
        replace_whole(path, text.encode("ascii"))
    except (OSError, ValueError) as e:
        reason = e.strerror if isinstance(e, OSError) else e
        raise DumpError(f"{output} cannot be written: {reason}") from e


_FORMAT = b"engine-dump/v1"


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(200)
