"""How long names take to complete, beside importing click alone: `python -m tests.benchmarks.completion`.

A wheel of the checkout is installed into an environment of its own, because only an installed package has its byte code
written. The runs take turns, so that a busy machine slows both alike; the promise is a ratio below one half.
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

ROOT = Path(__file__).parent.parent.parent
RUNS = 40
PROMISE = 0.5


def once(argv: Sequence[str]) -> float:
    """Return how many milliseconds one run takes."""
    begin = time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True)
    return (time.perf_counter() - begin) * 1000


def main() -> int:
    """Install, measure, print; 1 when the promise is broken."""
    with tempfile.TemporaryDirectory(prefix="prunecli-bench-") as name:
        folder = Path(name)
        os.environ |= {"PRUNECLI_STORE": str(folder / "state.db"), "DOCKER_CONFIG": name}
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
        bin = folder / "env" / "bin"
        subprocess.run([bin / "pip", "install", "-q", ROOT], check=True)
        prunecli, python = str(bin / "prunecli"), str(bin / "python")
        subprocess.run([prunecli, "state", "demo"], check=True)
        rows: dict[str, list[str]] = {
            "python -c 'import click'": [python, "-c", "import click"],
            "names of volumes": [prunecli, "__complete-names", "volume", "v"],
            "tags of images": [prunecli, "__complete-names", "image,image.id", "n"],
            "labels in use": [prunecli, "__complete-names", "container.label,volume.label", "com"],
        }
        spans: dict[str, list[float]] = {row: [] for row in rows}
        for _ in range(RUNS):
            for row, argv in rows.items():
                spans[row].append(once(argv))
    base = statistics.median(spans["python -c 'import click'"])
    worst = 0.0
    for row, taken in spans.items():
        median = statistics.median(taken)
        ratio = median / base
        worst = max(worst, ratio if row in list(rows)[1:] else 0.0)
        print(f"{row:26} fastest {min(taken):6.1f}  median {median:6.1f} ms  ratio {ratio:.2f}")
    return int(worst >= PROMISE)


if __name__ == "__main__":
    sys.exit(main())
