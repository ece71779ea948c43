"""The root of the command line: global options, the table of commands, and how errors reach the user."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prunecli.cli.groups import Entry, RootGroup
from prunecli.cli.pflag import Flag, Text
from prunecli.cli.session import LOG_LEVELS, Session
from prunecli.cli.streams import StdoutError, drop_stdout, refusal, stand_in
from prunecli.errors import PrunecliError, RefusedError
from prunecli.printable import printable
from prunecli.units import parse_go_bool
from prunecli.worlds import Flags

if TYPE_CHECKING:
    from prunecli.backends.engine.endpoint import TlsFlags

COMMANDS = {
    "system": Entry("tables:system", "Prune everything unused, measure disk usage, follow events"),
    "container": Entry("tables:container", "Prune stopped containers"),
    "image": Entry("tables:image", "Prune unused images"),
    "network": Entry("tables:network", "Prune unused networks"),
    "volume": Entry("tables:volume", "Prune unused volumes"),
    "builder": Entry("tables:builder", "Prune and measure the build cache"),
    "buildx": Entry("tables:builder", "Another name for builder"),
    "gc": Entry("tables:gc", "Collect build cache garbage by the rules of a policy", ours=True),
    "events": Entry("events:events", "Replay the journal of events, then follow it live"),
    "apply": Entry("apply:apply_plan", "Carry out a plan that was written with --plan-out", ours=True),
    "state": Entry("tables:state", "Load, save and inspect the state store", ours=True),
    "serve": Entry("serve:serve", "Serve the store as a Docker Engine API on a unix socket", ours=True),
    "demo": Entry("demo:demo", "See every step of a prune in a throw-away store", ours=True),
    "completion": Entry(
        "completion:completion", "Print the script that teaches a shell to complete prunecli", ours=True
    ),
    "use": Entry("use:use", "Name the world to work on once for all, or say which one it is", ours=True),
    "plugin": Entry("plugin:plugin", "Make `docker prunecli` work, or undo it", ours=True),
}


GLOBAL_OPTIONS = [
    Flag(
        ["--store"],
        type=Text("file"),
        once="--store",
        help="State store to work on (default $PRUNECLI_STORE, else in the user's state directory)",
    ),
    Flag(["--api-version"], type=Text("version"), help="Speak this API version, like $DOCKER_API_VERSION"),
    Flag(["-H", "--host"], type=Text("host"), once="-H", help="Work on the live Engine at this address"),
    Flag(["-c", "--context"], type=Text("name"), once="-c", help="Work on the live Engine of this Docker context"),
    Flag(["--engine"], is_flag=True, help="Work on the live Engine that docker itself would use"),
    Flag(["--tls"], is_flag=True, help="Use TLS for an Engine on TCP"),
    Flag(["--tlsverify"], type=Text("bool", parse_go_bool), bare="true", help="Use TLS and check who the Engine is"),
    Flag(["--tlscacert"], type=Text("file"), help="Trust certificates that this CA signed"),
    Flag(["--tlscert"], type=Text("file"), help="Certificate that says who we are"),
    Flag(["--tlskey"], type=Text("file"), help="Key of that certificate"),
    Flag(["--config"], type=Text("directory"), help="Docker's client configuration, for its pruneFilters"),
    Flag(
        ["-l", "--log-level"],
        type=Text("level"),
        default="info",
        help="How much goes to stderr: debug, info, warn, error, fatal",
    ),
    Flag(["-v", "--version"], is_flag=True, help="Print the version and quit"),
]


@click.command(
    cls=RootGroup,
    table=COMMANDS,
    params=GLOBAL_OPTIONS,
    help="Show exactly what a Docker prune would remove and why, remove exactly that, and tell what came back.",
)
@click.pass_context
def root(
    ctx: click.Context,
    /,
    store: str | None,
    api_version: str | None,
    config: str | None,
    log_level: str,
    version: bool,
    host: str | None,
    context: str | None,
    engine: bool,
    **tls: Any,
) -> None:
    """Keep what the global options say for the command that follows."""
    del version  # answered when no command is named
    if log_level not in LOG_LEVELS:
        raise PrunecliError(f"Unable to parse logging level: {log_level}")
    session = Session(
        Flags(store, host, context, engine),
        api_version or os.environ.get("DOCKER_API_VERSION", ""),
        log_level=log_level,
    )
    if any(value not in (None, False) for value in tls.values()):
        session.tls = _tls_flags(**tls)
    if config == "":
        raise PrunecliError('--config needs the name of a directory, not ""')
    if config:
        session.config_dir = Path(config)
    ctx.obj = session


def _tls_flags(
    tls: bool, tlsverify: str | None, tlscacert: str | None, tlscert: str | None, tlskey: str | None
) -> TlsFlags:
    from prunecli.backends.engine.endpoint import TlsFlags

    verify = None if tlsverify is None else parse_go_bool(tlsverify)
    return TlsFlags(tls, verify, tlscacert, tlscert, tlskey)


def run(argv: Sequence[str], *, prog: str = "prunecli") -> int:
    """Run one command line and return its exit code; whatever a user can cause ends as one sentence on stderr."""
    stand_in()
    try:
        code = _dispatch(argv, prog)
        sys.stdout.flush()
        return code
    except StdoutError as e:
        drop_stdout()
        return complain(str(e), 1)
    except OSError as e:
        return complain(refusal(e), 1)
    except MemoryError:
        return complain("out of memory: what was read is too large for this machine or its limits", 1)
    except RecursionError:
        return complain("something that was read is nested too deeply", 1)


def _dispatch(argv: Sequence[str], prog: str) -> int:
    try:
        result = root.main(list(argv), prog_name=prog, standalone_mode=False)
    except RefusedError as e:
        daemon = "Error response from daemon: " if e.from_daemon else ""
        return complain(f"{daemon}{e.message}", e.exit_code, tail=e.tail, hint=e.hint)
    except PrunecliError as e:
        return complain(e.message, e.exit_code, tail=e.tail, hint=e.hint)
    except click.exceptions.Exit as e:
        return e.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except SystemExit:  # what Click makes of a pipe that breaks
        return complain("a connection was closed before everything was written to it", 1)
    except click.ClickException as e:
        return complain(e.format_message(), 125)
    return result if isinstance(result, int) else 0


def complain(message: str, code: int, *, tail: str = "", hint: str = "") -> int:
    """Write an error to stderr, safe for a terminal, and return the exit code.

    Message and hint are one line each whatever stands in them; the tail between them, which holds nothing from outside,
    may have several.
    """
    lines = [message, *(tail.split("\n") if tail else ()), *([hint] if hint else ())]
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write("".join(f"{printable(line)}\n" for line in lines))
        sys.stderr.flush()
    return code
