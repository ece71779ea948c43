"""`[worker.oci]` and `[worker.containerd]` of buildkitd.toml, and the flags of buildkitd that stand for them.

Source: BuildKit (cmd/buildkitd, docs/buildkitd.toml.md); `build-cache-gc.md` 11.4 of the specification.
"""

from __future__ import annotations

from prunecli.errors import DurationError, FilterError, PolicyError, SizeError, ValueTextError
from prunecli.filters import CacheFilter
from prunecli.info import PruneInfo
from prunecli.policy.defaults import buildkit_rules, share_of_disk
from prunecli.policy.fields import Table, kind_of
from prunecli.policy.rules import Amount, Ground, Limits, Policy, Rule, make_rule
from prunecli.units import SECOND, Duration, format_size, parse_atoi, parse_duration, parse_size
from prunecli.units.gotext import INT64_MAX, parse_int, read_int64

WORKERS = ("oci", "containerd")

_LIMIT_KEYS = ("reservedSpace", "maxUsedSpace", "minFreeSpace")
_WORKER_KEYS = ("enabled", "gc", "gckeepstorage", "gcpolicy", *_LIMIT_KEYS)
_OTHERS_KEYS = (
    *("labels", "platforms", "snapshotter", "rootless", "noProcessSandbox", "networkMode", "cniConfigPath"),
    *("cniBinaryPath", "cniPoolSize", "bridgeName", "bridgeSubnet", "userRemapUnsupported", "binary"),
    *("proxySnapshotterPath", "defaultCgroupParent", "isolateCgroups", "stargzSnapshotter", "apparmor-profile"),
    *("selinux", "max-parallelism", "address", "namespace", "runtime"),
)
_RULE_KEYS = ("all", "filters", "keepDuration", "keepBytes", *_LIMIT_KEYS)
_WORKER_INSTEAD = {
    "policy": "that is daemon.json's word, here it is gcpolicy",
    "keepStorage": "here it is reservedSpace, or gckeepstorage of old",
    "keepBytes": "here it is reservedSpace, or gckeepstorage of old; keepBytes belongs into a gcpolicy",
    "defaultKeepStorage": "that is daemon.json's word, here it is reservedSpace, or gckeepstorage of old",
    "defaultReservedSpace": "that is daemon.json's word, here it is reservedSpace",
    "defaultMaxUsedSpace": "that is daemon.json's word, here it is maxUsedSpace",
    "defaultMinFreeSpace": "that is daemon.json's word, here it is minFreeSpace",
}
_RULE_INSTEAD = {
    "keepStorage": "that is daemon.json's word, here it is reservedSpace, or keepBytes of old",
    "filter": 'here it is filters, a list of BuildKit filters such as "type==source.local"',
    "until": 'an age is a key of its own here, keepDuration = "48h"',
    "unused-for": 'an age is a key of its own here, keepDuration = "48h"',
}
_SUSPICIOUS = 2**20
"""A bare number below this is hardly meant in bytes; old manuals gave gckeepstorage in MB."""


def read_buildkitd(document: Table, ground: Ground, worker: str | None = None) -> Policy:
    """Return the policy of one worker of a buildkitd.toml; without a name, of the one that sets garbage collection.

    Errors: PolicyError for the first mistake, in the worker that is not chosen too.
    """
    if worker is not None and worker not in WORKERS:
        raise PolicyError(f"{worker!r} is no worker of buildkitd: it is oci or containerd")
    document.check_keys(("worker",), quiet=True)
    workers = document.table("worker")
    if workers is not None:
        workers.check_keys(WORKERS)
    tables = {name: workers.table(name) if workers else None for name in WORKERS}
    policies = {name: _worker(table, document, ground) for name, table in tables.items() if table is not None}
    chosen = worker or _choose(document, tables)
    if chosen in policies:
        rules, enabled = policies[chosen]
    else:
        document.remark(f"{document.file} has no [worker.{chosen}]: the built-in rules of BuildKit hold")
        rules, enabled = buildkit_rules(ground), None
    # BuildKit collects garbage unless told otherwise, whatever a Docker Engine of its time does.
    return Policy(f"{document.file}, worker.{chosen}", rules, True if enabled is None else enabled, _said(document))


def parse_keepstorage(text: str, flag: str = "--gc-keepstorage") -> Limits:
    """Return the limits of buildkitd's flag `--oci-worker-gc-keepstorage`: `Reserved[,Free[,Maximum]]` in MB (10**6).

    Errors: PolicyError with BuildKit's words in it.
    """
    reserved, free, most, *more = (*text.split(","), None, None)[: max(3, text.count(",") + 1)]
    if more:
        raise PolicyError(f"too many numbers in {text}: expected Reserved[,Free[,Maximum]] in MB")
    told = f"{flag} {text}"
    return Limits(
        _megabytes(reserved, "storage", told),
        _megabytes(most, "max storage", told),
        _megabytes(free, "free storage", told),
    )


def keepstorage_policy(ground: Ground) -> Policy:
    """Return BuildKit's own rules for limits that were given on its command line."""
    return Policy("built-in rules of BuildKit", buildkit_rules(ground), True)


def _megabytes(text: str | None, what: str, told: str) -> Amount | None:
    if text is None:
        return None
    try:
        number = parse_atoi(text)
    except ValueTextError:
        number = -1
    if not 0 <= number <= INT64_MAX // 10**6:
        raise PolicyError(f'failed to parse {what} "{text}": expected a number of MB, such as 20000')
    return Amount(number * 10**6, told)


def _said(document: Table) -> tuple[str, ...]:
    return tuple(dict.fromkeys(document.remarks))


def _choose(document: Table, tables: dict[str, Table | None]) -> str:
    """Return the worker that is meant: one that is not disabled and speaks of garbage collection."""
    on = [name for name, table in tables.items() if table is not None and table.truth("enabled") is not False]
    speaking = [name for name in on if any(tables[name].get(key) is not None for key in _WORKER_KEYS[1:])]  # type: ignore[union-attr] # `on` has no None
    if len(speaking) > 1:
        document.remark(f"{document.file} sets garbage collection for both workers: worker.oci is taken (see --worker)")
    return (speaking or on or ["oci"])[0]


def _worker(table: Table, document: Table, ground: Ground) -> tuple[tuple[Rule, ...], bool | None]:
    """Return a worker's rules, and whether its garbage collection is on."""
    table.check_keys(_WORKER_KEYS, _WORKER_INSTEAD, ignored=_OTHERS_KEYS)
    enabled = table.truth("gc")
    limits = _limits(table, ground, "gckeepstorage")
    rules = table.tables("gcpolicy")
    if not rules:
        return buildkit_rules(ground, limits), enabled
    if not ground.limits.unset:
        table.fail("gcpolicy", "lists rules with limits of their own: the options for limits go with the default rules")
    if limits != Limits():
        document.remark(f"{table.path}: the default limits are ignored, since {table.key('gcpolicy')} is given")
    return tuple(_rule(rule, ground) for rule in rules), enabled


def _rule(table: Table, ground: Ground) -> Rule:
    table.check_keys(_RULE_KEYS, _RULE_INSTEAD)
    origins: dict[str, str] = {}
    every = table.truth("all")
    if every is not None:
        origins["all"] = table.key("all")
    filters = _filters(table)
    if filters.given:
        origins["filter"] = table.key("filters")
    keep = _duration(table, "keepDuration")
    if keep is not None:
        origins["keep_duration"] = f"{table.key('keepDuration')} = {_as_written(table.get('keepDuration'))}"
    info = PruneInfo(all=bool(every), cache_filter=filters, keep_duration=keep)
    return make_rule(table.path, info, _limits(table, ground, "keepBytes"), origins)


def _filters(table: Table) -> CacheFilter:
    value = table.get("filters")
    if value is None:
        return CacheFilter()
    if not isinstance(value, list):
        table.fail("filters", f'is {kind_of(value)}, where a list such as ["type==source.local"] belongs')
    for entry in value:
        if not isinstance(entry, str):
            table.fail("filters", f'contains {kind_of(entry)}, where a text such as "type==source.local" belongs')
    try:
        return CacheFilter(tuple(value))
    except FilterError as e:
        table.fail("filters", f"is refused: {e}")


def _duration(table: Table, key: str) -> Duration | None:
    """Return an age: a Go duration, or a number of seconds."""
    value = table.get(key)
    if value is None or value == "":
        return None
    text = _text(table, key, value, 'a duration such as "48h", or a number of seconds')
    try:
        return parse_duration(text)
    except DurationError:
        pass
    try:
        seconds = read_int64(text)
    except ValueError:
        days = '; days are written in hours, "168h" is a week' if text[-1:] in "dw" else ""
        table.fail(
            key,
            f'is {kind_of(value)}, which is no duration such as "48h" and no number of seconds{days} '
            f"(invalid duration {text})",
        )
    if abs(seconds) > INT64_MAX // SECOND:
        table.fail(key, f"is {seconds} seconds, which is too long: 292 years are the limit")
    return seconds * SECOND


# Sizes


def _limits(table: Table, ground: Ground, old: str) -> Limits:
    """Return the three limits; `old` is the former name of reserved space."""
    reserved, most, free = (_space(table, key, ground) for key in _LIMIT_KEYS)
    keep = _space(table, old, ground)
    if not ground.profile.cache_space_limits:
        for key in _LIMIT_KEYS:
            if table.get(key):
                table.remark(f"{table.key(key)} is ignored: BuildKit before 0.17 knows {old} alone")
        return Limits(keep)
    if keep is None:
        return Limits(reserved, most, free)
    # A rule's old name gives way to the new one alone, a worker's to any of the three.
    given = (reserved,) if old == "keepBytes" else (reserved, most, free)
    if any(a and a.size for a in given):
        table.remark(f"{table.key(old)} is ignored beside the newer limits")
        return Limits(reserved, most, free)
    table.remark(
        f"{table.key(old)} is the old name of reservedSpace: what a rule never prunes away, a floor and no cap; "
        f"alone it still acts as one, but beside maxUsedSpace or minFreeSpace it wins over them"
    )
    return Limits(keep, most, free)


def _space(table: Table, key: str, ground: Ground) -> Amount | None:
    """Return a disk space: `"N%"` of the disk, a size as text, or bytes."""
    value = table.get(key)
    if value is None or value == "":
        return None
    text = _text(table, key, value, 'a size such as "20GB", a percentage such as "10%", or bytes')
    written = f"{table.key(key)} = {_as_written(value)}"
    if text.endswith("%"):
        percent = _percent(table, key, text)
        if not percent:
            return Amount(0, written)
        share = share_of_disk(percent, ground)
        return Amount(share.size, f"{written}, {share.origin}")
    try:
        size = parse_size(text)
    except SizeError:
        table.fail(
            key,
            f'is {kind_of(value)}, which is no size such as "20GB", no percentage such as "10%" and no number of bytes '
            f"(invalid disk space {text})",
        )
    if isinstance(value, int) and 0 < size < _SUSPICIOUS:
        table.remark(f'{table.key(key)} = {value} means {format_size(size)}, not MB: write it with a unit, "{value}MB"')
    return Amount(size, written)


def _percent(table: Table, key: str, text: str) -> int:
    try:
        percent = parse_int(text.removesuffix("%"))
    except ValueTextError as e:
        table.fail(key, f'is the text "{text}", which is no whole percentage such as "10%" ({e})')
    if not 0 <= percent <= 100:
        table.fail(key, f'is the text "{text}": a percentage lies between 0% and 100%')
    return percent


def _text(table: Table, key: str, value: object, expected: str) -> str:
    """Return what BuildKit reads of a value: a text without the quotes that stand in it, or a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        table.fail(key, f"is {kind_of(value)}, where {expected} belongs")
    text = str(value)
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _as_written(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
