"""What a command line decided: which world it speaks to, which API, which clock, which configuration."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from prunecli import places
from prunecli.cli import kept
from prunecli.clock import Clock
from prunecli.errors import PrunecliError, RefusedError
from prunecli.printable import printable
from prunecli.profile import Profile, format_api
from prunecli.worlds import STORE_VARIABLE, Choice, Flags, NoWorldError, Way, choose

if TYPE_CHECKING:
    from prunecli.backends import NamedWorld
    from prunecli.backends.engine.endpoint import TlsFlags
    from prunecli.backends.engine.world import Engine
    from prunecli.backends.store import Store
    from prunecli.cli.live import Target

LOG_LEVELS = ("debug", "info", "warn", "error", "fatal", "panic")


@dataclass(slots=True)
class Session:
    """One run of the program. `flags` name a world, `tls` secures the way to an Engine; `api_version` is as typed."""

    flags: Flags = field(default_factory=Flags)
    api_version: str = ""
    config_dir: Path = field(default_factory=lambda: Path(places.docker_config(os.environ)))
    log_level: str = "info"
    clock: Clock = field(default_factory=Clock.from_environment)
    tls: TlsFlags | None = None
    _named: tuple[Choice | None] | None = None

    # The world

    @property
    def named(self) -> Choice | None:
        """The world that flags, environment or `prunecli use` name, None when nothing does; it stays the same.

        Errors: PrunecliError for more than one, and for a broken file of `prunecli use`.
        """
        if self._named is None:
            self._named = (choose(self.flags, os.environ, kept.read),)
        return self._named[0]

    @property
    def target(self) -> Target | None:
        """The live Engine that is named, None for the state store, or when nothing is.

        Errors: as for `named`; PrunecliError for TLS without an Engine.
        """
        return self.as_target(self.named)

    def as_target(self, choice: Choice | None) -> Target | None:
        """Return the live Engine that a choice names, None for any other.

        Errors: PrunecliError for TLS without an Engine.
        """
        if choice is None or not choice.live:
            self._refuse_tls()
            return None
        return self._live(choice)

    def _live(self, choice: Choice) -> Target:
        from prunecli.backends.engine.endpoint import TlsFlags
        from prunecli.cli.live import Target

        host = choice.value if choice.way is Way.HOST else None
        context = choice.value if choice.way is Way.CONTEXT else None
        return Target(host, context, self.tls or TlsFlags())

    def _refuse_tls(self) -> None:
        if self.tls is not None:
            raise PrunecliError("TLS options secure the way to an Engine: name one with --host, --context or --engine")

    def source(self) -> Target:
        """Return the Engine to read from into a store, which may be named beside it: docker's own unless one is."""
        environ = {name: value for name, value in os.environ.items() if name != STORE_VARIABLE}
        choice = choose(self.flags._replace(store=None), environ, kept.read)
        return self._live(choice if choice is not None and choice.live else Choice(Way.ENGINE))

    @property
    def store(self) -> Path:
        """The state store that is named, or else the default one; it need not be there.

        Errors: PrunecliError for an empty name.
        """
        Flags(self.flags.store).choice()
        return Path(self.flags.store or os.environ.get(STORE_VARIABLE) or places.default_store(os.environ))

    def world(self) -> NamedWorld:
        """Return the world that is named, or else the default store. Nothing is made.

        Errors: NoWorldError when neither is there, StoreError for a store that is named and is not there, EngineError
        for an Engine that is out of reach; and those of `named`.
        """
        named = self.named
        target = self.as_target(named)
        if target is not None:
            return self.engine(target)
        if named is None and not os.path.lexists(self.store):
            raise NoWorldError
        return self.open_store()

    def engine(self, target: Target) -> Engine:
        """Return a live Engine. Errors: EngineError when it is out of reach."""
        from prunecli.cli.live import open_engine

        return open_engine(self, target)

    def require_store(self) -> None:
        """Raise PrunecliError when options name a live Engine: a command that is about the store has no use for one."""
        if self.flags.names_engine:
            raise PrunecliError("this command works on the state store: leave out --host, --context and --engine")
        self.flags.choice()
        self._refuse_tls()

    def open_store(self, *, create: bool = False) -> Store:
        """Return the state store; `create` makes one where there is none, otherwise that is a StoreError.

        Errors: as for `require_store`.
        """
        self.require_store()
        return self._open(create=create)

    def pulled_store(self) -> Store:
        """Return the store that an Engine is read into, made where there is none."""
        return self._open(create=True)

    def _open(self, *, create: bool) -> Store:
        from prunecli.backends.store import Store

        return Store.open(self.store, create=create, clock=self.clock.now)

    # What else was decided

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


def local_utc_offset(instant: int) -> int:
    """Return how many seconds the local zone is ahead of UTC at an instant; `TZ` decides."""
    return time.localtime(instant // 10**9).tm_gmtoff


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
