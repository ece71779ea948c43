"""`gc run`: the rules in their order on one cache, shown rule by rule, and carried out as one prune."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TextIO

from prunecli.cli.carry import Job, carry_out, explanation
from prunecli.cli.explain import explain_kind
from prunecli.cli.explain_cache import cache_notes
from prunecli.cli.gc_setting import LIMITS, Setting
from prunecli.cli.options import EVERYTHING, Options
from prunecli.cli.order import Order, in_order, order_of
from prunecli.cli.session import Session
from prunecli.info import PruneInfo
from prunecli.kinds.build_cache.family import trace
from prunecli.plan import Plan
from prunecli.policy import Policy, RuleRun, combine, policy_document, run_rules, surprises
from prunecli.printable import printable
from prunecli.snapshot import Snapshot
from prunecli.units import format_duration, format_size, spoken_duration
from prunecli.verdict import Kind, Reason

COMMAND = "gc run"


def run_gc(session: Session, setting: Setting, options: Options) -> int:
    """Show and carry out a policy as the options say, and return the exit code."""
    policy = setting.policy
    for text in policy.remarks:
        session.warn(printable(text))
    infos = policy.infos
    if policy.enabled is False:
        session.warn(f"{printable(policy.source)} switches garbage collection off: nothing is removed")
        infos, options = (), replace(options, force=True)
    runs = run_rules(setting.snapshot, infos)
    plan = make_plan(setting.snapshot, runs)
    if options.explain == EVERYTHING:
        order = order_of(options.sort, setting.snapshot)
        with explanation(options) as out:
            explain_rules(policy, setting, runs, out, order)
        options = replace(options, explain=None)
    asked = {
        "command": COMMAND,
        "kinds": [Kind.BUILD_CACHE.value],
        "policy": policy_document(policy, setting.profile, setting.snapshot.disk, setting.disk_origin),
        "outcomes": [_outcome(number, run) for number, run in enumerate(runs, 1)],
    }
    rules = "rule" if len(infos) == 1 else "rules"
    warning = f"WARNING! This will remove build cache by {len(infos)} {rules} ({printable(policy.source)}). "
    return carry_out(Job(setting.world, setting.snapshot, plan, asked, warning), options, session.clock)


def make_plan(snapshot: Snapshot, runs: Sequence[RuleRun]) -> Plan:
    """Return all rules as one plan: one transaction, and one event with the sum."""
    return Plan(snapshot.taken_at, snapshot.profile, snapshot.generation, (combine(runs),))


def _outcome(number: int, run: RuleRun) -> dict[str, object]:
    return {
        "rule": number,
        "removed": [step.id for step in run.plan.steps],
        "reclaimed": run.plan.reclaimable,
        "kept": sum(not v.removed for v in run.plan.verdicts),
        "notes": [note.strip() for note in _notes(run)],
    }


def explain_rules(
    policy: Policy, setting: Setting, runs: Sequence[RuleRun], out: TextIO, order: Order = in_order
) -> None:
    """Write what each rule takes and what holds the rest, and then every record that is left with its reason."""
    for number, run in enumerate(runs, 1):
        out.write(f"Rule {number} of {len(runs)}: {printable(describe_rule(run.plan.info))}\n")
        taken = replace(run.plan, verdicts=run.plan.removals)
        explain_kind(taken, out, [*_notes(run)], order) if taken.verdicts else _write_notes(out, _notes(run))
        out.write("\n")
    left = combine(runs)
    if any(not v.removed for v in left.verdicts):
        out.write("What is left after all rules, with what the last of them says:\n")
        staying = tuple(v for v in left.verdicts if not v.removed)
        explain_kind(replace(left, verdicts=staying, steps=()), out, order=order)
    for text in surprises(policy, setting.profile, setting.snapshot.disk):
        out.write(f"Note: {printable(text)}\n")
    out.write("\n")
    out.flush()


def _write_notes(out: TextIO, notes: Iterator[str]) -> None:
    out.write("Nothing to remove.\n")
    for note in notes:
        out.write(f"{printable(note)}\n")


def _notes(run: RuleRun) -> Iterator[str]:
    yield from cache_notes(run.plan, run.world)
    yield from pinned_by_age(run)


def pinned_by_age(run: RuleRun) -> Iterator[str]:
    """Yield the sentence about old records that stay because younger ones build on them, if there are any."""
    keep = run.plan.info.keep_duration or 0
    young = [v.id for v in run.plan.verdicts if v.reason is Reason.TOO_YOUNG and not v.removed]
    below = trace(run.world.build_cache).ancestors(young)
    held = [v for v in run.plan.verdicts if v.reason is Reason.HAS_CHILDREN and not v.removed and v.id in below]
    if not held:
        return
    size = format_size(sum(max(v.size, 0) for v in held))
    one = len(held) == 1
    yield (
        f"{len(held)} {'record' if one else 'records'} older than {spoken_duration(keep)} ({size}) "
        f"{'stays' if one else 'stay'}, because {'a younger record builds' if one else 'each has a younger descendant'}"
        f"{' on it' if one else ''}, and an age keeps everything that a younger record builds on."
    )


def describe_rule(info: PruneInfo) -> str:
    """Return a rule in words: `unused for 48h0m0s, max used space 3.593GB, type==source.local`."""
    parts = ["all records" if info.all else ""]
    if info.keep_duration is not None:
        parts.append(f"unused for {format_duration(info.keep_duration)}")
    parts += [f"{name.replace('_', ' ')} {format_size(size)}" for name in LIMITS if (size := getattr(info, name))]
    parts.append(" or ".join(text for text in info.cache_filter.given if text))
    return ", ".join(part for part in parts if part) or "everything that nothing protects"
