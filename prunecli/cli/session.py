"""What the global options decided: which world a command speaks to, which API, which clock, which configuration."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from prunecli.clock import Clock
from prunecli.errors import PrunecliError, RefusedError
from prunecli.printable import printable
from prunecli.profile import Profile, format_api

if TYPE_CHECKING:
    from prunecli.backends import World
    from prunecli.backends.engine.world import Engine
    from prunecli.backends.store import Store
    from prunecli.cli.live import Target

LOG_LEVELS = ("debug", "info", "warn", "error", "fatal", "panic")


@dataclass(slots=True)
class Session:
    """One run of the program. `store` is a path; `api_version` is text as typed.

    `target` is the live Engine that was asked for, None for the store; `store_given` says that the store was named.
    """

    store: Path
    api_version: str = ""
    config_dir: Path = field(default_factory=lambda: default_config_dir())  # noqa: PLW0108 - defined below
    log_level: str = "info"
    clock: Clock = field(default_factory=Clock.from_environment)
    target: Target | None = None
    store_given: bool = False

    def open_store(self, *, create: bool = False) -> Store:
        """Return the state store; `create` makes one where there is none, otherwise that is a StoreError.

        Raises PrunecliError when a live Engine was named.
        """
        self.require_store()
        from prunecli.backends.store import Store

        return Store.open(self.store, create=create, clock=self.clock.now)

    def require_store(self) -> None:
        """Raise PrunecliError when a live Engine was named: a command that asks for the store has no use for one."""
        if self.target is not None:
            raise PrunecliError("this command works on the state store: leave out --host, --context and --engine")

    def world(self, *, change: bool = False) -> World:
        """Return the world that the global options name.

        A store that does not exist yet is an empty world, and stays absent unless it is to be changed.
        """
        if self.target is not None:
            return self.engine(self.target)
        there = self.store.exists()
        if there or change:
            world: World = self.open_store(create=change)
        else:
            from prunecli.backends.memory import Memory
            from prunecli.snapshot import Snapshot

            world = Memory(Snapshot(0), clock=self.clock.now)
        if not there:
            self.warn(f"there is no state store at {self.store} yet: load one with `prunecli state import FILE`")
        return world

    def engine(self, target: Target) -> Engine:
        """Return a live Engine. Raises PrunecliError when a store was named too, EngineError when out of reach."""
        from prunecli.cli.live import open_engine

        if self.store_given:
            raise PrunecliError("conflicting options: --store names a file, and another option a live Engine")
        return open_engine(self, target)

    def identity(self, world: World) -> str:
        """Return what names the world, in a plan file and to people: `the state store /x/state.db`."""
        if self.target is None:
            return f"the state store {os.path.realpath(self.store)}"
        from prunecli.backends.engine.world import Engine

        return f"the Engine at {world.url}" if isinstance(world, Engine) else "an Engine"

    def api(self, profile: Profile) -> tuple[int, int]:
        """Return the API version to speak with an Engine of this profile.

        As docker reads it, what is no number counts as 0, so that nonsense is too old for every command.
        Raises RefusedError for a version above the Engine's, in Docker's words.
        """
        if not self.api_version:
            return profile.api
        major, _, minor = self.api_text(profile).partition(".")
        api = _number(major), _number(minor.partition(".")[0])
        if api > profile.max_api:
            newest = format_api(profile.max_api)
            raise RefusedError(
                f"client version {self.api_text(profile)} is too new. Maximum supported API version is {newest}"
            )
        return api

    def api_text(self, profile: Profile) -> str:
        """Return the API version as messages show it: as typed, without a `v` before it."""
        return self.api_version.removeprefix("v") or format_api(profile.api)

    def prune_filters(self) -> list[str]:
        """Return `pruneFilters` of Docker's configuration file.

        Raises PrunecliError for a file that cannot be read: the filters in it may protect what must stay.
        """
        path = self.config_dir / "config.json"
        try:
            config = json.loads(path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, ValueError, RecursionError) as e:
            raise PrunecliError(f"{path} cannot be read, and may hold filters that protect something: {e}") from e
        entries = config.get("pruneFilters") if isinstance(config, dict) else None
        if entries is None:
            return []
        if not isinstance(entries, list) or not all(isinstance(e, str) for e in entries):
            raise PrunecliError(f"{path}: pruneFilters must be a list of texts such as label!=keep")
        return entries

    def warn(self, text: str) -> None:
        """Say something on stderr that is neither result nor error."""
        if LOG_LEVELS.index(self.log_level) <= LOG_LEVELS.index("warn"):
            print(f"prunecli: {printable(text)}", file=sys.stderr)


def default_store() -> Path:
    """Return where the state store is when nobody says: `$PRUNECLI_STORE`, else below the user's state directory."""
    if named := os.environ.get("PRUNECLI_STORE"):
        return Path(named)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "prunecli" / "state.db"


def default_config_dir() -> Path:
    """Return Docker's configuration directory: `$DOCKER_CONFIG`, else `~/.docker`."""
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def local_utc_offset(instant: int) -> int:
    """Return how many seconds the local zone is ahead of UTC at an instant; `TZ` decides."""
    return time.localtime(instant // 10**9).tm_gmtoff


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
