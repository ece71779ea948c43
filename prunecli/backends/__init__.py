"""Worlds that can be photographed (`snapshot`) and changed (`change`), behind one protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # completion reads names from a store and nothing else, and should not wait for the rest
    from prunecli.events import Event
    from prunecli.snapshot import Snapshot
    from prunecli.units import Instant
    from prunecli.verdict import Kind, Step


class Change(Protocol):
    """One kind being changed: what it removes and what it tells become true together, or not at all.

    Leaving the context commits; leaving it by an exception undoes everything that was done in it.
    """

    @property
    def generation(self) -> int:
        """The world's generation at this moment, its own removals included."""

    def snapshot(self, now: Instant) -> Snapshot:
        """Photograph the world as it is inside this change."""

    def remove(self, step: Step) -> str | None:
        """Carry out one step; returns None, or in words why it could not be done (the world is then as before)."""

    def emit(self, event: Event) -> None:
        """Tell the world; the event becomes visible when the change is committed."""


class World(Protocol):
    """A place where objects live."""

    def snapshot(self, now: Instant) -> Snapshot:
        """Photograph the whole world, consistent in itself; `now` becomes `taken_at`."""

    def change(self, kind: Kind) -> AbstractContextManager[Change]:
        """Begin to change one kind.

        Takes the kind's lock as the Engine does: containers and networks share one, images and volumes have one each,
        and a second caller gets BusyError at once; build cache waits.
        """

    def events(
        self, since: Instant | None, until: Instant | None, *, follow: Callable[[], bool] | None = None
    ) -> Iterator[Event]:
        """Yield journal events with `since <= at <= until` in order, oldest first.

        With `follow` it goes on with events as they happen, blocks in between without using the processor, and ends
        when `until` has passed or `follow()` turns false (asked at least every second). With `follow` and neither
        bound, only what happens from the call on; `until` alone replays everything up to it, as an Engine does.
        """
