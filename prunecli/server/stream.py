"""`GET /events`: the journal replayed and then followed, for many listeners at once.

What a listener has not read yet stays in the journal: nobody who reads slowly, or not at all, holds memory, and nobody
misses anything. The newest events are kept at hand, since most listeners wait for just those.
Source: Docker Engine API; `cli-and-api.md` 7.4 and 9.5 of the specification.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from prunecli.backends.served import PAGE, ServedStore
from prunecli.errors import PrunecliError, RefusedError, StoreError, TimestampError
from prunecli.events import Event, EventFilter, event_json
from prunecli.server.messages import Request, to_json
from prunecli.server.world import ServedWorld
from prunecli.units import SECOND, Instant, parse_event_bound

Run = Callable[..., Awaitable[list[tuple[int, Event]]]]

_AT_HAND = 1024
_LOOK_AROUND = 0.5  # seconds after which the journal is looked at, whether or not a bell rang


@dataclass(frozen=True, slots=True)
class Listener:
    """What one request wants to hear: `after` is the number of the store's journal from which on it listens."""

    store: ServedStore
    after: int
    since: Instant | None
    until: Instant | None
    filter: EventFilter
    hides_image_create: bool
    legacy: bool

    def line(self, event: Event) -> bytes | None:
        """Return the bytes for an event, None for one that is not wanted."""
        if self.hides_image_create and (event.type, event.action) == ("image", "create"):
            return None
        return to_json(event_json(event, legacy=self.legacy)) if self.filter.match(event) else None

    def bounds(self, event: Event) -> bool:
        """Say whether an event lies within what was asked for."""
        return (self.since is None or event.at >= self.since) and (self.until is None or event.at <= self.until)


def make_listener(world: ServedWorld, request: Request) -> Listener:
    """Return what a request wants to hear. Errors: RefusedError in the Engine's words, FilterError.

    Without `since` and `until` it begins with what happens from now on.
    """
    since, until = _bound(request.text("since")), _bound(request.text("until"))
    if since is not None and until is not None and until < since:
        told = f"`since` time ({request.text('since')}) cannot be after `until` time ({request.text('until')})"
        raise RefusedError(told)
    store = world.store
    return Listener(
        store,
        store.last_event() if since is None and until is None else 0,
        since,
        until,
        EventFilter.parse(request.filters()),
        hides_image_create=request.api < (1, 46),
        legacy=request.api < (1, 52),
    )


def _bound(text: str) -> Instant | None:
    if not text:
        return None
    try:
        return parse_event_bound(text)
    except TimestampError as error:
        raise RefusedError(str(error), http_status=500) from None


class Journal:
    """The end of the store's journal, read once for all listeners. `start` and `stop` belong to the event loop.

    With another store in its place all listeners end, as when an Engine is started again: numbers and past are others.
    """

    def __init__(self, world: ServedWorld) -> None:
        self._world = world
        self.store = world.store
        self._recent: deque[tuple[int, Event]] = deque(maxlen=_AT_HAND)
        self._known_from = 0
        self._last = 0
        self._ears: set[_Ear] = set()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self.stopped = False

    def start(self) -> None:
        """Begin to follow the store. Errors: PrunecliError when no thread can be had for it."""
        loop = asyncio.get_running_loop()
        self._last = self._known_from = self.store.last_event()
        self._world.replaced = lambda store, last: _call(loop, self._begin_anew, store, last)
        self._thread = threading.Thread(
            target=self._follow, args=(loop, self.store, self._last), name="journal", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError as e:  # no memory for it, or too many of this user's
            raise PrunecliError(f"the store cannot be served: {e}") from None

    def stop(self) -> None:
        """End all listeners: each is told what it has yet to hear, and no more."""
        self.stopped = True
        self._over.set()
        self._ring()

    def join(self) -> None:
        """Wait until nothing reads the store any more."""
        if self._thread:
            self._thread.join()

    @contextmanager
    def listening(self, listener: Listener, clock: Callable[[], Instant], run: Run) -> Iterator[_Ear]:
        """Lend what yields the events of one listener, page by page."""
        ear = _Ear(self, listener, clock, run)
        self._ears.add(ear)
        try:
            yield ear
        finally:
            self._ears.discard(ear)

    def _begin_anew(self, store: ServedStore, last: int) -> None:
        self.store = store
        self._recent.clear()
        self._last = self._known_from = last
        self._ring()

    def _follow(self, loop: asyncio.AbstractEventLoop, store: ServedStore, last: int) -> None:
        while not self._over.is_set():
            # A store that cannot be read for a moment is looked at again; requests meanwhile say what is wrong.
            try:
                current = self._world.store
                if current is not store:
                    store, last = current, 0
                last = self._follow_one(loop, store, last)
            except (StoreError, OSError):
                self._over.wait(_LOOK_AROUND)

    def _follow_one(self, loop: asyncio.AbstractEventLoop, store: ServedStore, last: int) -> int:
        """Tell of the events of one store until it is replaced; returns the number of the last one."""
        seen: object = None
        with closing(store.bell()) as bell:
            while not self._over.is_set() and self._world.store is store:
                marks = store.marks()
                if marks is None or marks != seen:
                    while page := store.events_after(last, None, None):
                        last = page[-1][0]
                        _call(loop, self._tell, store, page)
                    seen = marks
                else:
                    store.rest()  # nothing happens: the store can be moved and replaced
                bell.wait(_LOOK_AROUND)
        return last

    def _tell(self, store: ServedStore, page: list[tuple[int, Event]]) -> None:
        page = [(number, event) for number, event in page if number > self._last]
        if store is not self.store or not page:
            return
        self._recent.extend(page)
        self._last = page[-1][0]
        if len(self._recent) == _AT_HAND:
            self._known_from = self._recent[0][0] - 1
        self._ring()

    def _ring(self) -> None:
        for ear in self._ears:
            ear.bell.set()


class _Ear:
    """One listener's place in the journal."""

    def __init__(self, journal: Journal, listener: Listener, clock: Callable[[], Instant], run: Run) -> None:
        self._journal, self._listener, self._clock, self._run = journal, listener, clock, run
        self._number = listener.after
        self._left = False
        self.bell = asyncio.Event()

    def leave(self) -> None:
        """Hear to the end what has happened by now, and nothing after that."""
        self._left = True
        self.bell.set()

    async def next(self) -> list[Event] | None:
        """Return the next events, at least one; None when there is nothing more to come."""
        while True:
            self.bell.clear()
            if self._journal.store is not self._listener.store:
                return None
            ended = self._left or self._journal.stopped or self._is_over()
            page, whole = await self._read(ended)
            if page:
                return [event for _, event in page]
            if not whole:
                continue
            if ended:
                return None
            await self._wait()

    def _is_over(self) -> bool:
        until = self._listener.until
        return until is not None and self._clock() > until

    async def _read(self, ended: bool) -> tuple[list[tuple[int, Event]], bool]:
        """Return what follows, and whether that was all; the journal itself is read where the past is asked for."""
        journal, listener = self._journal, self._listener
        last = journal._last
        if self._number >= journal._known_from and not ended:
            page = [(n, e) for n, e in journal._recent if n > self._number and listener.bounds(e)]
            self._number = max(self._number, last)
            return page, True
        page = await self._run(listener.store.events_after, self._number, listener.since, listener.until)
        whole = len(page) < PAGE
        self._number = max(page[-1][0] if page else 0, self._number, last if whole else 0)
        return page, whole

    async def _wait(self) -> None:
        until = self._listener.until
        seconds = None if until is None else max(until - self._clock(), 0) / SECOND + 0.001
        try:
            await asyncio.wait_for(self.bell.wait(), None if seconds is None else min(seconds, 3600.0))
        except TimeoutError:
            return


def _call(loop: asyncio.AbstractEventLoop, act: Callable[..., None], *args: object) -> None:
    """Have something done by the event loop; one that has ended does nothing."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(act, *args)
