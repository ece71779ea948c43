"""The names in a store, fast: for shell completion, which must neither wait nor complain."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from prunecli.backends.uri import in_uri
from prunecli.verdict import Kind

_QUERIES = {
    Kind.CONTAINER: "SELECT name FROM containers",
    Kind.NETWORK: "SELECT name FROM networks",
    Kind.VOLUME: "SELECT name FROM volumes",
    Kind.IMAGE: "SELECT tags FROM images",
    Kind.BUILD_CACHE: "SELECT id FROM build_cache",
}


def store_names(path: Path, kind: Kind) -> list[str]:
    """Return the names of a kind in a store, sorted: tags for images, ids for build cache; none when it cannot be read.

    Nothing is made, upgraded or waited for.
    """
    try:
        db = sqlite3.connect(f"file:{in_uri(path)}?mode=ro", uri=True, timeout=0.1)
        try:
            cells = [cell for (cell,) in db.execute(_QUERIES[kind])]
        finally:
            db.close()
    except sqlite3.Error:
        return []
    return sorted(tag for cell in cells for tag in json.loads(cell)) if kind is Kind.IMAGE else sorted(cells)
