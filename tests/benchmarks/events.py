"""How soon a follower in another process prints what a prune tells.

usage: python -m tests.benchmarks.events

Each span goes from the instant of the event, which is just before its commit, to the line in the hands of a reader.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from prunecli.cli.main import run

RUNS = 40
_PRUNE_EVENT = "{{.Type}} {{.TimeNano}}"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"PRUNECLI_STORE": str(Path(folder) / "state.db"), "DOCKER_CONFIG": folder}
        run(["state", "demo"])
        follower = subprocess.Popen(
            [sys.executable, "-m", "prunecli", "events", "--filter", "event=prune", "--format", _PRUNE_EVENT],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert follower.stdout
        time.sleep(2)  # until it listens
        spans = []
        for _ in range(RUNS):
            command = [sys.executable, "-m", "prunecli", "network", "prune", "-f"]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL):
                told = int(follower.stdout.readline().split()[1])
                spans.append((time.time_ns() - told) / 10**6)
        follower.terminate()
        follower.wait()
    median = statistics.median(spans)
    print(f"from event to line: fastest {min(spans):.1f}, median {median:.1f}, slowest {max(spans):.1f} ms")


if __name__ == "__main__":
    main()
