"""`builder du`, which is `buildx du`, as people and scripts see it."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from prunecli.snapshot import Snapshot
from tests.conftest import NOW
from tests.df_worlds import EVIL, WORLD, Ran, Shell

ROWS = (
    """\
ID                           RECLAIMABLE   SIZE       LAST ACCESSED
02avfh2zopk8m9bp4lm6rab7z    true          0B*        56 seconds ago
nru62wahpg9veuz2hqdofs6j1*   false         0B         About a minute ago
mtvzfe5mqu7ynhy4fy8ogckmo*   true          59B        """
    + """
g2zo6o61vbm3lernj7nniyqdx    true          52.43MB*   56 seconds ago
"""
)
SUMS = "Shared:\t\t52.43MB\nPrivate:\t59B\nReclaimable:\t52.43MB\nTotal:\t\t52.43MB\n"
SHARED_STEP = """\
ID:           g2zo6o61vbm3lernj7nniyqdx
Parents:
 - 02avfh2zopk8m9bp4lm6rab7z
Created at:   2026-11-21 09:00:00.186141222 +0000 UTC
Mutable:      false
Reclaimable:  true
Shared:       true
Size:         52.43MB
Description:  mount / from exec /bin/sh -c dd if=/dev/zero of=bigfile
Usage count:  1
Last used:    56 seconds ago
Type:         regular

"""


@pytest.fixture
def run(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path / "state.db")
    shell.load()
    return shell


def ids(out: str) -> list[str]:
    return [line[:3] for line in out.splitlines()[1:]]


@pytest.mark.parametrize("group", ["builder", "buildx"])
@pytest.mark.parametrize("argv", [(), ("--format", "table"), ("--format", ""), ("--filter", "")], ids=" ".join)
def test_the_table(run: Shell, group: str, argv: tuple[str, ...]) -> None:
    """Every record by size, and four sums; stars mark what is written to and what is shared."""
    ran = run(group, "du", *argv)
    assert (ran.code, ran.out, ran.err) == (0, ROWS + SUMS, "")


def test_an_empty_cache(tmp_path: Path) -> None:
    """Without a store there is nothing to measure; in an empty one there is a header and two sums of nothing."""
    run = Shell(tmp_path / "none" / "state.db")
    assert run("builder", "du") == Ran(1, "", f"{run.store} does not exist: there is no state store yet\n")
    run.load(Snapshot(NOW), {})
    ran = run("builder", "du")
    assert (ran.code, ran.out) == (
        0,
        "ID        RECLAIMABLE   SIZE      LAST ACCESSED\nReclaimable:\t0B\nTotal:\t\t0B\n",
    )


def test_without_shared_records_two_sums_are_enough(run: Shell) -> None:
    """`Shared` and `Private` are told only where something is shared."""
    run.load(replace(WORLD, build_cache=WORLD.build_cache[2:3]))
    assert run("builder", "du").out.splitlines()[2:] == ["Reclaimable:\t59B", "Total:\t\t59B"]


@pytest.mark.parametrize("argv", [("--verbose",), ("--format", "pretty")], ids=" ".join)
def test_pretty_records(run: Shell, argv: tuple[str, ...]) -> None:
    """Each record as a block that leaves out what is empty, then the sums."""
    out = run("builder", "du", *argv).out
    blocks = out.split("\n\n")
    assert out.endswith(SHARED_STEP + SUMS)
    assert [block.splitlines()[0] for block in blocks[:3]] == [
        "ID:           02avfh2zopk8m9bp4lm6rab7z",
        "ID:           nru62wahpg9veuz2hqdofs6j1",
        "ID:           mtvzfe5mqu7ynhy4fy8ogckmo",
    ]
    assert [line.split(":")[0] for line in blocks[2].splitlines()] == [
        *("ID", "Created at", "Mutable", "Reclaimable", "Shared", "Size", "Usage count", "Type")
    ]


def test_json_lines(run: Shell) -> None:
    """One object a line with real truth values and numbers; no stars, no sums, `null` for no parents."""
    lines = run("builder", "du", "--format", "json").out.splitlines()
    assert [json.loads(line)["Parents"] for line in lines] == [None, None, None, ["02avfh2zopk8m9bp4lm6rab7z"]]
    assert lines[1] == (
        '{"CreatedAt":"2026-11-21 09:00:00 +0000 UTC","Description":"","ID":"nru62wahpg9veuz2hqdofs6j1",'
        '"LastUsedAt":"About a minute ago","Mutable":true,"Parents":null,"Reclaimable":false,"Shared":false,'
        '"Size":"0B","Type":"exec.cachemount","UsageCount":0}'
    )


def test_templates(run: Shell) -> None:
    """Stars are for tables alone; every field has a header of its own."""
    form = r"{{.ID}}\t{{.Parents}}\t{{.CreatedAt}}\t{{.Mutable}}\t{{.Shared}}\t{{.Size}}\t{{.UsageCount}}\t{{.Type}}"
    table = run("builder", "du", "--format", "table " + form).out.splitlines()
    assert table[0].split("   ")[0] == "ID"
    assert [word.strip() for word in table[0].split("   ") if word.strip()] == [
        *("ID", "PARENTS", "CREATED AT", "MUTABLE", "SHARED", "SIZE", "USAGE COUNT", "TYPE")
    ]
    assert "nru62wahpg9veuz2hqdofs6j1*" in table[2]
    assert "[02avfh2zopk8m9bp4lm6rab7z]" in table[4]
    plain = run("builder", "du", "--format", "{{.ID}} {{.Size}} {{len .Parents}} {{if .Shared}}s{{end}}").out
    assert plain.splitlines()[3] == "g2zo6o61vbm3lernj7nniyqdx 52.43MB 1 s"
    assert run("builder", "du", "--format", "raw").out == "raw\n" * 4


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        pytest.param(["type=regular"], ["02a", "g2z"], id="a field equals a value"),
        pytest.param(["TYPE= regular "], ["02a", "g2z"], id="names in any case, blanks around go"),
        pytest.param(["type!=regular"], ["nru", "mtv"], id="or does not"),
        pytest.param(["id=g2z"], ["g2z"], id="an id matches anywhere"),
        pytest.param(["id~=^[0-9m]"], ["02a", "mtv"], id="a regular expression"),
        pytest.param(["description~=exec", "type=regular"], ["g2z"], id="all must match"),
        pytest.param(["parents=02avfh2zopk8m9bp4lm6rab7z"], ["g2z"], id="parents are known here"),
        pytest.param(["shared=true"], [], id="flags have no value to compare"),
        pytest.param(["mutable!=true"], ["02a", "nru", "mtv", "g2z"], id="nor one to differ from"),
        pytest.param(["foo=bar"], [], id="an unknown field is never there"),
        pytest.param(["foo!=bar"], ["02a", "nru", "mtv", "g2z"], id="and always differs"),
        pytest.param(["label=x"], [], id="records carry no labels"),
        pytest.param(["until=1h"], ["02a", "nru", "mtv", "g2z"], id="an age means nothing here"),
        pytest.param(["unused-for=1s"], ["02a", "nru", "mtv", "g2z"], id="by its other name neither"),
    ],
)
def test_filters(run: Shell, filters: list[str], found: list[str]) -> None:
    """Filters are what buildx makes of them; with any there are no sums."""
    ran = run("builder", "du", *(word for text in filters for word in ("--filter", text)))
    assert (ran.code, ids(ran.out), ran.err) == (0, found, "")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--filter", "until=abc"), '"until" filter expects a duration (e.g., \'24h\'): time: invalid duration "abc"'),
        (
            ("--filter", "unused-for=2026-01-01"),
            '"unused-for" filter expects a duration (e.g., \'24h\'): time: unknown unit "-" in duration "2026-01-01"',
        ),
        (("--filter", "until=1h", "--filter", "unused-for=1h"), 'conflicting filters "until" and "unused-for"'),
        (("--filter", "until=1h", "--filter", "until=2h"), "filters expect only one value"),
        (("--filter", "type=a", "--filter", "type=b"), "filters expect only one value"),
        (
            ("--filter", "type="),
            "failed to call diskusage: failed to parse diskusage filters [type==]: "
            "filters: parse error: [type==]: expected value or quoted: invalid argument",
        ),
        (("--format", "json", "--verbose"), "--format and --verbose cannot be used together"),
        (("--format", "{{.ID"), "template parsing error: template: :1: unclosed action"),
        (
            ("--format", "{{.Foo}}"),
            'template parsing error: template: :1:2: executing "" at <.Foo>: '
            "can't evaluate field Foo in type *commands.diskusageContext",
        ),
    ],
    ids=str,
)
def test_refusals(run: Shell, argv: tuple[str, ...], message: str) -> None:
    """What buildx refuses is refused in its words, with `ERROR: ` and code 1."""
    ran = run("buildx", "du", *argv)
    assert (ran.code, ran.out, ran.err) == (1, "", f"ERROR: {message}\n")


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        pytest.param(("x",), 1, "ERROR: prunecli: 'prunecli buildx du' accepts no arguments", id="an argument"),
        pytest.param(("--bogus",), 125, "unknown flag: --bogus", id="an unknown flag"),
        pytest.param(
            ("--filter", "x"),
            125,
            'invalid argument "x" for "--filter" flag: bad format of filter (expected name=value)',
            id="no filter",
        ),
    ],
)
def test_command_line_mistakes(run: Shell, argv: tuple[str, ...], code: int, message: str) -> None:
    """A command line that cannot be read ends with buildx's usage."""
    ran = run("buildx", "du", *argv)
    tail = "\nUsage:  prunecli buildx du\n\nRun 'prunecli buildx du --help' for more information\n"
    assert (ran.code, ran.out, ran.err) == (code, "", f"{message}\n{tail}")


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("--verbose",),
        ("--format", "json"),
        ("--format", "{{json .}}"),
        ("--format", r"table {{.ID}}\t{{.Description}}"),
        ("--format", "{{.Description}}{{.Parents}}{{range .Parents}}{{.}}{{end}}{{.Type}}"),
    ],
    ids=" ".join,
)
def test_no_control_character_reaches_the_terminal(run: Shell, argv: tuple[str, ...]) -> None:
    """Descriptions are data: nothing of them can steer a terminal, in any form of output."""
    record = replace(WORLD.build_cache[1], id=EVIL, description=EVIL, type=EVIL, parents=(EVIL + "2",))
    run.load(Snapshot(NOW, build_cache=(record,)), {})
    ran = run("builder", "du", *argv)
    assert ran.code == 0
    assert [c for c in ran.out if unicodedata.category(c) in ("Cc", "Cf") and c not in "\t\n"] == []
    if "json" in argv:
        assert json.loads(ran.out)["Description"] == EVIL
