"""Ctrl-C and SIGTERM while something is being removed or followed: the object at hand is finished, and then it ends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Interrupts:
    """Signals that arrived: `number` is the first one, 0 for none.

    While `waiting` is set nothing is half done, and a signal ends the wait at once, as a KeyboardInterrupt.
    """

    number: int = 0
    waiting: bool = False

    def __bool__(self) -> bool:
        return bool(self.number)

    @property
    def exit_code(self) -> int:
        """The exit code of a process that ended by the signal."""
        return 128 + self.number


@contextmanager
def watch_signals() -> Iterator[Interrupts]:
    """Note SIGINT and SIGTERM instead of dying of them, so that the object at hand is finished and committed."""
    interrupts = Interrupts()

    def note(signum: int, _frame: FrameType | None) -> None:
        interrupts.number = interrupts.number or signum
        if interrupts.waiting:
            raise KeyboardInterrupt

    before = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupts
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
