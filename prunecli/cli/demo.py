"""`demo`: a guided run in a throw-away store; nothing outside a temporary folder is touched."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path

import click

from prunecli.cli.pflag import DockerCommand
from prunecli.cli.prompt import Declined, answer, on_terminal
from prunecli.clock import Clock
from prunecli.units import MINUTE, format_instant

SCRIPT: tuple[tuple[str, str], ...] = (
    (
        "A store is a world to rehearse on. This one holds an example: a shop that runs, and what piled up beside it.",
        "state demo",
    ),
    ("What takes space, and what could come back:", "system df"),
    (
        "The plan first: every object, and why it goes or stays. Nothing is removed yet.",
        "system prune --all --volumes --dry-run --explain --quiet",
    ),
    ("The same for real: exactly what was shown goes.", "system prune --all --volumes --force"),
    (
        "The world was told: one event for each kind, with the bytes that came back.",
        "events --since 1h --until 1s --filter event=prune",
    ),
    ("The shop still runs, with its image, its network and its data:", "system df"),
)


@click.command(
    "demo",
    cls=DockerCommand,
    usage_suffix="",
    help="""Walk through a whole prune - plan, reasons, removal, events - in a throw-away store.

    On a terminal each step waits for Enter; q ends the walk.
    """,
)
def demo() -> int:
    """Run the script's commands one by one, a minute apart on their clock, each with its words of introduction."""
    from prunecli.cli.main import run

    start = Clock.from_environment().now()
    with tempfile.TemporaryDirectory(prefix="prunecli-demo-") as folder:
        before = dict(os.environ)
        os.environ |= {"PRUNECLI_STORE": str(Path(folder) / "state.db"), "DOCKER_CONFIG": folder}
        os.environ |= {"DOCKER_API_VERSION": "1.41", "PAGER": ""}  # a page at a time is our own way to go on
        try:
            for minutes, (words, line) in enumerate(SCRIPT):
                if minutes and not _goes_on():
                    break
                os.environ["PRUNECLI_NOW"] = format_instant(start + minutes * MINUTE)
                sys.stdout.write(f"\n# {words}\n$ prunecli {line}\n")
                sys.stdout.flush()
                if code := run(shlex.split(line)):
                    return code
        finally:
            os.environ.clear()
            os.environ.update(before)
    return 0


def _goes_on() -> bool:
    """Wait on a terminal for Enter; False for q, the end of input, Ctrl-C and SIGTERM."""
    if not on_terminal():
        return True
    try:
        typed = answer("\n[Enter goes on, q ends] ", sys.stdout)
    except Declined:
        return False
    if not typed:
        sys.stdout.write("\n")
    return bool(typed) and typed.strip().lower() != "q"
