"""`python -m tests.crash --seconds N --seed S`: rounds of faults, figures, and exit 1 when something was not whole."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.crash import STRACE, run_rounds


def main() -> int:
    """Run the rounds that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="Kill and starve prunecli at work.")
    parser.add_argument("--seconds", type=float, default=60, help="how long (60)")
    parser.add_argument("--seed", type=int, default=0, help="of the order of faults and the size of worlds (0)")
    options = parser.parse_args()
    if STRACE is None:
        print("strace is not there: it makes the faults", file=sys.stderr)
        return 1
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="prunecli-crash-") as folder:
        figures = run_rounds(Path(folder), options.seed, seconds=options.seconds)
    for line in figures.lines():
        print(line)
    for sentence in figures.faults[:20]:
        print(sentence, file=sys.stderr)
    return int(bool(figures.faults))


sys.exit(main())
