"""How long a command takes from its start to its end, beside what Python and Click take alone.

usage: python -m tests.benchmarks.startup [COMMAND [PYTHON]]

COMMAND is the prunecli to measure, PYTHON the interpreter that it runs on. An installed wheel has its byte code
written, a checkout may not. Each row is the fastest and the median of many runs in milliseconds; a prune begins with
the example.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

RUNS = 20


def measure(argv: Sequence[str], before: Sequence[str] = ()) -> list[float]:
    """Return the milliseconds of each run, the fastest first; `before` runs ahead of each, unmeasured."""
    spans = []
    for _ in range(RUNS):
        if before:
            subprocess.run(before, check=True, capture_output=True)
        begin = time.perf_counter()
        subprocess.run(argv, check=True, capture_output=True)
        spans.append((time.perf_counter() - begin) * 1000)
    return sorted(spans)


def main(command: str = "prunecli", python: str = sys.executable) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"PRUNECLI_STORE": str(Path(folder) / "state.db"), "DOCKER_CONFIG": folder}
        demo = [command, "state", "demo"]
        rows: list[tuple[str, list[str], list[str]]] = [
            ("python -c pass", [python, "-c", "pass"], []),
            ("python -c 'import click'", [python, "-c", "import click"], []),
            ("system prune -f", [command, "system", "prune", "-f"], demo),
            ("system prune -af --volumes", [command, "system", "prune", "-af", "--volumes"], demo),
            ("system prune --dry-run", [command, "system", "prune", "--dry-run"], demo),
            ("system prune --help", [command, "system", "prune", "--help"], []),
            ("system df", [command, "system", "df"], demo),
        ]
        for name, argv, before in rows:
            spans = measure(argv, before)
            print(f"{name:28} fastest {spans[0]:6.0f}  median {statistics.median(spans):6.0f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:])
