"""Completion scripts and the fast path behind them: no process for fixed words, silence in trouble, nothing stale."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import click
import pytest

from prunecli.cli.main import root, run
from prunecli.cli.pflag import Flag, Text
from prunecli.cli.tree import command_tree
from prunecli.complete import find_names
from prunecli.completion import values
from prunecli.completion.tree import Command
from prunecli.errors import FilterError
from prunecli.filters import Filters
from prunecli.info import PruneRequest, make_infos
from prunecli.profile import DEFAULT_PROFILE
from prunecli.verdict import Kind
from tests import generate
from tests.conftest import NOW
from tests.console import environment
from tests.shells import SHELLS, shell
from tests.test_completion_shells import SCRIPTS

ROOT = Path(__file__).parent.parent
TREE = command_tree()


def test_scripts_are_fresh() -> None:
    """The checked-in scripts are those that the program makes now; if not, run `python -m tests.generate`."""
    for path, text in generate.completions().items():
        assert path.read_text() == text, f"{path.name} is stale"


@pytest.mark.parametrize("name", list(SCRIPTS))
def test_the_command_prints_the_script(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`prunecli completion SHELL` prints what is checked in."""
    assert run(["completion", name]) == 0
    assert capsys.readouterr().out == (ROOT / "completions" / SCRIPTS[name]).read_text()


def options() -> Iterator[tuple[Command, str, str]]:
    """Yield every option that takes a value, with its command and the word for the value."""
    for command in TREE.walk():
        for option in command.options:
            if option.metavar:
                yield command, option.long, option.metavar


@pytest.mark.parametrize(
    ("command", "option", "metavar"), [pytest.param(*row, id=f"{row[0].name} {row[1]}") for row in options()]
)
def test_somebody_thought_of_it(command: Command, option: str, metavar: str) -> None:
    """Each option that takes a value has a source, or is known to have none."""
    assert values.source_of(command.name, option, metavar) is not None


def flag_of(path: tuple[str, ...], long: str) -> Flag:
    """Return Click's own option."""
    command: click.Command = root
    for word in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found
        command = found
    return next(p for p in command.params if isinstance(p, Flag) and p.long == long)


@pytest.mark.parametrize(
    ("command", "option"),
    [
        pytest.param(command, o.long, id=f"{command.name} {o.long}")
        for command in TREE.walk()
        for o in command.options
        if o.values.startswith("words") and o.long != "--host"
    ],
)
def test_fixed_words_are_accepted(command: Command, option: str) -> None:
    """What is offered as a fixed value is one that the option takes."""
    flag = flag_of(command.path, option)
    known = command.option(option)
    assert known
    assert isinstance(flag.type, Text)
    for word in known.values.split()[1:]:
        if flag.type.check:
            flag.type.check(word)


KINDS = {
    "system prune": tuple(k for k in Kind if k is not Kind.VOLUME),
    "container prune": (Kind.CONTAINER,),
    "network prune": (Kind.NETWORK,),
    "volume prune": (Kind.VOLUME,),
    "image prune": (Kind.IMAGE,),
    "builder prune": (Kind.BUILD_CACHE,),
}


@pytest.mark.parametrize("command", list(KINDS))
def test_filter_keys_are_accepted(command: str) -> None:
    """Every filter key that is offered for a prune is one that all its kinds take."""
    for key in values.FILTERS[command]:
        value = "24h" if key in ("until", "unused-for") else "1"
        make_infos(PruneRequest(KINDS[command], filters=Filters.from_flags([f"{key}={value}"])), DEFAULT_PROFILE, NOW)


@pytest.mark.parametrize("command", list(KINDS))
def test_no_filter_key_is_missing(command: str) -> None:
    """A key of any command that a prune takes, and is not offered, is one that its own flags decide."""
    every = {key for keys in values.FILTERS.values() for key in keys} | {"dangling"}
    for key in every - values.FILTERS[command].keys() - {"dangling"}:
        with pytest.raises(FilterError):
            make_infos(PruneRequest(KINDS[command], filters=Filters.from_flags([f"{key}=1"])), DEFAULT_PROFILE, NOW)


# No process for fixed words

FIXED = (
    "prunecli ",
    "prunecli system prune --",
    "prunecli builder prune --filter ",
    "prunecli builder prune --filter type=",
    "prunecli events --filter=event=pr",
    "prunecli builder prune --reserved-space 10",
    "prunecli --log-level ",
)
_STARTED = re.compile(r"\b(execve|fork|vfork|clone3?)\(")


def traced(name: str, folder: Path, env: dict[str, str], lines: tuple[str, ...]) -> list[str]:
    """Return the processes that an interactive shell started to complete these lines, as strace saw them."""
    log = folder / "trace"
    strace = shutil.which("strace")
    assert strace
    under = (strace, "-f", "-qq", "-e", "trace=execve,fork,vfork,clone,clone3", "-o", str(log))
    script = ROOT / "completions" / SCRIPTS[name]
    with shell(name, script, env, folder, under=under) as opened:
        opened.offers("prunecli ")  # whatever a shell loads once
        before = log.read_text().count("\n")
        for line in lines:
            assert opened.offers(line)
        rows = log.read_text().splitlines()[before:]
    return [row for row in rows if _STARTED.search(row) and "CLONE_THREAD" not in row]


def can_trace() -> bool:
    """Say whether strace is there and allowed."""
    strace = shutil.which("strace")
    if not strace:
        return False
    return subprocess.run([strace, "-qq", "true"], capture_output=True, check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("name", list(SHELLS))
def test_fixed_words_start_no_process(name: str, tmp_path: Path) -> None:
    """Commands, options, filter keys and fixed values are completed without a single fork; names need one."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    if not can_trace():
        pytest.skip("strace is not installed, or may not trace here")

    env = environment(tmp_path)
    subprocess.run(["prunecli", "state", "demo"], env=env, check=True, timeout=60)

    assert traced(name, tmp_path, env, FIXED) == []
    assert any("execve" in row for row in traced(name, tmp_path, env, ("prunecli events --filter volume=v",)))


def test_a_user_may_break_words_elsewhere(tmp_path: Path) -> None:
    """bash without `=` and `:` among its word breaks gets whole words."""
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    env = environment(tmp_path)
    subprocess.run(["prunecli", "state", "demo"], env=env, check=True, timeout=60)
    (tmp_path / "plan-one.json").touch()
    with shell("bash", ROOT / "completions" / "prunecli.bash", env, tmp_path, breaks=" \\t\\n\"\\'><;|&(") as opened:
        assert opened.offers("prunecli builder prune --filter=type=re") == ["--filter=type=regular"]
        assert opened.completed("prunecli events --filter im\ta\t") == "prunecli events --filter image=alpine:3.20 "
        assert opened.completed("prunecli gc policy --config=plan\t") == "prunecli gc policy --config=plan-one.json"


@pytest.mark.parametrize("name", list(SHELLS))
def test_names_are_data(name: str, tmp_path: Path) -> None:
    """A label that reads like a command is never run, and one with control characters is never shown."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    env = environment(tmp_path)
    for label in ("run=$(touch pwned)`touch pwned`;touch pwned", "bell=\x1b]0;x\x07", "run=plain"):
        words = ["prunecli", "state", "add", "volume", f"v{len(label)}", "--label", label]
        subprocess.run(words, env=env, cwd=tmp_path, check=True, timeout=60)
    with shell(name, ROOT / "completions" / SCRIPTS[name], env, tmp_path) as opened:
        opened.offers("prunecli volume prune --filter label=run=")
        assert not [word for word in opened.offers("prunecli volume prune --filter label=b") if "\x1b" in word]
        assert opened.completed("prunecli volume prune --filter label=run=p\t").endswith("run=plain ")
        opened.completed("prunecli volume prune --filter label=run=$\t\t")

    assert not (tmp_path / "pwned").exists()


# Silence in trouble


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the whole store for oneself."""
    run(["--store", str(path), "state", "demo"])
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def text(path: Path) -> Iterator[None]:
    """Have a file that is no store."""
    path.write_text("not a store\n" * 100)
    yield


@contextmanager
def somebody_elses(path: Path) -> Iterator[None]:
    """Have the database of another program."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE volumes (id)")
    yield


@contextmanager
def a_pipe(path: Path) -> Iterator[None]:
    """Have a pipe that nobody writes to."""
    os.mkfifo(path)
    yield


@contextmanager
def a_folder(path: Path) -> Iterator[None]:
    """Have a folder in its place."""
    path.mkdir()
    yield


@contextmanager
def nothing(path: Path) -> Iterator[None]:
    """Have nothing at all."""
    assert not path.exists()
    yield


@contextmanager
def cut_short(path: Path) -> Iterator[None]:
    """Have a store of which half is missing."""
    run(["--store", str(path), "state", "demo"])
    with suppress(FileNotFoundError):
        Path(f"{path}-wal").unlink()
    os.truncate(path, path.stat().st_size // 2)
    yield


TROUBLES = [locked, text, somebody_elses, a_pipe, a_folder, nothing, cut_short]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("what", ["volume", "image,image.id", "container.label", "build-cache", "no-such-kind", ""])
def test_trouble_is_silent(trouble: Callable[[Path], object], what: str, tmp_path: Path) -> None:
    """Whatever is wrong with the store: no error, no waiting, exit 0, and no store is made."""
    path = tmp_path / "state.db"
    with trouble(path):  # type: ignore[attr-defined] # each is a context manager
        there = path.exists()
        ran = subprocess.run(
            [sys.executable, "-m", "prunecli", "__complete-names", what, "x", str(path)],
            capture_output=True,
            env=dict(os.environ) | {"PYTHONPATH": str(ROOT)},
            timeout=20,
            check=False,
        )

        assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
        assert path.exists() == there


def test_a_closed_stdout_is_silent(tmp_path: Path) -> None:
    """A shell that hangs up while names are written hears nothing either."""
    run(["--store", str(tmp_path / "state.db"), "state", "demo"])
    words = [sys.executable, "-m", "prunecli", "__complete-names", "volume", "", str(tmp_path / "state.db")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as ran:
        assert ran.stdout
        assert ran.stderr
        ran.stdout.close()
        assert ran.stderr.read() == b""
        assert ran.wait(60) == 0


def test_names_while_others_write(tmp_path: Path) -> None:
    """A prune at work does not keep names from a prompt."""
    path = tmp_path / "state.db"
    run(["--store", str(path), "state", "demo"])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM volumes")

        assert find_names("volume", "v", str(path)) == ["volume_bar", "volume_foo"]


def test_names_load_little() -> None:
    """The fast path loads neither click nor json nor pathlib, and nothing of ours but itself."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "prunecli", "__complete-names", "volume"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    ours = {name for name in loaded if name.startswith("prunecli")}

    assert not loaded & {"click", "json", "pathlib", "typing", "dataclasses", "datetime"}
    assert ours <= {"prunecli", "prunecli.complete", "prunecli.places", "prunecli.uri", "prunecli.__main__"}


@pytest.mark.parametrize(
    ("what", "prefix", "names"),
    [
        pytest.param("volume", "web", ["web-data"], id="names begin with the prefix"),
        pytest.param("image", "", ["alpine:3.20", "image_foo:latest", "nginx:1.27"], id="images have tags"),
        pytest.param("container.id", "", [], id="nobody picks an id from a list"),
        pytest.param("network,volume", "n", ["network_bar", "network_baz", "network_foo", "none"], id="several kinds"),
        pytest.param(
            "container.label,volume.label",
            "com.",
            ["com.docker.volume.anonymous", "com.example.service", "com.example.service=shop"],
            id="labels with and without their values",
        ),
        pytest.param("context", "d", ["default"], id="contexts"),
    ],
)
def test_names(what: str, prefix: str, names: list[str], tmp_path: Path) -> None:
    """The store is asked for exactly what can stand there."""
    path = str(tmp_path / "state.db")
    run(["--store", path, "state", "demo"])

    assert find_names(what, prefix, path) == names


@pytest.mark.parametrize("kind", ["container", "network", "image"])
def test_ids(kind: str, tmp_path: Path) -> None:
    """An id whose beginning was typed is completed: to what tables show, and whole when more was typed."""
    path = str(tmp_path / "state.db")
    run(["--store", path, "state", "demo"])
    begin = "sha256:" if kind == "image" else ""
    whole = [name for digit in "0123456789abcdef" for name in find_names(f"{kind}.id", begin + digit, path)]

    assert whole
    for name in whole:
        assert len(name) == (71 if kind == "image" else 12)
        assert len(find_names(f"{kind}.id", name, path)) == 1


def test_contexts(tmp_path: Path) -> None:
    """Contexts come from Docker's configuration; a broken one hides no other."""
    for number, text in enumerate(('{"Name":"far"}', "{")):
        folder = tmp_path / "docker" / "contexts" / "meta" / str(number)
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text(text)

    assert find_names("context", "", "") == ["default", "far"]


def test_many_at_once(tmp_path: Path) -> None:
    """Several terminals may ask at the same time."""
    path = str(tmp_path / "state.db")
    run(["--store", path, "state", "demo"])
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(find_names("volume", "v", path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [["volume_bar", "volume_foo"]] * 8
