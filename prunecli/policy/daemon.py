"""`builder.gc` of Docker's daemon.json.

Source: moby (daemon/config, builder-next); `build-cache-gc.md` 9 and 11.3 of the specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from prunecli.errors import FilterError, SizeError
from prunecli.filters import CacheFilter, Filters
from prunecli.info import Dialect, PruneInfo, PruneRequest, make_infos
from prunecli.policy.defaults import docker_rules
from prunecli.policy.fields import Table, kind_of
from prunecli.policy.rules import Amount, Ground, Limits, Policy, Rule, make_rule
from prunecli.profile import parse_version
from prunecli.selectors import GO_SPACES
from prunecli.units import parse_size
from prunecli.verdict import Kind

_OLD_NAMES = {"keepStorage": "reservedSpace", "defaultKeepStorage": "defaultReservedSpace"}
_DEFAULT_KEYS = ("defaultReservedSpace", "defaultKeepStorage", "defaultMaxUsedSpace", "defaultMinFreeSpace")
_RULE_KEYS = ("all", "filter", "reservedSpace", "keepStorage", "maxUsedSpace", "minFreeSpace")
_RULE_INSTEAD = {
    "keepDuration": 'an age is a filter here, "filter": ["unused-for=48h"]',
    "unusedFor": 'an age is a filter here, "filter": ["unused-for=48h"]',
    "until": 'an age is a filter here, "filter": ["until=48h"]',
    "keepBytes": "that is buildkitd.toml's word, here it is keepStorage or reservedSpace",
}
_GC_INSTEAD = {
    "gcpolicy": "that is buildkitd.toml's word, here it is policy",
    "gckeepstorage": "that is buildkitd.toml's word, here it is defaultKeepStorage or defaultReservedSpace",
    "keepStorage": "the default limit is defaultKeepStorage or defaultReservedSpace",
    "reservedSpace": "the default limit is defaultReservedSpace",
    "maxUsedSpace": "the default limit is defaultMaxUsedSpace",
    "minFreeSpace": "the default limit is defaultMinFreeSpace",
}
_PLAIN_KEYS = ("until", "unused-for", "id", "parent", "type", "description", "inuse", "shared", "private")
_HIDDEN_KEYS = ("mutable", "immutable")
"""Fields of BuildKit that Docker's API refuses as filters, and its configuration does not."""


def read_daemon(document: Table, ground: Ground) -> Policy:
    """Return the policy of a daemon.json. Errors: PolicyError for the first mistake."""
    document.check_keys(("builder",), quiet=True)
    builder = document.table("builder")
    if builder is not None:
        builder.check_keys(("gc",), ignored=("entitlements", "history", "proxy-network"))
    gc = builder.table("gc") if builder is not None else None
    if gc is None:
        document.remark(f"{document.file} has no builder.gc: the built-in rules of Docker Engine hold")
        return Policy(document.file, docker_rules(ground), None, tuple(document.remarks))
    gc.check_keys(("enabled", "policy", *_DEFAULT_KEYS), _GC_INSTEAD)
    defaults = _limits(gc, ground, "default")
    tables = gc.tables("policy")
    rules = docker_rules(ground, defaults) if tables is None else _written_rules(gc, tables, defaults, ground)
    return Policy(document.file, rules, gc.truth("enabled"), tuple(document.remarks))


def _written_rules(gc: Table, tables: list[Table], defaults: Limits, ground: Ground) -> tuple[Rule, ...]:
    if not ground.limits.unset:
        gc.fail("policy", "lists rules with limits of their own: the options for limits go with the default rules")
    inherited: Amount | None = None
    if parse_version(ground.profile.engine) < (28, 0):
        inherited = defaults.reserved_space
    elif defaults != Limits():
        gc.remark(f"{gc.path}: the default limits are ignored, since {gc.key('policy')} is given")
    if not tables:
        gc.remark(f"{gc.key('policy')} is an empty list: garbage collection does nothing")
    return tuple(_rule(table, inherited, ground) for table in tables)


def _rule(table: Table, inherited: Amount | None, ground: Ground) -> Rule:
    table.check_keys(_RULE_KEYS, _RULE_INSTEAD)
    origins: dict[str, str] = {}
    every = table.truth("all")
    if every is not None:
        origins["all"] = table.key("all")
    info = replace(_conditions(table, ground), all=bool(every))
    if table.get("filter") is not None:
        if info.cache_filter.given != ("",):
            origins["filter"] = table.key("filter")
        if info.keep_duration is not None:
            origins["keep_duration"] = table.key("filter")
    limits = _limits(table, ground, "")
    if inherited and not (limits.reserved_space and limits.reserved_space.size):
        limits = replace(limits, reserved_space=inherited)
    return make_rule(table.path, info, limits, origins)


# Sizes


def _limits(table: Table, ground: Ground, prefix: str) -> Limits:
    """Return the three limits; `prefix` is `default` for those that default rules are made with."""

    def named(name: str) -> str:
        return f"{prefix}{name}" if prefix else name[0].lower() + name[1:]

    reserved, keep = (_amount(table, named(name), ground) for name in ("ReservedSpace", "KeepStorage"))
    spaces = (_amount(table, named(name), ground) for name in ("MaxUsedSpace", "MinFreeSpace"))
    if not ground.profile.cache_space_limits:
        for key in (named("ReservedSpace"), named("MaxUsedSpace"), named("MinFreeSpace")):
            if table.get(key):
                table.remark(
                    f"{table.key(key)} is ignored: Docker Engine {ground.profile.engine} "
                    f"knows {named('KeepStorage')} alone"
                )
        return Limits(keep)
    if reserved is not None and keep is not None:
        table.remark(f"{table.key(named('KeepStorage'))} is ignored beside {named('ReservedSpace')}")
    elif keep is not None:
        table.remark(
            f"{table.key(named('KeepStorage'))} is the old name of {named('ReservedSpace')}: what a rule never prunes "
            f"away, a floor and no cap; alone it still acts as one, but beside {named('MaxUsedSpace')} or "
            f"{named('MinFreeSpace')} it wins over them"
        )
    return Limits(reserved or keep, *spaces)


def _amount(table: Table, key: str, ground: Ground) -> Amount | None:
    """Return one size, None when it is not given or empty."""
    value = table.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        table.fail(key, f'is {kind_of(value)}: sizes are texts in this file, such as "20GB"')
    try:
        return Amount(parse_size(value), f'{table.key(key)} = "{value}"')
    except SizeError as e:
        percent = "; percentages are for buildkitd.toml" if value.endswith("%") else ""
        words = f"{_in_docker_words(key, value, ground)}: {e}"
        table.fail(key, f'is {kind_of(value)}, which is no size such as "20GB" or "512MB"{percent} ({words})')


def _in_docker_words(key: str, value: str, ground: Ground) -> str:
    """Return how dockerd names the size that it cannot parse."""
    if key == "defaultKeepStorage" and parse_version(ground.profile.engine) < (28, 0):
        return f"could not parse '{value}' as Builder.GC.DefaultKeepStorage config"
    if not key.startswith("default"):
        return f"failed to parse {_OLD_NAMES.get(key, key)}"
    return f"failed to parse default{_OLD_NAMES.get(key, key).removeprefix('default').upper()}"


# Filters


def _conditions(table: Table, ground: Ground) -> PruneInfo:
    """Return the age and the filter that Docker makes of a rule's `filter`; what it does not know, it drops."""
    filters = _filters(table)
    known = {k: v for k, v in filters.items() if k in (*_PLAIN_KEYS, *_HIDDEN_KEYS)}
    for key in filters.keys() - known.keys():
        words = "label filters match no build cache" if key.startswith("label") else "Docker knows no such filter here"
        table.remark(f"{table.key('filter')}: {key!r} is dropped, and narrows nothing ({words})")
    request = PruneRequest(
        (Kind.BUILD_CACHE,),
        filters=Filters({k: frozenset(v) for k, v in known.items() if k in _PLAIN_KEYS}),
        dialect=Dialect.REST,
        # The Engine turns an age into a duration when it starts, at an instant that nobody knows: it is not floored.
        exact_until=True,
    )
    try:
        info = make_infos(request, ground.profile, ground.now, utc_offset=ground.utc_offset)[Kind.BUILD_CACHE]
        hidden = [_hidden_selector(k, known[k]) for k in _HIDDEN_KEYS if k in known]
        joined = ",".join(part for part in (*info.cache_filter.given, *hidden) if part)
        return replace(info, cache_filter=CacheFilter((joined,)))
    except FilterError as e:
        table.fail("filter", f"is refused: {_advise(str(e).removeprefix('failed to prune build cache: '), known)}")


def _hidden_selector(key: str, values: tuple[str, ...]) -> str:
    if len(values) > 1:
        raise FilterError("filters expect only one value")
    return "==".join((key, *values))


def _advise(message: str, known: Mapping[str, tuple[str, ...]]) -> str:
    """Return the Engine's words with what would be right, where that is known."""
    if message == "filters expect only one value":
        return f"{message} for each key; write a rule of its own for each alternative"
    empty = [key for key, values in known.items() if values == ("",)]
    if empty:
        return f'{message}; to ask for {empty[0]} alone write {{"{empty[0]}": {{}}}}'
    return message


def _filters(table: Table) -> dict[str, tuple[str, ...]]:
    """Return each key of a filter with its values, from the list or from the old object."""
    value = table.get("filter")
    if value is None:
        return {}
    found: dict[str, list[str]] = {}
    if isinstance(value, list):
        for entry in value:
            if not isinstance(entry, str):
                table.fail("filter", f'contains {kind_of(entry)}, where a text such as "type=regular" belongs')
            key, _, wanted = entry.partition("=")
            found.setdefault(key.strip(GO_SPACES).lower(), []).append(wanted.strip(GO_SPACES))
    elif isinstance(value, dict):
        for key, values in value.items():
            found[key] = _object_values(table, key, values)
    else:
        table.fail("filter", f'is {kind_of(value)}, where a list such as ["unused-for=48h"] belongs')
    return {key: tuple(dict.fromkeys(values)) for key, values in found.items()}


def _object_values(table: Table, key: str, values: Any) -> list[str]:
    if values is None:
        return []
    if not isinstance(values, dict) or not all(isinstance(true, bool | None) for true in values.values()):
        table.fail("filter", f'has for {key!r} {kind_of(values)}, where an object such as {{"48h": true}} belongs')
    return list(values)
