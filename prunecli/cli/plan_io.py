"""Plan files on the disk: written whole or not at all, for their owner alone, and never through a symbolic link."""

from __future__ import annotations

import stat
from pathlib import Path

from prunecli.cli.files import replace_whole
from prunecli.errors import PlanFileError
from prunecli.planfile import EXPECTED, begins_plan


def save(path: Path, data: bytes) -> None:
    """Put a plan file in its place at once, mode 0600; an older plan of that name is replaced.

    Errors: PlanFileError when it cannot be written, or when the name belongs to anything but a plan or an empty file.
    """
    try:
        _refuse_other_things(path)
        replace_whole(path, data)
    except (OSError, ValueError) as e:
        raise PlanFileError(f"{path} cannot be written: {_reason(e)}") from None


def check_name(text: str) -> Path:
    """Return the path of a plan file that is to be written. Errors: PlanFileError for text that names no file."""
    if text in ("", "-") or text.endswith("/"):
        raise PlanFileError(f'--plan-out needs the name of a file, not "{text}"')
    path = Path(text)
    try:
        _refuse_other_things(path)
    except (OSError, ValueError) as e:
        raise PlanFileError(f"{path} cannot be written: {_reason(e)}") from None
    return path


def load(path: Path) -> bytes:
    """Return the bytes of a plan file. Errors: PlanFileError when it cannot be read."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise PlanFileError(f"{path} is a device: {EXPECTED}")
        return path.read_bytes()
    except IsADirectoryError:
        raise PlanFileError(f"{path} is a folder: {EXPECTED}") from None
    except (OSError, ValueError) as e:
        raise PlanFileError(f"{path} cannot be read: {_reason(e)}") from None


def _refuse_other_things(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise PlanFileError(f"{path} is a symbolic link: a plan is written to a file of its own")
    if stat.S_ISDIR(mode):
        raise PlanFileError(f"{path} is a folder: a plan is written to a file of its own")
    if not stat.S_ISREG(mode):
        raise PlanFileError(f"{path} is no regular file: a plan is written to a file of its own")
    # A slip of the hand must not cost a file that is dear, the state store above all. mktemp leaves an empty one.
    with path.open("rb") as file:
        beginning = file.read(100)
    if beginning and not begins_plan(beginning):
        raise PlanFileError(f"{path} is there already and is no plan file: only an older plan is replaced")


def _reason(e: OSError | ValueError) -> str:
    return (e.strerror or str(e)).lower() if isinstance(e, OSError) else str(e)
