"""`system df` as people and scripts see it."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prunecli.cli.df_rows import container_fields
from prunecli.cli.formats import Format
from prunecli.details import container_details, status
from prunecli.errors import TemplateError
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.volume import Volume
from prunecli.snapshot import Snapshot
from prunecli.units import HOUR, MINUTE, SECOND, format_size
from prunecli.usage import ContainerUsage
from prunecli.verdict import Kind
from prunecli.wire import read_dump
from tests.conftest import NOW
from tests.df_worlds import APP, BAZ, BUSYBOX, EVIL, SAID, WORLD, Ran, Shell
from tests.oracle import cases

TAIL = """
Usage:  prunecli system df [OPTIONS]

Run 'prunecli system df --help' for more information
"""


@pytest.fixture
def run(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path / "state.db")
    shell.load()
    return shell


SUMMARY = """\
TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE
Images          2         1         54.49MB   54.49MB (100%)
Containers      2         1         5.243MB   5.243MB (100%)
Local Volumes   2         1         5.243MB   0B (0%)
Build Cache     4         1         59B       59B
"""

DETAILS = """\
Images space usage:

REPOSITORY   TAG       IMAGE ID       CREATED          SIZE      SHARED SIZE   UNIQUE SIZE   CONTAINERS
<none>       <none>    474747474747   30 seconds ago   54.5MB    2.063MB       52.43MB       0
busybox      latest    e4e4e4e4e4e4   24 hours ago     2.06MB    2.063MB       0B            2

Containers space usage:

CONTAINER ID   IMAGE     COMMAND                  LOCAL VOLUMES   SIZE      CREATED         STATUS                         NAMES
dbdbdbdbdbdb   busybox   ""                       0               0B        5 minutes ago   Up 5 minutes                   runner
eeeeeeeeeeee   busybox   "sh -c 'dd if=/dev/z…"   1               5.24MB    2 hours ago     Exited (3) About an hour ago   container_baz

Local Volumes space usage:

VOLUME NAME   LINKS     SIZE
volume_baz    1         5.243MB
volume_foo    0         -1B

Build cache usage: 59B

CACHE ID        CACHE TYPE        SIZE      CREATED             LAST USED            USAGE     SHARED
mtvzfe5mqu7y    source.local      59B       About an hour ago                        0         false
nru62wahpg9v*   exec.cachemount   0B        About an hour ago   About a minute ago   0         false
02avfh2zopk8    regular           0B        About an hour ago   56 seconds ago       2         true
g2zo6o61vbm3    regular           52.4MB    59 minutes ago      56 seconds ago       1         true
"""  # noqa: E501 - as wide as it is


@pytest.mark.parametrize("argv", [(), ("--format", ""), ("--format=table",), ("-v=false",)], ids=" ".join)
def test_the_summary(run: Shell, argv: tuple[str, ...]) -> None:
    """Four lines, whatever there is, byte for byte as Docker lays them out."""
    ran = run("system", "df", *argv)
    assert (ran.code, ran.out, ran.err) == (0, SUMMARY, "")


@pytest.mark.parametrize("argv", [("-v",), ("--verbose", "--format", "table")], ids=" ".join)
def test_details(run: Shell, argv: tuple[str, ...]) -> None:
    """Each object on a line, in four tables: the first tag alone, commands cut, never used cache first."""
    ran = run("system", "df", *argv)
    assert (ran.code, ran.out, ran.err) == (0, DETAILS, "")


def test_an_empty_world(tmp_path: Path) -> None:
    """Without a store there is nothing to measure, and none appears; in an empty one everything is nothing."""
    run = Shell(tmp_path / "none" / "state.db")
    assert run("system", "df") == Ran(1, "", f"{run.store} does not exist: there is no state store yet\n")
    assert not run.store.parent.exists()
    run.load(Snapshot(NOW), {})
    ran = run("system", "df", "-v")
    assert ran.code == 0
    assert ran.out == (
        "Images space usage:\n\n"
        "REPOSITORY   TAG       IMAGE ID   CREATED   SIZE      SHARED SIZE   UNIQUE SIZE   CONTAINERS\n"
        "\nContainers space usage:\n\n"
        "CONTAINER ID   IMAGE     COMMAND   LOCAL VOLUMES   SIZE      CREATED   STATUS    NAMES\n"
        "\nLocal Volumes space usage:\n\nVOLUME NAME   LINKS     SIZE\n"
        "\nBuild cache usage: 0B\n\n"
        "CACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   USAGE     SHARED\n"
    )
    assert run("system", "df").out.splitlines()[1:] == [
        "Images          0         0         0B        0B",
        "Containers      0         0         0B        0B",
        "Local Volumes   0         0         0B        0B",
        "Build Cache     0         0         0B        0B",
    ]


def test_numbers_after_a_prune(run: Shell) -> None:
    """What was pruned is gone from every sum, and no longer uses what stays."""
    assert run("system", "prune", "-af", "--volumes").code == 0
    assert (
        run("system", "df").out
        == """\
TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE
Images          1         1         2.063MB   0B (0%)
Containers      1         1         0B        0B
Local Volumes   2         0         5.243MB   5.243MB (100%)
Build Cache     1         1         0B        0B
"""
    )


# --format

JSON_LINES = [
    {"Active": "1", "Reclaimable": "54.49MB (100%)", "Size": "54.49MB", "TotalCount": "2", "Type": "Images"},
    {"Active": "1", "Reclaimable": "5.243MB (100%)", "Size": "5.243MB", "TotalCount": "2", "Type": "Containers"},
    {"Active": "1", "Reclaimable": "0B (0%)", "Size": "5.243MB", "TotalCount": "2", "Type": "Local Volumes"},
    {"Active": "1", "Reclaimable": "59B", "Size": "59B", "TotalCount": "4", "Type": "Build Cache"},
]


@pytest.mark.parametrize("format", ["json", "{{json .}}"])
def test_json_lines(run: Shell, format: str) -> None:
    """One object a line, keys in the order of the alphabet."""
    lines = run("system", "df", "--format", format).out.splitlines()
    assert lines == [json.dumps(line, separators=(",", ":")) for line in JSON_LINES]


@pytest.mark.parametrize(
    ("format", "out"),
    [
        pytest.param(
            "{{.Type}}={{.Active}}", "Images=1\nContainers=1\nLocal Volumes=1\nBuild Cache=1\n", id="a template"
        ),
        pytest.param(
            " {{upper .Type}}\\t{{.Active}} ",
            "IMAGES\t1\nCONTAINERS\t1\nLOCAL VOLUMES\t1\nBUILD CACHE\t1\n",
            id="a typed backslash t is a tab, and blanks around it go",
        ),
        pytest.param(
            "table {{.Type}}\\t{{lower .Size}}",
            "TYPE            SIZE\n"
            "Images          54.49mb\n"
            "Containers      5.243mb\n"
            "Local Volumes   5.243mb\n"
            "Build Cache     59b\n",
            id="a table of one's own",
        ),
        pytest.param("pretty", "pretty\n" * 4, id="a word that is no format is a template"),
    ],
)
def test_templates(run: Shell, format: str, out: str) -> None:
    """Templates are filled in for each of the four lines."""
    assert run("system", "df", "--format", format).out == out


def test_raw_lines(run: Shell) -> None:
    """`raw` is five lines for each row, and an empty one."""
    out = run("system", "df", "--format", "raw").out
    assert out.startswith("type: Images\ntotal: 2\nactive: 1\nsize: 54.49MB\nreclaimable: 54.49MB (100%)\n\ntype: C")
    assert out.endswith("type: Build Cache\ntotal: 4\nactive: 1\nsize: 59B\nreclaimable: 59B\n\n")


def test_raw_details(run: Shell) -> None:
    """`-v --format raw` names every field; nothing is cut, and some empty ones leave no blank behind."""
    blocks = run("system", "df", "-v", "--format", "raw").out.split("\n\n")
    assert [block.splitlines()[0] for block in blocks if block.strip()] == (
        ["type: Image"] * 2 + ["type: Container"] * 2 + ["type: Volume"] * 2 + ["type: Build Cache"] * 4
    )
    assert blocks[2].splitlines()[3:] == [
        'command: ""',
        "created_at: 2026-11-21 09:55:00 +0000 UTC",
        "state: running",
        "status: Up 5 minutes",
        "names: runner",
        "labels:",
        "ports:",
        "size: 0B",
    ]
    assert "names: front/baz,container_baz" in blocks[3]


def test_json_details(run: Shell) -> None:
    """`-v --format json` is one object without a newline; ids are whole, sizes are words, `<` is escaped."""
    out = run("system", "df", "-v", "--format", "json").out
    document = json.loads(out)
    assert not out.endswith("\n")
    assert "\\u003cnone\\u003e" in out
    assert list(document) == ["Images", "Containers", "Volumes", "BuildCache"]
    assert all(list(row) == sorted(row) for rows in document.values() for row in rows)
    assert document["Images"][1] == {
        "Containers": "2",
        "CreatedAt": "2026-11-20 10:00:00 +0000 UTC",
        "CreatedSince": "24 hours ago",
        "Digest": "",
        "ID": BUSYBOX,
        "Repository": "busybox",
        "SharedSize": "2.063MB",
        "Size": "2.06MB",
        "Tag": "latest",
        "UniqueSize": "0B",
        "VirtualSize": "2.063MB",
    }
    assert document["Containers"][1] == {
        "Command": "\"sh -c 'dd if=/dev/zero of=/volume/f'\"",
        "CreatedAt": "2026-11-21 08:00:00 +0000 UTC",
        "ID": BAZ,
        "Image": "busybox",
        "Labels": "env=ci,tier=web",
        "LocalVolumes": "1",
        "Mounts": "volume_baz,/srv/www",
        "Names": "front/baz,container_baz",
        "Networks": "back,front",
        "Platform": None,
        "Ports": "5000-5001/tcp, 7000/udp, 127.0.0.1:9000-9001->9000-9001/tcp, "
        "10.0.0.1:8080->80/tcp, [::]:8080->80/tcp",
        "RunningFor": "2 hours ago",
        "Size": "5.24MB",
        "State": "exited",
        "Status": "Exited (3) About an hour ago",
    }
    assert document["Volumes"] == [
        {
            "Availability": "N/A",
            "Driver": "local",
            "Group": "N/A",
            "Labels": labels,
            "Links": links,
            "Mountpoint": path,
            "Name": name,
            "Scope": "local",
            "Size": size,
            "Status": "N/A",
        }
        for name, labels, links, path, size in (
            ("volume_baz", "a=1,b=2", "1", "/data/volume_baz", "5.243MB"),
            ("volume_foo", "", "0", "/var/lib/docker/volumes/volume_foo/_data", "-1B"),
        )
    ]
    assert document["BuildCache"][3] == {
        "CacheType": "regular",
        "CreatedAt": "2026-11-21 09:00:00.186141222 +0000 UTC",
        "CreatedSince": "59 minutes ago",
        "Description": "mount / from exec /bin/sh -c dd if=/dev/zero of=bigfile",
        "ID": "g2zo6o61vbm3lernj7nniyqdx",
        "InUse": "false",
        "LastUsedAt": "2026-11-21 09:59:04 +0000 UTC",
        "LastUsedSince": "56 seconds ago",
        "Parent": "02avfh2zopk8m9bp4lm6rab7z",
        "Shared": "true",
        "Size": "52.4MB",
        "UsageCount": "1",
    }


def test_times_are_local(run: Shell) -> None:
    """Images and containers tell local time; build cache tells UTC."""
    out = run("system", "df", "-v", "--format", "{{range .Images}}{{.CreatedAt}};{{end}}", TZ="America/New_York").out
    assert out == "2026-11-21 04:59:30 -0500 EST;2026-11-20 05:00:00 -0500 EST;"
    out = run("system", "df", "-v", "--format", "{{(index .BuildCache 0).CreatedAt}}", TZ="America/New_York").out
    assert out == "2026-11-21 09:00:00 +0000 UTC"


# Mistakes


@pytest.mark.parametrize(
    ("argv", "out", "err"),
    [
        pytest.param(
            ("--format", "{{.Type"), "", "template parsing error: template: :1: unclosed action\n", id="no end"
        ),
        pytest.param(
            ("--format", "{{.Foo}}"),
            "",
            'template parsing error: template: :1:2: executing "" at <.Foo>: '
            "can't evaluate field Foo in type *formatter.diskUsageImagesContext\n",
            id="no such field",
        ),
        pytest.param(
            ("-v", "--format", "table {{.ID}}"),
            "",
            'template: :1:2: executing "" at <.ID>: can\'t evaluate field ID in type *formatter.diskUsageContext\n',
            id="details are one object",
        ),
        pytest.param(
            ("-v", "--format", "x{{range .Volumes}}{{.Name}} {{.Nope}}{{end}}"),
            "xvolume_baz ",
            'template: :1:31: executing "" at <.Nope>: can\'t evaluate field Nope in type *formatter.volumeContext\n',
            id="what came before a mistake in details is shown",
        ),
        pytest.param(
            ("--format", '{{range 99}}{{printf "%999999d" 1}}{{end}}'),
            "",
            'template parsing error: template: :1:14: executing "" at <printf "%999999d" 1>: '
            "error calling printf: too much text: more than 8MB beyond what the data hold\n",
            id="gigabytes of text",
        ),
        pytest.param(
            ("--format", "table " + r"{{.Type}}\t" * 101),
            "",
            "table has 101 columns: no more than 100 can be aligned\n",
            id="more columns than anybody looks at",
        ),
    ],
)
def test_template_mistakes(run: Shell, argv: tuple[str, ...], out: str, err: str) -> None:
    """A template with a mistake ends with Go's words and code 1."""
    ran = run("system", "df", *argv)
    assert (ran.code, ran.out, ran.err) == (1, out, err)


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        pytest.param(("x",), 1, "prunecli: 'prunecli system df' accepts no arguments", id="an argument"),
        pytest.param(("--bogus",), 125, "unknown flag: --bogus", id="an unknown flag"),
        pytest.param(("--format",), 125, "flag needs an argument: --format", id="no value"),
        pytest.param(
            ("-v=maybe",),
            125,
            'invalid argument "maybe" for "-v, --verbose" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
            id="no truth value",
        ),
    ],
)
def test_command_line_mistakes(run: Shell, argv: tuple[str, ...], code: int, message: str) -> None:
    """A command line that cannot be read ends in Docker's words and with Docker's code."""
    ran = run("system", "df", *argv)
    assert (ran.code, ran.out, ran.err) == (code, "", f"{message}\n{TAIL}")


@pytest.mark.parametrize(
    ("api", "message"),
    [
        ("1.24", "prunecli system df requires API version 1.25, but the Docker daemon API version is 1.24"),
        ("1.99", "Error response from daemon: client version 1.99 is too new. Maximum supported API version is 1.51"),
    ],
)
def test_api_versions(run: Shell, api: str, message: str) -> None:
    """An API version that cannot be spoken is refused as Docker refuses it."""
    ran = run("system", "df", DOCKER_API_VERSION=api)
    assert (ran.code, ran.out, ran.err) == (1, "", message + "\n")
    assert run("system", "df", DOCKER_API_VERSION="1.25").code == 0


# Data from outside


def unsafe(text: str) -> list[str]:
    return [c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c not in "\t\n"]


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("-v",),
        ("-v", "--format", "raw"),
        ("-v", "--format", "json"),
        ("-v", "--format", "{{json .Volumes}}"),
        ("-v", "--format", "{{range .Containers}}{{.Names}}{{.Image}}{{.Labels}}{{.Command}}{{.Mounts}}{{end}}"),
        ("-v", "--format", "{{range .Volumes}}{{json .Name}}{{println .Labels}}{{.}}{{end}}"),
    ],
    ids=" ".join,
)
def test_no_control_character_reaches_the_terminal(tmp_path: Path, argv: tuple[str, ...]) -> None:
    """Names, labels and commands are data: nothing of them can steer a terminal, in any form of output."""
    world = Snapshot(
        NOW,
        containers=(Container(BAZ, EVIL, EVIL, BUSYBOX, "exited", False, NOW, NOW, {EVIL: EVIL}, volumes=(EVIL,)),),
        images=(Image(BUSYBOX, tags=(EVIL,), layers=()), Image(APP, layers=())),
        volumes=(Volume(EVIL, "local", labels={EVIL: EVIL}),),
        build_cache=(replace(WORLD.build_cache[0], description=EVIL, type=EVIL),),
    )
    raw: dict[Kind, dict[str, Any]] = {Kind.CONTAINER: {BAZ: {"containers": {"at": 0, "is": SAID | {"Path": EVIL}}}}}
    run = Shell(tmp_path / "state.db")
    run.load(world, raw)
    ran = run("system", "df", *argv)
    assert ran.code == 0
    assert unsafe(ran.out) == []
    if "json" in argv:
        assert json.loads(ran.out)["Volumes"][0]["Name"] == EVIL


def test_what_a_template_says_itself_stays(run: Shell) -> None:
    """Colours of the user's own are not data from outside."""
    out = run("system", "df", "--format", "\x1b[1m{{.Type}}\x1b[0m\u200b").out
    assert out.splitlines()[0] == "\x1b[1mImages\x1b[0m\u200b"


# What a snapshot leaves out


def container(state: str, **more: Any) -> Container:
    running = state in ("running", "paused", "restarting")
    return Container(BAZ, "web", "busybox", BUSYBOX, state, running, NOW - HOUR, **more)


@pytest.mark.parametrize(
    ("state", "finished", "said", "words"),
    [
        ("running", None, {"StartedAt": "2026-11-21T09:58:00Z"}, "Up 2 minutes"),
        ("running", None, {"Health": {"Status": "starting"}}, "Up About an hour (health: starting)"),
        ("running", None, {"Health": {"Status": "healthy"}}, "Up About an hour (healthy)"),
        ("running", None, {"Health": {}}, "Up About an hour (unhealthy)"),
        ("running", None, {"StartedAt": "0001-01-01T00:00:00Z"}, "Up About an hour"),
        ("running", None, {"StartedAt": "nonsense"}, "Up About an hour"),
        ("paused", None, {}, "Up About an hour (Paused)"),
        ("restarting", NOW - 7 * SECOND, {"ExitCode": 7}, "Restarting (7) 7 seconds ago"),
        ("exited", NOW - MINUTE, {"ExitCode": 137}, "Exited (137) About a minute ago"),
        ("exited", NOW, {}, "Exited (0) Less than a second ago"),
        ("exited", None, {}, ""),
        ("created", None, {}, "Created"),
        ("dead", NOW, {}, "Dead"),
        ("removing", NOW, {}, "Removal In Progress"),
    ],
)
def test_status_words(state: str, finished: int | None, said: dict[str, Any], words: str) -> None:
    """A container's state is told as an Engine tells it, at the time of the question."""
    assert status(container(state, finished_at=finished), said, NOW) == words


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_status_agrees_with_the_engine(case: Any) -> None:
    """At the moment of a dump the words are those of the dump, within the second or two that a dump takes."""
    if "message" in case.before["df"]:
        return
    dump = read_dump(case.before)
    records = {c.id: c for c in dump.snapshot.containers}
    for row in case.before["df"].get("Containers") or []:
        raw, taken = dump.raw[Kind.CONTAINER][row["Id"]], dump.snapshot.taken_at
        said = [container_details(records[row["Id"]], raw, taken - n * SECOND // 2).status for n in range(6)]
        # A selection that was cut down does not know when a container was started, nor its exit code.
        known = "StartedAt" in raw["containers"]["is"]["State"] or row["State"] not in ("running", "paused", "exited")
        assert not known or row["Status"] in said


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        pytest.param({}, "", id="none"),
        pytest.param({"80/tcp": None, "81/tcp": [], "83/tcp": None}, "80-81/tcp, 83/tcp", id="neighbours are a range"),
        pytest.param({"80/tcp": None, "81/udp": None}, "80/tcp, 81/udp", id="of one protocol"),
        pytest.param(
            {"53": [{"HostIp": "::1", "HostPort": "53"}]}, "[::1]:53->53/tcp", id="an IPv6 address in brackets"
        ),
        pytest.param(
            {"x/tcp": None, "80/tcp": [{"HostPort": "y"}], "99999/tcp": None}, "", id="what is no port is left out"
        ),
        pytest.param({"80/tcp": "wrong", "81/tcp": ["wrong"]}, "", id="what is no binding is left out"),
    ],
)
def test_port_words(ports: dict[str, Any], text: str) -> None:
    """Ports are listed in Docker's short form."""
    raw = {BAZ: {"containers": {"is": {"NetworkSettings": {"Ports": ports}}}}}
    fields = container_fields(ContainerUsage(container("running"), "busybox", 0), raw, NOW, cut=True)
    assert fields["Ports"] == text


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        pytest.param("busybox:1", "busybox:1", id="a name"),
        pytest.param("docker.io/library/busybox", "busybox", id="in its familiar form"),
        pytest.param(
            "reg.example:5000/team/app:2@sha256:" + "dd" * 32, "reg.example:5000/team/app:2", id="without digest"
        ),
        pytest.param(BUSYBOX, "e4e4e4e4e4e4", id="an id is cut"),
        pytest.param("", "<no image>", id="nothing"),
    ],
)
def test_image_words(shown: str, text: str) -> None:
    """A table shows a container's image in short."""
    usage = ContainerUsage(container("running"), shown, 0)
    assert container_fields(usage, {}, NOW, cut=True)["Image"] == text
    assert container_fields(usage, {}, NOW, cut=False)["Image"] == (shown or "<no image>")


def test_commands_are_cut_by_what_they_show(run: Shell) -> None:
    """A wide character takes two of the twenty cells."""
    raw = {BAZ: {"containers": {"is": {"Path": "echo", "Args": ["日本語日本語日本語", 'a "b"']}}}}
    fields = container_fields(ContainerUsage(container("running"), "busybox", 0), raw, NOW, cut=True)
    assert fields["Command"] == '"echo 日本語日本語日…"'


def test_details_of_nonsense() -> None:
    """JSON of other types than an Engine's counts as not said."""
    nothing: list[object] = [None, [], "x"]
    for said in (*nothing, *({"containers": v} for v in nothing), {"containers": {"is": {"State": 1, "Args": 2}}}):
        details = container_details(container("created", volumes=("v",)), said, NOW)
        assert (details.names, details.command, details.status) == (("web",), "", "Created")


def test_the_containerd_store_keeps_what_the_engine_said(tmp_path: Path) -> None:
    """What cannot be computed of the image store is the Engine's own sum, moved by what changed since."""
    run = Shell(tmp_path / "state.db")
    for case in [c for c in cases() if c.containerd and "message" not in c.before["df"]][:3]:
        (tmp_path / "dump.json").write_text(json.dumps(case.before))
        assert run("state", "import", str(tmp_path / "dump.json")).code == 0
        size = run("system", "df", "--format", "{{.Size}}").out.splitlines()[0]
        assert size == format_size(case.before["df"]["LayersSize"])


def test_plain_output_needs_no_templates(run: Shell) -> None:
    """The default table loads neither the template engine nor anything else it does not need."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "prunecli", "--store", str(run.store), "system", "df"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = {line.rsplit("|", 1)[-1].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}
    assert "prunecli.usage" in loaded
    assert not loaded & {"rich", "humanize", "prunecli.gotemplate", "prunecli.wire"}


def test_no_table_fills_the_memory() -> None:
    """One long cell would make every other cell of its column as long."""
    rows = [("row", {"Name": "a"})] * 1_000
    long = '{{if eq .Name "b"}}{{printf "%99999s" ""}}{{end}}\\tx'

    with pytest.raises(TemplateError, match="table too wide"):
        Format(f"table {long}").render([*rows, ("row", {"Name": "b"})], {"Name": "NAME"})
