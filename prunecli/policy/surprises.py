"""What a policy does that its author may not expect.

Each is a sentence about a rule that is legal. A rule is called useless, and a filter dead, only where that holds for
every cache there could be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from prunecli.goregexp import RegexpError, compile_regexp
from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import DiskStat
from prunecli.policy.rules import Policy, Rule
from prunecli.profile import Profile
from prunecli.selectors import Condition, Lookup, Operator, Selector, parse_selector
from prunecli.units import SECOND, format_duration, format_size

RECORD_TYPES = ("regular", "source.local", "source.git.checkout", "exec.cachemount", "frontend", "internal")

_FREE_TEXT = ("id", "description")
_FLAGS = ("mutable", "immutable", "shared", "private")
_FIELDS = (*_FREE_TEXT, *_FLAGS, "type")


def surprises(policy: Policy, profile: Profile, disk: DiskStat | None) -> tuple[str, ...]:
    """Return what is to be said about a policy, one sentence each: what its reading turned up, then rule by rule."""
    found = list(policy.remarks)
    if policy.enabled is False:
        found.append(f"{policy.source} switches garbage collection off: no rule runs by itself")
    elif not policy.runs_by_itself(profile):
        found.append(
            f"Docker Engine {profile.engine} collects garbage only with `enabled: true` in builder.gc: "
            "no rule runs by itself"
        )
    for number, rule in enumerate(policy.rules, 1):
        found += [f"rule {number} {words}" for words in _of_rule(rule, profile, disk)]
        former = useless_after(policy.rules[: number - 1], rule)
        if former is not None:
            found.append(f"rule {number} never removes anything: rule {former + 1} has already gone at least as far")
    aged = [str(n) for n, rule in enumerate(policy.rules, 1) if (rule.info.keep_duration or 0) > 0]
    if aged:
        found.append(
            f"rule{'s' if aged[1:] else ''} {_listed(aged)} {'have' if aged[1:] else 'has'} an age, "
            "and a record that is younger also keeps everything that it builds on, however old"
        )
    return tuple(dict.fromkeys(found))


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if words[1:] else words[0]


def _of_rule(rule: Rule, profile: Profile, disk: DiskStat | None) -> Iterator[str]:
    yield from _of_filter(rule, profile)
    yield from _of_age(rule)
    yield from _of_limits(rule.info, profile, disk)


# Ages and limits


def _of_age(rule: Rule) -> Iterator[str]:
    keep = rule.info.keep_duration
    if keep is None:
        return
    if keep < 0:
        yield "asks for an age that lies in the future: it spares nothing"
    elif 0 < keep < SECOND:
        why = " (Engines before 24.0.9 took the seconds of their defaults for nanoseconds)" if rule.built_in else ""
        yield f"spares only what was used within {format_duration(keep)}, which is no age to speak of{why}"


def _of_limits(info: PruneInfo, profile: Profile, disk: DiskStat | None) -> Iterator[str]:
    reserved, most, free = (n or 0 for n in (info.reserved_space, info.max_used_space, info.min_free_space))
    if not info.has_budget:
        # With a filter or an age it is meant to take all that they select.
        if not (info.keep_duration or 0) > 0 and not any(info.cache_filter.given):
            what = "all" if info.all else "all unshared"
            yield f"has no limit, no age and no filter: each run empties {what} build cache"
        return
    if not profile.cache_space_limits:
        return
    if reserved and most and reserved >= most:
        yield (
            f"reserves {format_size(reserved)}, which wins over its max used space of {format_size(most)}: "
            "the cache is never pruned below what is reserved"
        )
    if free and disk is not None and free >= disk.total:
        yield (
            f"wants {format_size(free)} free on a disk of {format_size(disk.total)}, which can never be: "
            f"each run prunes down to {format_size(reserved) if reserved else 'nothing'}"
        )
    elif free and not most and not reserved:
        yield "removes one more record in each run even when enough is free: a max used space ends that"
    elif free and not most:
        yield (
            f"removes one more record in each run while the cache holds more than {format_size(reserved)}, even when "
            "enough is free: a max used space ends that"
        )


# Filters


def _of_filter(rule: Rule, profile: Profile) -> Iterator[str]:
    given = [text for text in rule.info.cache_filter.given if text]
    dead = {text: why for text in given if (why := dead_filter(text, profile, all=rule.info.all))}
    if dead and len(dead) == len(given):
        defect = " (a defect of Engines before 29.6, which makes this default a rule without effect)"
        shown = "; ".join(f"`{text}`: {why}" for text, why in dead.items())
        yield f"can match nothing, {shown}{defect if rule.built_in else ''}"
        return
    for text, why in dead.items():
        yield f"has a filter that can match nothing, `{text}`: {why}"
    for text in given:
        if text in dead:
            continue
        for condition in parse_selector(text).conditions:
            if condition.operator is Operator.NOT_EQUAL and _always(condition, profile):
                shown = _spell(condition)
                yield f"has a condition that every record meets, `{shown}`: {_why_never(condition, profile)}"


def dead_filter(text: str, profile: Profile, *, all: bool) -> str:
    """Return why no record can ever pass a filter in a prune, empty where one could."""
    selector = parse_selector(text)
    if _possible(selector, profile, all=all):
        return ""
    if _possible(selector, profile, all=True):
        return "such records go only with all"
    for condition in selector.conditions:
        if not _possible(Selector((condition,)), profile, all=True):
            return _why_never(condition, profile)
    return "no record can meet all its conditions at once"


def _possible(selector: Selector, profile: Profile, *, all: bool) -> bool:
    """Say whether some record could pass, trying all kinds of record there are."""
    if not _texts_possible(selector, profile):
        return False
    closed = [c for c in selector.conditions if not _is_free(c, profile)]
    return any(all_match(closed, lookup) for lookup in _kinds_of_record(all=all))


def all_match(conditions: Sequence[Condition], lookup: Lookup) -> bool:
    """Say whether all conditions hold."""
    return all(condition.match(lookup) for condition in conditions)


def _kinds_of_record(*, all: bool) -> Iterator[Lookup]:
    """Yield the fields of every kind of record that a prune may take, without those that hold free text."""
    types = RECORD_TYPES if all else RECORD_TYPES[:4]
    for type, mutable, shared in product(types, (True, False), (True, False) if all else (False,)):
        fields = {"type": type, "mutable" if mutable else "immutable": "", "shared" if shared else "private": ""}
        yield fields.get


def _is_free(condition: Condition, profile: Profile) -> bool:
    """Say whether a condition is about text that could be anything."""
    field = condition.path[0]
    return field == "id" or (field == "description" and profile.cache_description_in_prune)


def _texts_possible(selector: Selector, profile: Profile) -> bool:
    """Say whether the conditions on free text leave room: no expression that Go refuses, no two different texts."""
    for field in _FREE_TEXT:
        own = [c for c in selector.conditions if c.path[0] == field and _is_free(c, profile)]
        if any(c.operator is Operator.MATCHES and _broken(c.value) for c in own):
            return False
        texts = {c.value for c in own if c.operator is Operator.EQUAL}
        if len(texts) > 1 or any(not all_match(own, {field: text}.get) for text in texts):
            return False
    return True


def _broken(pattern: str) -> bool:
    try:
        compile_regexp(pattern)
    except RegexpError:
        return True
    return False


def _always(condition: Condition, profile: Profile) -> bool:
    free = _is_free(condition, profile)
    return not free and all(condition.match(lookup) for lookup in _kinds_of_record(all=True))


def _why_never(condition: Condition, profile: Profile) -> str:
    field = condition.path[0]
    if condition.operator is Operator.MATCHES and _broken(condition.value):
        return f"{condition.value!r} is no regular expression of Go's"
    if field == "parent":
        return "records have no field `parent`; it is `parents`, and even that is never there while pruning"
    if field in ("parents", "inuse"):
        return f"`{field}` is never there while pruning"
    if field == "description" and not profile.cache_description_in_prune:
        return "BuildKit before 0.17 does not look at `description` while pruning"
    if field not in _FIELDS:
        return f"records have no field `{field}`"
    if field in _FLAGS:
        return f"`{field}` has no value; it is asked for by its name alone"
    return f"no record is of such a type; there are {', '.join(RECORD_TYPES)}"


def _spell(condition: Condition) -> str:
    return f"{'.'.join(condition.path)}{condition.operator.value}{condition.value}"


# Rules that come too late


def useless_after(former: Sequence[Rule], rule: Rule) -> int | None:
    """Return the place of a former rule that leaves this one nothing to do, whatever the cache; None without one."""
    return next((at for at, other in enumerate(former) if covers(other.info, rule.info)), None)


def covers(former: PruneInfo, later: PruneInfo) -> bool:
    """Say whether a rule has nothing left to remove right after the former one: it selects no more, and no lower."""
    return _selects_all_of(former, later) and _goes_as_far(former, later)


def _selects_all_of(former: PruneInfo, later: PruneInfo) -> bool:
    if later.all and not former.all:
        return False
    if max(former.keep_duration or 0, 0) > max(later.keep_duration or 0, 0):
        return False
    wide, narrow = (set(info.cache_filter.given) for info in (former, later))
    return not wide or "" in wide or (bool(narrow) and narrow <= wide)


def _goes_as_far(former: PruneInfo, later: PruneInfo) -> bool:
    if not former.has_budget:
        return True
    # A rule that takes shared records subtracts bytes that it never counted, and may stop above its limit.
    if not later.has_budget or former.all:
        return False
    first, second = (
        [n or 0 for n in (info.reserved_space, info.max_used_space, info.min_free_space)] for info in (former, later)
    )
    # With a min free space alone, one more record goes although enough is free.
    if any(free and not most for _, most, free in (first, second)):
        return False
    if not second[2]:
        return max(first[:2]) <= max(second[:2])
    return first[2] >= second[2] and first[0] <= second[0] and first[1] <= second[1]
