"""Docker's questions before a prune, and how an answer is read.

Source: `cli-and-api.md` 2 of the specification.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

from prunecli.filters import prompt_filters
from prunecli.info import PruneRequest
from prunecli.printable import printable
from prunecli.profile import Profile
from prunecli.verdict import Kind

QUESTION = "Are you sure you want to continue? [y/N] "


class Declined(Exception):
    """The answer was not yes; `interrupted` says that it was Ctrl-C or SIGTERM."""

    def __init__(self, *, interrupted: bool = False) -> None:
        super().__init__()
        self.interrupted = interrupted


def warning(request: PruneRequest, profile: Profile, *, system: bool) -> str:
    """Return the warning that stands before the question, with everything up to the question itself."""
    if system:
        return _system_warning(request, profile)
    (kind,) = request.kinds
    everything = request.all
    if kind is Kind.BUILD_CACHE:
        what = "all build cache" if everything else "all dangling build cache"
        return f"WARNING! This will remove {what}. "
    texts = {
        Kind.CONTAINER: "all stopped containers",
        Kind.NETWORK: "all custom networks not used by at least one container",
        Kind.IMAGE: "all images without at least one container associated to them"
        if everything
        else "all dangling images",
        Kind.VOLUME: (
            "all local volumes not used by at least one container"
            if everything or profile.volumes_default_to_all
            else "anonymous local volumes not used by at least one container"
        ),
    }
    return f"WARNING! This will remove {texts[kind]}.\n"


def _system_warning(request: PruneRequest, profile: Profile) -> str:
    lines = ["WARNING! This will remove:", "  - all stopped containers"]
    lines.append("  - all networks not used by at least one container")
    if Kind.VOLUME in request.kinds:
        lines.append("  - all anonymous volumes not used by at least one container")
    every = "all images without at least one container associated to them"
    lines.append(f"  - {every if request.all else 'all dangling images'}")
    if profile.prunes_build_cache:
        lines.append(f"  - {'all build cache' if request.all else 'unused build cache'}")
    if filters := prompt_filters(request.filters):
        lines += ["", "  Items to be pruned will be filtered with:", *(f"  - {printable(f)}" for f in filters)]
    return "\n".join([*lines, "", ""])


def on_terminal(*, to_stderr: bool = False) -> bool:
    """Say whether a person sees the question and types the answer; anybody else gets Docker's prompt, byte for byte."""
    out = sys.stderr if to_stderr else sys.stdout
    return bool(sys.stdin and sys.stdin.isatty() and out and out.isatty())


def question(warning: str, preview: str = "") -> str:
    """Return everything up to the answer; a preview stands on lines of its own between warning and question."""
    if not preview:
        return warning + QUESTION
    warning = warning.rstrip("\n ") + "\n\n"
    return f"{warning}{preview}{QUESTION}"


def ask(text: str, *, to_stderr: bool = False, listing: Callable[[], str] | None = None) -> None:
    """Show a question and read one line; raises Declined unless it is `y` or `Y`.

    With a `listing` the answer `?` shows it, by a pager if need be, and asks again. The end of input is a no, and so
    are SIGINT and SIGTERM, which add a line break, as Docker's do.
    """
    out = sys.stderr if to_stderr else sys.stdout
    shown = ""
    while (typed := answer(text, out, shown).strip()) == "?" and listing:
        shown, text = listing(), QUESTION
    if typed not in ("y", "Y"):
        raise Declined


def answer(text: str, out: TextIO, listing: str = "") -> str:
    """Show a question, below a listing if there is one, and return the line typed, empty at the end of input.

    Raises Declined at SIGINT and SIGTERM.
    """
    try:
        with _signals_decline():  # before the question is seen: an answer may come at once
            if listing:
                from prunecli.cli.pager import show

                show(listing, out)
            out.write(text)
            out.flush()
            return sys.stdin.readline() if sys.stdin else ""
    except KeyboardInterrupt:
        out.write("\n")
        out.flush()
        raise Declined(interrupted=True) from None


@contextmanager
def _signals_decline() -> Iterator[None]:
    """Let SIGTERM end the reading of an answer as SIGINT does."""

    def interrupt(_signum: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before: Sequence[tuple[signal.Signals, object]] = [
        (s, signal.signal(s, interrupt)) for s in (signal.SIGINT, signal.SIGTERM)
    ]
    try:
        yield
    finally:
        for which, handler in before:
            signal.signal(which, handler)  # type: ignore[arg-type] # what signal() returned is what it takes
