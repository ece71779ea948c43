"""Text that is longer than the terminal, shown by `$PAGER`; plain where there is none, or where it fails."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from prunecli.tables import display_width

_LESS = "FRX"  # end when it fits, show colours, leave the text on the screen
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def show(text: str, out: TextIO) -> None:
    """Write text to a terminal, through a pager when it does not fit; it is safe for the terminal already."""
    if _fits(text) or not _paged(text, out):
        out.write(text)
    out.flush()


@contextmanager
def paged(out: TextIO) -> Iterator[TextIO]:
    """Collect what is written, in the form for a terminal, and show it on `out` at the end."""
    screen = _Screen(out)
    yield screen
    show(screen.getvalue(), out)


class _Screen(io.StringIO):
    """Stands for a terminal while text is collected for it."""

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out

    @property
    def encoding(self) -> str:  # type: ignore[override] # what can be drawn depends on it
        return self._out.encoding

    def isatty(self) -> bool:
        return True


def _fits(text: str) -> bool:
    columns, lines = shutil.get_terminal_size()
    widths = (display_width(line) for line in _COLOURS.sub("", text).splitlines())
    return sum(max(-(-width // columns), 1) for width in widths) < lines


def _paged(text: str, out: TextIO) -> bool:
    """Show text by the pager; False when there is none, or when it says that it failed."""
    command = _command()
    if not command:
        return False
    import subprocess

    out.flush()
    with _ctrl_c_is_the_pagers():
        try:
            pager = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, env={"LESS": _LESS} | os.environ)
        except (OSError, ValueError):
            return False
        try:
            pager.communicate(text.encode(out.encoding, "replace"))
        except BaseException:
            pager.terminate()
            raise
    return pager.returncode <= 0  # below 0: somebody ended it by a signal


def _command() -> list[str]:
    """Return the words of the pager's command, none where text is not to be paged."""
    given = os.environ.get("PAGER", "less")
    if os.environ.get("TERM", "dumb") == "dumb":
        return []
    try:
        return shlex.split(given)
    except ValueError:
        return []


@contextmanager
def _ctrl_c_is_the_pagers() -> Iterator[None]:
    """Leave Ctrl-C to the pager, which reads keys; a handler, since a child would inherit that it is ignored."""
    before = signal.signal(signal.SIGINT, lambda _signum, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
