"""Recorded runs of real Docker Engines, replayed: the same state, the same command, the same instant, the same outcome.

Where prunecli differs on purpose, what an Engine did is rewritten to what we do, and the rewriting says why.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from prunecli.units import format_instant, format_size
from tests.cli_runs import Cli
from tests.known import KNOWN
from tests.oracle import WHOLE, Case, Json, cases

HEADINGS = {
    "Deleted Containers:": "container",
    "Deleted Networks:": "network",
    "Deleted Volumes:": "volume",
    "Deleted Images:": "image",
    "Deleted build cache objects:": "builder",
}


@dataclass
class Outcome:
    """What a prune did, seen from outside; a field is empty where it cannot be compared.

    `removed` and `tags` say what went and what names were left; `told` are the prune events with their bytes, `events`
    all others, `order` the kinds in which they came. `report` is stdout, rows sorted where an Engine has no order.
    """

    code: int
    removed: dict[str, set[str]] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    events: Counter[tuple[str, ...]] = field(default_factory=Counter)
    order: list[tuple[str, bool]] = field(default_factory=list)
    report: str = ""


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_an_engine_did_the_same(
    case: Case, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes, what stays, every byte, event and line is what a real Engine did."""
    ours = replay(case, Cli(tmp_path / "state.db", capfd, monkeypatch), tmp_path, monkeypatch)
    if ours.report and case.argv[0] != "network":
        total = sum(int(size) for _, size in ours.told)
        assert ours.report.endswith(f"Total reclaimed space: {format_size(total)}\n")
    engine = recorded(case)
    settle(case, ours, engine)
    assert ours == engine


def test_there_is_something_to_replay() -> None:
    """The selection that travels with the tests covers all engines, all kinds, and refusals."""
    found = cases()
    assert {c.engine for c in found} >= {"20.10-graph", "28.5-graph", "28.5-containerd"}
    assert {c.argv[0] for c in found} >= {"system", "container", "image", "network", "volume", "builder"}
    assert any(c.data["exit"] for c in found)


def test_known_differences_are_of_tests_and_cases_that_there_are() -> None:
    """No line of the table outlives its test, nor, where the whole collection is there, its case."""
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [test for test, _ in KNOWN if f"def {test}(" not in source] == []
    if WHOLE.is_dir():
        assert {name for _, name in KNOWN} <= {case.name for case in cases()}


def replay(case: Case, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """Run the case's command on its state, and look at what became of it."""
    started = int(case.data["started"])
    monkeypatch.setenv("PRUNECLI_NOW", format_instant(started, digits=9))
    dump = folder / "dump.json"
    dump.write_text(json.dumps(case.before))
    assert cli("state", "import", str(dump)) == (0, "", "")
    ran = cli(*case.argv)
    left = cli("state", "export").document
    check = cli("state", "check")
    monkeypatch.setenv("PRUNECLI_NOW", str(started // 10**9 + 3600))
    told = cli("events", "--since", "0", "--until", str(started // 10**9 + 1800), "--format", "json")
    assert (told.code, check) == (0, (0, "", ""))

    events = [json.loads(line) for line in told.out.splitlines()]
    return outcome(ran.code, case.before, left, events, ran.out)


def recorded(case: Case) -> Outcome:
    """Return what the Engine did."""
    return outcome(case.data["exit"], case.before, case.after, case.data["events"], case.data["stdout"])


def outcome(code: int, before: Json, after: Json, events: list[Json], report: str) -> Outcome:
    """Put together what can be seen of a run."""
    there, left = ids(before), ids(after)
    prunes = [e for e in events if e["Action"] == "prune"]
    others = [
        (e["Type"], e["Action"], e["Actor"].get("ID", ""), json.dumps(e["Actor"]["Attributes"], sort_keys=True))
        for e in events
        if e["Action"] != "prune"
    ]
    order = [key for key, _ in itertools.groupby((e["Type"], e["Action"] == "prune") for e in events)]
    for kind, found in left.items():
        assert found <= there[kind]
    return Outcome(
        code,
        {kind: there[kind] - found for kind, found in left.items()},
        {image["Id"]: sorted(image.get("RepoTags") or []) for image in after["images"]},
        [(e["Type"], e["Actor"]["Attributes"]["reclaimed"]) for e in prunes],
        Counter(others),
        order,
        sorted_report(report),
    )


def ids(dump: Json) -> dict[str, set[str]]:
    """Return the objects of a dump, by the type of their events."""
    return {
        "container": {c["Id"] for c in dump["containers"]},
        "network": {n["Name"] for n in dump["networks"]},
        "volume": {v["Name"] for v in dump["volumes"]},
        "image": {i["Id"] for i in dump["images"]},
        "builder": set(cache_sizes(dump)),
    }


def cache_sizes(dump: Json) -> dict[str, int]:
    """Map the id of each build cache record to its bytes."""
    records: Iterable[Any] = (dump.get("df") or {}).get("BuildCache") or []
    return {r["ID"]: r["Size"] for r in records}


def sorted_report(text: str) -> str:
    """Return a report with the rows of each section sorted, but for containers, which have an order: newest first."""
    blocks = [block.split("\n") for block in text.split("\n\n")]
    sort = [b for b in blocks if HEADINGS.get(b[0], "container") != "container"]
    for block in sort:
        block[1:] = sorted(block[1:])
    return "\n\n".join("\n".join(block) for block in blocks)


# Differences on purpose


def settle(case: Case, ours: Outcome, engine: Outcome) -> None:
    """Take out of both what differs on purpose."""
    if engine.code:
        _refused(case, engine)
    if case.data.get("via") == "buildx":
        _through_buildx(case, engine)
    if case.argv[0] in ("system", "builder") and any(a.startswith("label=") for a in case.argv):
        _labelled(ours, engine)
    if case.containerd and not any(kind == "image" for kind, _ in engine.told):
        _untold(ours)


def _refused(case: Case, engine: Outcome) -> None:
    """We refuse before anything is removed, where an Engine may fail in the middle with the containers already gone."""
    nothing = outcome(engine.code, case.before, case.before, [], "")
    for name in Outcome.__dataclass_fields__:
        setattr(engine, name, getattr(nothing, name))


def _through_buildx(case: Case, engine: Outcome) -> None:
    """We report in the form of the Engine API and tell an event; buildx shows a table, and tells none."""
    gone = engine.removed["builder"]
    freed = sum(size for id, size in cache_sizes(case.before).items() if id in gone)
    assert re.search(rf"^Total:\t+{format_size(freed)}$", case.data["stdout"], re.MULTILINE)
    engine.told, engine.order = [("builder", str(freed))], [("builder", True)]
    rows = ["\n".join(["Deleted build cache objects:", *sorted(gone)])] if gone else []
    engine.report = "\n\n".join([*rows, f"Total reclaimed space: {format_size(freed)}\n"])


def _labelled(ours: Outcome, engine: Outcome) -> None:
    """Build cache carries no labels: `label=` matches no record, where an Engine ignores it and removes them all."""
    engine.removed["builder"] = set()
    engine.told = [(kind, "0" if kind == "builder" else size) for kind, size in engine.told]
    assert "build cache" not in ours.report
    for side in (ours, engine):
        blocks = [b for b in side.report.split("\n\n") if not b.startswith(("Deleted build cache", "Total"))]
        side.report = "\n\n".join(blocks)


def _untold(ours: Outcome) -> None:
    """We tell of every prune of images; an Engine with the containerd image store does not."""
    ours.told = [(kind, size) for kind, size in ours.told if kind != "image"]
    ours.order = [key for key in ours.order if key != ("image", True)]
