"""A progress bar for removals that take long: on stderr, on a terminal alone, and only after half a second."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from prunecli.cli.text import WORDS
from prunecli.verdict import Kind

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 0.5
"""Seconds during which nothing is shown: what is done by then needs no bar."""


class Bar:
    """A progress bar over `total` steps. It costs nothing, Rich's import included, until it has to be seen."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._label = ""
        self._began = time.monotonic()
        self._wanted = sys.stderr is not None and sys.stderr.isatty()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.hide()

    def begin(self, kind: Kind) -> None:
        """Name what is being removed now."""
        self._label = f"Removing {WORDS[kind][1]}"

    def advance(self) -> None:
        """Count one step more."""
        self._done += 1
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=self._done, description=self._label)
        elif self._wanted and time.monotonic() - self._began >= PATIENCE:
            self._show()

    def hide(self) -> None:
        """Take the bar from the screen, so that something can be printed; the next step shows it again."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        console = Console(stderr=True, highlight=False)
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task(self._label, total=self._total, completed=self._done)
        self._progress.start()
