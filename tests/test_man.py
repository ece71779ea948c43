"""The manual pages: what mandoc says of them, what man shows, and that an installed wheel brings them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from prunecli.cli.tree import command_tree
from prunecli.completion.tree import Command
from tests.manual.pages import page_name
from tests.manual.roff import body, escaped, prose

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "man").iterdir())


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_mandoc_is_silent() -> None:
    """mandoc finds nothing to say about any page."""
    ran = subprocess.run(
        ["mandoc", "-Tlint", *map(str, PAGES)], capture_output=True, text=True, timeout=120, check=False
    )

    assert (ran.stdout, ran.stderr, ran.returncode) == ("", "", 0)


def shown(page: Path) -> str:
    """Return a page as a reader sees it."""
    ran = subprocess.run(
        ["mandoc", "-Tutf8", "-O", "width=200", str(page)], capture_output=True, text=True, timeout=60, check=True
    )
    return re.sub(r".\x08", "", ran.stdout)


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
@pytest.mark.parametrize("command", list(command_tree().walk()), ids=lambda c: c.name or "prunecli")
def test_pages_are_readable(command: Command) -> None:
    """Each page shows its name, its synopsis and every option, and no trace of roff."""
    text = shown(ROOT / "man" / f"{page_name(command)}.1")

    assert text.split("NAME\n")[1].lstrip().startswith(f"{page_name(command)} - ")
    assert f"prunecli {command.name}".strip() in text
    if "another name of" not in text:
        for option in command.options:
            assert option.long in text
    assert not re.search(r"\\f[BIR]|^\.[A-Z]{2}\b", text, flags=re.MULTILINE)


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_the_policy_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The page on policy files shows both forms and their keys."""
    text = shown(ROOT / "man" / "prunecli-gc.5")

    for word in ("daemon.json", "buildkitd.toml", "keepDuration", "defaultReservedSpace", "[[worker.oci.gcpolicy]]"):
        assert word in text


@pytest.mark.parametrize(
    ("text", "roff"),
    [
        pytest.param("a `--long` one", "a \\fB\\-\\-long\\fR one", id="code is bold"),
        pytest.param("a *new* word", "a \\fInew\\fR word", id="new words are in italics"),
        pytest.param(".so it is", "\\&.so it is", id="a line is never read as a request"),
        pytest.param("it's a \\ here", "it\\(aqs a \\e here", id="quotes and backslashes stay"),
        pytest.param("this - that", "this \\(en that", id="a dash between words"),
    ],
)
def test_prose(text: str, roff: str) -> None:
    """Prose reads in roff as it was written."""
    assert prose(text) == roff


def test_blocks() -> None:
    """Lists, definitions, tables and code have their forms."""
    assert body("- one\n- two\n  more") == ".IP \\(bu 2\none\n.IP \\(bu 2\ntwo more"
    assert body("word\n: meaning") == ".TP\nword\nmeaning"
    assert body("```console\n$ x\n.y\n```") == ".RS 4\n.EX\n$ x\n\\&.y\n.EE\n.RE"
    assert "T{\nsecond\nT}" in body("| A | B |\n|---|---|\n| first | second |")
    assert escaped("a-b") == "a\\-b"


def test_the_wheel_brings_them(tmp_path: Path) -> None:
    """A built wheel holds every page and script where an installation puts them below its prefix."""
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    ran = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    [wheel] = tmp_path.glob("*.whl")
    names = {name.partition(".data/data/")[2] for name in zipfile.ZipFile(wheel).namelist()}

    assert {f"share/man/man{p.suffix[1:]}/{p.name}" for p in PAGES} <= names
    assert "share/bash-completion/completions/prunecli" in names
    assert "share/zsh/site-functions/_prunecli" in names
    assert "share/fish/vendor_completions.d/prunecli.fish" in names


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_finds_them(tmp_path: Path) -> None:
    """With the environment's bin on the path, man finds the pages below its prefix."""
    share = tmp_path / "env" / "share" / "man"
    for page in PAGES:
        (share / f"man{page.suffix[1:]}").mkdir(parents=True, exist_ok=True)
        shutil.copy(page, share / f"man{page.suffix[1:]}" / page.name)
    (tmp_path / "env" / "bin").mkdir()
    env = {"PATH": f"{tmp_path / 'env' / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}

    def man(*words: str) -> str:
        ran = subprocess.run(["man", "-w", *words], env=env, capture_output=True, text=True, timeout=60, check=False)
        return ran.stdout.strip()

    if not man("man") and not man("prunecli"):
        pytest.skip("man is a stand-in that shows nothing")
    assert man("prunecli") == str(share / "man1" / "prunecli.1")
    assert man("prunecli-system-prune") == str(share / "man1" / "prunecli-system-prune.1")
    assert man("5", "prunecli-gc") == str(share / "man5" / "prunecli-gc.5")
