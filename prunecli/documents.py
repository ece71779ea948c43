"""Plans and reports as JSON documents, one form for both: what a program reads where a person reads Docker's text.

Their JSON Schemas stand beside this module, in `schemas`. The keys are a promise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunecli import __version__
from prunecli.facts import NO_FACTS, Facts, Known, facts_of
from prunecli.info import PruneRequest
from prunecli.kinds.build_cache import DiskStat
from prunecli.plan import Plan
from prunecli.report import Cause, KindReport, as_planned, describe
from prunecli.snapshot import Snapshot
from prunecli.units import Duration, Instant, format_duration, format_instant
from prunecli.verdict import Kind, Reason, Verdict
from prunecli.worlds import WorldName

PLAN_FORMAT = "prunecli-plan/v1"
REPORT_FORMAT = "prunecli-report/v1"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, where and by whom something was planned or done, and to which world.

    `host` and `user` are those that prunecli ran on and as, `sudo_user` who became that user. The disk is the one below
    the world's data; None where nobody could say, and after a plan, which changes nothing.
    """

    world: WorldName
    started_at: Instant
    duration: Duration
    host: str
    user: str
    sudo_user: str | None = None
    disk_before: DiskStat | None = None
    disk_after: DiskStat | None = None


def plan_document(
    plan: Plan, request: Mapping[str, Any], about: Circumstances, snapshot: Snapshot | None = None
) -> Document:
    """Return a plan as a document: what would go, what stays, and why.

    `request` says what was asked, see `request_document`; `about` tells of the occasion, `snapshot` what is known of
    the objects.
    """
    return report_document([as_planned(k) for k in plan.kinds], request, about, dry_run=True, snapshot=snapshot)


def report_document(
    reports: Iterable[KindReport],
    request: Mapping[str, Any],
    about: Circumstances,
    *,
    dry_run: bool = False,
    snapshot: Snapshot | None = None,
    brief: bool = False,
) -> Document:
    """Return what a run did as a document; of a dry run it is the plan, with what failed before it began.

    `snapshot` is what was planned on; without it nothing is known of the objects but their verdicts. A `brief`
    document leaves out what is kept.
    """
    known = facts_of(snapshot) if snapshot else {}
    kinds = {report.kind.value: _kind(report, known, brief=brief) for report in reports}
    return {
        "format": PLAN_FORMAT if dry_run else REPORT_FORMAT,
        "dry_run": dry_run,
        **_envelope(about),
        "request": dict(request),
        "kinds": kinds,
        "reclaimed": sum(kind["reclaimed"] for kind in kinds.values()),
    }


def request_document(request: PruneRequest, command: str) -> Document:
    """Return what was asked: the command, the kinds, and every condition; sizes in bytes, null for "not given"."""
    return {
        "command": command,
        "kinds": [kind.value for kind in request.kinds],
        "all": request.all,
        "filters": {key: sorted(values) for key, values in sorted(request.filters.values.items())},
        "reserved_space": request.reserved_space,
        "max_used_space": request.max_used_space,
        "min_free_space": request.min_free_space,
    }


def dump(document: Mapping[str, Any]) -> str:
    """Return a document as one line of ASCII: no name in it can command a terminal."""
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")) + "\n"


def schema(format: str) -> Document:
    """Return the JSON Schema (2020-12) of a format, `prunecli-plan/v1` or `prunecli-report/v1`."""
    name = format.replace("/", "-") + ".json"
    loaded = json.loads((Path(__file__).parent / "schemas" / name).read_bytes())
    return dict(loaded)


def _envelope(about: Circumstances) -> Document:
    return {
        "time": format_instant(about.started_at),
        "duration": {"nanoseconds": about.duration, "text": format_duration(about.duration)},
        "world": world_document(about.world),
        "disk": {"before": _disk(about.disk_before), "after": _disk(about.disk_after)},
        "host": about.host,
        "user": about.user,
        "sudo_user": about.sudo_user,
        "version": __version__,
    }


def world_document(world: WorldName) -> Document:
    """Return what a world says of itself; null for what it does not say."""
    return {
        "kind": world.kind,
        "address": world.address,
        "id": world.id or None,
        "host": world.host,
        "version": world.version,
    }


def _disk(disk: DiskStat | None) -> Document | None:
    return None if disk is None else {"total": disk.total, "free": disk.free}


def _kind(report: KindReport, known: Known, *, brief: bool) -> Document:
    """Return one kind's part: every object stands in one list alone, and each planned one that is gone in the last."""
    gone = {step.id for step in report.done if not step.untags}
    taken: dict[str, set[str]] = {}
    for step in report.done:
        if step.untags:
            taken.setdefault(step.id, set()).add(step.ref)
    failed = _failed(report, taken)
    there = {row["id"] for row in failed}
    removed = [row(v, taken.get(v.id, ())) for v in report.plan.verdicts if v.id in gone]
    kept = [row(v, taken.get(v.id, ())) for v in report.plan.verdicts if not v.removed and v.id not in there]
    lists = {"removed": removed, "kept": kept, "failed": failed}
    document: Document = {"reclaimed": report.reclaimed}
    for name, rows in lists.items():
        if name != "kept" or not brief:
            document[name] = [r | _facts(known.get((report.kind, r["id"]), NO_FACTS)) for r in rows]
    if report.unplanned:
        document["unplanned"] = [line.text for line in report.unplanned]
    return document


def row(verdict: Verdict, untagged: Iterable[str] | None = None) -> Document:
    """Return a verdict as a row; of the references that it takes only those in `untagged`, where that is given."""
    shown: Document = {
        "id": verdict.id,
        "name": verdict.name,
        "size": verdict.size,
        "reclaims": verdict.reclaims,
        "reason": verdict.reason.value,
        "detail": describe(verdict),
    }
    if verdict.kind is Kind.IMAGE:
        shown["untagged"] = [ref for ref in verdict.untagged if untagged is None or ref in untagged]
    return shown


def _facts(facts: Facts) -> Document:
    """Return what is known of an object, null where nobody knows or its kind has none; instants are RFC 3339 in UTC."""
    return {
        "created": None if facts.created_at is None else format_instant(facts.created_at),
        "last_used": None if facts.last_used_at is None else format_instant(facts.last_used_at),
        "tags": None if facts.tags is None else list(facts.tags),
        "labels": None if facts.labels is None else dict(sorted(facts.labels.items())),
    }


def _failed(report: KindReport, taken: Mapping[str, set[str]]) -> list[Document]:
    """Return what was planned and neither went nor is kept by a rule: gone before, not removable, not reached."""
    verdicts = {v.id: v for v in report.plan.verdicts}
    done = {step.id for step in report.done if not step.untags}
    rows: dict[str, Document] = {}
    for failure in report.failures:
        id = failure.step.id
        if failure.cause is not Cause.KEPT and id not in done:
            verdict = verdicts.get(id) or Verdict(
                report.kind, id, failure.step.ref or failure.step.name, True, _UNKNOWN
            )
            rows[id] = _unremoved(verdict, failure.cause, failure.why, taken)
    for v in report.plan.verdicts:
        if v.removed and v.id not in done and v.id not in rows:
            rows[v.id] = _unremoved(v, Cause.INTERRUPTED, "the run ended before its turn", taken)
    return list(rows.values())


_UNKNOWN = Reason.NOT_IN_PLAN
"""The reason of an object that is not there any more: its row says that instead."""


def _unremoved(verdict: Verdict, cause: Cause, why: str, taken: Mapping[str, set[str]]) -> Document:
    return row(verdict, taken.get(verdict.id, ())) | {"reclaims": 0, "reason": cause.value, "detail": why}
