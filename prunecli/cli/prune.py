"""The prune commands: which flags each takes, and the request that they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from prunecli.cli.options import AGE, EVERYTHING, FORMATS, FULL, JSON, NAME, SHORT, SIZE, SORTS, TEXT, Options
from prunecli.cli.pflag import DockerCommand, Flag, Text
from prunecli.cli.session import Session
from prunecli.errors import PrunecliError, UsageError, ValueTextError
from prunecli.filters import Filters
from prunecli.info import PruneRequest
from prunecli.units import parse_duration, parse_size
from prunecli.verdict import Kind


def _check_filter(text: str) -> None:
    Filters.from_flags([text])


def _size(name: str, help: str, *, hidden: bool = False) -> Flag:
    return Flag([name], type=Text("bytes", parse_size), help=help, hidden=hidden)


def _check_format(text: str) -> None:
    if text not in FORMATS:
        raise ValueTextError(f"{' or '.join(FORMATS)} is expected")


def _check_sort(text: str) -> None:
    if text not in SORTS:
        raise ValueTextError(f"{SIZE}, {AGE} or {NAME} is expected")


def _check_summary(text: str) -> None:
    if text not in (SHORT, FULL):
        raise ValueTextError(f"{SHORT} or {FULL} is expected")


FORCE = Flag(["-f", "--force"], is_flag=True, help="Do not ask, go on")
DRY_RUN = Flag(["--dry-run"], is_flag=True, help="Print what would be reported, and remove nothing")
EXIT_CODE = Flag(
    ["--exit-code"], is_flag=True, help="With --dry-run: exit 10 when something would go, 0 when nothing would"
)
EXPLAIN = Flag(
    ["--explain"],
    type=Text("name"),
    bare=EVERYTHING,
    help="Show every object with why it goes or stays; with a name, tag or id all about that one",
)
FORMAT = Flag(["--format"], type=Text("string", _check_format), default=TEXT, help="Report as text or json")
PLAN_OUT = Flag(["--plan-out"], type=Text("file"), help="Write the plan to a file for `apply`, and remove nothing")
SORT = Flag(["--sort"], type=Text("order", _check_sort), help="Explain by size, age or name")
QUIET = Flag(["-q", "--quiet"], is_flag=True, help="Report the total alone")
SUMMARY = Flag(
    ["--summary"],
    type=Text("form", _check_summary),
    bare=SHORT,
    help="Report a table of what went and stayed, kind by kind; --summary=full with every object above it",
)
BRIEF = Flag(["--brief"], is_flag=True, help="With --format json: leave out what is kept")

EXACT = Flag(["--exact"], is_flag=True, help="Live Engine: remove what the plan shows one by one, not by its own prune")
WAIT = Flag(
    ["--wait"],
    type=Text("duration", parse_duration),
    help="Live Engine: wait this long while another prune runs (e.g. 30s)",
)

SHOWING = (DRY_RUN, EXIT_CODE, EXPLAIN, SORT, FORMAT, BRIEF, QUIET, SUMMARY)
"""The flags of everything that carries out a plan, beside --force."""


def make_options(
    command: str,
    *,
    force: bool,
    dry_run: bool,
    exit_code: bool,
    explain: str | None,
    sort: str | None,
    format: str,
    brief: bool,
    quiet: bool,
    summary: str | None,
    plan_out: str | None = None,
    exact: bool = False,
    wait: str | None = None,
) -> Options:
    """Return what the common flags say. Errors: PrunecliError for flags that contradict each other."""
    path = None
    if plan_out is not None:
        from prunecli.cli.plan_io import check_name

        path = check_name(plan_out)
    if exit_code and not (dry_run or path):
        raise PrunecliError("--exit-code goes with --dry-run or --plan-out")
    if brief and format != JSON:
        raise PrunecliError("--brief goes with --format json")
    if quiet and format == JSON:
        raise PrunecliError("conflicting options: --quiet leaves a total alone, --format json a document")
    return Options(
        command,
        force,
        dry_run,
        exit_code,
        explain,
        format,
        path,
        summary=summary is not None,
        exact=exact,
        wait=0 if wait is None else parse_duration(wait),
        rows=not quiet and summary in (None, FULL),
        brief=brief,
        sort=sort,
    )


def _filter(example: str) -> Flag:
    return Flag(
        ["--filter"], type=Text("filter", _check_filter), multiple=True, help=f"Narrow what goes (e.g. {example})"
    )


def _all(help: str) -> Flag:
    return Flag(["-a", "--all"], is_flag=True, help=help)


def _command(
    name: str, help: str, kind_flags: list[Flag], make: Callable[..., PruneRequest], *, suffix: str = " [OPTIONS]"
) -> click.Command:
    """Make one prune command: its own flags decide the request, the common ones how it is carried out."""
    common = [FORCE, *SHOWING, PLAN_OUT, EXACT, WAIT]

    @click.pass_obj
    def callback(session: Session, /, exact: bool, wait: str | None, **given: Any) -> int:
        if (exact or wait is not None) and session.target is None:
            raise PrunecliError("--exact and --wait go with a live Engine: name one with --host, --context or --engine")
        shared = {flag.name: given.pop(flag.name) for flag in common if flag.name in given}
        options = make_options(name, exact=exact, wait=wait, **shared)
        from prunecli.cli.run import run_prune

        return run_prune(session, make(session=session, **given), options)

    return DockerCommand("prune", callback=callback, params=[*kind_flags, *common], help=help, usage_suffix=suffix)


def _filters(session: Session, given: tuple[str, ...]) -> Filters:
    return Filters.from_flags(given).merge_config(session.prune_filters())


def _system(session: Session, filter: tuple[str, ...], all: bool, volumes: bool) -> PruneRequest:
    if volumes and "until" in Filters.from_flags(filter):
        raise UntilWithVolumesError
    kinds = tuple(k for k in Kind if volumes or k is not Kind.VOLUME)
    return PruneRequest(kinds, all=all, filters=_filters(session, filter))


def _simple(kind: Kind) -> Callable[..., PruneRequest]:
    def make(session: Session, filter: tuple[str, ...], all: bool = False) -> PruneRequest:
        return PruneRequest((kind,), all=all, filters=_filters(session, filter))

    return make


def _volume(session: Session, filter: tuple[str, ...], all: bool) -> PruneRequest:
    filters = _filters(session, filter)
    if all and "all" in filters:
        raise PrunecliError("conflicting options: cannot specify both --all and --filter all=1")
    return PruneRequest((Kind.VOLUME,), all=all, filters=filters)


def _builder(
    session: Session,
    filter: tuple[str, ...],
    all: bool,
    keep_storage: str | None,
    reserved_space: str | None,
    max_used_space: str | None,
    min_free_space: str | None,
) -> PruneRequest:
    if keep_storage is not None and reserved_space is not None:
        raise PrunecliError("conflicting options: --keep-storage is the old name of --reserved-space, give one of them")
    sizes = [
        None if t is None else parse_size(t) for t in (keep_storage or reserved_space, max_used_space, min_free_space)
    ]
    request = PruneRequest((Kind.BUILD_CACHE,), all=all, filters=_filters(session, filter))
    newer = any(text is not None for text in (reserved_space, max_used_space, min_free_space))
    return replace(
        request, reserved_space=sizes[0], max_used_space=sizes[1], min_free_space=sizes[2], exact_until=newer
    )


class UntilWithVolumesError(UsageError):
    """`--volumes` with an `until` filter: Docker refuses it before it asks."""

    exit_code = 1

    def __init__(self) -> None:
        super().__init__('ERROR: The "until" filter is not supported with "--volumes"')


system_prune = _command(
    "system prune",
    "Remove stopped containers, unused networks, dangling images and unused build cache.",
    [
        _filter("label=<key>=<value>"),
        _all("Also take unused images that have a tag, and internal and shared build cache"),
        Flag(["--volumes"], is_flag=True, help="Also take anonymous volumes that no container mounts"),
    ],
    _system,
)
container_prune = _command(
    "container prune",
    "Remove every container that does not run: created, exited and dead ones.",
    [_filter("until=24h")],
    _simple(Kind.CONTAINER),
)
image_prune = _command(
    "image prune",
    "Remove dangling images; with --all, every image that no container uses.",
    [_filter("until=24h"), _all("Also take images that have a tag, if no container uses them")],
    _simple(Kind.IMAGE),
)
network_prune = _command(
    "network prune",
    "Remove user-defined networks that no running container is attached to.",
    [_filter("until=24h")],
    _simple(Kind.NETWORK),
)
volume_prune = _command(
    "volume prune",
    "Remove anonymous volumes that no container mounts; with --all, named ones too.",
    [_filter("label=<key>"), _all("Also take volumes that a person gave a name")],
    _volume,
)
builder_prune = _command(
    "builder prune",
    "Remove build cache that no build holds: all of it, or down to a limit.",
    [
        _filter("until=24h"),
        _all("Also take internal, frontend and shared records"),
        _size("--reserved-space", "Keep this much build cache, whatever else is asked"),
        _size("--max-used-space", "Shrink the build cache until it takes less than this"),
        _size("--min-free-space", "Shrink the build cache until the disk has this much free"),
        _size("--keep-storage", "Old name of --reserved-space"),
    ],
    _builder,
    suffix="",
)
