"""`python -m tests.load --socket PATH`: the clients, a summary, and exit 1 when something was not as it should be."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from tests.load import run_load


def main() -> int:
    """Run the load that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description="Load an Engine API on a unix socket.")
    parser.add_argument("--socket", type=Path, required=True, help="the socket of the server")
    parser.add_argument("--clients", type=int, default=64, help="at one time (64)")
    parser.add_argument("--seconds", type=float, default=30, help="how long (30)")
    parser.add_argument("--seed", type=int, default=0, help="of the clients' dice (0)")
    options = parser.parse_args()
    begun = time.monotonic()
    outcome = asyncio.run(run_load(options.socket, clients=options.clients, seconds=options.seconds, seed=options.seed))
    took = time.monotonic() - begun
    answers = sum(outcome.answers.values())
    print(f"{answers} answers in {took:.1f}s, {answers / took:.0f} a second, the slowest after {outcome.slowest:.2f}s")
    print("by status: " + ", ".join(f"{status}: {count}" for status, count in sorted(outcome.answers.items())))
    print(f"{len(outcome.prunes)} prunes, heard by {len(outcome.heard)} listeners")
    found = outcome.judge()
    for sentence in found[:20]:
        print(sentence, file=sys.stderr)
    return int(bool(found))


sys.exit(main())
