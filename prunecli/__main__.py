"""`python -m prunecli`, and the console script."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:2] == ["__complete-names"]:  # asked for while a key is pressed: before anything else is imported
        from prunecli.complete import answer

        answer(sys.argv[2:])
    try:
        from prunecli.cli.main import run
        from prunecli.cli.streams import settle
    except (OSError, ImportError, MemoryError) as e:  # no files, no memory, or half an installation
        sys.exit(f"prunecli cannot be loaded: {e or 'out of memory'}")
    # Plans are large and hold no circles: looking for garbage among them is a third of the work.
    gc.set_threshold(50_000)
    settle()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
