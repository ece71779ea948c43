"""Build cache worlds for tests, one line each: `base(100,9h) img(50,8h,shared)<base never(10,never)`.

`name(size, age, uN, words)<parent+parent`: the age is "last used ... ago" or `never`; `uN` is the usage count, 1 if
left out (0 for never); words are `shared` (directly), `busy` (a running build holds it), `mutable`, or a record type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from prunecli.filters import CacheFilter
from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import CacheRecord, DiskStat, decide
from prunecli.profile import DEFAULT_PROFILE, Profile, make_profile
from prunecli.units import DAY, HOUR, MINUTE, SECOND, Instant
from prunecli.verdict import Decisions, Selection, Verdict

NOW: Instant = 1_795_262_400 * SECOND

BEFORE_0_17 = make_profile("27.3.1", (1, 47))
BEFORE_0_22 = make_profile("28.1.1", (1, 49))
OLDEST = make_profile("20.10.24", (1, 41))

_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}
_TYPES = {"local": "source.local", "mount": "exec.cachemount", "git": "source.git.checkout"}
_RECORD = re.compile(r"(?P<name>\w+)\((?P<facts>[^)]*)\)(?:<(?P<parents>[\w+]+))?")


@dataclass(frozen=True)
class World:
    """Records, and those among them that are directly shared, each with its image's name."""

    records: tuple[CacheRecord, ...]
    shared: dict[str, str] = field(default_factory=dict)

    def decide(
        self,
        info: PruneInfo,
        *,
        disk: DiskStat | None = None,
        profile: Profile = DEFAULT_PROFILE,
        chosen: Selection | None = None,
    ) -> Decisions:
        """Ask the planner at `NOW`."""
        return decide(self.records, self.shared, info, NOW, disk, profile, chosen)

    def without(self, ids: Iterable[str]) -> World:
        """Return what is left after these are gone."""
        gone = set(ids)
        return World(tuple(r for r in self.records if r.id not in gone), self.shared)


def world(text: str) -> World:
    """Read a world in the notation above; anything else in the text is an error."""
    assert not _RECORD.sub("", text).strip(), f"not understood: {_RECORD.sub('', text).strip()}"
    records: list[CacheRecord] = []
    shared: dict[str, str] = {}
    for match in _RECORD.finditer(text):
        name, facts, parents = match.group("name", "facts", "parents")
        size, *rest = (fact.strip() for fact in facts.split(","))
        records.append(_record(name, int(size), rest, tuple(parents.split("+")) if parents else ()))
        if "shared" in rest:
            shared[name] = "app:v2"
    return World(tuple(records), shared)


def _record(name: str, size: int, facts: list[str], parents: tuple[str, ...]) -> CacheRecord:
    last: Instant | None = None
    type, uses, flags = "regular", None, set()
    for fact in facts:
        if age := re.fullmatch(r"(\d+)([mhd])", fact):
            last = NOW - int(age[1]) * _UNITS[age[2]]
        elif count := re.fullmatch(r"u(\d+)", fact):
            uses = int(count[1])
        elif fact in ("internal", "frontend", "regular", "") or fact in _TYPES:
            type = _TYPES.get(fact, fact)
        else:
            assert fact in ("never", "shared", "busy", "mutable"), f"not understood: {fact}"
            flags.add(fact)
    return CacheRecord(
        name,
        parents,
        type,
        mutable="mutable" in flags,
        in_use="busy" in flags,
        size=size,
        created_at=NOW - 100 * DAY,
        last_used_at=last,
        usage_count=(0 if last is None else 1) if uses is None else uses,
    )


def only(*filters: str) -> CacheFilter:
    """Return a filter in BuildKit's language; several are alternatives."""
    return CacheFilter(filters)


def order(decisions: Decisions) -> list[str]:
    """Return what goes, in order."""
    return [step.id for step in decisions.steps]


def verdict_of(decisions: Decisions, id: str) -> Verdict:
    """Return the one verdict of a record."""
    (found,) = (v for v in decisions.verdicts if v.id == id)
    return found


def reclaimed(decisions: Decisions) -> int:
    """Return the bytes that the steps promise."""
    return sum(step.reclaims for step in decisions.steps)
