"""The prune routes: one kind each, planned and carried out under the kind's lock.

Source: Docker Engine API; `cli-and-api.md` 9.3 of the specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prunecli.backends import Change
from prunecli.backends.served import ServedStore
from prunecli.errors import RefusedError, ValueTextError
from prunecli.info import Dialect, PruneRequest
from prunecli.plan import Plan
from prunecli.pruning import apply, plan_on
from prunecli.report import KindReport
from prunecli.server.messages import Answer, Request, json_answer
from prunecli.server.world import ServedWorld
from prunecli.snapshot import Snapshot
from prunecli.units import local_utc_offset, parse_atoi
from prunecli.verdict import Kind, Row


def prune_containers(world: ServedWorld, request: Request) -> Answer:
    """Answer `POST /containers/prune`."""
    report = _prune(world, request, Kind.CONTAINER)
    return json_answer({"ContainersDeleted": _names(report) or None, "SpaceReclaimed": report.reclaimed})


def prune_networks(world: ServedWorld, request: Request) -> Answer:
    """Answer `POST /networks/prune`."""
    return json_answer({"NetworksDeleted": _names(_prune(world, request, Kind.NETWORK)) or None})


def prune_volumes(world: ServedWorld, request: Request) -> Answer:
    """Answer `POST /volumes/prune`, whose empty list is a list."""
    report = _prune(world, request, Kind.VOLUME)
    return json_answer({"VolumesDeleted": _names(report), "SpaceReclaimed": report.reclaimed})


def prune_images(world: ServedWorld, request: Request) -> Answer:
    """Answer `POST /images/prune`."""
    report = _prune(world, request, Kind.IMAGE)
    return json_answer({"ImagesDeleted": deleted_items(report.rows) or None, "SpaceReclaimed": report.reclaimed})


def prune_build_cache(world: ServedWorld, request: Request) -> Answer:
    """Answer `POST /build/prune`.

    From API 1.48 on `keep-storage` counts only where `reserved-space` is absent or 0; before, it is the only size.
    """
    status = 400 if request.profile.until_is_client_error else 500
    reserved = limit = free = 0
    if request.profile.takes_space_limits:
        reserved = _bytes(request, "reserved-space", status)
        limit = _bytes(request, "max-used-space", status)
        free = _bytes(request, "min-free-space", status)
    if not reserved:
        reserved = _bytes(request, "keep-storage", status)
    asked = PruneRequest(
        (Kind.BUILD_CACHE,),
        all=request.flag("all"),
        filters=request.filters(),
        reserved_space=reserved or None,
        max_used_space=limit or None,
        min_free_space=free or None,
        dialect=Dialect.REST,
    )
    report, _ = carry_out(world, asked, request.api)
    return json_answer({"CachesDeleted": _names(report) or None, "SpaceReclaimed": report.reclaimed})


def carry_out(world: ServedWorld, asked: PruneRequest, api: tuple[int, int]) -> tuple[KindReport, Snapshot]:
    """Prune the one kind that was asked for: its lock first, then the filters, as an Engine does.

    Returns what was done, and how everything was before. Errors: BusyError; FilterError, with nothing changed and
    nothing told.
    """
    (kind,) = asked.kinds
    with world.store.change(kind) as change:
        snapshot = change.snapshot(world.clock.now())
        plan: Plan = plan_on(snapshot, asked, utc_offset=local_utc_offset(snapshot.taken_at), api=api)
        (report,) = apply(_Held(world.store, change), plan, world.clock)
    return report, snapshot


def deleted_items(rows: tuple[Row, ...]) -> list[dict[str, str]]:
    """Return the rows of an image report as the API has them: `{"Untagged": ref}`, `{"Deleted": id}`."""
    return [{row.verb.capitalize(): row.text} for row in rows]


class _Held:
    """A world of which one kind is being changed already: its photographs are those of the change."""

    def __init__(self, store: ServedStore, change: Change) -> None:
        self._change = change
        self.snapshot = change.snapshot
        self.events = store.events

    @contextmanager
    def change(self, kind: Kind) -> Iterator[Change]:  # noqa: ARG002 - it is the kind whose lock is held
        """Go on with the change that was begun."""
        yield self._change


def _prune(world: ServedWorld, request: Request, kind: Kind) -> KindReport:
    asked = PruneRequest((kind,), filters=request.filters(), dialect=Dialect.REST)
    report, _ = carry_out(world, asked, request.api)
    return report


def _names(report: KindReport) -> list[str]:
    return [row.text for row in report.rows]


def _bytes(request: Request, key: str, http_status: int) -> int:
    text = request.text(key)
    if not text:
        return 0
    try:
        return parse_atoi(text)
    except ValueTextError as error:
        message = f"{key} is in bytes and expects an integer, got {text}: {error}"
        raise RefusedError(message, http_status=http_status) from None
