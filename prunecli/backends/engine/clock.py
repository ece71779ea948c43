"""The clock of an Engine, which may differ from ours: the times of its objects and events are readings of it."""

from __future__ import annotations

import time

from prunecli.backends.engine.connection import Connection
from prunecli.errors import TimestampError
from prunecli.units import Duration, Instant, parse_rfc3339


def engine_now(connection: Connection) -> Instant:
    """Return the time on the Engine's clock, ours where it does not tell."""
    try:
        return parse_rfc3339(connection.get("/info")["SystemTime"])
    except (TimestampError, KeyError, TypeError):
        return time.time_ns()


class EngineClock:
    """The clock of an Engine, read once; from there it runs on, at the latest with the Engine's own."""

    def __init__(self, connection: Connection) -> None:
        self._first = engine_now(connection)
        self._began = time.monotonic_ns()

    def age(self, instant: Instant) -> Duration:
        """Return how long ago an instant was, at least a nanosecond, and never longer than the Engine itself finds."""
        return max(self._first + time.monotonic_ns() - self._began - instant, 1)
