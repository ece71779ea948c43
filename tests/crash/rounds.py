"""Rounds of faults: every write of every task, in an order by chance, until the time is over."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count as numbers
from pathlib import Path
from subprocess import CompletedProcess

from tests.crash.robbed import ROBBERIES
from tests.crash.served import serve_until_killed
from tests.crash.strace import DISK, FILES, Fault, kill_at
from tests.crash.tasks import TASKS, PlanOut, Task

ERRORS = ("error=ENOSPC", "error=EIO", "error=EDQUOT")
SERVER_CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "write", "sendto")
_SOME = 4  # every so many faults the command is run again afterwards


@dataclass
class Figures:
    """What was done, by its name, and what was found, one sentence each with what repeats it."""

    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the figures, one line for each thing that was done."""
        for name, number in sorted(self.done.items()):
            yield f"{number:6} {name}"
        yield f"{len(self.faults):6} faults found"


def run_rounds(folder: Path, seed: int, *, seconds: float | None = None, most: int | None = None) -> Figures:
    """Run faults until so many seconds are over, or so many were run; the same seed gives the same order."""
    figures = Figures()
    end = None if seconds is None else time.monotonic() + seconds
    for number, trial in enumerate(_trials(folder, random.Random(seed), figures)):
        if number == most or (end is not None and time.monotonic() >= end):
            return figures
        trial.run(figures)
    return figures


@dataclass(frozen=True)
class _Trial:
    name: str
    about: str
    act: Callable[[], None]

    def run(self, figures: Figures) -> None:
        """Run it, and note what was found."""
        figures.done[self.name] += 1
        try:
            self.act()
        except Exception as error:  # a store that does not open is as bad as one that is not whole
            figures.faults.append(f"{self.about}: {type(error).__name__}: {str(error)[:400]!a}")


def _trials(folder: Path, chance: random.Random, figures: Figures) -> Iterator[_Trial]:
    """Yield trials for ever: each round has another size of world, and in it every write of every task once."""
    for sweep in numbers():
        each = chance.choice((1, 2, 3, 5, 40))
        trials: list[_Trial] = []
        for kind in TASKS:
            task = kind(folder / f"{sweep}-{kind.__name__}", each)
            calls = task.count()
            trials += [*_kills(task, calls), *_errors(task, calls, chance)]
        place = folder / f"{sweep}-serve"
        trials += [
            _Trial("kills of a server", f"serve, {each} objects, {fault}", _Served(place / str(n), each, fault))
            for n, fault in enumerate(kill_at(call, when) for call in SERVER_CALLS for when in range(1, 20))
        ]
        trials += [
            _Trial("stores taken away", f"{name}, {each} objects", _Robbed(name, folder / f"{sweep}-{name}", each))
            for name in ROBBERIES
        ]
        chance.shuffle(trials)
        figures.done["rounds begun"] += 1
        yield from trials


def _kills(task: Task, calls: Counter[str]) -> Iterator[_Trial]:
    name = f"kills of {type(task).__name__.lower()}"
    for call, number in sorted(calls.items()):
        for when in range(1, number + 1):
            fault = kill_at(call, when)
            yield _Trial(name, f"{name}, {task.each} objects, {fault}", _Killed(task, fault))


def _errors(task: Task, calls: Counter[str], chance: random.Random) -> Iterator[_Trial]:
    name = f"disk errors under {type(task).__name__.lower()}"
    for call in FILES if isinstance(task, PlanOut) else DISK:
        for when in range(1, calls[call] + 1):
            fault = Fault((call,), chance.choice(ERRORS), when, on=chance.random() < 0.5)
            yield _Trial(name, f"{name}, {task.each} objects, {fault}", _Starved(task, fault))


@dataclass(frozen=True)
class _Killed:
    task: Task
    fault: Fault

    def __call__(self) -> None:
        ran = self.task.run(self.fault)
        assert ran.returncode in (-9, 137), ran
        self.task.judge(ran)
        if self.fault.when % _SOME == 0:
            self.task.go_on()


@dataclass(frozen=True)
class _Starved:
    task: Task
    fault: Fault

    def __call__(self) -> None:
        ran = self.task.run(self.fault)
        assert_one_sentence(ran, mute="write" in self.fault.calls)
        self.task.judge(ran)
        if self.fault.when % _SOME == 0:
            self.task.go_on()


@dataclass(frozen=True)
class _Served:
    folder: Path
    each: int
    fault: Fault

    def __call__(self) -> None:
        serve_until_killed(self.folder, self.each, self.fault)


@dataclass(frozen=True)
class _Robbed:
    name: str
    folder: Path
    each: int

    def __call__(self) -> None:
        ROBBERIES[self.name](self.folder, self.each)


def assert_one_sentence(ran: CompletedProcess[str], *, mute: bool) -> None:
    """Assert that a command did its work, or ended with exit 1 and one sentence after what it says of its progress.

    A command that is `mute` may have been unable to say it.
    """
    if ran.returncode == 0:
        return
    said = [line for line in ran.stderr.splitlines() if not line.startswith("prunecli: ")]
    assert (ran.returncode, len(said)) == (1, 1) or (mute and (ran.returncode, said) == (1, [])), ran
