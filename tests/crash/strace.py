"""Faults in system calls: the N-th call of a kind kills the program, or fails as on a full or broken disk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STRACE = shutil.which("strace")

WRITES = (
    *("write", "writev", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "sendto", "sendmsg"),
    *("rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat", "mkdir", "fchmod"),
)
"""The system calls by which a program changes what it leaves behind, or says what it did."""

DISK = ("pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate")
"""The system calls by which the state store reaches the disk."""

FILES = (*DISK, "write", "rename", "link", "linkat", "unlink", "fchmod")
"""Those by which any file does; `write` also says things."""


@dataclass(frozen=True)
class Fault:
    """What happens at the `when`-th call of each of `calls`, and with `on` at each one after it too."""

    calls: tuple[str, ...]
    act: str
    when: int
    on: bool = False

    def __str__(self) -> str:
        return f"{self.act} at {','.join(self.calls)} {self.when}{'+' if self.on else ''}"

    @property
    def words(self) -> list[str]:
        """The words of strace that make it."""
        calls = ",".join(f"?{call}" for call in self.calls)  # a call that this machine does not have is left out
        return ["-e", f"trace={calls}", "-e", f"inject={calls}:{self.act}:when={self.when}{'+' if self.on else ''}"]


def kill_at(call: str, when: int) -> Fault:
    """Return the fault that kills at a write, before it is done."""
    return Fault((call,), "signal=KILL", when)


def environment(store: Path, now: int) -> dict[str, str]:
    """Return the environment of a command on a store, which begins at an instant (ns)."""
    here = {"PRUNECLI_STORE": str(store), "PRUNECLI_NOW": str(now // 10**9), "PYTHONDONTWRITEBYTECODE": "1"}
    return os.environ | here


def command(fault: Fault | None, *argv: str) -> list[str]:
    """Return the words of prunecli with a fault, in the process itself and in all its threads."""
    assert STRACE
    strace = [STRACE, "-f", "-qqq", "-o", os.devnull, *fault.words] if fault else []
    return [*strace, sys.executable, "-m", "prunecli", *argv]


def run(fault: Fault | None, argv: tuple[str, ...], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run prunecli with a fault, to its end."""
    return subprocess.run(
        command(fault, *argv),
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def count(argv: tuple[str, ...], env: Mapping[str, str]) -> Counter[str]:
    """Return how many of the calls that can fail a command makes when it is left alone, by their names."""
    assert STRACE
    names = ",".join(f"?{call}" for call in WRITES)
    log = Path(env["PRUNECLI_STORE"]).with_suffix(".calls")
    words = [STRACE, "-f", "-qqq", "-o", str(log), "-e", f"trace={names}", sys.executable, "-m", "prunecli", *argv]
    subprocess.run(words, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
    return Counter(re.findall(r"^\d+\s+(\w+)\(", log.read_text(), re.MULTILINE))
