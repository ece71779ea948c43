"""Which Docker is touched: named and never guessed, said before every question, and told in every document."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from prunecli.backends.engine import endpoint
from prunecli.backends.store import Store
from prunecli.cli.main import run
from prunecli.complete import answer, find_names
from prunecli.errors import PrunecliError
from prunecli.example import example_world
from prunecli.plugin import command_line
from prunecli.units import format_instant
from prunecli.worlds import Choice, Flags, Way, WorldName, choose, read_kept
from tests.cli_runs import Cli, cli
from tests.conftest import NOW
from tests.engine_stubs import VERSION, Asked, Said, Stub, stub
from tests.serving import serving
from tests.test_documents import check

__all__ = ["cli"]

NO_WORLD = (
    'there is no state store yet, and no Engine was named: "prunecli --engine ..." works on your Docker, '
    '"prunecli state demo" makes an example\n'
)
KEPT = Choice(Way.CONTEXT, "kept", "kept")


@pytest.mark.parametrize(
    ("flags", "environ", "kept", "way", "value"),
    [
        pytest.param(Flags(store="f"), {"PRUNECLI_WORLD": "engine"}, KEPT, Way.STORE, "f", id="a flag wins"),
        pytest.param(Flags(host="h"), {"PRUNECLI_STORE": "f"}, KEPT, Way.HOST, "h", id="a host wins over a store"),
        pytest.param(Flags(context="c"), {}, None, Way.CONTEXT, "c", id="a context"),
        pytest.param(Flags(engine=True), {}, None, Way.ENGINE, "", id="docker's own Engine"),
        pytest.param(Flags(), {"PRUNECLI_WORLD": "engine"}, KEPT, Way.ENGINE, "", id="then the environment"),
        pytest.param(Flags(), {"PRUNECLI_WORLD": "store"}, KEPT, Way.STORE, "", id="which may say store"),
        pytest.param(Flags(), {"PRUNECLI_WORLD": "far"}, KEPT, Way.CONTEXT, "far", id="or a context"),
        pytest.param(Flags(), {"PRUNECLI_STORE": "f"}, KEPT, Way.STORE, "", id="or a file"),
        pytest.param(
            Flags(), {"PRUNECLI_WORLD": "store", "PRUNECLI_STORE": "f"}, KEPT, Way.STORE, "", id="or both, of a store"
        ),
        pytest.param(Flags(), {"PRUNECLI_WORLD": "", "PRUNECLI_STORE": ""}, KEPT, Way.CONTEXT, "kept", id="then kept"),
        pytest.param(
            Flags(engine=True),
            {"PRUNECLI_WORLD": "engine", "PRUNECLI_STORE": "f"},
            None,
            Way.ENGINE,
            "",
            id="a flag settles what variables leave open",
        ),
    ],
)
def test_what_is_named(flags: Flags, environ: Mapping[str, str], kept: Choice | None, way: Way, value: str) -> None:
    """Flags come before the environment, and that before what is kept."""
    choice = choose(flags, environ, lambda: kept)
    assert choice is not None
    assert (choice.way, choice.value) == (way, value)


def test_nothing_is_named() -> None:
    """Without a name there is no choice, and DOCKER_HOST names no world."""
    assert choose(Flags(), {"DOCKER_HOST": "tcp://box", "DOCKER_CONTEXT": "far"}, lambda: None) is None


@pytest.mark.parametrize(
    ("flags", "environ", "words"),
    [
        (Flags(host="h", context="c"), {}, "conflicting options: cannot specify both --host and --context"),
        (Flags(store="f", engine=True), {}, "conflicting options: cannot specify both --store and --engine"),
        (Flags(store="f", host="h"), {}, "conflicting options: cannot specify both --store and --host"),
        (Flags(context="c", engine=True), {}, "conflicting options: cannot specify both --context and --engine"),
        (Flags(host="", context=""), {}, "conflicting options: cannot specify both --host and --context"),
        (Flags(store=""), {}, '--store needs the name of a file, not ""'),
        (
            Flags(),
            {"PRUNECLI_STORE": "f", "PRUNECLI_WORLD": "engine"},
            'conflicting variables: $PRUNECLI_STORE names a state store, and $PRUNECLI_WORLD is "engine"',
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_two_names_on_a_level(flags: Flags, environ: Mapping[str, str], words: str) -> None:
    """More than one name on the level that decides is refused, and an empty one too."""
    with pytest.raises(PrunecliError) as refused:
        choose(flags, environ, lambda: KEPT)
    assert refused.value.message == words


@pytest.mark.parametrize("flag", ["-H", "-c", "--store"])
def test_a_name_twice(flag: str, capfd: pytest.CaptureFixture[str]) -> None:
    """docker refuses a second host in these words; a second context or store is as ambiguous."""
    assert run([flag, "a", flag, "b", "system", "df"]) == 125
    shown = {"-H": "-H, --host", "-c": "-c, --context", "--store": "--store"}[flag]
    first = capfd.readouterr().err.splitlines()[0]
    assert first == f'invalid argument "b" for "{shown}" flag: specify only one {flag}'


# Nothing ends at the default socket by accident


def empty_engine(request: Asked) -> Said | None:
    """Answer as an Engine that holds nothing, and that has an id and an ugly name."""
    answers: dict[str, Any] = {
        "/info": {"ID": "5c1f", "Name": "build-7\x1b[31m", "SystemTime": format_instant(NOW)},
        "/volumes": {"Volumes": []},
        "/system/df": {"LayersSize": 0},
    }
    if request.method == "POST":
        return Said({"SpaceReclaimed": 0})
    return Said(answers.get(request.path, []))


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """The Engine at the default socket of this machine, which nobody has named."""
    with stub(empty_engine) as engine:
        monkeypatch.setattr(endpoint, "DEFAULT_SOCKET", str(engine.path))
        yield engine


def write_context(folder: Path, name: str, meta: object) -> None:
    """Write what stands in the file of a context."""
    path = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(meta))


FAR = {"Name": "far", "Endpoints": {"docker": {"Host": "unix:///no/such.sock"}}}
NOWHERE = {"Name": "nowhere", "Endpoints": {"kubernetes": {"Host": "tcp://box"}}}


def test_who_names_docker_gets_docker(local: Stub) -> None:
    """The way to the default socket is open to who asks for docker's own Engine."""
    assert run(["--engine", "container", "prune", "-f"]) == 0
    assert "/containers/prune" in {asked.path for asked in local.asked}


@pytest.mark.parametrize(
    ("words", "environ", "config"),
    [
        pytest.param(["-H", ""], {}, {}, id="an empty host"),
        pytest.param(["-H", " "], {}, {}, id="a host of blanks"),
        pytest.param(["-H", "unix://"], {}, {}, id="a socket without a path"),
        pytest.param(["-H", "tcp://"], {}, {}, id="TCP without a host"),
        pytest.param(["-H", "tcp://:2375"], {}, {}, id="a port without a host"),
        pytest.param(["-H", "tcp://[::1"], {}, {}, id="an open bracket"),
        pytest.param(["-H", "ssh://h:abc"], {}, {}, id="a port in words"),
        pytest.param(["-H", "tcp://a..b:1"], {}, {}, id="a name that is none"),
        pytest.param(["-H", f"tcp://{'a' * 70}:1"], {}, {}, id="a name that is too long"),
        pytest.param(["-H", "ssh://[::1"], {}, {}, id="an open bracket over ssh"),
        pytest.param(["--context", ""], {}, {}, id="an empty context"),
        pytest.param(["--context", "nowhere"], {}, {}, id="a context without an Engine"),
        pytest.param(["--context", "gone"], {}, {}, id="a context that is not there"),
        pytest.param(["--store", ""], {}, {}, id="an empty store"),
        pytest.param(["--engine", "--config", ""], {}, {}, id="an empty configuration"),
        pytest.param(["--store", "typo.db"], {}, {}, id="a store that is not there"),
        pytest.param(["--engine"], {"DOCKER_HOST": " "}, {}, id="DOCKER_HOST with a blank"),
        pytest.param(["--engine"], {"DOCKER_HOST": "unix://"}, {}, id="DOCKER_HOST without a path"),
        pytest.param(["--engine"], {"DOCKER_CONTEXT": "nowhere"}, {}, id="DOCKER_CONTEXT without an Engine"),
        pytest.param(["--engine"], {}, {"currentContext": "nowhere"}, id="a current context without an Engine"),
        pytest.param(["--engine"], {}, {"currentContext": 5}, id="a current context that is a number"),
        pytest.param(["--context", "default"], {"DOCKER_HOST": "tcp://"}, {}, id="a default that leads nowhere"),
        pytest.param([], {"PRUNECLI_WORLD": "nowhere"}, {}, id="the environment names such a context"),
        pytest.param([], {"PRUNECLI_WORLD": " "}, {}, id="the environment names a blank"),
        pytest.param([], {"PRUNECLI_STORE": "typo.db"}, {}, id="the environment names no store"),
        pytest.param([], {"PRUNECLI_WORLD": "store"}, {}, id="the default store is named and not there"),
        pytest.param([], {}, {}, id="nothing is named"),
        pytest.param([], {"DOCKER_HOST": ""}, {}, id="an empty DOCKER_HOST"),
        pytest.param(["--host", "far", "--context", "far"], {}, {}, id="two names"),
    ],
)
def test_nothing_is_contacted(
    local: Stub,
    words: list[str],
    environ: dict[str, str],
    config: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """What is empty, missing or broken is refused in one sentence: no Engine is asked, and no file is made."""
    monkeypatch.chdir(tmp_path)
    docker = tmp_path / "docker"
    write_context(docker, "nowhere", NOWHERE)
    (docker / "config.json").write_text(json.dumps(config))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    before = sorted(tmp_path.rglob("*"))
    for command in (["system", "prune", "-f"], ["builder", "prune", "--dry-run", "--exit-code"], ["gc", "run", "-f"]):
        assert run([*words, *command]) == 1
        said = capfd.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
    assert local.asked == []
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("docker", "environ"),
    [
        (["-H", ""], {}),
        (["--context", ""], {}),
        (["-c", "nowhere"], {}),
        (["-H", "a", "-H", "b"], {}),
        (["-H", "unix://"], {}),
        ([], {"DOCKER_CONTEXT": "nowhere"}),
        ([], {"DOCKER_HOST": " "}),
    ],
    ids=str,
)
def test_nothing_is_contacted_as_a_plugin(
    local: Stub, docker: list[str], environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What docker hands to its plugins names a world as our own options do."""
    write_context(tmp_path / "docker", "nowhere", NOWHERE)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert run(command_line([*docker, "prunecli", "system", "prune", "-f"])) in (1, 125)
    assert local.asked == []
    for name in environ:
        monkeypatch.delenv(name)
    assert run(command_line(["prunecli", "system", "prune", "-f"])) == 0
    assert local.asked != []


def test_no_world_is_needed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Policies can be read and played where there is no world, and what is about the store may make one."""
    for words in (["gc", "policy"], ["gc", "simulate", "--days", "1"], ["completion", "bash"]):
        assert run(words) == 0
    assert run(["state", "export"]) == 1
    assert run(["serve"]) == 1
    assert not (tmp_path / "home" / ".local").exists()
    capfd.readouterr()
    assert run(["system", "df"]) == 1
    assert capfd.readouterr().err == NO_WORLD
    assert run(["state", "add", "volume", "v"]) == 0
    assert run(["system", "df"]) == 0


def test_a_store_beside_an_engine_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local: Stub) -> None:
    """The commands of the store are about the store whatever is kept, but a command line must not contradict them."""
    monkeypatch.setenv("PRUNECLI_WORLD", "engine")
    assert run(["state", "demo"]) == 0
    assert run(["state", "check"]) == 0
    assert local.asked == []
    assert run(["--engine", "state", "check"]) == 1
    assert run(["gc", "watch"]) == 1  # it removes things, and an Engine is what was named
    assert run(["--store", "", "state", "pull"]) == 1
    assert run(["--store", str(tmp_path / "pulled.db"), "state", "pull"]) == 0
    assert local.asked != []
    assert (tmp_path / "pulled.db").exists()


# `use`


def test_use(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A name is kept until it is forgotten, the environment is stronger, and each says so."""
    write_context(tmp_path / "docker", "far", FAR)
    file = tmp_path / "home" / ".config" / "prunecli" / "world"
    kept = f"what `prunecli use` keeps in {file}"
    assert run(["use"]) == 1
    assert capfd.readouterr() == ("", NO_WORLD)
    assert run(["use", "far"]) == 0
    assert capfd.readouterr().out == "the live Engine at unix:///no/such.sock, of the context far: from now on\n"
    assert (file.read_text(), list(file.parent.iterdir())) == ("far\n", [file])
    assert run(["use"]) == 0
    assert capfd.readouterr().out == f"the live Engine at unix:///no/such.sock, of the context far: {kept}\n"
    assert run(["system", "prune", "-f"]) == 1
    assert "Cannot connect to the Docker daemon at unix:///no/such.sock" in capfd.readouterr().err
    assert cli("use", "store").err == "prunecli: here $PRUNECLI_STORE is set, which is stronger\n"
    assert cli("use").out == f"the state store {cli.path}: $PRUNECLI_STORE\n"
    assert cli("-H", "box", "use").out == "the live Engine at tcp://box:2375: --host\n"
    assert file.read_text() == "store\n"
    assert run(["system", "df"]) == 1
    assert "state.db does not exist: there is no state store yet" in capfd.readouterr().err
    assert run(["use", "--clear"]) == 0
    assert run(["use", "--clear"]) == 0
    assert capfd.readouterr().out == f"forgot what was kept in {file}\nnothing was kept\n"
    assert run(["system", "df"]) == 1
    assert capfd.readouterr().err == NO_WORLD


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["use", "gone"], 'Failed to initialize: unable to resolve docker endpoint: context "gone": context not found'),
        (["use", "nowhere"], "Failed to initialize: unable to resolve docker endpoint: cannot find docker endpoint"),
        (["use", ""], 'use keeps engine, store or the name of a context, not ""'),
        (["use", "a\nb"], "use keeps engine, store or the name of a context, not"),
        (["use", "engine", "--clear"], "use either keeps the name of a world or forgets it"),
        (["-H", "box", "use", "engine"], "use keeps engine, store or the name of a context: leave out options"),
        (["--tls", "use", "engine"], "use keeps engine, store or the name of a context: leave out options"),
        (["use", "a", "b"], "prunecli: 'prunecli use' requires at most 1 argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_kept(words: list[str], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What is no world is refused, and what was kept before stays."""
    write_context(tmp_path / "docker", "nowhere", NOWHERE)
    assert run(["use", "engine"]) == 0
    file = tmp_path / "home" / ".config" / "prunecli" / "world"
    capfd.readouterr()
    assert run(words) == 1
    assert capfd.readouterr().err.startswith(said)
    assert file.read_text() == "engine\n"


@pytest.mark.parametrize(
    "text",
    ["", "\n", "engine", "eng", "engine\nstore\n", " engine\n", "engine \n", "en\x1bgine\n", "x" * 5000 + "\n", "\r\n"],
)
def test_a_broken_file(text: str, local: Stub, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A file that does not hold one word is refused by its name, a cut one too; nothing is guessed."""
    run(["state", "demo"])
    file = tmp_path / "home" / ".config" / "prunecli" / "world"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    capfd.readouterr()
    for words in (["system", "prune", "-f"], ["use"]):
        assert run(words) == 1
        assert capfd.readouterr().err == (
            f"{file} is broken: engine, store or the name of a context is expected there, alone on one line\n"
        )
    assert local.asked == []
    assert run(["use", "store"]) == 0
    assert run(["system", "df"]) == 0


def test_a_file_that_cannot_be_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A folder or a pipe in the place of the file is refused by its name, and bytes that are no text."""
    file = tmp_path / "home" / ".config" / "prunecli" / "world"
    file.mkdir(parents=True)
    assert run(["system", "df"]) == 1
    assert "is no regular file" in capfd.readouterr().err
    file.rmdir()
    os.mkfifo(file)
    assert run(["system", "df"]) == 1
    assert "is no regular file" in capfd.readouterr().err
    file.unlink()
    file.write_bytes(b"\xff\n")
    assert run(["system", "df"]) == 1
    assert f"{file} is broken" in capfd.readouterr().err


def test_a_word_comes_back() -> None:
    """What is kept is read as what was meant; only the two words of our own are no contexts."""
    for word, way in (("engine", Way.ENGINE), ("store", Way.STORE), ("default", Way.CONTEXT), ("Engine", Way.CONTEXT)):
        assert read_kept(f"{word}\n", "f").way is way


def test_completion(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Worlds are offered to `use`; names of the store only where it is the world, and nothing is made for them."""

    class Ended(BaseException):
        pass

    def end(_code: int) -> None:
        raise Ended

    def offered(*words: str) -> list[str]:
        capfd.readouterr()
        with pytest.raises(Ended):
            answer(list(words))
        return capfd.readouterr().out.splitlines()

    monkeypatch.setattr(os, "_exit", end)
    write_context(tmp_path / "docker", "far", FAR)
    assert offered("world") == ["default", "engine", "far", "store"]
    assert find_names("world", "e", "") == ["engine"]
    monkeypatch.setenv("PRUNECLI_STORE", str(cli.path))
    assert "web-data" in offered("volume")
    monkeypatch.setenv("PRUNECLI_WORLD", "store")
    assert "web-data" in offered("volume")
    monkeypatch.setenv("PRUNECLI_WORLD", "engine")
    assert offered("volume") == []
    assert offered("volume", "", str(cli.path)) != []
    monkeypatch.delenv("PRUNECLI_WORLD")
    monkeypatch.delenv("PRUNECLI_STORE")
    assert offered("volume") == []
    run(["state", "demo"])
    assert "web-data" in offered("volume")
    run(["use", "far"])
    assert offered("volume") == []


# The world is said


def test_before_every_question(cli: Cli, local: Stub) -> None:
    """The world stands on stderr before the question, and stdout is Docker's, byte for byte; names are harmless."""
    asked = "WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] "
    ran = cli("container", "prune", stdin="n\n")
    assert (ran.out, ran.err) == (asked, f"On the state store {cli.path}\n")
    ran = cli("-H", local.url, "container", "prune", stdin="n\n")
    assert (ran.out, ran.err) == (asked, f"On Docker Engine 28.5.2 at {local.url} (build-7\\x1b[31m)\n")
    ran = cli("-H", local.url, "container", "prune", "--format", "json", stdin="n\n")
    assert ran.out == ""
    assert ran.err.startswith(f"On Docker Engine 28.5.2 at {local.url} (build-7\\x1b[31m)\nWARNING! ")
    assert cli("gc", "run", stdin="n\n").err.startswith(f"On the state store {cli.path}\n")
    assert cli("container", "prune", "-f").err == ""


def test_above_every_summary(cli: Cli, local: Stub) -> None:
    """A summary begins with the world, on stdout, or on stderr beside a document."""
    line = f"On Docker Engine 28.5.2 at {local.url} (build-7\\x1b[31m)\nKIND "
    assert f"\n\n{line}" in cli("-H", local.url, "system", "prune", "-f", "--summary").out
    ran = cli("-H", local.url, "system", "prune", "-f", "--summary", "--format", "json")
    assert ran.err.startswith(line)
    assert f"On the state store {cli.path}\nKIND" in cli("system", "prune", "--dry-run", "--summary").out


@pytest.mark.parametrize("how", [["--dry-run"], ["-f"]], ids=" ".join)
@pytest.mark.parametrize("command", [["system", "prune"], ["gc", "run"]], ids=" ".join)
def test_in_every_document(cli: Cli, local: Stub, command: list[str], how: list[str]) -> None:
    """Plans and reports say which world they are of, when, by whom, and what disk there was before and after."""
    here = cli("--log-level", "error", *command, *how, "--format", "json").document
    check(here)
    assert here["world"] == {
        "kind": "store",
        "address": str(cli.path),
        "id": cli.store.name().id,
        "host": None,
        "version": example_world(NOW).profile.engine,
    }
    disk = {"total": example_world(NOW).disk.total, "free": example_world(NOW).disk.free}  # type: ignore[union-attr]
    freed = disk | {"free": disk["free"] + here["reclaimed"]}
    assert here["disk"] == {"before": disk, "after": None if how == ["--dry-run"] else freed}
    assert (here["time"], here["host"]) == (format_instant(NOW), os.uname().nodename)
    assert here["duration"]["nanoseconds"] > 0
    there = cli("-H", local.url, *command, *how, "--format", "json").document
    check(there)
    assert there["world"] == {
        "kind": "engine",
        "address": local.url,
        "id": "5c1f",
        "host": "build-7\x1b[31m",
        "version": VERSION["Version"],
    }
    assert there["disk"] == {"before": None, "after": None}


def test_who_ran_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user is the one whose rights the process has, and who became it by sudo is told beside it."""
    document = cli("container", "prune", "--dry-run", "--format", "json").document
    assert document["user"] == Path(f"~{document['user']}").expanduser().owner()
    assert document["sudo_user"] is None
    monkeypatch.setenv("SUDO_USER", "ann")
    monkeypatch.setattr(os, "geteuid", lambda: 2**31 - 7)
    document = cli("container", "prune", "--dry-run", "--format", "json").document
    assert (document["user"], document["sudo_user"]) == (str(2**31 - 7), "ann")


def test_an_engine_that_goes_away_is_told_of(cli: Cli) -> None:
    """A run that is broken off has its document too, with the world that was asked before."""
    gone: list[bool] = []

    def dying(request: Asked) -> Said | None:
        if request.method == "POST":
            gone.append(True)
        return Said(hang_up=True) if gone else empty_engine(request)

    with stub(dying) as engine:
        ran = cli("-H", engine.url, "container", "prune", "-f", "--format", "json")
    assert ran.code == 1
    assert ran.document["world"]["id"] == "5c1f"
    check(ran.document)


# Plans know their world


def test_a_plan_for_one_served_store_is_refused_by_another(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The id of a served store is that of its file: another one behind the same kind of socket is another Engine."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    plan = tmp_path / "plan.json"
    with serving(tmp_path / "one") as one, serving(tmp_path / "two") as two:
        assert run(["-H", one.url, "container", "prune", "--plan-out", str(plan)]) == 0
        capfd.readouterr()
        assert run(["-H", two.url, "apply", "-f", str(plan)]) == 1
        said = capfd.readouterr()
        assert (said.out, "was made for Docker Engine" in said.err) == ("", True)
        assert run(["--store", str(one.store_path), "apply", "-f", str(plan)]) == 1
        assert "not for the state store" in capfd.readouterr().err
        assert run(["-H", one.url, "apply", "-f", str(plan)]) == 0


def test_names(tmp_path: Path) -> None:
    """A store is told by the id that it was made with: a copy is the same, a new one in its place is not."""
    path = tmp_path / "a.db"
    with Store.open(path) as store:
        first = store.name()
    path.rename(tmp_path / "b.db")
    moved, new = Store.open(tmp_path / "b.db", create=False).name(), Store.open(path).name()
    assert first.is_same(moved)
    assert not first.is_same(new)
    assert not WorldName("store", "x", "", "1").is_same(WorldName("store", "x", "", "1"))
