"""How much text and work one template may cause, however it nests ranges, widths and functions.

Go lets 335 bytes of template fill gigabytes. A template here may make eight megabytes more than its data account for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, cast

from prunecli.gotemplate.values import MAX_TEXT, FunctionError, Struct, is_list, unbox

_STEPS: Final = 100_000  # statements, turns and calls
_MANY_TIMES: Final = 8  # how often all that the data hold may be shown
_BYTES_A_STEP: Final = 6  # of the data; a row of a list brings about a hundred steps


class Budget:
    """What is left to spend; all executions of one template share it, and each brings its data's share."""

    def __init__(self) -> None:
        self._text = MAX_TEXT  # bytes of text made, also of text that is not shown in the end
        self._steps = _STEPS

    def begin(self, data: object) -> None:
        """Allow for one more execution."""
        weight = weigh(data)
        self._text += _MANY_TIMES * weight
        self._steps += weight // _BYTES_A_STEP

    def step(self) -> None:
        """Count one statement, turn or call. Errors: FunctionError when they are too many."""
        self._steps -= 1
        if self._steps < 0:
            raise FunctionError(f"too much to do: more than {_STEPS} steps beyond what the data ask for")

    def take(self, text: str) -> str:
        """Return a text that was made, and count it. Errors: FunctionError when it is too long."""
        self.claim(_bytes(text))
        return text

    def claim(self, size: int) -> None:
        """Count so many bytes of text before they are made. Errors: FunctionError when they are too many."""
        self._text -= size
        if self._text < 0:
            raise FunctionError(f"too much text: more than {MAX_TEXT // 1_000_000}MB beyond what the data hold")


def weigh(value: object) -> int:
    """Return roughly how much text a value is, in bytes; each thing in it counts for at least 20."""
    value = unbox(value)
    if isinstance(value, str):
        return 20 + _bytes(value)
    if isinstance(value, Struct):
        inside: Iterable[object] = value.fields.values()
    elif isinstance(value, Mapping):
        inside = [*value.keys(), *value.values()]
    elif is_list(value):
        inside = cast("Iterable[object]", value)
    else:
        return 20
    return 20 + sum(map(weigh, inside))


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else 4 * len(text)
