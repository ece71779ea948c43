"""File names as SQLite's URIs spell them."""

from __future__ import annotations

import os
from pathlib import Path

_PLAIN = frozenset(b"/-_.~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def in_uri(path: Path) -> str:
    """Return a path as it stands in a SQLite URI, byte by byte: file names need not be text."""
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in os.fsencode(path))
