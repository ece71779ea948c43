"""Text to number and back: sizes in bytes, durations and instants in nanoseconds.

An `Instant` is an int of nanoseconds since 1970-01-01 UTC, a `Duration` an int of nanoseconds. Text is read and written
as Go and Docker do it, error messages included, so that a script meets the same words. No result depends on the clock.

- `gotext`: quoting, integers and booleans as Go's strconv has them
- `sizes`: `10GB` to bytes (binary) and bytes to `10.74GB` (decimal)
- `durations`: `1h30m`, `2 weeks`, and spans in words
- `calendar`: instants on a calendar: RFC 3339, Go layouts, time zones
- `timestamps`: the `until` of a filter and the bounds of `events`, which mix all of these
"""

from __future__ import annotations

from prunecli.units.calendar import (
    Instant,
    format_go_time,
    format_instant,
    local_utc_offset,
    local_zone_name,
    parse_clock,
    parse_rfc3339,
)
from prunecli.units.durations import (
    DAY,
    HOUR,
    MICROSECOND,
    MILLISECOND,
    MINUTE,
    NANOSECOND,
    SECOND,
    Duration,
    format_duration,
    human_duration,
    parse_duration,
    parse_human_duration,
    spoken_ago,
    spoken_duration,
)
from prunecli.units.gotext import go_quote, parse_atoi, parse_go_bool
from prunecli.units.sizes import format_size, parse_size
from prunecli.units.timestamps import event_bound, parse_event_bound, parse_timestamp, parse_until

__all__ = [
    "DAY",
    "HOUR",
    "MICROSECOND",
    "MILLISECOND",
    "MINUTE",
    "NANOSECOND",
    "SECOND",
    "Duration",
    "Instant",
    "event_bound",
    "format_duration",
    "format_go_time",
    "format_instant",
    "format_size",
    "go_quote",
    "human_duration",
    "local_utc_offset",
    "local_zone_name",
    "parse_atoi",
    "parse_clock",
    "parse_duration",
    "parse_event_bound",
    "parse_go_bool",
    "parse_human_duration",
    "parse_rfc3339",
    "parse_size",
    "parse_timestamp",
    "parse_until",
    "spoken_ago",
    "spoken_duration",
]
