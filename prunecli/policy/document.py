"""A policy as JSON: the rules in their order, each number in bytes or nanoseconds with where it came from."""

from __future__ import annotations

from typing import Any

from prunecli.kinds.build_cache import DiskStat
from prunecli.policy.rules import Policy, Rule
from prunecli.policy.surprises import surprises
from prunecli.profile import Profile
from prunecli.units import format_duration

FORMAT = "prunecli-policy/v1"
SPACES = ("reserved_space", "max_used_space", "min_free_space")
NOT_SET = "not set"


def policy_document(policy: Policy, profile: Profile, disk: DiskStat | None, disk_origin: str) -> dict[str, Any]:
    """Return the whole policy; a limit that is not set is 0, an age that is not set null."""
    return {
        "format": FORMAT,
        "source": policy.source,
        "engine": profile.engine,
        "enabled": policy.runs_by_itself(profile),
        "disk": disk and {"total": disk.total, "free": disk.free, "from": disk_origin},
        "rules": [_rule(number, rule) for number, rule in enumerate(policy.rules, 1)],
        "warnings": list(surprises(policy, profile, disk)),
    }


def _rule(number: int, rule: Rule) -> dict[str, Any]:
    info = rule.info
    keep = info.keep_duration
    return {
        "rule": number,
        "from": rule.where,
        "all": {"value": info.all, "from": rule.origins.get("all", NOT_SET)},
        "filters": {
            "value": [text for text in info.cache_filter.given if text],
            "from": rule.origins.get("filter", NOT_SET),
        },
        "keep_duration": {
            "nanoseconds": keep,
            "text": None if keep is None else format_duration(keep),
            "from": rule.origins.get("keep_duration", NOT_SET),
        },
        **{name: {"bytes": getattr(info, name) or 0, "from": rule.origins.get(name, NOT_SET)} for name in SPACES},
    }
