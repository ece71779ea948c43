"""The members of a configuration file, read by name; a mistake names the file, the key, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from prunecli.errors import PolicyError
from prunecli.units import go_quote

_NEAR = 0.7
"""How alike two keys must be for the one to pass as a slip in writing the other."""


@dataclass(slots=True)
class Table:
    """One table (TOML) or object (JSON) of a file. `path` is its dotted name, empty for the file itself.

    Keys are found in any case, as Go finds them; the last of several counts. `remarks` is one list for the whole file.
    """

    file: str
    path: str
    members: Mapping[str, Any]
    remarks: list[str] = field(default_factory=list)

    def check_keys(
        self,
        known: Iterable[str],
        instead: Mapping[str, str] | None = None,
        *,
        ignored: Iterable[str] = (),
        quiet: bool = False,
    ) -> None:
        """Warn about the keys that nothing reads, and refuse those of which it is clear what was meant.

        `known` are read, `ignored` belong to others; `instead` says what stands here for a key of another file. A
        `quiet` table has many keys that are no concern of ours, and only slips are looked for.
        """
        known, ignored = tuple(known), tuple(ignored)
        lower = {key.lower() for key in (*known, *ignored)}
        hints = {key.lower(): hint for key, hint in (instead or {}).items()}
        for key in self.members:
            if key.lower() in lower:
                continue
            if key.lower() in hints:
                self.fail(key, f"is no key of this file: {hints[key.lower()]}")
            meant = _nearest(key, known)
            if meant:
                self.fail(key, f"is no key: did you mean {meant}?")
            if not quiet:
                self.remark(f"{self.key(key)} is no key that garbage collection knows: it is ignored")

    def get(self, key: str) -> Any:
        """Return a member, None when it is absent or null."""
        found = [value for name, value in self.members.items() if name.lower() == key.lower()]
        return found[-1] if found else None

    def table(self, key: str) -> Table | None:
        """Return a member that is a table itself."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fail(key, f"is {kind_of(value)}, where a group of keys belongs")
        return Table(self.file, self.key(key), value, self.remarks)

    def tables(self, key: str) -> list[Table] | None:
        """Return a member that is a list of tables."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.fail(key, f"is {kind_of(value)}, where a list of rules belongs")
        for at, member in enumerate(value):
            if not isinstance(member, dict):
                self.fail(f"{key}[{at}]", f"is {kind_of(member)}, where a rule with keys of its own belongs")
        return [Table(self.file, f"{self.key(key)}[{at}]", member, self.remarks) for at, member in enumerate(value)]

    def truth(self, key: str) -> bool | None:
        """Return a member that is true or false."""
        value = self.get(key)
        if value is not None and not isinstance(value, bool):
            self.fail(key, f"is {kind_of(value)}, where true or false belongs")
        return value

    def key(self, key: str) -> str:
        """Return the full name of a member."""
        return f"{self.path}.{key}" if self.path else key

    def remark(self, text: str) -> None:
        """Keep something that a reader should hear of."""
        self.remarks.append(text)

    def fail(self, key: str, why: str) -> NoReturn:
        """Refuse a member; raises PolicyError."""
        raise PolicyError(f"{self.file}: {self.key(key)} {why}")


def _nearest(key: str, known: Iterable[str]) -> str | None:
    """Return the key that somebody will have meant: letters in another order, or most of them the same."""
    by_lower = {k.lower(): k for k in known}
    turned = [k for k in by_lower if sorted(k) == sorted(key.lower())]
    near = turned or difflib.get_close_matches(key.lower(), by_lower, 1, _NEAR)
    return by_lower[near[0]] if near else None


def kind_of(value: Any) -> str:
    """Return what a value of a file is, in words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {go_quote(value)}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "a group of keys"
    return f"a {type(value).__name__}"
