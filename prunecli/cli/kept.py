"""What `prunecli use` keeps: the name of a world, alone on the line of a small file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from prunecli import places
from prunecli.errors import PrunecliError
from prunecli.worlds import Choice, read_kept

_SIZE = 4096  # bytes, more than any name takes


def path() -> Path:
    """Return where it is kept."""
    return Path(places.kept_world(os.environ))


def read() -> Choice | None:
    """Return the world that is kept, None for none. Errors: PrunecliError, which names the file, for anything else."""
    file = path()
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise PrunecliError(f"{file}, where `prunecli use` keeps the name of a world, is no regular file")
        with file.open("rb") as opened:
            text = opened.read(_SIZE).decode()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as e:
        raise PrunecliError(
            f"{file}, where `prunecli use` keeps the name of a world, cannot be read: {_reason(e)}"
        ) from e
    except UnicodeDecodeError:
        text = ""
    return read_kept(text, str(file))


def write(word: str) -> None:
    """Keep a word in the place of what was kept before, at once or not at all. Errors: PrunecliError."""
    import tempfile

    file = Path(os.path.realpath(path()))  # whoever made a link wants it to stay one
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".world.", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(f"{word}\n".encode())
                opened.flush()
                os.fsync(opened.fileno())
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as e:
        raise PrunecliError(f"{file} cannot be written: {_reason(e)}") from e


def clear() -> bool:
    """Forget what is kept, whatever it is; returns whether there was anything. Errors: PrunecliError."""
    file = path()
    try:
        file.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as e:
        raise PrunecliError(f"{file} cannot be removed: {_reason(e)}") from e
    return True


def _reason(e: OSError) -> str:
    return (e.strerror or str(e)).lower()
