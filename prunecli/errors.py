"""What can go wrong, as one tree; each class owns its exit code and its HTTP status.

PrunecliError                 1 / 500
|-- UsageError              125 / 400   the command line cannot be read (Docker's malformed flag)
|-- RefusedError              1 / 400   what a Docker Engine refuses: shown as "Error response from daemon: ..."
|   |-- FilterError           1 / 400   a filter key or value that the kind does not take
|   |-- NotFoundError         1 / 404   no object of that name
|   |-- ForbiddenError        1 / 403   a predefined object
|   |-- ConflictError         1 / 409   the object is in use
|   `-- BusyError             1 / 409   "a prune operation is already running"
|-- ValueTextError            1 / 400   text that is no size, duration, timestamp or clock
|   |-- SizeError
|   |-- DurationError
|   `-- TimestampError
|-- TemplateError             1 / 400   a Go template that does not parse or does not fit its data
|-- PolicyError               1 / 400   a garbage-collection policy file with a mistake in it
|-- DumpError                 1 / 400   a file that is no Engine dump
|-- PlanFileError             1 / 400   a plan file that is cut, changed or foreign
|-- StoreError                1 / 500   the state store cannot be used
`-- EngineError               1 / 502   a live Engine cannot be reached or does not speak the API
"""

from __future__ import annotations

from typing import ClassVar, Self


class PrunecliError(Exception):
    """Anything a user can cause: shown as one sentence on one line, never as a traceback.

    `tail` are lines that follow the sentence, in words of our own: nothing from outside may stand there, since only
    the sentence is kept from adding a line that looks like another message. `hint` is a further line for a person at
    the command line: what would be right. Nobody else is told.
    """

    exit_code: ClassVar[int] = 1
    http_status: int = 500
    tail: str = ""
    hint: str = ""

    @property
    def message(self) -> str:
        """The sentence to show, without any prefix."""
        return str(self)

    def hinting(self, hint: str) -> Self:
        """Return the error itself, with this hint."""
        self.hint = hint
        return self


class UsageError(PrunecliError):
    """A command line that cannot be read: shown with the usage tail."""

    exit_code = 125
    http_status = 400


class RefusedError(PrunecliError):
    """What a Docker Engine would refuse; the store says it in the Engine's words.

    `http_status` can be given where one Engine version answers 500 and another 400. `from_daemon` is whether a daemon
    is named as the one who refuses: a live Engine did, or the command is one of Docker's, which do so on a store too.
    """

    http_status = 400
    from_daemon = False

    def __init__(self, message: str, *, http_status: int | None = None) -> None:
        super().__init__(message)
        if http_status is not None:
            self.http_status = http_status


class FilterError(RefusedError):
    """A filter key or value that the kind does not take."""


class NotFoundError(RefusedError):
    """No object of that name or id."""

    http_status = 404


class ForbiddenError(RefusedError):
    """A predefined object that nobody may remove."""

    http_status = 403


class ConflictError(RefusedError):
    """The object is in use, or its name is taken."""

    http_status = 409


class BusyError(RefusedError):
    """Another prune of the same kind runs."""

    http_status = 409

    def __init__(self) -> None:
        super().__init__("a prune operation is already running")


class ValueTextError(PrunecliError):
    """Text that is no size, duration, timestamp or clock."""

    http_status = 400


class SizeError(ValueTextError):
    """Text that is no amount of bytes."""


class DurationError(ValueTextError):
    """Text that is no duration."""


class TimestampError(ValueTextError):
    """Text that is no point in time."""


class TemplateError(PrunecliError):
    """A Go template that does not parse, or does not fit its data."""

    http_status = 400


class PolicyError(PrunecliError):
    """A garbage-collection policy file with a mistake in it."""

    http_status = 400


class DumpError(PrunecliError):
    """A file that is no Engine dump."""

    http_status = 400


class PlanFileError(PrunecliError):
    """A plan file that is cut short, was changed, or is none."""

    http_status = 400


class StoreError(PrunecliError):
    """The state store cannot be used: not one of ours, newer than we are, or out of reach."""


class EngineError(PrunecliError):
    """A live Engine cannot be reached, or does not speak the API."""

    http_status = 502
