"""Many small tasks at once, on a few threads: the standard library's executor takes longer to import than to run."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from importlib import import_module

Task = Callable[[], None]


def load_aside(module: str) -> None:
    """Begin to import a module that is needed later, while this thread waits for others to answer."""
    threading.Thread(target=import_module, args=(module,), daemon=True).start()


class Lanes:
    """Tasks that may find further ones, carried out first come, first served, on so many threads at the most."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._waiting: deque[Task] = deque()
        self._undone = 0  # tasks that wait or run
        self._errors: list[BaseException] = []
        self._changed = threading.Condition()

    def add(self, task: Task) -> None:
        """Take a task, also from a task that runs."""
        with self._changed:
            self._waiting.append(task)
            self._undone += 1
            self._changed.notify()

    def run(self) -> None:
        """Return when everything is done; the first error ends all of it and is raised here."""
        others = [threading.Thread(target=self._work, daemon=True) for _ in range(self._width - 1)]
        for thread in others:
            thread.start()
        try:
            self._work()
        except BaseException as error:  # an interrupt, while waiting
            self._errors.append(error)
            with self._changed:
                self._changed.notify_all()
        for thread in others:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _work(self) -> None:
        while task := self._next():
            try:
                task()
            except BaseException as error:
                self._errors.append(error)
            with self._changed:
                self._undone -= 1
                if self._errors or not self._undone:
                    self._changed.notify_all()

    def _next(self) -> Task | None:
        with self._changed:
            while not (self._waiting or self._errors) and self._undone:
                self._changed.wait()
            return self._waiting.popleft() if self._waiting and not self._errors else None
