"""The same commands on a real terminal: prompt, `?`, explanation, progress, Ctrl-C, narrow screens, hostile names."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from prunecli.backends.store import Store
from prunecli.example import example_world
from prunecli.kinds.container import Container
from prunecli.kinds.volume import Volume
from prunecli.snapshot import Snapshot
from prunecli.tables import display_width
from prunecli.units import HOUR

from .cli_runs import changed
from .terminals import Terminal, environment, plain, prunecli, slowed

QUESTION = "Are you sure you want to continue? [y/N] "
NOW = time.time_ns()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store that holds the example."""
    path = tmp_path / "state.db"
    load(path, example_world(NOW))
    return path


def load(path: Path, world: Snapshot) -> None:
    """Put a world into a store."""
    with Store.open(path) as store:
        store.replace(world, {}, {})


def world_of(path: Path) -> Snapshot:
    """Photograph a store."""
    with Store.open(path) as store:
        return store.snapshot(NOW)


def many(number: int) -> Snapshot:
    """Return a world of many stopped containers."""
    containers = (
        Container(f"c{n:04}", f"c{n:04}", "i", "", "exited", False, NOW - HOUR, size=1) for n in range(number)
    )
    return Snapshot(NOW, containers=tuple(containers))


def test_a_person_sees_what_would_go(store: Path) -> None:
    """After Docker's warning: counts and bytes, the largest; a ? lists all and asks again; then a yes is a yes."""
    with Terminal(prunecli("system", "prune", "-a"), environment(store)) as terminal:
        asked = terminal.read_until(QUESTION)
        assert asked.startswith(f"On the state store {store}\nWARNING! This will remove:\n  - all stopped containers\n")
        assert "\n89.73MB would come back:\n  3 containers           15.73MB\n  3 networks\n" in asked
        assert "\nThe largest:\n  52.43MB  build cache record mount / from exec" in asked
        terminal.type("?\n")
        listed = terminal.read_until(QUESTION)
        assert "  container_foo (0a3501b8292d), 5.243MB: exited, created 30 hours ago\n" in listed
        terminal.type("y\n")
        assert terminal.end() == 0
    assert terminal.seen.endswith("Total reclaimed space: 89.73MB\n")
    assert [c.name for c in world_of(store).containers] == ["web"]


PAGER = "sh -c 'echo THE PAGER; cat; exit 0'"


@pytest.mark.parametrize(
    ("pager", "number", "paged"),
    [
        pytest.param(PAGER, 30, True, id="what does not fit"),
        pytest.param(PAGER, 5, False, id="what fits"),
        pytest.param("", 30, False, id="no pager"),
        pytest.param("nosuch-pager", 30, False, id="a pager that is not there"),
        pytest.param("sh -c 'exit 3'", 30, False, id="a pager that fails"),
        pytest.param("'", 30, False, id="a pager that cannot be read"),
    ],
)
def test_a_pager_for_long_lists(tmp_path: Path, pager: str, number: int, paged: bool) -> None:
    """A `?` whose answer does not fit the terminal is shown by $PAGER, plain where that fails; then the question."""
    path = tmp_path / "state.db"
    load(path, many(number))
    with Terminal(prunecli("container", "prune"), environment(path, PAGER=pager)) as terminal:
        terminal.read_until(QUESTION)
        terminal.type("?\n")
        listed = terminal.read_until(QUESTION)
        assert ("THE PAGER\n" in listed) == paged
        assert listed.count(" hour ago\n") == number
        terminal.type("n\n")
        assert terminal.end() == 0
    assert len(world_of(path).containers) == number


@pytest.mark.parametrize(
    ("flags", "paged"),
    [(["--dry-run"], True), (["--dry-run", "--force"], True), (["--force"], False), ([], True)],
    ids=["a dry run", "a forced dry run", "a forced run", "before the question"],
)
def test_a_pager_for_explanations(tmp_path: Path, flags: list[str], paged: bool) -> None:
    """An explanation that does not fit is paged for who only looks, or is asked; a forced run waits for nobody."""
    path = tmp_path / "state.db"
    load(path, many(30))
    command = prunecli("container", "prune", "--explain", *flags)
    with Terminal(command, environment(path, PAGER=PAGER)) as terminal:
        if not flags:
            terminal.read_until(QUESTION)
            terminal.type("n\n")
        assert terminal.end() == 0
    seen = plain(terminal.seen)
    assert ("THE PAGER\n" in seen) == paged
    assert len(re.findall(r"remove +c00", seen)) == 30


def test_ctrl_c_in_a_pager(tmp_path: Path) -> None:
    """Ctrl-C belongs to the pager while it shows; afterwards the question stands, and nothing was removed."""
    path = tmp_path / "state.db"
    load(path, many(30))
    pager = "sh -c 'echo THE PAGER; sleep 60'"
    with Terminal(prunecli("container", "prune"), environment(path, PAGER=pager)) as terminal:
        terminal.read_until(QUESTION)
        terminal.type("?\n")
        terminal.read_until("THE PAGER")
        terminal.type("\x03")
        terminal.read_until(QUESTION)
        terminal.type("n\n")
        assert terminal.end() == 0
    assert len(world_of(path).containers) == 30


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04", "\x03"], ids=["no", "enter", "ctrl-d", "ctrl-c"])
def test_a_no_in_all_its_forms(store: Path, answer: str) -> None:
    """No, nothing, the end of input and Ctrl-C decline, with exit 0; Ctrl-C breaks the line."""
    with Terminal(prunecli("container", "prune"), environment(store)) as terminal:
        terminal.read_until(QUESTION)
        terminal.type(answer)
        assert terminal.end() == 0
    assert terminal.seen.partition(QUESTION)[2] in {"n\n": ("n\n",), "\x03": ("^C\n",)}.get(answer, ("", "\n"))
    assert len(world_of(store).containers) == 4


@pytest.mark.parametrize("columns", [40, 80])
def test_narrow_screens(store: Path, columns: int) -> None:
    """Neither preview nor explanation is wider than the terminal, at 40 columns and at 80."""
    command = ("builder", "prune", "--explain")
    with Terminal(prunecli(*command), environment(store), columns=columns) as terminal:
        terminal.read_until(QUESTION)
        terminal.type("n\n")
        terminal.end()
    lines = plain(terminal.seen).splitlines()
    ours = [line for line in lines if not line.startswith(("On the", "WARNING", "Are you", "Build cache records:"))]
    assert max(display_width(line) for line in ours) <= columns
    whole = re.sub(r"\s+", "", plain(terminal.seen))
    assert "lx3rqxsdy2nw" in whole
    assert "pulledfrom" in whole


@pytest.mark.parametrize("colour", [True, False], ids=["colours", "NO_COLOR"])
def test_colours(store: Path, colour: bool) -> None:
    """The table says in words what its colours say, and has none where nobody wants them."""
    more = {} if colour else {"NO_COLOR": "1"}
    with Terminal(prunecli("container", "prune", "--explain", "--dry-run"), environment(store, **more)) as terminal:
        assert terminal.end() == 0
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-7]m", terminal.seen)) == colour
    assert plain(terminal.seen).count("\n remove ") == 3


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("how", [["--explain", "--dry-run"], ["--explain=hostile", "--dry-run"], []], ids=str)
def test_hostile_names(tmp_path: Path, columns: int, how: list[str]) -> None:
    """Escape sequences and line breaks in names are spelt out; wide characters keep their columns."""
    names = ["hostile", "\x1b]0;owned\x07\x1b[2J", "line\nbreak\r", "\u6f22\u5b57\u6f22\u5b57", "[bold]markup[/bold]"]
    volumes = tuple(Volume(name, "local", NOW - HOUR, size=5) for name in names)
    load(tmp_path / "state.db", Snapshot(NOW, volumes=volumes))
    env = environment(tmp_path / "state.db")
    with Terminal(prunecli("volume", "prune", "-a", *how), env, columns=columns) as terminal:
        if not how:
            terminal.read_until(QUESTION)
            terminal.type("?\n")
            terminal.read_until(QUESTION)
            terminal.type("y\n")
        assert terminal.end() == 0
    assert "\x1b]" not in terminal.seen
    assert "\x1b[2J" not in terminal.seen
    assert "\x07" not in terminal.seen
    whole = re.sub(r"\s+", "", plain(terminal.seen))
    if how[:1] != ["--explain=hostile"]:
        for name in ("\\x1b]0;owned\\x07\\x1b[2J", "line\\x0abreak\\x0d", "\u6f22\u5b57\u6f22\u5b57"):
            assert name in whole
        assert "[bold]markup[/bold]" in whole


def test_a_bar_for_long_removals(tmp_path: Path) -> None:
    """While many objects go, a bar on the terminal counts them, and is gone when the report is there."""
    store = tmp_path / "state.db"
    load(store, many(200))
    with Terminal(slowed("container", "prune", "-f", pause=0.01), environment(store)) as terminal:
        assert re.search(r"Removing containers.*/200", plain(terminal.read_until("/200")))
        assert terminal.end() == 0
    assert "Removing" not in plain(terminal.seen).partition("Deleted Containers:")[2]
    assert plain(terminal.seen).endswith("Total reclaimed space: 200B\n")


def test_no_bar_beside_a_pipe(tmp_path: Path) -> None:
    """Where stderr is no terminal there is no bar."""
    store = tmp_path / "state.db"
    load(store, many(20))
    ran = subprocess.run(
        slowed("container", "prune", "-f"), env=environment(store), capture_output=True, check=True, timeout=60
    )
    assert ran.stderr == b""


def test_no_bar_for_half_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar appears once half a second has gone by, and not before."""
    from prunecli.cli import progress
    from prunecli.verdict import Kind

    now = [100.0]
    shown: list[float] = []
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(progress.Bar, "_show", lambda _bar: shown.append(now[0]))
    bar = progress.Bar(10)
    bar.begin(Kind.IMAGE)
    for later in (0.0, 0.2, 0.49):
        now[0] = 100.0 + later
        bar.advance()
    assert shown == []
    now[0] = 100.5
    bar.advance()
    assert shown == [100.5]


@pytest.mark.parametrize("how", ["ctrl-c", "SIGTERM", "json"])
def test_an_interrupt_ends_between_two_objects(tmp_path: Path, how: str) -> None:
    """Ctrl-C ends it after the object at hand: what went is committed, told, and printed; exit 130 or 143."""
    store = tmp_path / "state.db"
    load(store, replace(many(2000), volumes=(Volume("v", "local", NOW),)))
    form = ["--format", "json"] if how == "json" else []
    with Terminal(slowed("system", "prune", "-f", *form, pause=0.01), environment(store)) as terminal:
        terminal.read_until("Removing containers")
        if how == "SIGTERM":
            subprocess.run(["kill", "-TERM", str(terminal.pid)], check=True)
        else:
            terminal.type("\x03")
        assert terminal.end() == (128 + signal.SIGTERM if how == "SIGTERM" else 130)
    text = plain(terminal.seen)
    left = len(world_of(store).containers)
    went = 2000 - left
    assert 0 < went < 2000
    assert f"prunecli: interrupted: {went} of 2000 steps were carried out" in text
    with Store.open(store) as opened:
        events = list(opened.events(None, None))
    assert [(e.type, e.attributes) for e in events if e.action == "prune"] == [("container", {"reclaimed": str(went)})]
    if how == "json":
        assert f'"reclaimed":{went}}}' in text
    else:
        assert f"Total reclaimed space: {went}B\n" in text or "kB" in text
        assert len(re.findall(r"^c\d{4}$", text, re.M)) == went


def test_the_race_at_a_real_prompt(store: Path) -> None:
    """While the question stands, another process starts a planned container and stops another: neither goes."""
    with Terminal(prunecli("container", "prune"), environment(store)) as terminal:
        terminal.read_until(QUESTION)
        world = world_of(store)
        containers = changed(world.containers, "container_foo", state="running", running=True)
        load(store, replace(world, containers=changed(containers, "web", state="exited", running=False)))
        terminal.type("y\n")
        assert terminal.end() == 0
    assert {c.name for c in world_of(store).containers} == {"container_foo", "web"}
    assert "prunecli: container container_foo was kept: it was started after the plan was made\n" in terminal.seen


def test_a_wait_for_a_lock_can_be_ended(store: Path) -> None:
    """While another build cache prune is waited for, Ctrl-C ends the wait at once, and nothing has gone."""
    from prunecli.backends import locks
    from prunecli.verdict import Kind

    before = world_of(store)
    code = (
        "import sys\n"
        "from prunecli.backends import locks\n"
        "held = locks.held\n"
        "def told(*args):\n"
        "    print('waiting', file=sys.stderr, flush=True)\n"
        "    return held(*args)\n"
        "locks.held = told\n"
        "from prunecli.cli.main import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    argv = [prunecli()[0], "-c", code, "builder", "prune", "-f"]
    with locks.held(store, Kind.BUILD_CACHE), Terminal(argv, environment(store)) as terminal:
        terminal.read_until("waiting")
        terminal.type("\x03")
        assert terminal.end() == 130
    assert world_of(store) == before


def test_what_is_piped_has_no_terminal_in_it(store: Path) -> None:
    """With stdout in a pipe the explanation is plain text, whatever stderr is."""
    env = environment(store, FORCE_COLOR="1")
    ran = subprocess.run(
        prunecli("system", "prune", "--explain", "--dry-run"), env=env, capture_output=True, check=True, timeout=60
    )
    assert b"\x1b" not in ran.stdout
    assert b"keep      web" in ran.stdout


@pytest.mark.parametrize("command", ["system prune -f", "system prune --dry-run", "image prune --explain -f"])
def test_a_plain_prune_starts_light(store: Path, command: str) -> None:
    """No prune beside a pipe loads Rich, nor what only plan files and documents need."""
    code = (
        "import sys\n"
        "from prunecli.cli.main import run\n"
        "run(sys.argv[1:])\n"
        "heavy = {'rich', 'humanize', 'pytimeparse', 'docker', 'importlib.metadata', 'prunecli.planfile', 'tempfile'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    argv = [prunecli()[0], "-c", code, *command.split()]
    ran = subprocess.run(argv, env=environment(store), capture_output=True, check=True, text=True, timeout=60)
    assert ran.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize("how", [["--explain"], ["--force"]], ids=str)
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_no_locale_stops_a_report(tmp_path: Path, locale: str, how: list[str]) -> None:
    """Names of any script are written in UTF-8, as Docker does, also where the locale knows ASCII alone."""
    load(tmp_path / "state.db", Snapshot(NOW, volumes=(Volume("\u6f22\u5b57", "local", NOW),)))
    env = environment(tmp_path / "state.db", LC_ALL=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    ran = subprocess.run(
        prunecli("volume", "prune", "-a", *how), env=env, input=b"y\n", capture_output=True, check=True, timeout=60
    )
    assert "\nDeleted Volumes:\n\u6f22\u5b57\n\n" in "\n" + ran.stdout.decode().replace("[y/N] ", "\n")
    assert not world_of(tmp_path / "state.db").volumes
