"""Whatever is wrong with what a person gives: one clear sentence, the right exit status, and an unchanged store."""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from prunecli.example import example_world
from tests.cli_runs import Cli, cli
from tests.conftest import NOW

__all__ = ["cli"]

WAIT = 60  # seconds after which a child is given up


class Wrong(NamedTuple):
    """A wrong command line: its words, the sentence that it gets, its exit code, and variables that make it wrong.

    `hint` is the line below the sentence, where there is something to say of what would be right.
    """

    argv: str
    says: str
    code: int = 1
    environment: dict[str, str] = {}  # noqa: RUF012 - never changed
    hint: str = ""

    @property
    def err(self) -> str:
        """What stands on stderr."""
        return self.says + "\n" + (self.hint and self.hint + "\n")


WRONG = {
    "an unknown filter": Wrong(
        "container prune -f --filter nosuch=x",
        "Error response from daemon: invalid filter 'nosuch'",
        hint="filters that can be given here: label, label!, until",
    ),
    "a filter that one kind of five does not know": Wrong(
        "system prune -f --volumes --filter dangling=true",
        "Error response from daemon: invalid filter 'dangling'",
        hint="filters that can be given here: label, label!",
    ),
    "a timestamp that is none": Wrong(
        "system prune -f --filter until=yesterday",
        'Error response from daemon: failed to parse value as time or duration: "yesterday"',
    ),
    "an until of volumes": Wrong(
        "volume prune -f --filter until=1h",
        "Error response from daemon: invalid filter 'until'",
        hint="filters that can be given here: label, label!, all",
    ),
    "--volumes with until": Wrong(
        "system prune -f --volumes --filter until=1h", 'ERROR: The "until" filter is not supported with "--volumes"'
    ),
    "two untils": Wrong(
        "image prune -f --filter until=1h --filter until=2h",
        "Error response from daemon: more than one until filter specified",
    ),
    "a filter of build cache with two values": Wrong(
        "builder prune -f --filter id=a --filter id=b",
        "Error response from daemon: failed to prune build cache: filters expect only one value",
    ),
    "two names for one size": Wrong(
        "builder prune -f --keep-storage 1GB --reserved-space 1GB",
        "conflicting options: --keep-storage is the old name of --reserved-space, give one of them",
    ),
    "a clock that is none": Wrong(
        "system prune -f",
        '"abc" sets no clock: expected a time such as 2026-11-21T12:00:00Z or Unix seconds such as 1795262400.5',
        environment={"PRUNECLI_NOW": "abc"},
    ),
    "an API version that is none": Wrong(
        "system prune -f",
        "prunecli system prune requires API version 1.25, but the Docker daemon API version is abc",
        environment={"DOCKER_API_VERSION": "abc"},
    ),
    "an API version from the future": Wrong(
        "system prune -f",
        "Error response from daemon: client version 1.99 is too new. Maximum supported API version is 1.51",
        environment={"DOCKER_API_VERSION": "1.99"},
    ),
    "a log level that is none": Wrong("-l loud system prune -f", "Unable to parse logging level: loud"),
    "a dump that is not there": Wrong(
        "state import nosuch.json", "nosuch.json cannot be read: No such file or directory"
    ),
    "a folder for a dump": Wrong("state import .", ". is a folder: expected an Engine dump (engine-dump/v1)"),
    "a device for a dump": Wrong("state import /dev/null", "/dev/null cannot be read: it is a device"),
    "an object of a name that is taken": Wrong("state add volume web-data", "volume web-data already exists"),
    "an object without a name": Wrong("state add volume", "state add volume needs NAME"),
    "a template that does not end": Wrong(
        "events --format {{ --since 0", "Error parsing format: template: :1: unclosed action", 64
    ),
    "a template of a field that is not there": Wrong(
        "events --format {{.Nosuch}}",
        'Error parsing format: template: :1:2: executing "" at <.Nosuch>: '
        "can't evaluate field Nosuch in type *events.Message",
        64,
    ),
    "events that end before they begin": Wrong(
        "events --since 2 --until 1", "Error response from daemon: `since` time (2) cannot be after `until` time (1)"
    ),
}


def everything(cli: Cli) -> object:
    """Return all that a store holds: its dump, its journal, and the number of its changes."""
    with cli.store as store:
        assert store.check() == []
        return store.snapshot(NOW), store.raw(), store.header(), list(store.events())


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_one_sentence(cli: Cli, wrong: Wrong, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One sentence on stderr, a hint below it at most, nothing on stdout, and the store as it was."""
    before = everything(cli)
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        for name, value in wrong.environment.items():
            patch.setenv(name, value)
        ran = cli(*wrong.argv.split(" "))

    assert (ran.code, ran.out) == (wrong.code, "")
    assert ran.err == wrong.err
    assert everything(cli) == before


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--reserved-space 10XB", "invalid argument \"10XB\" for \"--reserved-space\" flag: invalid suffix: 'xb'"),
        ("--max-used-space -1", "invalid argument \"-1\" for \"--max-used-space\" flag: invalid size: '-1'"),
        ("--min-free-space ten", "invalid argument \"ten\" for \"--min-free-space\" flag: invalid size: 'ten'"),
        ("--nosuch", "unknown flag: --nosuch"),
        ("--force=perhaps", 'invalid argument "perhaps" for "-f, --force" flag: '
         'strconv.ParseBool: parsing "perhaps": invalid syntax'),
    ],
)  # fmt: skip
def test_a_malformed_flag(cli: Cli, flag: str, says: str) -> None:
    """A malformed flag gets its sentence, and then the usage; the exit status is 125."""
    before = everything(cli)
    ran = cli("builder", "prune", "-f", *flag.split())
    usage = "\n\nUsage:  prunecli builder prune\n\nRun 'prunecli builder prune --help' for more information\n"
    assert ran == (125, "", says + usage)
    assert everything(cli) == before


# Dumps


def _cut(text: str) -> str:
    return text[: len(text) // 2]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        pytest.param(_cut, "is cut short at byte", id="cut in half"),
        pytest.param(lambda t: t + "}", "is not JSON at line 2, column 1", id="with more after its end"),
        pytest.param(lambda _: "[" * 100_000, "is nested too deeply", id="nested too deeply"),
        pytest.param(lambda _: "", "is empty", id="empty"),
        pytest.param(lambda _: "[]", "is a list", id="a list"),
        pytest.param(lambda _: "null", "is null", id="null"),
        pytest.param(lambda _: '"x"', "is a text", id="a text"),
        pytest.param(lambda _: "no JSON", "is not JSON at line 1, column 1", id="no JSON"),
        pytest.param(lambda t: t.replace("dump/v1", "dump/v2"), 'has the format "engine-dump/v2"', id="another format"),
        pytest.param(lambda t: t.replace('"containers"', '"others"'), "containers is missing", id="without containers"),
        pytest.param(lambda t: t.replace('"Created":"', '"Created":"x'), "Created", id="a date that is none"),
        pytest.param(lambda t: t.replace('"Size":52428800', '"Size":"much"'), "Size", id="a size that is none"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_dump(cli: Cli, tmp_path: Path, edit: Callable[[str], str], says: str) -> None:
    """A file that is no dump, or half of one, is refused by its name and what is wrong; the store stays as it was."""
    before = everything(cli)
    dump = tmp_path / "dump.json"
    dump.write_text(edit(cli("state", "export").out))

    ran = cli("state", "import", str(dump))
    assert (ran.code, ran.out) == (1, "")
    (line,) = ran.err.splitlines()
    assert line.startswith(str(dump))
    assert says in line
    assert everything(cli) == before


# Stores


def _newer(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()


def _foreign(path: Path) -> None:
    path.unlink()
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE recipes (name)")
    db.commit()
    db.close()


def _cut_store(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


STORES: dict[str, tuple[Callable[[Path], object], str]] = {
    "from a newer schema": (_newer, "is from a newer prunecli (schema 99, this one reads 2): update prunecli"),
    "of another program": (_foreign, "is not a prunecli state store: it is a SQLite database of another program"),
    "cut in half": (_cut_store, "is damaged: database disk image is malformed"),
    "a directory": (_directory, "is a directory, not a state store"),
    "a text": (lambda p: p.write_text("hello\n" * 100), "is not a prunecli state store: its header is not SQLite's"),
    "a short text": (lambda p: p.write_text("hello"), "is not a prunecli state store: its header is not SQLite's"),
}


@pytest.mark.parametrize("command", ["system prune -f", "events --since 0 --until 1", "state export", "state demo"])
@pytest.mark.parametrize(("spoil", "says"), STORES.values(), ids=STORES.keys())
def test_a_file_that_is_no_store(cli: Cli, spoil: Callable[[Path], object], says: str, command: str) -> None:
    """A file that is no store, or not one for us, is named and left alone, to the byte."""
    with cli.store as store:
        store.check()
    for beside in ("-wal", "-shm"):
        Path(f"{cli.path}{beside}").unlink(missing_ok=True)
    spoil(cli.path)
    before = cli.path.read_bytes() if cli.path.is_file() else None

    assert cli(*command.split()) == (1, "", f"{cli.path} {says}\n")
    assert (cli.path.read_bytes() if cli.path.is_file() else None) == before


def test_no_store_at_all(cli: Cli, tmp_path: Path) -> None:
    """What reads a store that is not there says so; nothing is made."""
    nowhere = tmp_path / "no" / "where.db"
    ran = cli("--store", str(nowhere), "state", "export")
    assert ran == (1, "", f"{nowhere} does not exist: there is no state store yet\n")
    assert cli("--store", str(nowhere), "system", "prune", "--dry-run") == ran
    assert not (tmp_path / "no").exists()


def test_a_file_in_the_way(cli: Cli, tmp_path: Path) -> None:
    """A store below something that is no directory cannot be made, and that is all that is said."""
    below = cli.path / "state.db"
    ran = cli("--store", str(below), "system", "prune", "-f")
    assert ran == (1, "", f"{below} cannot be opened: not a directory\n")


# Configuration


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"pruneFilters": ["label!=keep"', "cannot be read, and may hold filters that protect something: "),
        ('{"pruneFilters": "label!=keep"}', "pruneFilters must be a list of texts such as label!=keep"),
        ('{"pruneFilters": [1]}', "pruneFilters must be a list of texts such as label!=keep"),
        ("\x00", "cannot be read, and may hold filters that protect something: "),
        ("[" * 100_000, "cannot be read, and may hold filters that protect something: "),
    ],
    ids=["cut", "a text for a list", "a number for a filter", "no text", "nested too deeply"],
)
def test_a_malformed_configuration(cli: Cli, tmp_path: Path, text: str, says: str) -> None:
    """Filters that cannot be read may protect something: nothing is pruned without them."""
    before = everything(cli)
    config = tmp_path / "docker" / "config.json"
    config.parent.mkdir()
    config.write_text(text)

    ran = cli("system", "prune", "-f")
    assert (ran.code, ran.out) == (1, "")
    (line,) = ran.err.splitlines()
    assert line.startswith(str(config))
    assert says in line
    assert everything(cli) == before


# Names from outside


def test_names_cannot_speak_to_a_terminal(cli: Cli) -> None:
    """Escape sequences in names, labels and flags are spelt out wherever they are shown."""
    evil = "a\x1b[2J\x9b31m\u202eb\r"
    spelt = "a\\x1b[2J\\x9b31m\\u202eb\\r".replace("\\r", "\\x0d")
    for how in (["network", evil], ["volume", evil], ["cache", evil, "--description", evil], ["image", evil]):
        assert cli("state", "add", *how) == (0, "", "")
    assert cli("state", "add", "container", evil, "--state", "exited", "--label", f"{evil}={evil}") == (0, "", "")

    runs = [
        cli("state", "add", "network", evil),
        cli("system", "prune", "-f", "--filter", f"label!={evil}"),
        cli("system", "prune", "--filter", f"label!={evil}"),
        cli("volume", "prune", "-af"),
        cli("image", "prune", "-af"),
        cli("system", "df", "-v"),
        cli("container", "prune", "--filter", evil),
        cli("container", "prune", "-f", "--filter", f"{evil}=x"),
        cli("container", "prune", "-f", "--filter", f"until={evil}"),
        cli("container", "prune", f"--{evil}"),
        cli(evil),
        cli("state", "import", evil),
        cli("--store", f"/{evil}/x", "state", "check"),
        cli("--store", f"/{evil}/x", "system", "df"),
        cli("system", "prune", "--plan-out", str(cli.path.with_name(evil))),
    ]
    text = "".join(ran.out + ran.err for ran in runs)
    assert [c for c in text if not (c.isprintable() or c == "\n")] == []
    assert spelt in text
    assert all(ran.err or ran.out for ran in runs)


FORGED = "x\nTotal reclaimed space: 9TB\ny\u2028z"


@pytest.mark.parametrize(
    "argv",
    [
        [FORGED],
        ["help", FORGED],
        ["system", FORGED],
        ["system", "prune", f"--{FORGED}"],
        ["system", "prune", f"-{FORGED}"],
        ["system", "prune", f"--force={FORGED}"],
        ["system", "prune", "-f", "--filter", FORGED],
        ["system", "prune", "-f", "--filter", f"{FORGED}=1"],
        ["system", "prune", "-f", "--filter", f"until={FORGED}"],
        ["system", "prune", "-f", f"--explain={FORGED}"],
        ["system", "prune", "-f", "--format", FORGED],
        ["system", "prune", "--plan-out", f"/nowhere/{FORGED}"],
        ["system", "df", "--format", "{{" + FORGED],
        ["builder", "prune", "-f", "--reserved-space", FORGED],
        ["builder", "du", "--filter", FORGED],
        ["events", "--since", FORGED],
        ["events", "--format", "{{" + FORGED],
        ["apply", FORGED],
        ["gc", "policy", "--config", FORGED],
        ["state", "import", FORGED],
        ["state", "add", "volume", "a", "--created", FORGED],
        ["--store", f"/nowhere/{FORGED}", "state", "check"],
        ["--log-level", FORGED, "system", "df"],
        ["--api-version", FORGED, "system", "prune", "-f"],
        ["-H", FORGED, "system", "df"],
        ["--context", FORGED, "system", "df"],
    ],
    ids=lambda argv: " ".join(argv).replace(FORGED, "VALUE"),
)
def test_no_value_adds_a_line(cli: Cli, argv: list[str]) -> None:
    """A line break in a value is spelt out: no line of an error is a value's own."""
    ran = cli(*argv)
    assert ran.code != 0
    assert ran.err
    assert not [line for line in ran.err.lower().splitlines() if line.startswith(("total", "y", "z"))]


def test_events_cannot_speak_to_a_terminal(cli: Cli) -> None:
    """Names in events are spelt out by templates too; in JSON they are escaped, and read as what they were."""
    evil = "a\x1b[2J\x9b31m\u202e\U000e0041\nb"
    assert cli("state", "add", "network", evil).code == 0
    assert cli("network", "prune", "-f").code == 0
    of_the_network = ["events", "--since", "0", "--until", str(NOW // 10**9 + 1), "--filter", "event=destroy"]
    shown = [cli(*of_the_network, *how).out for how in ([], ["--format", "{{.Actor.Attributes.name}}"])]
    assert all("a\\x1b[2J\\x9b31m\\u202e\\U000e0041\\x0ab" in line for line in shown)
    documents = [cli(*of_the_network, "--format", how).out for how in ("json", "{{json .}}")]
    assert all(text.isprintable() for text in "".join([*shown, *documents]).splitlines())
    names = [json.loads(line)["Actor"]["Attributes"]["name"] for line in "".join(documents).splitlines()]
    assert evil in names


# Streams


def child(
    store: Path, *argv: str, stdout: int | IO[str] = subprocess.PIPE, prepare: Callable[[], object] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own; `prepare` is done in it before the command begins."""
    return subprocess.run(
        [sys.executable, "-m", "prunecli", *argv],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=WAIT,
        env=os.environ | {"PRUNECLI_STORE": str(store), "PRUNECLI_NOW": str(NOW // 10**9)},
        check=False,
        preexec_fn=prepare,
    )


def closing(fd: int) -> Callable[[], None]:
    """Return what closes a stream in a child."""
    return lambda: os.close(fd)


def test_stdout_is_a_pipe_that_nobody_reads(cli: Cli) -> None:
    """A prune whose report nobody can read does not begin."""
    before = everything(cli)
    reading, writing = os.pipe()
    os.close(reading)
    ran = child(cli.path, "system", "prune", "-af", "--volumes", stdout=writing)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, "nobody reads stdout any more: nothing was removed\n")
    assert everything(cli) == before


def test_stdout_is_closed(cli: Cli) -> None:
    """The same holds for a stdout that is closed, and everything else that has something to say fails in words too."""
    before = everything(cli)
    ran = child(cli.path, "system", "prune", "-f", prepare=closing(1))
    says = "stdout is closed, so nobody would learn what was removed: nothing was removed\n"
    assert (ran.returncode, ran.stderr) == (1, says)
    for argv in (["state", "export"], ["system", "df"], ["system", "prune"], ["system", "prune", "--help"]):
        ran = child(cli.path, *argv, prepare=closing(1))
        said = f"On the state store {cli.path}\n" if argv == ["system", "prune"] else ""
        assert (ran.returncode, ran.stderr) == (1, f"{said}stdout is closed: there is nowhere to write to\n"), argv
    assert everything(cli) == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("argv", ["system prune -f", "system prune", "state export", "builder prune --help"])
def test_stdout_is_full(cli: Cli, argv: str) -> None:
    """A full disk below stdout is named, and nothing is removed."""
    before = everything(cli)
    with open("/dev/full", "w") as full:
        ran = child(cli.path, *argv.split(), stdout=full)
    says = (
        "stdout takes no more, its disk is full: nothing was removed"
        if "-f" in argv
        else "stdout: No space left on device"
    )
    world = f"On the state store {cli.path}\n" if argv == "system prune" else ""
    assert (ran.returncode, ran.stderr) == (1, f"{world}{says}\n")
    assert everything(cli) == before


def test_stderr_is_closed(cli: Cli) -> None:
    """What is meant for stderr does not turn up on stdout when stderr is closed."""
    ran = child(cli.path, "container", "prune", "--dry-run", prepare=closing(2))
    assert ran.returncode == 0
    assert ran.stdout == cli("container", "prune", "--dry-run").out
    wrong = child(cli.path, "container", "prune", "--nosuch", prepare=closing(2))
    assert (wrong.returncode, wrong.stdout) == (125, "")


def test_stdin_is_closed(cli: Cli) -> None:
    """Without a stdin the answer is no."""
    before = everything(cli)
    ran = child(cli.path, "container", "prune", prepare=closing(0))
    assert (ran.returncode, ran.stderr) == (0, f"On the state store {cli.path}\n")
    assert ran.stdout.endswith("[y/N] ")
    assert everything(cli) == before


@pytest.mark.parametrize("command", [["state", "import", "-"], ["gc", "policy", "--config", "-"]])
def test_reading_from_a_closed_stdin(cli: Cli, command: list[str]) -> None:
    """A file that is to come from stdin does not come from a closed one: one sentence, and all stays as it was."""
    before = everything(cli)
    ran = child(cli.path, *command, prepare=closing(0))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "stdin is closed: there is nothing to read\n"
    assert everything(cli) == before


# Permissions


def obedient() -> None:
    """Give up root's right to pass over permissions, for the program that this process becomes."""
    if os.geteuid() == 0:
        prctl = ctypes.CDLL(None).prctl
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            assert prctl(24, capability, 0, 0, 0) == 0  # PR_CAPBSET_DROP


def test_a_folder_without_write_permission(cli: Cli) -> None:
    """A store that may only be read answers questions, and refuses changes in one sentence."""
    before = everything(cli)
    files = list(cli.path.parent.glob("state.db*"))
    for file in files:
        file.chmod(0o444)
    cli.path.parent.chmod(0o555)
    try:
        ran = child(cli.path, "system", "prune", "-f", prepare=obedient)
        asked = child(cli.path, "system", "prune", "--dry-run", prepare=obedient)
        new = child(cli.path.with_name("new.db"), "state", "demo", prepare=obedient)
    finally:
        cli.path.parent.chmod(0o755)
    says = f"{cli.path} cannot be changed: the file or its directory is read-only\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", says)
    assert (asked.returncode, asked.stderr) == (0, "prunecli: dry run, nothing was removed\n")
    assert (new.returncode, new.stdout) == (1, "")
    assert len(new.stderr.splitlines()) == 1
    for file in files:
        file.chmod(0o644)
    assert everything(cli) == before


def test_a_store_that_may_not_be_read(cli: Cli) -> None:
    """A store of somebody else says so in one sentence."""
    cli.path.chmod(0)
    ran = child(cli.path, "system", "prune", "-f", prepare=obedient)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", f"{cli.path} cannot be opened: permission denied\n")


def test_the_example_is_what_these_tests_begin_with(cli: Cli) -> None:
    """The store of these tests holds the example, so that every prune above would have found something."""
    assert len(json.loads(cli("system", "prune", "--dry-run", "--format", "json").out)) > 0
    assert cli("system", "prune", "-af", "--volumes", "--dry-run", "--exit-code").code == 10
    assert cli.world().containers == example_world(NOW).containers


# Limits


def at_most(files: int) -> Callable[[], None]:
    """Return what leaves a child so many open files."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


@pytest.mark.parametrize(
    "argv",
    ["system prune -af", "state export", "system df", "events --since 0 --until 1", "system prune --plan-out plan"],
)
def test_too_few_files(cli: Cli, argv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has too few files is told so, whichever file it is, and of nothing else; nothing is removed for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    before = everything(cli)
    told = []
    for files in range(5, 12):
        ran = child(cli.path, *argv.split(), prepare=at_most(files))
        if "site module" in ran.stderr:  # the interpreter itself has too few
            continue
        if ran.returncode == 0:
            break
        told.append(ran.stderr)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert everything(cli) == before
    assert [text for text in told if not re.search("(too many open files|Too many open files).*\n$", text)] == []
    assert [text for text in told if len(text.splitlines()) != 1] == []


@pytest.mark.parametrize("beside", ["-wal", "-journal"])
def test_something_in_the_way(cli: Cli, beside: str, tmp_path: Path) -> None:
    """What stands where SQLite puts its files is named."""
    path = tmp_path / "copy.db"
    with cli.store as store:
        store.check()
    path.write_bytes(cli.path.read_bytes())
    Path(f"{path}{beside}").mkdir()
    ran = cli("--store", str(path), "volume", "prune", "-af")
    assert ran.code == 1
    assert ran.err.endswith(f": {path}{beside} is in the way, which is no regular file\n")


def test_stderr_is_full(cli: Cli) -> None:
    """A stderr that takes nothing changes neither the report nor the exit status."""
    for argv in (["container", "prune", "--dry-run"], ["--nosuch"], ["volume", "prune", "-af"]):
        expected = child(cli.path, *argv, "--dry-run") if argv[-1] == "-af" else child(cli.path, *argv)
        with open("/dev/full", "w") as full:
            ran = child(cli.path, *argv, prepare=lambda: os.dup2(full.fileno(), 2))
        assert (ran.returncode, ran.stdout) == (expected.returncode, expected.stdout)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "out of memory: what was read is too large for this machine or its limits"),
        (RecursionError(), "something that was read is nested too deeply"),
        (
            OSError(24, "Too many open files"),
            "too many open files: raise the limit (ulimit -n), or close what holds them",
        ),
        (FileNotFoundError(2, "No such file or directory"), "the current folder was removed: go to another one"),
        (OSError(5, "Input/output error", "some\nthing"), "some\\x0athing cannot be used: input/output error"),
        (BrokenPipeError(32, "Broken pipe"), "a connection was closed before everything was written to it"),
    ],
    ids=["memory", "nesting", "files", "a folder", "a file", "a pipe"],
)
def test_what_nobody_foresaw(cli: Cli, error: Exception, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system refuses in a place without words of its own is one sentence too, and is not blamed on stdout."""

    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("prunecli.cli.session.Session.open_store", fails)
    assert cli("state", "check") == (1, "", f"{says}\n")
