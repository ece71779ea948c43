"""`gc watch`: the policy in the foreground, whenever the cache grew or an interval passed."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from prunecli.backends import NamedWorld, Resting
from prunecli.backends.locks import sole
from prunecli.backends.store import Store
from prunecli.cli.gc_run import make_plan
from prunecli.cli.gc_setting import Asked, Setting, disk_finder, make_setting
from prunecli.cli.outcome import tell_failure
from prunecli.cli.session import Session
from prunecli.cli.signals import Interrupts, watch_signals
from prunecli.cli.text import counted
from prunecli.errors import PrunecliError, StoreError
from prunecli.plan import KindPlan
from prunecli.policy import Policy, run_rules
from prunecli.printable import printable
from prunecli.pruning import apply
from prunecli.snapshot import Snapshot
from prunecli.units import SECOND, Duration, format_instant, format_size
from prunecli.verdict import Kind

LOOK = 1.0
"""Seconds between two looks at whether the store has changed; a look reads three times of modification."""

LOCK = "gc-watch"


def watch(session: Session, asked: Asked, interval: Duration) -> int:
    """Run the policy until a signal comes, and return the exit code: 0 on SIGTERM, which is how services are stopped.

    Errors: PrunecliError when another watch is at this store already, and for a policy that is switched off.
    """
    if session.target is not None:
        raise PrunecliError("gc watch works on the state store; an Engine collects its garbage itself")
    setting = make_setting(session, asked)
    with sole(Path(os.path.realpath(session.store)), LOCK) as pid:
        if pid is not None:
            who = f" (process {pid})" if pid else ""
            raise PrunecliError(f"another gc watch is at {session.store} already{who}")
        if setting.policy.enabled is False:
            raise PrunecliError(f"{setting.policy.source} switches garbage collection off: there is nothing to watch")
        for text in setting.policy.remarks:
            session.warn(printable(text))
        with watch_signals() as interrupts:
            try:
                _Watch(session, setting, asked, interrupts).run(interval)
            except KeyboardInterrupt:
                interrupts.waiting = False
            if interrupts.number == signal.SIGTERM:
                return 0
            return interrupts.exit_code


class _Watch:
    def __init__(self, session: Session, setting: Setting, asked: Asked, interrupts: Interrupts) -> None:
        self.session = session
        self.asked = asked
        self.world: NamedWorld = setting.world
        self.policy: Policy = setting.policy
        self.find_disk = disk_finder(session, asked)
        self.interrupts = interrupts
        self.size = 0

    def run(self, interval: Duration) -> None:
        """Collect now, and then whenever there is reason to, until a signal comes."""
        why = "start"
        while not self.interrupts:
            seen = self.marks()
            try:
                self.collect(why)
                why = self.wait(seen, time.monotonic() + interval / SECOND)
            except StoreError:
                if not self.is_replaced():
                    raise
                self.begin_anew()
                why = "the store was replaced"

    def is_replaced(self) -> bool:
        """Say whether another store lies where the one before was."""
        return isinstance(self.world, Store) and not self.world.is_current() and self.session.store.exists()

    def begin_anew(self) -> None:
        """Go on with the store that lies there now, with the policy as it is for that one."""
        setting = make_setting(self.session, self.asked)
        self.world, self.policy = setting.world, setting.policy

    def wait(self, seen: object, until: float) -> str:
        """Return why to collect again, once there is a reason; a signal ends the wait."""
        self.rest()
        while not self.interrupts and (rest := until - time.monotonic()) > 0:
            self.interrupts.waiting = True
            time.sleep(min(LOOK, rest))
            self.interrupts.waiting = False
            marks = self.marks()
            if marks != seen:
                seen = marks
                if _held(self.photograph()) > self.size:
                    return "the cache grew"
                self.rest()
        return "the interval passed"

    def rest(self) -> None:
        """Hold nothing while nothing is done: the store can be moved and replaced."""
        if isinstance(self.world, Resting):
            self.world.rest()

    def marks(self) -> tuple[tuple[int, ...] | None, ...]:
        """Return what changes with every change of the store's files."""
        files = (self.session.store, self.session.store.with_name(f"{self.session.store.name}-wal"))
        return tuple(_mark(os.path.realpath(file)) for file in files)

    def photograph(self) -> Snapshot:
        """Photograph the world with the disk as it is now."""
        snapshot = self.world.snapshot(self.session.clock.now())
        return replace(snapshot, disk=self.find_disk(snapshot)[0])

    def collect(self, why: str) -> None:
        """Run the rules once and print a line. A run that removes nothing leaves no event behind."""
        snapshot = self.photograph()
        plan = make_plan(snapshot, run_rules(snapshot, self.policy.infos))
        removed = reclaimed = 0
        if not plan.empty:
            self.interrupts.waiting = True  # for the lock of the build cache
            reports = apply(self.world, plan, self.session.clock, stop=lambda: bool(self.interrupts), begun=self.begun)
            for report in reports:
                removed, reclaimed = removed + report.removed, reclaimed + report.reclaimed
                for failure in report.failures:
                    tell_failure(failure)
            self.interrupts.waiting = False
            snapshot = self.photograph()
        self.size = _held(snapshot)
        at = format_instant(snapshot.taken_at // SECOND * SECOND, utc_offset=0)
        sys.stdout.write(
            f"{at} {why}: {counted(removed, Kind.BUILD_CACHE)} removed, {format_size(reclaimed)} reclaimed; "
            f"{format_size(self.size)} in {counted(len(snapshot.build_cache), Kind.BUILD_CACHE)} stay\n"
        )
        sys.stdout.flush()

    def begun(self, _plan: KindPlan) -> None:
        self.interrupts.waiting = False


def _held(snapshot: Snapshot) -> int:
    return sum(record.bytes_on_disk for record in snapshot.build_cache)


def _mark(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
