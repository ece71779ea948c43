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
    """The clock of an Engine, read once; from there it runs on. How long the answer took is how little is known."""

    def __init__(self, connection: Connection) -> None:
        asked = time.monotonic_ns()
        self._first = engine_now(connection)
        self._began = time.monotonic_ns()
        self._doubt = self._began - asked

    def earliest(self) -> Instant:
        """Return the time there; the Engine's own clock says this, or up to the doubt more."""
        return self._first + time.monotonic_ns() - self._began

    def latest(self) -> Instant:
        """Return the time there; the Engine's own clock says this, or up to the doubt less."""
        return self.earliest() + self._doubt

    def age(self, instant: Instant) -> Duration:
        """Return how long ago an instant was, at least a nanosecond, and never longer than the Engine itself finds."""
        return max(self.earliest() - instant, 1)
