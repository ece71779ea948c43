"""What is told on stderr when the server itself is at fault; the client hears that it could not be served, no more."""

from __future__ import annotations

import sys
import traceback

from prunecli.printable import printable


def tell_fault(what: str, error: BaseException, *, debug: bool) -> None:
    """Say in one line what failed; with `debug` the traceback stands above it, for whoever mends it."""
    if debug:
        for line in "".join(traceback.format_exception(error)).splitlines():
            sys.stderr.write(f"{printable(line)}\n")
    sys.stderr.write(f"prunecli: {printable(f'{what} failed: {type(error).__name__}: {error}')}\n")
