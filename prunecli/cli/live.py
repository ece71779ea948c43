"""The live Engine that the global options name, opened for a command, with a progress bar for a person who waits."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from prunecli.backends.engine.endpoint import Endpoint, TlsFlags, find_endpoint

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from prunecli.backends.engine.world import Engine
    from prunecli.cli.session import Session

_PATIENCE = 0.5  # seconds after which somebody who waits wants to see that it goes on


@dataclass(frozen=True, slots=True)
class Target:
    """Which Engine was asked for: by `-H`, by `--context`, or with neither, the one that docker itself would use."""

    host: str | None = None
    context: str | None = None
    tls: TlsFlags = field(default_factory=TlsFlags)

    def endpoint(self, config_dir: Path) -> Endpoint:
        """Return where it listens. Errors: see `find_endpoint`."""
        return find_endpoint(os.environ, config_dir, host=self.host, context=self.context, tls=self.tls)


def open_engine(session: Session, target: Target) -> Engine:
    """Return the Engine, ready to be asked; on a terminal a bar shows how far each reading of it is."""
    from prunecli.backends.engine.world import Engine

    return Engine(
        target.endpoint(session.config_dir),
        api_version=session.api_version,
        progress=_Bar() if sys.stderr is not None and sys.stderr.isatty() else None,
        notice=session.warn,
    )


class _Bar:
    """A progress bar on stderr that appears only when a reading takes its time, and is gone when it ends."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, done: int, expected: int) -> None:
        """Hear how many answers of how many are there; the number expected may still grow."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        if self._bar is None and now - self._began > _PATIENCE:
            self._open()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=expected)
        if done == expected:
            self.close()

    def close(self) -> None:
        """Take the bar away; the next reading begins anew."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._began = None

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("reading the Engine"), BarColumn(), MofNCompleteColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=None)
        self._bar.start()
