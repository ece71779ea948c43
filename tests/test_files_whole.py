"""A file that is written whole or not at all, whoever is killed in the middle."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from prunecli.cli.files import replace_whole

KILLED_AT = """
import os, signal, sys
from pathlib import Path
from prunecli.cli import files

refused = os.open
def named_only(path, flags, *rest, **more):
    if flags & os.O_TMPFILE == os.O_TMPFILE:
        raise OSError(95, "not here")
    return refused(path, flags, *rest, **more)
if sys.argv[3] == "named":
    os.open = named_only
real = getattr(os, sys.argv[2])
def killed(*words, **more):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os, sys.argv[2], killed)
files.replace_whole(Path(sys.argv[1]), b"new")
"""


def names(folder: Path) -> list[str]:
    """Return what lies in a folder, sorted."""
    return sorted(p.name for p in folder.iterdir())


def killed(path: Path, at: str, how: str) -> None:
    """Save in a process that is killed when it calls a function of the system."""
    ran = subprocess.run([sys.executable, "-c", KILLED_AT, str(path), at, how], timeout=60, check=False)
    assert ran.returncode == -signal.SIGKILL


def test_a_save(tmp_path: Path) -> None:
    """A new file and one in an older one's place: for the owner alone, and nothing beside it."""
    path = tmp_path / "plan"
    for data in (b"one", b"two" * 100_000, b""):
        replace_whole(path, data)
        assert path.read_bytes() == data
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["plan"]


@pytest.mark.parametrize("at", ["fsync", "link"])
def test_killed_before_it_has_a_name(tmp_path: Path, at: str) -> None:
    """Where nameless files can be had, a killed save leaves nothing."""
    path = tmp_path / "plan"
    path.write_bytes(b"old")
    killed(path, at, "nameless")
    assert names(tmp_path) == ["plan"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(("at", "how"), [("replace", "nameless"), ("fsync", "named"), ("replace", "named")])
def test_the_next_save_clears(tmp_path: Path, at: str, how: str) -> None:
    """What a killed save leaves is gone with the next one, and nothing else is."""
    path = tmp_path / "plan"
    killed(path, at, how)
    (left,) = names(tmp_path)
    assert left.startswith(".plan.")
    assert left.endswith(".prunecli-part")
    others = [".plan.abc", ".plan.abc.part", ".other.abc.prunecli-part", "plan.abc.prunecli-part"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    replace_whole(path, b"new")
    assert names(tmp_path) == sorted(["plan", *others])


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.symlink_to("elsewhere")


def _pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def _open_to_others(path: Path) -> None:
    path.write_bytes(b"")
    path.chmod(0o644)


@pytest.mark.parametrize("make", [_folder, _link, _pipe, _open_to_others])
def test_what_is_not_ours_stays(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """What has such a name and cannot be ours is left alone."""
    (tmp_path / "elsewhere").write_bytes(b"dear")
    make(tmp_path / ".plan.abc.prunecli-part")
    before = names(tmp_path)
    replace_whole(tmp_path / "plan", b"new")
    assert names(tmp_path) == sorted([*before, "plan"])


def test_what_lives_stays(tmp_path: Path) -> None:
    """A part that a living process writes is left alone."""
    part = tmp_path / ".plan.abc.prunecli-part"
    with open(os.open(part, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        replace_whole(tmp_path / "plan", b"new")
        assert names(tmp_path) == [part.name, "plan"]
    replace_whole(tmp_path / "plan", b"new")
    assert names(tmp_path) == ["plan"]


def test_a_link_is_replaced(tmp_path: Path) -> None:
    """What a symbolic link leads to is never written."""
    (tmp_path / "dear").write_bytes(b"dear")
    (tmp_path / "plan").symlink_to("dear")
    replace_whole(tmp_path / "plan", b"new")
    assert not (tmp_path / "plan").is_symlink()
    assert (tmp_path / "dear").read_bytes() == b"dear"


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    """The part's name fits where the file's does, whatever its letters."""
    for name in ("x" * 255, "é" * 127, "\udcff" * 255):
        replace_whole(tmp_path / name, b"new")
    assert len(names(tmp_path)) == 3


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """The reason is the system's own, and nothing is left."""
    with pytest.raises(OSError, match="File name too long"):
        replace_whole(tmp_path / ("x" * 256), b"new")
    with pytest.raises(FileNotFoundError):
        replace_whole(tmp_path / "no" / "plan", b"new")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_whole(tmp_path / "folder", b"new")
    assert names(tmp_path) == ["folder"]
