"""`docker prunecli`: the metadata, the command line, completion through docker, and the link in its configuration."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from prunecli.cli.main import run
from prunecli.plugin import NAME, command_line

ROOT = Path(__file__).parent.parent
LINK = "docker-prunecli"
PYTHON = sys.executable  # a test below puts another in its place

needs_docker = pytest.mark.skipif(shutil.which("docker") is None, reason="the docker client is not installed")


@pytest.mark.parametrize(
    ("docker", "ours"),
    [
        pytest.param("prunecli system prune -f", "--engine system prune -f", id="the Engine of docker is the world"),
        pytest.param("-H unix:///x prunecli system df", "-H unix:///x system df", id="a host is the world"),
        pytest.param("-Hunix:///x prunecli events", "-Hunix:///x events", id="a host that is joined on"),
        pytest.param("--host=unix:///x prunecli events", "--host=unix:///x events", id="a host after ="),
        pytest.param("-c there prunecli apply p", "-c there apply p", id="a context is the world"),
        pytest.param("prunecli --store a.db system df", "--store a.db system df", id="a store after the name wins"),
        pytest.param("prunecli demo", "demo", id="a command that works on no world gets none"),
        pytest.param("prunecli state export", "state export", id="state speaks of the store"),
        pytest.param("-c there prunecli state pull", "-c there state pull", id="but may be told an Engine"),
        pytest.param(
            "-D --config d prunecli gc run",
            "--log-level debug --config d --engine gc run",
            id="docker's options come along, debug as a log level",
        ),
        pytest.param("--tlsverify prunecli system df", "--tlsverify --engine system df", id="TLS for docker's Engine"),
        pytest.param("help prunecli", "--help", id="docker help"),
        pytest.param("help prunecli system prune", "system prune --help", id="docker help of a command"),
        pytest.param("prunecli --help", "--help", id="an option alone"),
        pytest.param("prunecli", "", id="nothing at all"),
    ],
)
def test_command_lines(docker: str, ours: str) -> None:
    """What docker hands over becomes our own command line."""
    assert command_line(docker.split()) == ours.split()


def plugin(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the plugin as docker would."""
    return subprocess.run(
        [sys.executable, "-m", "prunecli.plugin", *words],
        env=dict(os.environ) | {"PYTHONPATH": str(ROOT)} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_metadata() -> None:
    """The metadata has what docker demands, and comes without loading click."""
    ran = plugin("docker-cli-plugin-metadata", PYTHONPROFILEIMPORTTIME="1")

    said = json.loads(ran.stdout)
    assert said["SchemaVersion"] == "0.1.0"
    assert said["Vendor"]
    assert "click" not in {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["prunecli", "sys"], "system\tPrune everything unused, measure disk usage, follow events\n:4\n"),
        (["prunecli", "events", "--filter", "scope="], "scope=local\nscope=swarm\n:4\n"),
        (["prunecli", "events", "--filter", "ty"], "type=\n:6\n"),
        (["prunecli", "events", "--filter=ty"], "type=\n:6\n"),
        (
            ["-c", "x", "prunecli", "system", "prune", "--vol"],
            "--volumes\tAlso take anonymous volumes that no container mounts\n:4\n",
        ),
        (["prunecli", "apply", ""], ":0\n"),
        (["prunecli", "--config", ""], ":16\n"),
        (["prunecli", "events", "--filter", "volume="], ":4\n"),
        (
            ["prunecli", "--store", "state.db", "events", "--filter", "volume=v"],
            "volume=volume_bar\nvolume=volume_foo\n:4\n",
        ),
    ],
    ids=" ".join,
)
def test_completion(words: list[str], answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker's completion scripts get candidates, their sentences, and what to do with them."""
    monkeypatch.chdir(tmp_path)
    run(["--store", "state.db", "state", "demo"])

    assert plugin("__complete", *words).stdout == answer
    assert "\t" not in plugin("__completeNoDesc", *words).stdout


def test_hanging_up_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When docker is interrupted it closes its socket, and the plugin ends as on a signal."""
    monkeypatch.setenv("PRUNECLI_STORE", str(tmp_path / "state.db"))
    run(["state", "demo"])
    name = f"docker_cli_{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name}")
        listener.listen()
        listener.settimeout(60)
        env = dict(os.environ) | {"PYTHONPATH": str(ROOT), "DOCKER_CLI_PLUGIN_SOCKET": f"@{name}"}
        words = [NAME, "--store", str(tmp_path / "state.db"), "events"]
        with subprocess.Popen([sys.executable, "-m", "prunecli.plugin", *words], env=env) as running:
            line, _ = listener.accept()
            line.close()

            assert running.wait(60) in (128 + signal.SIGTERM, -signal.SIGTERM)


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place on the path where an installation has put the plugin's program."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / LINK
    script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m prunecli.plugin "$@"\n')
    script.chmod(0o755)
    (folder / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    return folder


def test_install_and_remove(scripts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Installing makes a link, twice is once, and removing takes it away."""
    link = tmp_path / "docker" / "cli-plugins" / LINK

    assert run(["plugin", "install"]) == 0
    assert run(["plugin", "install"]) == 0
    assert link.readlink() == scripts / LINK
    assert run(["plugin", "remove"]) == 0
    assert not link.is_symlink()
    assert run(["plugin", "remove"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{link} -> {scripts / LINK}",
        f"{link} -> {scripts / LINK}",
        f"removed {link}",
        f"{link} is not there",
    ]


@pytest.mark.parametrize("command", ["install", "remove"])
@pytest.mark.parametrize("foreign", ["file", "link"])
def test_what_is_not_ours_stays(
    scripts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, foreign: str
) -> None:
    """A file in the link's place, or a link of somebody else, is never touched."""
    link = tmp_path / "docker" / "cli-plugins" / LINK
    link.parent.mkdir(parents=True)
    if foreign == "file":
        link.write_text("mine")
    else:
        link.symlink_to("/somebody/elses")

    code = run(["plugin", command])

    assert code == 1
    assert str(link) in capsys.readouterr().err
    assert link.read_text() == "mine" if foreign == "file" else str(link.readlink()) == "/somebody/elses"


@needs_docker
def test_under_docker(scripts: Path, tmp_path: Path) -> None:
    """The real client finds the plugin, describes it, runs it with its exit code, and completes it."""
    store = tmp_path / "state.db"
    run(["plugin", "install"])
    run(["--store", str(store), "state", "demo"])

    def docker(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["docker", *words], capture_output=True, text=True, timeout=60, check=False)

    listed = [line for line in docker("--help").stdout.splitlines() if "prunecli*" in line]
    assert listed
    assert "See what a prune would remove" in listed[0]
    assert docker("prunecli", "--help").stdout.startswith("Usage:  docker prunecli")
    assert docker("help", "prunecli").stdout.startswith("Usage:  docker prunecli")
    dry = docker("prunecli", "--store", str(store), "system", "prune", "--dry-run", "--exit-code")
    assert dry.returncode == 10
    assert dry.stdout.endswith("Total reclaimed space: 69.35MB\n")
    assert docker("__complete", "prunecli", "volume", "pr").stdout == "prune\tRemove unused volumes\n:4\n"
    nowhere = docker("-H", f"unix://{tmp_path}/none.sock", "prunecli", "system", "prune", "-f")
    assert nowhere.returncode == 1
    assert f"Cannot connect to the Docker daemon at unix://{tmp_path}/none.sock" in nowhere.stderr


@needs_docker
def test_dockers_engine_is_the_world(scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under docker the Engine of docker is pruned: by DOCKER_HOST, by docker's `-H`, and by its context."""
    pytest.importorskip("aiohttp", reason="the extra serve is not installed")
    pytest.importorskip("docker", reason="the extra engine is not installed")
    store, address = tmp_path / "state.db", f"unix://{tmp_path}/e.sock"
    run(["plugin", "install"])
    run(["--store", str(store), "state", "demo"])
    words = [PYTHON, "-m", "prunecli", "--store", str(store), "serve", "--socket", str(tmp_path / "e.sock")]
    env = dict(os.environ) | {"PYTHONPATH": str(ROOT)}

    def docker(*words: str, **more: str) -> str:
        ran = subprocess.run(["docker", *words], env=env | more, capture_output=True, text=True, timeout=60, check=True)
        return ran.stdout

    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout
            assert served.stdout.readline() == f"DOCKER_HOST={address}\n"
            docker("context", "create", "rehearsal", "--docker", f"host={address}")

            by_host = docker("prunecli", "container", "prune", "--dry-run", DOCKER_HOST=address)
            assert by_host.endswith("Total reclaimed space: 15.73MB\n")
            assert docker("-H", address, "prunecli", "container", "prune", "--dry-run") == by_host
            assert docker("-c", "rehearsal", "prunecli", "container", "prune", "--force") == by_host
            assert "Containers      1         1" in docker("prunecli", "--store", str(store), "system", "df")
        finally:
            served.terminate()
