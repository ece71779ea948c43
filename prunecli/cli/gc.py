"""The `gc` commands: which flags each takes, and what is done with them."""

from __future__ import annotations

from typing import Any

import click

from prunecli.cli.gc_setting import LIMITS, Asked, make_setting, parse_disk
from prunecli.cli.pflag import DockerCommand, Flag, Text
from prunecli.cli.prune import FORCE, SHOWING, make_options
from prunecli.cli.session import Session
from prunecli.errors import DurationError, PolicyError, ValueTextError
from prunecli.policy.buildkitd import WORKERS, parse_keepstorage
from prunecli.units import SECOND, Duration, parse_atoi, parse_duration, parse_human_duration, parse_size


def _check_worker(text: str) -> None:
    if text not in WORKERS:
        raise ValueTextError(f"{' or '.join(WORKERS)} is expected")


def _one_of(*formats: str) -> Text:
    def check(text: str) -> None:
        if text not in formats:
            raise ValueTextError(f"{', '.join(formats[:-1])} or {formats[-1]} is expected")

    return Text("string", check)


def _check_keepstorage(text: str) -> None:
    try:
        parse_keepstorage(text)
    except PolicyError as e:
        raise ValueTextError(str(e)) from None


GROUND = [
    Flag(["--config"], type=Text("file"), help="Read the policy from this daemon.json or buildkitd.toml; - is stdin"),
    Flag(["--worker"], type=Text("name", _check_worker), help="Worker of a buildkitd.toml: oci or containerd"),
    Flag(["--disk"], type=Text("total:free", parse_disk), help="Disk below the cache, as 252GB:30GB"),
    Flag(
        ["--gc-keepstorage"],
        type=Text("mb", _check_keepstorage),
        help="BuildKit's own rules with reserved[,free[,maximum]] in MB, as buildkitd's worker flag takes them",
    ),
    *(
        Flag([f"--{name.replace('_', '-')}"], type=Text("bytes", parse_size), help=help)
        for name, help in zip(
            LIMITS,
            (
                "Make the default rules with this much that is never pruned away",
                "Make the default rules with this ceiling for the cache",
                "Make the default rules with this much of the disk left free",
            ),
            strict=True,
        )
    ),
]


def _asked(own: dict[str, Any]) -> Asked:
    """Take the shared options out of a command's arguments."""
    limits = {name: own.pop(name) for name in LIMITS}
    return Asked(own.pop("config"), own.pop("worker"), own.pop("disk"), own.pop("gc_keepstorage"), limits)


@click.command(
    "policy",
    cls=DockerCommand,
    params=[*GROUND, Flag(["--format"], type=_one_of("text", "json"), default="text", help="Show as text or json")],
    help="""Show the rules that hold, where each number comes from, and what may surprise.

    Without --config these are the rules that a Docker Engine of the store's version has built in.
    """,
)
@click.pass_obj
def gc_policy(session: Session, /, format: str, **own: Any) -> int:
    """Print the effective policy."""
    from prunecli.cli.gc_policy import show_policy

    show_policy(make_setting(session, _asked(own), needed=False), as_json=format == "json")
    return 0


@click.command(
    "run",
    cls=DockerCommand,
    params=[*GROUND, FORCE, *SHOWING],
    help="""Run the rules of a policy once, in their order, each on what the one before it left.

    One transaction, one prune event with the sum. With --disk and the limits, a rehearsal for another machine.
    """,
)
@click.pass_obj
def gc_run(session: Session, /, **own: Any) -> int:
    """Carry out a policy once."""
    from prunecli.cli.gc_run import COMMAND, run_gc

    asked = _asked(own)
    options = make_options(COMMAND, **own)
    return run_gc(session, make_setting(session, asked), options)


def parse_interval(text: str) -> Duration:
    """Read how often to run: a duration of a second or more. Errors: DurationError."""
    try:
        interval = parse_duration(text)
    except DurationError:
        human = parse_human_duration(text)
        if human is None:
            raise
        interval = human
    if interval < SECOND:
        raise DurationError("a second is the shortest interval")
    return interval


@click.command(
    "watch",
    cls=DockerCommand,
    params=[
        *GROUND,
        Flag(
            ["--interval"],
            type=Text("duration", parse_interval),
            default="1m",
            help="Run at least this often, even when the cache did not grow",
        ),
    ],
    help="""Run a policy in the foreground, whenever the build cache grew or the interval passed.

    Prints a line for each run, asks nothing, and ends on SIGTERM with 0. One watch at a time works on a store. It goes
    on with a store that is put in the place of the one before, and ends when there is none any more.
    """,
)
@click.pass_obj
def gc_watch(session: Session, /, interval: str, **own: Any) -> int:
    """Carry out a policy again and again."""
    from prunecli.cli.gc_watch import watch

    return watch(session, _asked(own), parse_interval(interval))


def _check_count(text: str) -> None:
    _count(text)


def _count(text: str) -> int:
    number = parse_atoi(text)
    if number < 1:
        raise ValueTextError("a number from 1 on is expected")
    return number


@click.command(
    "simulate",
    cls=DockerCommand,
    params=[
        *GROUND,
        Flag(["--days"], type=Text("number", _check_count), default="30", help="Days to play"),
        Flag(["--builds-per-day"], type=Text("number", _check_count), default="40", help="Builds on each day"),
        Flag(["--seed"], type=Text("number", parse_atoi), default="0", help="What chance is made from"),
        Flag(
            ["--format"],
            type=_one_of("text", "csv", "json"),
            default="text",
            help="Print a table (with bars on a terminal), csv or json",
        ),
    ],
    help="""Play a seeded workload against a policy, from an empty cache on, and print its size day by day.

    The same seed plays the same builds, whatever the policy: so two policies can be compared.
    """,
)
@click.pass_obj
def gc_simulate(session: Session, /, days: str, builds_per_day: str, seed: str, format: str, **own: Any) -> int:
    """Try a policy before it is deployed."""
    from prunecli.cli.gc_simulate import MOST_BUILDS, run_simulation
    from prunecli.errors import PrunecliError
    from prunecli.simulate import Workload

    workload = Workload(_count(days), _count(builds_per_day), parse_atoi(seed))
    if workload.days * workload.builds_per_day > MOST_BUILDS:
        raise PrunecliError(f"{workload.days * workload.builds_per_day} builds are too many: at most {MOST_BUILDS}")
    run_simulation(make_setting(session, _asked(own), needed=False), workload, format)
    return 0
