"""File names as SQLite's URIs spell them."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # completion waits for this module, and for pathlib it need not
    from pathlib import Path

_PLAIN = frozenset(b"/-_.~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def in_uri(path: Path | str) -> str:
    """Return a path as it stands in a SQLite URI, byte by byte: file names need not be text."""
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in os.fsencode(path))
