"""The command line on a live Engine: what names one, what does not, and what a person who waits sees."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prunecli.cli.main import run
from prunecli.units import format_instant
from tests.engine_stubs import Asked, Said, stub
from tests.serving import NOW_TEXT, serving


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ["-H", "a", "-c", "b", "system", "df"],
            "conflicting options: cannot specify both --host and --context",
            id="a host and a context",
        ),
        pytest.param(
            ["--store", "f", "-H", "a", "system", "df"],
            "conflicting options: cannot specify both --store and --host",
            id="a store and an Engine",
        ),
        pytest.param(
            ["--tlsverify", "system", "df"],
            "TLS options secure the way to an Engine: name one with --host, --context or --engine",
            id="TLS for nobody",
        ),
        pytest.param(
            ["-H", "a", "state", "export"],
            "this command works on the state store: leave out --host, --context and --engine",
            id="an Engine for a command of the store",
        ),
        pytest.param(
            ["system", "prune", "--exact", "-f"],
            "--exact and --wait go with a live Engine: name one with --host, --context or --engine",
            id="--exact on a store",
        ),
        pytest.param(["-H", "ftp://a", "system", "df"], '"ftp://a" is no address of a Docker Engine', id="no address"),
    ],
)
def test_options_that_do_not_fit(words: list[str], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Options that contradict each other are refused in one sentence, exit 1, before anything is asked."""
    assert run(words) == 1
    captured = capfd.readouterr()
    assert (captured.out, captured.err.startswith(said)) == ("", True), captured.err


def test_bad_wait(capfd: pytest.CaptureFixture[str]) -> None:
    """What is no duration is a malformed flag."""
    assert run(["-H", "a", "system", "prune", "--wait", "soon"]) == 125
    assert 'invalid argument "soon" for "--wait" flag' in capfd.readouterr().err


def test_docker_host_alone_touches_no_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """DOCKER_HOST is what --engine uses, and nothing else reads it."""
    monkeypatch.setenv("PRUNECLI_STORE", str(tmp_path / "state.db"))
    with stub(lambda _: None) as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        assert run(["system", "prune", "--dry-run"]) == 1
        assert run(["state", "demo"]) == 0
        assert run(["system", "prune", "--dry-run"]) == 0
        assert engine.asked == []
        assert run(["--engine", "system", "prune", "--dry-run"]) == 1
        assert engine.asked != []
    assert "page not found" in capfd.readouterr().err


def test_pull(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """What is pulled into a store, and what is written as a dump, is what the Engine holds."""
    monkeypatch.setenv("PRUNECLI_NOW", NOW_TEXT)
    mine, dump = tmp_path / "mine.db", tmp_path / "dump.json"
    with serving(tmp_path) as served:
        assert run(["--store", str(mine), "-H", served.url, "state", "pull"]) == 0
        assert run(["-H", served.url, "state", "pull", "--output", str(dump)]) == 0
        assert run(["-H", served.url, "system", "df"]) == 0
        there = capfd.readouterr().out
    assert run(["--store", str(mine), "system", "df"]) == 0
    assert capfd.readouterr().out == there
    assert run(["--store", str(tmp_path / "again.db"), "state", "import", str(dump)]) == 0
    assert json.loads(dump.read_text())["format"] == "engine-dump/v1"
    assert list(tmp_path.glob(".dump*")) == []


def test_pull_that_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An Engine that cannot be read leaves the dump of before as it was."""
    dump = tmp_path / "dump.json"
    dump.write_text("before")
    with stub(lambda _: Said({"message": "disk on fire"}, 500)) as engine:
        assert run(["-H", engine.url, "state", "pull", "-o", str(dump)]) == 1
    assert capfd.readouterr().err == "Error response from daemon: disk on fire\n"
    assert dump.read_text() == "before"


def slow(request: Asked) -> Said | None:
    """Hold nothing, and take long to say so."""
    if request.path == "/system/df" and not request.query:
        time.sleep(1)
    empty = {"/volumes": {"Volumes": []}, "/system/df": {"LayersSize": 0}, "/info": {"SystemTime": format_instant(0)}}
    return Said(empty.get(request.path, []))


def test_a_bar_for_who_waits() -> None:
    """On a terminal a bar appears while an Engine takes its time, and it is gone at the end."""
    main, terminal = pty.openpty()
    with (
        stub(slow) as engine,
        subprocess.Popen(
            [sys.executable, "-m", "prunecli", "-H", engine.url, "system", "df"],
            stdout=subprocess.DEVNULL,
            stderr=terminal,
            env={**os.environ, "TERM": "xterm"},
        ) as shown,
    ):
        os.close(terminal)
        seen = b""
        while True:
            try:
                seen += os.read(main, 65536)
            except OSError:
                break
    os.close(main)
    assert shown.returncode == 0
    assert b"reading the Engine" in seen
    assert seen.endswith(b"\x1b[2K")
