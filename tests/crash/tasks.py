"""Commands at work, and what has to be true of what they leave when something happens to them."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path
from subprocess import CompletedProcess

from prunecli.backends.store import Store
from prunecli.planfile import read_plan
from prunecli.units import HOUR
from tests.conftest import NOW
from tests.crash.strace import Fault, count, environment, run
from tests.prune_processes import ALL, assert_sound, crowd, left_in, make_store

LATER = NOW + HOUR


class Task(ABC):
    """One command on a store of `each` unused objects of every kind, made anew in `folder` for every run."""

    argv: tuple[str, ...]

    def __init__(self, folder: Path, each: int) -> None:
        self.folder = folder
        self.each = each
        self.store = folder / "state.db"
        self._kept = folder / "kept"
        self._kept.mkdir(parents=True)
        make_store(self._kept / "state.db", crowd(each))
        self.environment = environment(self.store, NOW)

    def restore(self) -> None:
        """Put everything back as it was in the beginning."""
        for path in [p for p in self.folder.iterdir() if p != self._kept]:
            path.unlink()
        for path in self._kept.iterdir():
            shutil.copy2(path, self.folder)

    def run(self, fault: Fault | None) -> CompletedProcess[str]:
        """Run the command on what it found, with a fault."""
        self.restore()
        return run(fault, self.argv, self.environment)

    def count(self) -> Counter[str]:
        """Return how many writes the command makes when nothing happens to it, by their names."""
        self.restore()
        return count(self.argv, self.environment)

    @abstractmethod
    def judge(self, ran: CompletedProcess[str]) -> None:
        """Assert that what is left is whole and true."""

    def go_on(self) -> None:
        """Assert that the same command runs through afterwards."""
        again = run(None, self.argv, self.environment)
        assert (again.returncode, again.stderr.count("Traceback")) == (0, 0), again.stderr


class Prune(Task):
    """A prune of everything: each kind is whole, or gone and told."""

    argv: tuple[str, ...] = ALL

    def judge(self, ran: CompletedProcess[str]) -> None:
        """Each object that is gone has its event, and what was reported is gone."""
        left = assert_sound(self.store, self.each)
        assert set(left.values()) <= {0, self.each}, left
        if ran.returncode == 0:
            assert not any(left.values()), left


class Apply(Prune):
    """A plan file that is carried out."""

    def __init__(self, folder: Path, each: int) -> None:
        super().__init__(folder, each)
        self.argv = ("apply", "--force", str(folder / "plan"))
        self.restore()
        made = run(None, (*ALL, "--plan-out", str(self._kept / "plan")), self.environment)
        assert made.returncode == 0, made.stderr

    def go_on(self) -> None:
        """Run the plan again: what is gone already is said, and is no failure."""
        super().go_on()
        assert not any(assert_sound(self.store, self.each).values())


class Import(Task):
    """An import into a store that holds something: the old world or the new one."""

    def __init__(self, folder: Path, each: int) -> None:
        super().__init__(folder, each)
        self.argv = ("state", "import", str(folder / "dump.json"))
        other = make_store(folder / "other.db", crowd(each + 1))
        told = run(None, ("state", "export"), environment(other, NOW))
        (self._kept / "dump.json").write_text(told.stdout)

    def judge(self, ran: CompletedProcess[str]) -> None:
        """Nothing is in between, and nobody is told of anything."""
        with Store.open(self.store, create=False) as store:
            assert store.check() == []
            sizes = set(left_in(store).values())
            assert sizes in ({self.each}, {self.each + 1}), sizes
            assert list(store.events()) == []
        if ran.returncode == 0:
            assert sizes == {self.each + 1}


class FirstImport(Import):
    """An import that makes the store: there is none, an empty one, or the whole of it."""

    def restore(self) -> None:
        """Leave the dump alone."""
        super().restore()
        for path in self.folder.glob("state.db*"):
            path.unlink()

    def judge(self, ran: CompletedProcess[str]) -> None:
        """A store that was begun holds nothing or everything."""
        with Store.open(self.store) as store:
            assert store.check() == []
            sizes = set(left_in(store).values())
        assert sizes in ({0}, {self.each + 1}), sizes
        if ran.returncode == 0:
            assert sizes == {self.each + 1}


class PlanOut(Task):
    """A plan that is written over an older one: a reader finds the old plan or the new one."""

    def __init__(self, folder: Path, each: int) -> None:
        super().__init__(folder, each)
        self.argv = (*ALL, "--plan-out", str(folder / "plan"))
        self.restore()
        made = run(None, (*ALL, "--plan-out", str(self._kept / "plan")), self.environment)
        assert made.returncode == 0, made.stderr
        self.environment = environment(self.store, LATER)

    def judge(self, ran: CompletedProcess[str]) -> None:
        """The file is a plan, and the store is as it was."""
        taken = read_plan((self.folder / "plan").read_bytes(), source="plan").taken_at
        assert taken in (NOW, LATER), taken
        assert set(assert_sound(self.store, self.each).values()) == {self.each}
        if ran.returncode == 0:
            assert taken == LATER


TASKS: tuple[type[Task], ...] = (Prune, Apply, Import, FirstImport, PlanOut)
