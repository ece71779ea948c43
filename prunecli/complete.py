"""Names for shell completion, fast: a key was pressed, and somebody waits.

`prunecli __complete-names WHAT [PREFIX [STORE]]` prints what the store holds, one name on a line, sorted. WHAT is a
list such as `volume,container.id`: a kind alone stands for its names (images: tags; build cache: ids), `KIND.id` for
its ids and `KIND.label` for its labels; `context` for the contexts of the Docker client, `world` for what `prunecli
use` takes. Whatever goes wrong, the answer is silence: nothing is made, upgraded or waited for. Nothing is imported
here that an answer can do without.
"""

from __future__ import annotations

import os
import stat
import sys

from prunecli import places
from prunecli.uri import in_uri

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 0.1  # seconds that SQLite may wait for a lock
_SHORT = 12  # digits of an id, as tables show it

_TABLES = {
    "container": "containers",
    "network": "networks",
    "volume": "volumes",
    "image": "images",
    "build-cache": "build_cache",
}
_NAMES = {"image": "SELECT value FROM images, json_each(tags)", "build-cache": "SELECT id FROM build_cache"}
_LABELS = (
    "SELECT key FROM {0}, json_each({0}.labels) UNION "
    "SELECT key || '=' || value FROM {0}, json_each({0}.labels) WHERE value != ''"
)


def answer(words: list[str]) -> None:
    """Print the names that the words ask for, and end the process at once."""
    try:
        what, prefix, store = [*words, "", "", ""][:3]
        names = find_names(what, prefix, store or _store_in_force())
        os.write(1, "".join(f"{name}\n" for name in names).encode(errors="surrogateescape"))
    except BaseException:  # noqa: S110 - whatever it is, a prompt is the wrong place for it
        pass
    os._exit(0)  # the interpreter's own end would take longer than all of the above


def find_names(what: str, prefix: str, store: str) -> list[str]:
    """Return the names that begin with the prefix, sorted, each once.

    Ids are part of the answer only when the prefix is not empty: nobody picks one from a list. Names that cannot be
    shown as they are are left out, because a completion writes them to a terminal.
    """
    parts = [part for part in what.split(",") if prefix or not part.endswith(".id")]
    found = set(_contexts()) if "context" in parts or "world" in parts else set()
    if "world" in parts:
        found |= {"engine", "store"}
    queries = [query for part in parts if (query := _query(part, prefix))]
    if queries:
        found.update(_read(store, queries))
    return sorted(name for name in found if name.startswith(prefix) and _is_plain(name))


def store_names(path: Path | str, kind: str) -> list[str]:
    """Return all names of a kind in a store, sorted: tags for images, ids for build cache; none when unreadable."""
    return find_names(kind, "", os.fspath(path))


def _is_plain(name: str) -> bool:
    """Say whether a terminal shows a name as it is; any space but the common one would be taken for that."""
    if not name.isprintable() or name.isascii():
        return name.isprintable()
    from prunecli.printable import printable

    return printable(name) == name


def _query(part: str, prefix: str) -> str:
    kind, _, aspect = part.partition(".")
    table = _TABLES.get(kind)
    if table is None:
        return ""
    if aspect == "id":
        short = kind in ("container", "network") and len(prefix) <= _SHORT
        return f"SELECT {f'substr(id, 1, {_SHORT})' if short else 'id'} FROM {table}"  # noqa: S608 - words of our own
    if aspect == "label":
        return _LABELS.format(table)
    return _NAMES.get(kind, f"SELECT name FROM {table}")  # noqa: S608 - as above


def _read(store: str, queries: list[str]) -> list[str]:
    from _sqlite3 import Error, connect  # without the half that reads dates

    try:
        if not stat.S_ISREG(os.stat(store).st_mode):  # a pipe would be waited for
            return []
    except (OSError, ValueError):
        return []
    # On a read-only medium SQLite cannot put its shared memory beside the file; without a log nobody writes to it.
    hows = ["mode=ro"] if os.path.lexists(f"{store}-wal") else ["mode=ro", "immutable=1"]
    for how in hows:
        names: list[str] = []
        try:
            db = connect(f"file:{in_uri(store)}?{how}", uri=True, timeout=_PATIENCE)
            try:
                for query in queries:
                    names += [str(cell) for (cell,) in db.execute(query)]
            finally:
                db.close()
        except Error:
            continue
        return names
    return []


def _contexts() -> list[str]:
    """Return the names of the Docker client's contexts; `default` is always one of them."""
    import json

    names = ["default"]
    folder = os.path.join(places.docker_config(os.environ), "contexts", "meta")
    for entry in os.listdir(folder) if os.path.isdir(folder) else []:
        try:
            with open(os.path.join(folder, entry, "meta.json"), encoding="utf-8") as file:
                names.append(str(json.load(file)["Name"]))
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            continue
    return names


def _store_in_force() -> str:
    """Return the store whose names mean something, empty when commands work on a live Engine."""
    word, store = os.environ.get("PRUNECLI_WORLD"), os.environ.get("PRUNECLI_STORE")
    kept = places.kept_world(os.environ)
    if not word and not store and os.path.isfile(kept):
        with open(kept, encoding="utf-8") as file:
            word = file.readline().strip()
    if word and word != "store":
        return ""
    return store or places.default_store(os.environ)


if __name__ == "__main__":
    answer(sys.argv[1:])
