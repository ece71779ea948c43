"""The one place where time comes from; everything below the use case gets it as an argument."""

from __future__ import annotations

import os
import time

from prunecli.units import Instant, parse_clock


class Clock:
    """A clock whose first reading may be given; from there it runs on.

    Readings are nanoseconds since 1970 and strictly increase, so that no two events of one run share an instant.
    """

    def __init__(self, first: Instant | None = None) -> None:
        self._offset: int | None = None
        self._first = first
        self._last: Instant | None = None

    @classmethod
    def from_environment(cls) -> Clock:
        """Return the clock that `PRUNECLI_NOW` sets (RFC 3339 or Unix seconds), or the machine's own.

        Raises TimestampError for text that is neither.
        """
        text = os.environ.get("PRUNECLI_NOW", "")
        return cls(parse_clock(text) if text else None)

    def now(self) -> Instant:
        """Read the clock."""
        if self._offset is None:
            self._offset = 0 if self._first is None else self._first - time.time_ns()
            self._last = time.time_ns() if self._first is None else self._first
            return self._last
        reading = time.time_ns() + self._offset
        assert self._last is not None  # noqa: S101 - set together with the offset
        self._last = max(reading, self._last + 1)
        return self._last
