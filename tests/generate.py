"""Write everything that follows from the program: `python -m tests.generate`.

Completion scripts and manual pages are made from the table of commands, the console blocks of the README and of the
manual are played again, and the pictures of the README drawn again. A test compares the result with what is checked in.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def completions() -> dict[Path, str]:
    """Return the completion scripts by their place."""
    from prunecli.cli.completion import script

    names = {"bash": "prunecli.bash", "zsh": "_prunecli", "fish": "prunecli.fish"}
    return {ROOT / "completions" / name: script(shell) for shell, name in names.items()}


def manual() -> dict[Path, str]:
    """Return the manual pages by their place."""
    from prunecli.cli.tree import command_tree
    from tests.manual import pages

    return {ROOT / "man" / name: text for name, text in pages.manual(command_tree()).items()}


def pictures() -> dict[Path, str]:
    """Return the pictures of the README by their place."""
    from tests.pictures import drawn

    return {ROOT / ".pictures" / f"{name}.svg": text for name, text in drawn().items()}


def sources() -> list[Path]:
    """Return the documents that hold console blocks."""
    from tests.manual.pages import PAGES

    return [README, *sorted(PAGES.glob("*.md"))]


def play_again() -> None:
    """Write down what the console blocks print now."""
    from tests.console import refreshed

    for path in sources():
        text = path.read_text()
        now = refreshed(text, from_nothing=path == README)
        if now != text:
            path.write_text(now)
            print(path.relative_to(ROOT))


def generated() -> dict[Path, str]:
    """Return every generated file by its place."""
    return completions() | manual()


def main() -> int:
    """Write what changed, name it, and remove what nothing generates any more."""
    play_again()
    files = generated() | pictures()
    for path, text in files.items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            print(path.relative_to(ROOT))
    for folder in ("completions", "man", ".pictures"):
        for path in (ROOT / folder).iterdir():
            if path not in files:
                path.unlink()
                print(f"{path.relative_to(ROOT)} (removed)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
