"""Worlds that can be photographed (`snapshot`) and changed (`change`), behind one protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:  # completion reads names from a store and nothing else, and should not wait for the rest
    from prunecli.events import Event
    from prunecli.filters import Filters
    from prunecli.kinds.build_cache import DiskStat
    from prunecli.plan import KindPlan, Plan
    from prunecli.report import Failure
    from prunecli.snapshot import Snapshot
    from prunecli.units import Duration, Instant
    from prunecli.verdict import Kind, Row, Step
    from prunecli.worlds import WorldName


class Change(Protocol):
    """One kind being changed: what it removes and what it tells become true together, or not at all.

    Leaving the context commits; leaving it by an exception undoes everything that was done in it.
    """

    @property
    def generation(self) -> int:
        """The world's generation at this moment, its own removals included."""

    def snapshot(self, now: Instant) -> Snapshot:
        """Photograph the world as it is inside this change."""

    def remove(self, step: Step) -> Failure | str | None:
        """Carry out one step; returns None, or why it could not be done (the world is then as before).

        Plain words are a failure of the world's; what a rule keeps by now, or is gone, is told as a whole.
        """

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


class NamedWorld(World, Protocol):
    """A world that a person can name, and that says what it is."""

    def name(self) -> WorldName:
        """Return what the world says of itself; once asked, it costs nothing to ask again."""

    def disk(self) -> DiskStat | None:
        """Return the file system below the world's data as it is now, None where nobody can say."""


# A live Engine can do more than a world must, and promise less.


@runtime_checkable
class Sweep(Protocol):
    """A change that is told all its steps at once, and finds out one by one how they turned out."""

    def carry_out(self, steps: Sequence[Step], stop: Callable[[], bool] = ...) -> Iterator[tuple[Step, Failure | None]]:
        """Carry out steps in their order: yield each as it was done, with None, or with why it was not.

        `stop` is asked before each act; when it says yes, the rest is not begun.
        """


class Pruned(NamedTuple):
    """What a world says that its own prune did: the rows of its report, in its order, and the bytes that came back."""

    rows: tuple[Row, ...]
    reclaimed: int


class Pruner(Protocol):
    """A world's own prunes: it decides and tells by itself, under the conditions of a plan."""

    def prune(self, shown: KindPlan, stop: Callable[[], bool]) -> Pruned | None:
        """Prune one kind; returns None, and does nothing, for conditions that the world has no words for.

        Raises KeyboardInterrupt when `stop` says yes while another prune is waited for.
        """


@runtime_checkable
class SelfPruning(Protocol):
    """A world that has prunes of its own."""

    def native(self, plan: Plan, filters: Filters, *, wait: Duration = 0) -> Pruner:
        """Return them under the conditions of a plan, which was asked for with these filters.

        `wait` is how long to wait while another prune of the same kind runs.
        """


@runtime_checkable
class Resting(Protocol):
    """A world that holds something while it is used."""

    def rest(self) -> None:
        """Let go of it while a person thinks, so that others can do with it what they want; the next use takes it."""
