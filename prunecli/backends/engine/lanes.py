"""Many small tasks at once, on a few threads: the standard library's executor takes longer to import than to run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

Task = Callable[[], None]


def run_all(tasks: Iterable[Task], lanes: int) -> None:
    """Run every task, on so many threads at the most; the first error ends all of them and is raised here."""
    waiting = list(tasks)
    queue = iter(waiting)
    errors: list[BaseException] = []
    guard = threading.Lock()
    others = [
        threading.Thread(target=_work, args=(queue, guard, errors), daemon=True)
        for _ in range(min(lanes, len(waiting)) - 1)
    ]
    for thread in others:
        thread.start()
    _work(queue, guard, errors)
    for thread in others:
        thread.join()
    if errors:
        raise errors[0]


def _work(queue: Iterator[Task], guard: threading.Lock, errors: list[BaseException]) -> None:
    while not errors:
        with guard:
            task = next(queue, None)
        if task is None:
            return
        try:
            task()
        except BaseException as error:  # an interrupt too belongs to whoever waits for the tasks
            errors.append(error)
