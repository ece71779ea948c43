"""An Engine's events as a stream that survives its connection: without loss, and nothing is told twice.

An Engine takes the time of an event before it hands it on, so two of them may arrive in the other order. After a break
the stream is asked for again from a little before the newest event, and what is known already is passed over.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator

from prunecli.backends.engine.clock import engine_now
from prunecli.backends.engine.connection import Connection
from prunecli.backends.engine.wires import Stream
from prunecli.errors import EngineError, RefusedError
from prunecli.events import Event, parse_event
from prunecli.units import SECOND, Duration, Instant

_OVERLAP: Duration = 2 * SECOND
_BREATH = 0.5  # seconds between two questions whether to go on
_FIRST_PAUSE = 0.1  # seconds before the second attempt to connect; each pause is twice the one before, up to a breath


def follow_events(
    connection: Connection,
    since: Instant | None,
    until: Instant | None,
    follow: Callable[[], bool] | None,
    notice: Callable[[str], None],
) -> Iterator[Event]:
    """Return the events of an Engine, see `World.events`; the connection is made before this returns.

    While it is broken, `notice` is told once, and it is tried again for as long as `follow()` is true.
    Errors: EngineError for an Engine that cannot be reached in the first place, or sends something else.
    """
    began_at = engine_now(connection)
    if follow is None:
        past = began_at if until is None else min(until, began_at)
        stream = connection.stream("/events", _query(since, past))
        return (_event(line) for line in stream.lines() if line.strip())
    told = _Told(since, began_at)
    stream = connection.stream("/events", _query(since, until))
    # What is over is a matter of the Engine's clock, which may differ from ours.
    ends_at = None if until is None else until - began_at + time.time_ns()
    return _Following(connection, stream, told, until, ends_at, follow, notice).events()


class _Told:
    """What was passed on lately: it says where to go on, and what is a repetition."""

    def __init__(self, since: Instant | None, began_at: Instant) -> None:
        self._first = began_at if since is None else since
        self._newest: Instant | None = None
        self._recent: dict[bytes, Instant] = {}

    @property
    def since(self) -> Instant:
        """Where to go on after a break."""
        return self._first if self._newest is None else max(self._newest - _OVERLAP, self._first)

    def is_new(self, line: bytes, at: Instant) -> bool:
        """Say whether an event was not passed on yet, and remember it."""
        if line in self._recent:
            return False
        self._recent[line] = at
        if self._newest is None or at > self._newest:
            self._newest = at
            # Twice the overlap: what is asked for again is known, however late it came.
            self._recent = {text: when for text, when in self._recent.items() if when >= at - 2 * _OVERLAP}
        return True


class _End:
    """The Engine ended the stream in the proper way."""


class _Following:
    """One reader in the background, so that whoever waits for events can be asked whether to go on."""

    def __init__(
        self,
        connection: Connection,
        stream: Stream,
        told: _Told,
        until: Instant | None,
        ends_at: Instant | None,
        follow: Callable[[], bool],
        notice: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self._stream: Stream | None = stream
        self._told = told
        self._until = until
        self._ends_at = ends_at
        self._follow = follow
        self._notice = notice
        self._lines: queue.SimpleQueue[bytes | _End | EngineError] = queue.SimpleQueue()

    def events(self) -> Iterator[Event]:
        """Yield events until the end that was asked for."""
        self._listen()
        try:
            while True:
                try:
                    line = self._lines.get(timeout=_BREATH)
                except queue.Empty:
                    if not self._follow():
                        return
                    continue
                if isinstance(line, bytes):
                    event = _event(line)
                    if self._told.is_new(line, event.at):
                        yield event
                elif not self._goes_on(line):
                    return
        finally:
            if self._stream is not None:
                self._stream.close()

    def _listen(self) -> None:
        threading.Thread(target=self._read, args=(self._stream,), daemon=True).start()

    def _read(self, stream: Stream) -> None:
        try:
            for line in stream.lines():
                if line.strip():
                    self._lines.put(line)
            self._lines.put(_End())
        except EngineError as error:
            self._lines.put(error)

    def _goes_on(self, end: _End | EngineError) -> bool:
        """Connect again unless the stream ended because its time was over; returns whether there is more to come."""
        if isinstance(end, _End) and self._over():
            return False
        self._stream = None
        self._notice(f"the events of the Engine at {self._connection.endpoint.url} broke off: connecting again")
        self._stream = self._connect_again()
        if self._stream is None:
            return False
        self._listen()
        return True

    def _over(self) -> bool:
        return self._ends_at is not None and time.time_ns() >= self._ends_at

    def _connect_again(self) -> Stream | None:
        pause = _FIRST_PAUSE
        while self._follow():
            try:
                return self._connection.stream("/events", _query(self._told.since, self._until))
            except RefusedError:
                raise
            except EngineError:
                if self._over():
                    raise
            time.sleep(pause)
            pause = min(pause * 2, _BREATH)
        return None


def _query(since: Instant | None, until: Instant | None) -> dict[str, str]:
    bounds = {"since": since, "until": until}
    return {name: f"{at // SECOND}.{at % SECOND:09d}" for name, at in bounds.items() if at is not None}


def _event(line: bytes) -> Event:
    try:
        return parse_event(json.loads(line))
    except ValueError:
        raise EngineError(f"the Engine sent an event that is no JSON: {line[:80]!r}") from None
