"""`python -m prunecli`, and the console script."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:2] == ["__complete-names"]:  # asked for while a key is pressed: before anything else is imported
        from prunecli.complete import answer

        answer(sys.argv[2:])
    from prunecli.cli.main import run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # Docker writes UTF-8 in every locale, and no name may stop a report
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
