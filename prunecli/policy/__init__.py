"""Garbage-collection policies: an ordered list of prune infos, with where each number came from.

- `rules`: what a rule and a policy are, and how several rules act on one cache, each on what the former left
- `defaults`: the rules that Docker and BuildKit use where none are written down
- `reading` with `daemon` (daemon.json) and `buildkitd` (buildkitd.toml): from a file to a policy, mistakes named
- `surprises`: what a policy does that its author may not expect
- `document`: a policy as JSON

Nothing here touches a disk or a clock: the file's bytes, the disk and the instant are arguments.
"""

from __future__ import annotations

from prunecli.policy.buildkitd import parse_keepstorage
from prunecli.policy.defaults import built_in
from prunecli.policy.document import policy_document
from prunecli.policy.reading import read_policy
from prunecli.policy.rules import Amount, Ground, Limits, Policy, Rule, RuleRun, combine, run_rules
from prunecli.policy.surprises import surprises

__all__ = [
    "Amount",
    "Ground",
    "Limits",
    "Policy",
    "Rule",
    "RuleRun",
    "built_in",
    "combine",
    "parse_keepstorage",
    "policy_document",
    "read_policy",
    "run_rules",
    "surprises",
]
