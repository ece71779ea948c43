"""The JSON documents keep to their schemas, and their accounts close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jsonschema  # type: ignore[import-untyped] # it ships no types
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prunecli.backends.memory import Memory
from prunecli.clock import Clock
from prunecli.documents import (
    PLAN_FORMAT,
    REPORT_FORMAT,
    dump,
    plan_document,
    report_document,
    request_document,
    schema,
)
from prunecli.example import example_world
from prunecli.filters import Filters
from prunecli.info import PruneRequest
from prunecli.promise import hold_plan
from prunecli.pruning import apply, plan_on
from prunecli.report import as_planned
from prunecli.snapshot import Snapshot
from prunecli.units import format_instant
from prunecli.verdict import Kind, Row
from prunecli.wire import read_dump

from .cli_runs import Cli, changed, cli, possible, without
from .conftest import NOW
from .occasions import ABOUT
from .oracle import Case, cases
from .store_worlds import snapshots

__all__ = ["cli"]

VALIDATORS = {f: jsonschema.Draft202012Validator(schema(f)) for f in (PLAN_FORMAT, REPORT_FORMAT)}
EVERYTHING = PruneRequest(tuple(Kind), all=True)
ASKED = request_document(EVERYTHING, "system prune")
WORLD = example_world(NOW)
FACTS = ["created", "last_used", "tags", "labels"]


def check(document: Mapping[str, Any]) -> None:
    """Assert that a document keeps to its schema, and that its sums are those of its rows."""
    VALIDATORS[document["format"]].validate(document)
    assert document["reclaimed"] == sum(kind["reclaimed"] for kind in document["kinds"].values())
    for kind in document["kinds"].values():
        assert kind["reclaimed"] == sum(row["reclaims"] for row in kind["removed"])
        ids = [row["id"] for part in ("removed", "kept", "failed") for row in kind.get(part, ())]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("format", [PLAN_FORMAT, REPORT_FORMAT])
def test_the_schemas_are_schemas(format: str) -> None:
    """Both schemas are valid themselves, and refuse a document with a key too many."""
    jsonschema.Draft202012Validator.check_schema(schema(format))
    document = plan_document(plan_on(WORLD, EVERYTHING), ASKED, ABOUT) | {
        "format": format,
        "dry_run": format == PLAN_FORMAT,
    }
    VALIDATORS[format].validate(document)
    for wrong in (document | {"extra": 1}, {k: v for k, v in document.items() if k != "reclaimed"}):
        with pytest.raises(jsonschema.ValidationError):
            VALIDATORS[format].validate(wrong)


def test_the_keys() -> None:
    """The keys are those that programs read, in this order; `untagged` is for images."""
    document = plan_document(plan_on(WORLD, EVERYTHING), ASKED, ABOUT)
    assert list(document) == [
        *("format", "dry_run", "time", "duration", "world", "disk", "host", "user", "sudo_user", "version"),
        *("request", "kinds", "reclaimed"),
    ]
    assert list(document["kinds"]) == ["container", "network", "volume", "image", "build-cache"]
    for kind, part in document["kinds"].items():
        assert list(part) == ["reclaimed", "removed", "kept", "failed"]
        own = ["untagged"] if kind == "image" else []
        for row in (*part["removed"], *part["kept"]):
            assert list(row) == ["id", "name", "size", "reclaims", "reason", "detail", *own, *FACTS]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(world=snapshots(), all=st.booleans())
def test_any_world_fits(world: Snapshot, all: bool) -> None:
    """Whatever a world holds, plan and report keep to the schema, name each object once, and say the same."""
    world = possible(world)
    request = replace(EVERYTHING, all=all)
    plan = plan_on(world, request)
    planned = plan_document(plan, ASKED, ABOUT)
    check(planned)
    by_id: dict[str, tuple[Any, ...]] = {
        "container": world.containers,
        "network": world.networks,
        "image": world.images,
    }
    for kind, records in by_id.items():
        part = planned["kinds"][kind]
        assert sorted(row["id"] for row in (*part["removed"], *part["kept"])) == sorted(r.id for r in records)
    reported = report_document(apply(Memory(world), plan, Clock(NOW)), ASKED, ABOUT)
    check(reported)
    assert reported["kinds"] == planned["kinds"]
    assert dump(reported).isascii()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_recorded_worlds_fit(case: Case) -> None:
    """The plans for recorded worlds keep to the schema."""
    world = read_dump(case.before, source=case.name).snapshot
    check(plan_document(plan_on(world, EVERYTHING), ASKED, ABOUT))


def test_facts_of_objects() -> None:
    """Each row says when its object was made and used, its tags and its labels; null is what nobody knows."""
    labelled = replace(WORLD.volumes[0], labels={"b": "2", "a": "1"}, created_at=None)
    bare = replace(WORLD.images[0], labels=None, created_at=None, tags=())
    record = replace(WORLD.build_cache[0], created_at=0, last_used_at=NOW + 5)
    world = replace(WORLD, volumes=(labelled,), images=(bare, *WORLD.images[1:]), build_cache=(record,))
    document = plan_document(plan_on(world, EVERYTHING), ASKED, ABOUT, world)
    check(document)

    def facts(kind: str, id: str) -> list[Any]:
        part = document["kinds"][kind]
        (row,) = (row for row in (*part["removed"], *part["kept"]) if row["id"] == id)
        return [row[name] for name in FACTS]

    web = next(c for c in world.containers if c.name == "web")
    assert facts("container", web.id) == [format_instant(web.created_at), None, None, dict(web.labels)]
    assert facts("volume", labelled.name) == [None, None, None, {"a": "1", "b": "2"}]
    assert facts("image", bare.id) == [None, None, [], None]
    tagged = world.images[1]
    assert facts("image", tagged.id)[2] == list(tagged.tags)
    assert facts("build-cache", record.id) == [None, "2026-11-21T10:00:00.000000005Z", None, None]


def test_what_is_gone_has_no_facts() -> None:
    """An object that the world does not hold any more has its row, and null for all that nobody knows by then."""
    plan = plan_on(WORLD, EVERYTHING)
    held = hold_plan(replace(WORLD, containers=()), plan)
    reports = [as_planned(k, held.failures[k.kind]) for k in held.plan.kinds]
    document = report_document(reports, ASKED, ABOUT, snapshot=replace(WORLD, containers=()))
    check(document)
    gone = document["kinds"]["container"]["failed"]
    assert [[row[name] for name in FACTS] for row in gone] == [[None] * 4] * 3


def test_a_brief_document(cli: Cli) -> None:
    """With --brief what is kept is left out, and nothing else; the rest is as it was."""
    whole = cli("system", "prune", "-a", "--dry-run", "--format", "json").document
    brief = cli("system", "prune", "-a", "--dry-run", "--format", "json", "--brief").document
    check(brief)
    assert all(part.pop("kept") for kind, part in whole["kinds"].items() if kind != "build-cache")
    del whole["kinds"]["build-cache"]["kept"]
    assert brief.pop("duration")  # which is never the same
    assert whole.pop("duration")
    assert brief == whole


def test_what_was_asked() -> None:
    """The request names every condition; what was not given is null, and 0 is a number."""
    request = PruneRequest((Kind.BUILD_CACHE,), filters=Filters.from_flags(["until=1h", "id=b"]), reserved_space=0)
    assert request_document(request, "builder prune") == {
        "command": "builder prune",
        "kinds": ["build-cache"],
        "all": False,
        "filters": {"id": ["b"], "until": ["1h"]},
        "reserved_space": 0,
        "max_used_space": None,
        "min_free_space": None,
    }


def test_what_was_not_carried_out() -> None:
    """What is gone stands under `failed`, and what changed under `kept`."""
    plan = plan_on(WORLD, EVERYTHING)
    world = replace(
        WORLD,
        containers=without(changed(WORLD.containers, "container_foo", state="running", running=True), "container_bar"),
    )
    held = hold_plan(world, plan)
    document = report_document([as_planned(k, held.failures[k.kind]) for k in held.plan.kinds], ASKED, ABOUT)
    check(document)
    containers = document["kinds"]["container"]
    assert [(r["name"], r["reason"], r["detail"]) for r in containers["failed"]] == [
        ("container_bar", "gone", "it is already gone")
    ]
    assert ("container_foo", "running", "it was started after the plan was made") in [
        (r["name"], r["reason"], r["detail"]) for r in containers["kept"]
    ]


def test_an_interrupted_kind() -> None:
    """Of a kind that was interrupted, what was not reached stands under `failed`, and later kinds are absent."""
    done: list[object] = []
    plan = plan_on(WORLD, EVERYTHING)
    reports = apply(Memory(WORLD), plan, Clock(NOW), stop=lambda: len(done) > 1, done=done.append)
    document = report_document(reports, ASKED, ABOUT)
    check(document)
    assert list(document["kinds"]) == ["container"]
    containers = document["kinds"]["container"]
    assert [len(containers[part]) for part in ("removed", "kept", "failed")] == [2, 1, 1]
    assert containers["failed"][0]["reason"] == "interrupted"


def test_what_an_engine_took_beside_the_plan() -> None:
    """What a live Engine's own prune removed unplanned stands in a list of its own, and only where there is any."""
    plan = plan_on(WORLD, EVERYTHING)
    containers = replace(as_planned(plan.kinds[0]), unplanned=(Row("0f" * 32),))
    document = report_document([containers, as_planned(plan.kinds[1])], ASKED, ABOUT)
    check(document)
    assert document["kinds"]["container"]["unplanned"] == ["0f" * 32]
    assert "unplanned" not in document["kinds"]["network"]


def test_no_name_commands_a_terminal(cli: Cli) -> None:
    """Names from outside arrive whole in JSON, and as plain ASCII on the screen."""
    cli.change(lambda w: replace(w, volumes=(replace(w.volumes[0], name="\x1b[31mred\n\u3042"),)))
    ran = cli("volume", "prune", "-a", "--dry-run", "--format", "json")
    assert ran.out.isascii()
    assert "\x1b" not in ran.out
    assert ran.out.count("\n") == 1
    assert ran.document["kinds"]["volume"]["removed"][0]["name"] == "\x1b[31mred\n\u3042"


def test_the_commands_print_documents(cli: Cli) -> None:
    """What `--format json` prints keeps to its schema, and the report names the example's bytes."""
    plan = cli("system", "prune", "-a", "--volumes", "--dry-run", "--format", "json", "--api-version", "1.41")
    assert plan.code == 125  # a global option stands before the command
    plan = cli("--api-version", "1.41", "system", "prune", "-a", "--volumes", "--dry-run", "--format", "json")
    check(plan.document)
    report = cli("--api-version", "1.41", "system", "prune", "-af", "--volumes", "--format", "json")
    check(report.document)
    assert {kind: part["reclaimed"] for kind, part in report.document["kinds"].items()} == {
        "container": 15728640,
        "network": 0,
        "volume": 15728640,
        "image": 21568540,
        "build-cache": 52428841,
    }


def test_stdout_is_the_document_alone(cli: Cli) -> None:
    """With JSON the prompt, the remarks and the summary are on stderr, and an answer of no leaves stdout empty."""
    how = ("container", "prune", "--format", "json", "--summary")
    declined = cli(*how, stdin="n\n")
    assert (declined.code, declined.out) == (0, "")
    assert declined.err.endswith("Are you sure you want to continue? [y/N] ")
    agreed = cli(*how, stdin="y\n")
    check(agreed.document)
    assert "containers" in agreed.err
