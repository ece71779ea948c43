"""Where prunecli and docker keep their files for a user, by the environment that is handed in.

Completion asks too while somebody waits for a key: nothing is imported here that it could do without.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def default_store(environ: Mapping[str, str]) -> str:
    """Return the path of the state store that is used when none is named."""
    return os.path.join(environ.get("XDG_STATE_HOME") or _home(environ, ".local/state"), "prunecli", "state.db")


def kept_world(environ: Mapping[str, str]) -> str:
    """Return the path of the file in which `prunecli use` keeps the name of a world."""
    return os.path.join(environ.get("XDG_CONFIG_HOME") or _home(environ, ".config"), "prunecli", "world")


def docker_config(environ: Mapping[str, str]) -> str:
    """Return the folder of the Docker client's configuration."""
    return environ.get("DOCKER_CONFIG") or _home(environ, ".docker")


def _home(environ: Mapping[str, str], below: str) -> str:
    """Return a path below the user's home. Errors: PrunecliError for a user who has none."""
    home = environ.get("HOME") or os.path.expanduser("~")
    if home == "~":  # which would be a folder of this name, wherever one stands
        from prunecli.errors import PrunecliError

        raise PrunecliError("this user has no home directory: name one in $HOME")
    return os.path.join(home, below)
