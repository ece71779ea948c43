"""The `gc` commands: what they print, what they remove, and what they refuse before anything runs."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from prunecli.cli.gc_run import explain_rules, pinned_by_age
from prunecli.cli.main import run
from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import CacheRecord, DiskStat
from prunecli.plan import make_plan as plan_all
from prunecli.policy import combine, run_rules
from prunecli.snapshot import Snapshot
from prunecli.units import DAY, HOUR
from prunecli.verdict import Kind

from .cache_worlds import world
from .cli_runs import Cli, cli
from .conftest import NOW

__all__ = ["cli"]

FOUR_RULES = (
    "loc1(300,72h,u3,local) loc2(200,50h,u1,local) mnt(100,49h,u7,mount) fresh(50,2h,u1,local) reg(1000,90h,u1) "
    "ancient(400,61d,u2) fe(600,70d,u50,frontend) int(250,3h,u2,internal)"
)
DISK = ["--disk", "252GB:200GB"]


def records(text: str) -> tuple[CacheRecord, ...]:
    """Return records in the notation of `cache_worlds`, moved to the instant of these tests."""
    from .cache_worlds import NOW as THEIRS

    def moved(at: int | None) -> int | None:
        return None if at is None else at + NOW - THEIRS

    made = sorted(world(text).records, key=lambda r: r.id)
    return tuple(replace(r, last_used_at=moved(r.last_used_at), created_at=r.created_at + NOW - THEIRS) for r in made)


def load(cli: Cli, text: str) -> None:
    """Put only this build cache into the store."""
    cli.load(Snapshot(NOW, build_cache=records(text)))


def config(tmp_path: Path, rules: object, name: str = "daemon.json") -> str:
    """Write a daemon.json with these rules and return its name."""
    path = tmp_path / name
    path.write_text(json.dumps({"builder": {"gc": {"policy": rules}}}))
    return str(path)


# policy


def test_policy_shows_every_number_and_its_origin(cli: Cli) -> None:
    """The table has the numbers of the specification for a disk of 252 GiB, exact to the byte."""
    out = cli("gc", "policy", "--disk", "252GB:30GB").out

    assert "built-in rules of Docker Engine 28.5.2" in out
    assert "(--disk 252GB:30GB)" in out
    for number in ("3592570859 bytes", "26000000000 bytes", "202000000000 bytes", "51000000000 bytes"):
        assert number in out
    assert "10 % of the disk of 270.6GB" in out
    assert "rule 1 can match nothing" in out


def test_policy_as_json(cli: Cli) -> None:
    """JSON begins with its version and has the same rules."""
    ran = cli("gc", "policy", "--disk", "252GB:30GB", "--format", "json")

    assert ran.out.startswith('{"format":"prunecli-policy/v1"')
    assert [r["reserved_space"]["bytes"] for r in ran.document["rules"]] == [0, 26 * 10**9, 26 * 10**9, 26 * 10**9]
    assert ran.document["disk"]["from"] == "--disk 252GB:30GB"
    assert ran.document["world"]["address"] == str(cli.path)


def test_where_the_disk_comes_from(cli: Cli) -> None:
    """The option wins over the import, and without both it is the disk that the store is on."""
    assert cli("gc", "policy", "--format", "json").document["disk"]["from"] == "the import"
    cli.change(lambda w: replace(w, disk=None))
    assert cli("gc", "policy", "--format", "json").document["disk"]["from"] == "the file system of the store"


def test_policy_without_a_store(cli: Cli) -> None:
    """A policy can be looked at before there is a store, but not in one that is named and not there; none is made."""
    cli.path.unlink()

    assert cli("gc", "policy").err == f"{cli.path} does not exist: there is no state store yet\n"
    assert not cli.path.exists()
    assert run(["gc", "policy"]) == 0


def test_policy_from_stdin(cli: Cli) -> None:
    """`--config -` reads either form."""
    text = '[worker.oci]\nreservedSpace = "10%"'

    assert "worker.oci.reservedSpace" in cli("gc", "policy", "--config", "-", stdin=text).out


def test_control_characters_stay_out_of_the_terminal(cli: Cli, tmp_path: Path) -> None:
    """What a configuration file contains is data: it is spelt out."""
    path = tmp_path / "b.toml"
    path.write_text('[[worker.oci.gcpolicy]]\nfilters = ["description~=\\u001b"]\n"\\u001b[31m" = 1\n')
    ran = cli("gc", "policy", "--config", str(path))

    assert ran.code == 0
    assert "\x1b" not in ran.out


# run


def test_run_speaks_as_builder_prune(cli: Cli) -> None:
    """Docker's heading, ids and total on stdout, and one event with the sum."""
    load(cli, "a(100,5h) b(50,4h)<a c(20,3h)<b")
    ran = cli("gc", "run", "--force", "--reserved-space", "120", *DISK)

    assert ran == (0, "Deleted build cache objects:\nc\nb\n\nTotal reclaimed space: 70B\n", "")
    with cli.store as store:
        told = list(store.events())
    assert [(e.type, e.action, e.attributes) for e in told] == [("builder", "prune", {"reclaimed": "70"})]
    assert [r.id for r in cli.world().build_cache] == ["a"]


def test_run_is_one_step_for_all_rules(cli: Cli, tmp_path: Path) -> None:
    """Example 19 of the specification: four rules, 2300 bytes, one event, one generation."""
    load(cli, FOUR_RULES)
    rules = [
        {"filter": ["type=source.local", "unused-for=48h"], "maxUsedSpace": "1400"},
        {"filter": ["type=exec.cachemount", "unused-for=48h"], "maxUsedSpace": "1400"},
        {"filter": ["unused-for=1440h"], "reservedSpace": "100", "maxUsedSpace": "800"},
        {"reservedSpace": "100", "maxUsedSpace": "800"},
        {"all": True, "reservedSpace": "100", "maxUsedSpace": "800"},
    ]
    before = cli.world().generation
    ran = cli("gc", "run", "-f", "--config", config(tmp_path, rules), *DISK)

    assert ran.out.split()[4:] == [
        "loc2",
        "loc1",
        "mnt",
        "ancient",
        "reg",
        "fresh",
        "int",
        *["Total", "reclaimed", "space:", "2.3kB"],
    ]
    assert [r.id for r in cli.world().build_cache] == ["fe"]
    assert cli.world().generation > before
    with cli.store as store:
        assert [e.attributes["reclaimed"] for e in store.events()] == ["2300"]


def test_dry_run_prints_what_the_run_prints(cli: Cli) -> None:
    """stdout is the same, and nothing is removed; --exit-code tells that something would go."""
    how = ["gc", "run", "--reserved-space", "20MB", *DISK]
    before = cli.world()
    dry = cli(*how, "--dry-run", "--exit-code")

    assert dry.code == 10
    assert "nothing was removed" in dry.err
    assert cli.world() == before
    ran = cli(*how, "--force")
    assert (ran.code, ran.out) == (0, dry.out)
    assert cli(*how, "--dry-run", "--exit-code").code == 0


def test_run_asks(cli: Cli) -> None:
    """Without --force it asks as builder prune does, and a no removes nothing."""
    before = cli.world()
    ran = cli("gc", "run", "--reserved-space", "1", *DISK, stdin="n\n")

    assert ran.code == 0
    assert ran.out.endswith("Are you sure you want to continue? [y/N] ")
    assert cli.world() == before
    assert "Total reclaimed space" in cli("gc", "run", "--reserved-space", "1", *DISK, stdin="y\n").out
    assert cli.world() != before


def test_run_as_json(cli: Cli) -> None:
    """The document has what went with the rule that took it, and the outcome of every rule."""
    load(cli, "a(100,5h) b(50,4h)<a c(20,3h)<b")
    document = cli("gc", "run", "--force", "--format", "json", "--reserved-space", "120", *DISK).document

    assert document["format"] == "prunecli-report/v1"
    removed = document["kinds"]["build-cache"]["removed"]
    assert [(row["id"], row["detail"].partition(":")[0]) for row in removed] == [("c", "rule 3"), ("b", "rule 3")]
    assert [o["removed"] for o in document["request"]["outcomes"]] == [[], [], ["c", "b"], []]
    assert document["request"]["policy"]["rules"][2]["reserved_space"]["bytes"] == 120


def test_a_policy_that_is_switched_off(cli: Cli, tmp_path: Path) -> None:
    """`enabled: false` removes nothing, and says so."""
    path = tmp_path / "daemon.json"
    path.write_text('{"builder": {"gc": {"enabled": false, "policy": [{"all": true}]}}}')
    before = cli.world()
    ran = cli("gc", "run", "--config", str(path))

    assert (ran.code, ran.out) == (0, "Total reclaimed space: 0B\n")
    assert "switches garbage collection off" in ran.err
    assert cli.world().build_cache == before.build_cache


def test_another_machine(cli: Cli) -> None:
    """A full disk somewhere else makes a difference: `--disk` and the limits answer for it.

    What one rule frees is not free yet for the next: the third takes c, and the fourth finds 5 bytes missing again.
    """
    load(cli, "a(100,5h) b(50,4h)<a c(20,3h)<b")

    def goes(disk: str) -> list[str]:
        document = cli(
            "gc",
            "run",
            "--dry-run",
            "--format",
            "json",
            "--min-free-space",
            "1000",
            "--max-used-space",
            "500",
            "--disk",
            disk,
        ).document
        return [row["id"] for row in document["kinds"]["build-cache"]["removed"]]

    assert goes("5000:5000") == []
    assert goes("5000:995") == ["c", "b"]
    assert goes("5000:0") == ["c", "b", "a"]


def test_a_changed_store_is_looked_at_again(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that was used while somebody read the question stays."""
    from prunecli.cli import prompt

    load(cli, "a(100,5h) b(50,4h)")

    def ask(*_: object, **__: object) -> None:
        cli.change(
            lambda w: replace(
                w, build_cache=tuple(replace(r, usage_count=9) if r.id == "a" else r for r in w.build_cache)
            )
        )

    monkeypatch.setattr(prompt, "ask", ask)
    ran = cli("gc", "run", "--reserved-space", "1", *DISK)

    assert "Deleted build cache objects:\nb\n" in ran.out
    assert "a was kept: it was used after the plan was made" in ran.err


# explain


def test_explain_tells_rule_by_rule(cli: Cli) -> None:
    """For each rule what it takes, the limit and what holds the rest; then what is left."""
    load(cli, "a(100,5h) b(50,4h)<a c(20,3h)<b")
    out = cli("gc", "run", "--dry-run", "--explain", "--reserved-space", "120", *DISK).out

    assert out.index("Rule 1 of 4") < out.index("Rule 3 of 4: reserved space 120B") < out.index("Rule 4 of 4")
    assert "The limit is 120B: 70B would go, of 170B that could go without a limit." in out
    assert "What is left after all rules" in out
    assert out.endswith("Deleted build cache objects:\nc\nb\n\nTotal reclaimed space: 70B\n")


def test_explain_one_record(cli: Cli) -> None:
    """--explain with a name speaks of that record alone."""
    load(cli, "a(100,5h) b(50,4h)<a c(20,3h)<b")
    out = cli("gc", "run", "--dry-run", "--explain=b", "--reserved-space", "120", *DISK).out

    assert "remove: rule 3: last used 4 hours ago" in out
    assert "builds on: a" in out


@pytest.fixture
def pinned() -> Snapshot:
    """Seventy-three records that nobody used for more than a week, each with a descendant used an hour ago."""
    old = "".join(f"old{n:02}(10,{8 + n}d){f'<old{n - 1:02}' if n % 3 else ''} " for n in range(73))
    young = "".join(f"young{n:02}(1,1h)<old{n:02} " for n in range(2, 73, 3)) + "last(1,1h)<old72"
    return Snapshot(NOW, disk=DiskStat(10**12, 10**11), build_cache=records(old + young))


def test_a_pinned_ancestry_in_one_sentence(cli: Cli, pinned: Snapshot, tmp_path: Path) -> None:
    """An age of a week removes none of 73 older records, since each has a younger descendant: one sentence says so."""
    cli.load(pinned)
    how = ["gc", "run", "--dry-run", "--explain", "--config", config(tmp_path, [{"filter": ["unused-for=168h"]}])]
    out = cli(*how).out

    sentence = "73 records older than 7 days (730B) stay, because each has a younger descendant"
    assert [line for line in out.splitlines() if line.startswith(sentence)]
    assert out.endswith("Total reclaimed space: 0B\n")


def test_only_what_an_age_pins_is_counted() -> None:
    """Records that are young themselves, or that something in use holds, are not called pinned by an age."""
    found = Snapshot(NOW, build_cache=records("a(1,9d) b(1,1h)<a c(1,9d) d(1,9d,busy)<c e(1,9d) f(1,2h) g(1,1h)<f"))
    (run,) = run_rules(found, [PruneInfo(keep_duration=7 * DAY)])

    (sentence,) = pinned_by_age(run)
    assert sentence.startswith("1 record older than 7 days (1B) stays, because a younger record builds on it")


def test_rules_and_prunes_agree(pinned: Snapshot) -> None:
    """One rule alone decides as the prune of the same conditions, verdict by verdict."""
    for info in (PruneInfo(max_used_space=400), PruneInfo(keep_duration=HOUR // 2), PruneInfo(all=True)):
        (run,) = run_rules(pinned, [info])
        assert run.plan == plan_all(pinned, {Kind.BUILD_CACHE: info}).kinds[0]
        assert combine([run]).steps == run.plan.steps


def test_every_record_is_told_once(pinned: Snapshot) -> None:
    """Combined rules have one verdict for every record, and the bytes add up."""
    runs = run_rules(pinned, [PruneInfo(max_used_space=600), PruneInfo(max_used_space=300), PruneInfo(all=True)])
    plan = combine(runs)

    assert sorted(v.id for v in plan.verdicts) == sorted(r.id for r in pinned.build_cache)
    assert plan.reclaimable == sum(run.plan.reclaimable for run in runs) == sum(v.reclaims for v in plan.removals)
    assert runs[0].plan.steps
    assert [run.world.disk for run in runs] == [pinned.disk] * 3


# refusals

REFUSED = [
    pytest.param('{"builder": {"gc": {"defaultKeepStorge": "1GB"}}}', "builder.gc.defaultKeepStorge", id="a typo"),
    pytest.param('{"builder": {"gc": {"defaultKeepStorage": "-1GB"}}}', "defaultKeepStorage", id="a negative size"),
    pytest.param('[worker.oci]\nmaxUsedSpace = "120%"', "worker.oci.maxUsedSpace", id="a percentage over 100"),
    pytest.param('[worker.oci]\nmaxUsedSpace = "5 apples"', "worker.oci.maxUsedSpace", id="an unknown unit"),
    pytest.param(
        '[[worker.oci.gcpolicy]]\nfilters = ["type=a"]', "worker.oci.gcpolicy[0].filters", id="a filter without sense"
    ),
    pytest.param('{"builder": ', "is not JSON", id="a file that is cut short"),
]


@pytest.mark.parametrize("command", ["policy", "run --force", "watch", "simulate"])
@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_mistakes_are_refused_before_anything_runs(
    cli: Cli, tmp_path: Path, command: str, text: str, words: str
) -> None:
    """Exit 1, one sentence that names file and key, and nothing is removed or told."""
    path = tmp_path / "policy.conf"
    path.write_text(text)
    before = cli.world()
    ran = cli("gc", *command.split(), "--config", str(path))

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"{path}")
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1
    assert cli.world() == before


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        pytest.param(
            "policy --config /does/not/exist", 1, "/does/not/exist cannot be read: no such file", id="no file"
        ),
        pytest.param("policy --config /", 1, "is a folder", id="a folder"),
        pytest.param("policy --disk 5", 125, "TOTAL:FREE is expected", id="half a disk"),
        pytest.param("policy --disk 5GB:6GB", 125, "cannot be free", id="more free than there is"),
        pytest.param("policy --disk 0:0", 125, "more than 0 bytes", id="no disk at all"),
        pytest.param("policy --reserved-space -1", 125, "invalid size: '-1'", id="a negative size"),
        pytest.param("policy --worker x", 125, "oci or containerd is expected", id="no worker"),
        pytest.param("policy --worker oci", 1, "--config", id="a worker without a file"),
        pytest.param("policy --gc-keepstorage a", 125, 'failed to parse storage "a"', id="no megabytes"),
        pytest.param("policy --gc-keepstorage 1 --reserved-space 1", 1, "conflicting options", id="limits twice"),
        pytest.param("policy --format yaml", 125, "text or json is expected", id="no format"),
        pytest.param("run --exit-code", 1, "--exit-code goes with --dry-run", id="exit code alone"),
        pytest.param("watch --interval 0s", 125, "a second is the shortest", id="no interval"),
        pytest.param("watch --interval soon", 125, "invalid duration", id="no duration"),
        pytest.param("simulate --days 0", 125, "from 1 on", id="no day"),
        pytest.param("simulate --days 1000000 --builds-per-day 1000", 1, "too many", id="years"),
        pytest.param("simulate --seed x", 125, "invalid syntax", id="no seed"),
    ],
)
def test_options_that_make_no_sense(cli: Cli, argv: str, code: int, words: str) -> None:
    """A flag that cannot be read is 125, a combination that cannot be meant 1."""
    ran = cli("gc", *argv.split())

    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err


def test_limits_that_an_old_engine_does_not_know(cli: Cli) -> None:
    """Before BuildKit 0.17 there is reserved space alone: the others are refused, not ignored."""
    from prunecli.profile import make_profile

    cli.change(lambda w: replace(w, profile=make_profile("20.10.24", (1, 41))))

    assert "needs BuildKit 0.17" in cli("gc", "policy", "--max-used-space", "1GB").err
    assert cli("gc", "policy", "--reserved-space", "1GB").code == 0


# simulate


def test_simulate_prints_days(cli: Cli) -> None:
    """A table of days with a summary; the same seed prints the same text."""
    how = ["gc", "simulate", "--days", "3", "--builds-per-day", "5", *DISK]
    out = cli(*how).out

    assert out == cli(*how).out != cli(*how, "--seed", "9").out
    assert [line.split()[0] for line in out.splitlines()[4:7]] == ["1", "2", "3"]
    assert "No step had to be built again" in out


def test_simulate_as_csv_and_json(cli: Cli) -> None:
    """CSV has a header and a line for each day, in bytes; JSON has the same numbers."""
    how = ["gc", "simulate", "--days", "3", "--builds-per-day", "5", *DISK]
    rows = list(csv.DictReader(io.StringIO(cli(*how, "--format", "csv").out)))
    document = cli(*how, "--format", "json").document

    assert document["format"] == "prunecli-simulation/v1"
    assert [{k: str(v) for k, v in day.items()} for day in document["days_played"]] == rows
    assert [int(row["number"]) for row in rows] == [1, 2, 3]


def test_simulate_compares_policies(cli: Cli) -> None:
    """A tighter limit holds less, and costs steps that have to be built again."""

    def played(*limits: str) -> list[dict[str, int]]:
        days = cli("gc", "simulate", "--days", "6", "--format", "json", *DISK, *limits).document["days_played"]
        return [dict(day) for day in days]

    wide, tight = played("--max-used-space", "100GB"), played("--max-used-space", "1MB")
    assert tight[-1]["size"] < wide[-1]["size"]
    assert sum(d["rebuilt"] for d in tight) > sum(d["rebuilt"] for d in wide)


# on a terminal


@pytest.mark.parametrize("columns", ["60", "200"])
def test_tables_are_drawn_on_a_terminal(cli: Cli, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    """A person sees rules, and bars as long as the cache is large; no line is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", columns)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout.isatty", lambda: True)
        policy = cli("gc", "policy", "--disk", "252GB:30GB").out
        played = cli("gc", "simulate", "--days", "4", "--builds-per-day", "9", *DISK).out

    bars = [line.count("\u2588") for line in played.splitlines() if "\u2588" in line]
    assert len(bars) == 4
    assert bars == sorted(bars)
    tables = [line for text in (policy, played) for line in text.splitlines() if line.startswith(" ")]
    assert tables
    assert all(len(re.sub("\x1b\\[[0-9;]*m", "", line)) <= int(columns) for line in tables)
    assert "26000000000" in policy
    assert "\u2026" not in played


# watch


@contextmanager
def watching(cli: Cli, *argv: str) -> Iterator[subprocess.Popen[str]]:
    """Start a watch in a process of its own, and make sure that it is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "prunecli", "--store", str(cli.path), "gc", "watch", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PRUNECLI_NOW": str(NOW // 10**9)},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    """Return the next line of a watch."""
    assert process.stdout is not None
    return process.stdout.readline()


def test_watch_runs_when_the_cache_grew(cli: Cli) -> None:
    """A line at the start and one when something was added; SIGTERM ends it with 0."""
    load(cli, "a(100,5h) b(50,4h)<a c(20,3h)<b")
    with watching(cli, "--reserved-space", "120", "--interval", "1h", *DISK) as process:
        first = line_of(process)
        assert " start: 2 build cache records removed, 70B reclaimed; 100B in 1 build cache record stay" in first
        load(cli, "a(100,5h) new(60,1h)")
        assert " the cache grew: 1 build cache record removed, " in line_of(process)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err) == (0, "", "")
    assert sum(r.size for r in cli.world().build_cache) < 120


def test_watch_runs_when_the_interval_passed(cli: Cli) -> None:
    """Without any change it runs again; a run that removes nothing leaves no event. Ctrl-C ends it with 130."""
    load(cli, "a(10,5h)")
    with watching(cli, "--reserved-space", "120", "--interval", "1s", *DISK) as process:
        assert " start: 0 " in line_of(process)
        assert " the interval passed: 0 " in line_of(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    assert process.returncode == 130
    with cli.store as store:
        assert list(store.events()) == []


def test_only_one_watch_at_a_time(cli: Cli) -> None:
    """A second watch at the same store says who is there, whatever path leads to it, and ends with 1."""
    link = cli.path.with_name("link.db")
    link.symlink_to(cli.path)
    with watching(cli, "--interval", "1h", *DISK) as process:
        line_of(process)
        second = cli("gc", "watch")
        third = cli("--store", str(link), "gc", "watch")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)

    assert (second.code, third.code) == (1, 1)
    assert second.err == f"another gc watch is at {cli.path} already (process {process.pid})\n"
    assert "already" in third.err
    with watching(cli, "--interval", "1h", *DISK) as process:
        assert "start" in line_of(process)


def test_watch_needs_a_store(cli: Cli, tmp_path: Path) -> None:
    """A watch over a store that is not there is refused, and makes none."""
    ran = cli("--store", str(tmp_path / "none.db"), "gc", "watch")

    assert ran.code == 1
    assert "does not exist" in ran.err
    assert not (tmp_path / "none.db").exists()


def test_watch_waits_for_a_prune(cli: Cli) -> None:
    """While another prune of build cache runs, a watch waits for its turn, and SIGTERM still ends it."""
    from prunecli.backends import locks

    load(cli, "a(100,5h) b(50,4h)")
    with locks.held(cli.path, Kind.BUILD_CACHE), watching(cli, "--reserved-space", "1", *DISK) as process:
        time.sleep(2)  # it starts, photographs, and waits; nothing below depends on how long that takes
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)

    assert process.returncode == 0
    assert len(cli.world().build_cache) == 2


def test_explain_goes_where_it_is_told(pinned: Snapshot) -> None:
    """Explaining writes to the stream that it is given, and to nothing else."""
    from prunecli.backends.memory import Memory
    from prunecli.cli.gc_setting import Setting
    from prunecli.policy import Ground, built_in

    policy = built_in(Ground(pinned.profile, pinned.disk))
    out = io.StringIO()
    explain_rules(policy, Setting(Memory(pinned), pinned, policy, "a test"), run_rules(pinned, policy.infos), out)

    assert out.getvalue().count("Rule ") == 4
