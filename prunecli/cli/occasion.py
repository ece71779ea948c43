"""When, where and by whom a command was run, for the documents that tell of it."""

from __future__ import annotations

import os
from contextlib import suppress

from prunecli.backends import NamedWorld
from prunecli.clock import Clock
from prunecli.documents import Circumstances
from prunecli.errors import PrunecliError
from prunecli.units import Instant


class Occasion:
    """One run on a world, from `started_at` on. The world is asked for its name now: later it may be out of reach."""

    def __init__(self, world: NamedWorld, clock: Clock, started_at: Instant) -> None:
        self.world = world.name()
        self._disk = world.disk
        self._clock = clock
        self._started_at = started_at
        self._before = world.disk()

    def circumstances(self, *, changed: bool) -> Circumstances:
        """Return what can be said by now; `changed` says that the world was to be changed, and its disk with it."""
        after = None
        if changed:
            with suppress(PrunecliError):  # a world that went away ends the run in words of its own
                after = self._disk()
        return Circumstances(
            self.world,
            self._started_at,
            max(self._clock.now() - self._started_at, 0),
            os.uname().nodename,
            _user(),
            os.environ.get("SUDO_USER") or None,
            self._before,
            after,
        )


def _user() -> str:
    """Return the name of the user whose rights the process has, the number where it has no name."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
