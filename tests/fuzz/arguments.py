"""Random command lines from the real table of commands, with hostile values, in hostile places.

`python -m tests.fuzz.arguments --seconds 60 --seed 1` runs each in a process and in a folder of its own. No Engine is
named, and nothing outside that folder. Of every run it asks that

- it ends by itself, with an exit code that is documented, and without a traceback
- what it says is printable, line by line, and no line is a value's own
- a command line that cannot be read made nothing
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from prunecli.cli.tree import command_tree
from prunecli.completion.tree import Command, Option
from prunecli.printable import printable

ROOT = Path(__file__).parent.parent.parent
CODES = {0, 1, 10, 64, 125, 130, 143}
UNREADABLE = {64, 125}
PATIENCE = 30.0
ENDLESS = {"serve", "gc watch", "events", "system events"}
AWHILE = 1.0  # seconds after which what follows or serves is asked to end
NOW = "2026-11-21T10:00:00Z"

FORGED = "Total reclaimed space: 13.37TB"
HOSTILE = (
    f"x\n{FORGED}\n",
    f"\r{FORGED}",
    f"\u2028{FORGED}",
    f"\x1b[1A\x1b[2K{FORGED}\n",
    "",
    " ",
    "-",
    "--",
    "-1",
    "=",
    ":",
    ",",
    "a=b",
    "=a",
    "a=",
    "a=b=c",
    "\x1b]0;owned\x07",
    "\x9b2J",
    "\u202e\u2066",
    "\U000e0041",
    "\u00ad\u061c",
    "\udcff\udc80",
    "../../..",
    "/",
    ".",
    "..",
    "/dev/null",
    "/dev/full",
    "~",
    "$HOME",
    "%s%n",
    "{{",
    "}}",
    "{{.}}",
    "{{.Nosuch}}",
    "{{json .}}",
    "{{range .}}",
    "[",
    "[a",
    "(",
    "a{1000}",
    "*",
    "\\",
    "'",
    '"',
    "null",
    "{}",
    "[]",
    '{"a":1}',
    "0",
    "00",
    "1e999",
    "-0",
    "9" * 400,
    "9223372036854775808",
    "NaN",
    "inf",
    "1GB",
    "10XB",
    "1.5.5GB",
    "24h",
    "1d",
    "-1h",
    "99999999h",
    "P1D",
    "yesterday",
    "2026-11-21",
    "2026-13-41T25:61:61Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "true",
    "TRUE",
    "t",
    "maybe",
    "x" * 300,
    "x" * 5000,
    "é",
    "漢字" * 100,
    "👩\u200d💻",
    "label!=keep",
    "until=1h",
    "until=",
    "type=regular",
    "id~=^a",
    "unused-for=1h",
    "dangling=1",
    "json",
    "text",
    "table",
    "table {{.ID}}",
    "raw",
    "pretty",
    "csv",
    "1.41",
    "1.99",
    "v1",
    "1.",
    "debug",
    "loud",
)

WHOLE = {
    "system prune": ("-af --volumes", "--plan-out new", "-a", "--explain --dry-run", "-af --format json --summary"),
    "container prune": ("-f", "--explain=web"),
    "image prune": ("-af",),
    "network prune": ("-f",),
    "volume prune": ("-af",),
    "builder prune": ("-af",),
    "builder du": ("", "--verbose", "--format json"),
    "system df": ("", "-v", "--format json"),
    "system events": ("--since 0 --until 1",),
    "events": ("--since 0 --until 1",),
    "gc policy": ("", "--config text"),
    "gc run": ("-f", "--dry-run"),
    "gc simulate": ("--days 2 --builds-per-day 2",),
    "gc watch": ("",),
    "apply": ("text",),
    "state import": ("dump", "text", "folder"),
    "state export": ("",),
    "state check": ("",),
    "state demo": ("",),
    "state pull": ("-o new", ""),
    "state add volume": ("new",),
    "state add network": ("new",),
    "state add image": ("new:1 --size 1MB",),
    "state add container": ("new --state exited",),
    "state add cache": ("new",),
    "serve": ("", "--socket new"),
    "demo": ("",),
    "completion bash": ("",),
    "completion zsh": ("",),
    "completion fish": ("",),
    "plugin install": ("",),
    "plugin remove": ("",),
    "use": ("", "store", "--clear"),
}
"""What can be read, for every command: nothing is wrong there but the place."""

PLACES = (
    "store",
    "empty",
    "text",
    "folder",
    "fifo",
    "socket",
    "loop",
    "dangling",
    "missing/a/b",
    "store/below",
    "long",
    "dump",
)
"""Things that lie in the folder of a run, by name."""

SETTINGS = {
    "HOME": (*PLACES, "", "relative", "/nonexistent/home", "/dev/null"),
    "XDG_STATE_HOME": (*PLACES, "", "relative"),
    "XDG_RUNTIME_DIR": (*PLACES, ""),
    "PRUNECLI_STORE": (*PLACES, "", "/dev/null", "/dev/full"),
    "DOCKER_CONFIG": (*PLACES, "", "config"),
    "DOCKER_CONTEXT": HOSTILE,
    "DOCKER_API_VERSION": HOSTILE,
    "PRUNECLI_NOW": HOSTILE,
    "TZ": HOSTILE,
    "LANG": ("", "C", "POSIX", "xx_YY.nonsense", "tr_TR.UTF-8", "ja_JP.SJIS"),
    "LC_ALL": ("", "C", "POSIX", "xx_YY.nonsense", "tr_TR.UTF-8"),
    "TMPDIR": ("/nonexistent", "text", "dangling", ""),
    "TERM": ("", "dumb", "nonsense", "xterm\x1b[2J"),
    "COLUMNS": ("1", "0", "-1", "x", "9" * 30),
    "PYTHONWARNINGS": ("default",),
    "NO_COLOR": ("", "1"),
}
CONFIGS = (
    b"{",
    b"[]",
    b"null",
    b'{"pruneFilters":[1]}',
    b"[" * 100_000,
    b"\xff\xfe",
    b'{"pruneFilters":["label!=keep"]}',
)


@dataclass(slots=True)
class Case:
    """One run: its words, its settings, and how its process is hampered. `said` tells how to do it again."""

    argv: list[str]
    settings: dict[str, str]
    hampered: list[tuple[str, int]]
    endless: bool

    @property
    def said(self) -> str:
        """The run in one line."""
        words = [*(f"{key}={value}" for key, value in self.settings.items()), "prunecli", *self.argv]
        return f"{shlex.join(words)!a} {self.hampered or ''}"


@dataclass(slots=True)
class Outcome:
    """What a run of the fuzzer gave."""

    codes: Counter[int] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def runs(self) -> int:
        """How many command lines were run."""
        return sum(self.codes.values())


# Drawing


def draw(rng: random.Random, root: Command) -> Case:
    """Return a random command line and where it runs."""
    command, argv = _whole(rng) if rng.random() < 0.5 else _drawn(rng, root)
    settings = {name: rng.choice(SETTINGS[name]) for name in rng.sample(sorted(SETTINGS), rng.choice((0, 1, 1, 2, 4)))}
    hampered = [_hamper(rng) for _ in range(rng.choice((0, 1, 1, 2)))]
    return Case(argv, settings, hampered, command in ENDLESS)


def _whole(rng: random.Random) -> tuple[str, list[str]]:
    command = rng.choice(sorted(WHOLE))
    return command, [*command.split(), *rng.choice(WHOLE[command]).split()]


def _drawn(rng: random.Random, root: Command) -> tuple[str, list[str]]:
    argv = [word for _ in range(rng.choice((0, 0, 0, 1, 2))) for word in _option(rng, root)]
    command = root
    while command.commands and rng.random() < 0.97:
        command = rng.choice(command.commands)
        argv.append(command.path[-1] if rng.random() < 0.98 else _value(rng))
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        argv += _option(rng, command)
    if rng.random() < 0.3 or command.arguments:
        argv += [_value(rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    if rng.random() < 0.6 and command.option("--force"):
        argv.append("--force")
    return command.name, argv


def _option(rng: random.Random, command: Command) -> list[str]:
    if rng.random() < 0.03 or not command.options:
        return [rng.choice(("--", "-", "-x", "---", "--=", "-=")) + _value(rng)]
    option = rng.choice(command.options)
    if option.long in ("--help", "--engine"):
        return []
    if option.switch:
        return [option.long if rng.random() < 0.9 else f"{option.long}={_value(rng)}"]
    value = _value_of(rng, option)
    if option.optional or rng.random() < 0.5:
        return [f"{option.long}={value}"]
    return [rng.choice(option.names), value] if rng.random() < 0.97 else [option.long]


def _value_of(rng: random.Random, option: Option) -> str:
    if option.long in ("--host", "--context", "--buildkit"):  # never a world that is there
        return rng.choice(
            ("nosuch", "unix:///nonexistent/docker.sock", "tcp://127.0.0.1:1", "unix://", "ssh:///", "http:x")
        )
    words = option.values.partition(" ")[2].split() if option.values.startswith("words") else []
    if option.metavar in ("file", "path", "directory"):
        return rng.choice((*PLACES, "new", "-", _value(rng)))
    return rng.choice(words) if words and rng.random() < 0.5 else _value(rng)


def _value(rng: random.Random) -> str:
    return rng.choice(HOSTILE) if rng.random() < 0.8 else rng.choice(PLACES)


def _hamper(rng: random.Random) -> tuple[str, int]:
    return rng.choice(
        (
            ("close", rng.randrange(1, 8)),
            ("full", rng.choice((1, 2))),
            ("unread", rng.choice((1, 2))),
            ("files", rng.randrange(5, 22)),
            ("size", rng.choice((0, 100, 4096, 30_000))),
            ("memory", rng.choice((60, 100, 150, 250))),
            ("gone", 0),
            ("obey", 0),
        )
    )


# Running


def furnish(folder: Path, template: Path, rng: random.Random) -> None:
    """Put the things of `PLACES` into a folder, and a configuration of Docker's."""
    for name in ("store", "dump"):
        shutil.copyfile(template / name, folder / name)
    (folder / "empty").touch()
    (folder / "text").write_text("hello\n" * 50)
    for name in ("folder", "home", "work", "config"):
        (folder / name).mkdir()
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "config" / "config.json").write_bytes(rng.choice(CONFIGS))


def _prepared(case: Case, folder: Path) -> Callable[[], None]:
    """Return what hampers a child before it becomes the program."""

    def prepare() -> None:
        for how, much in case.hampered:
            if how == "gone":
                os.mkdir(folder / "gone")
                os.chdir(folder / "gone")
                os.rmdir(folder / "gone")
            elif how == "obey" and os.geteuid() == 0:
                import ctypes

                for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
                    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
                for path in (folder / "home", folder / "work"):
                    path.chmod(0o500)
            elif how in ("full", "unread"):
                os.dup2(os.open("/dev/full", os.O_WRONLY) if how == "full" else _unread(), much)
            elif how == "close":
                for fd in range(3):
                    if much & 1 << fd:
                        os.close(fd)
        for how, much in case.hampered:  # last: what stands above needs files itself
            limit = {"files": resource.RLIMIT_NOFILE, "size": resource.RLIMIT_FSIZE, "memory": resource.RLIMIT_AS}.get(
                how
            )
            if limit is not None:
                most = much << 20 if how == "memory" else much
                resource.setrlimit(limit, (most, most))

    return prepare


def _unread() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def _settled(case: Case, folder: Path) -> dict[str, str]:
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder / "home"),
        "PRUNECLI_STORE": str(folder / "store"),
        "DOCKER_CONFIG": str(folder / "home" / "docker"),
        "DOCKER_HOST": f"unix://{folder}/nobody.sock",
        "PRUNECLI_NOW": NOW,
        "TZ": "UTC",
    }
    for name, value in case.settings.items():
        env[name] = (
            _place(value, folder) if name in ("HOME", "TMPDIR") or name.startswith(("XDG", "PRUNECLI_S")) else value
        )
        if name == "DOCKER_CONFIG":
            env[name] = _place(value, folder)
        if not value and name in ("HOME", "XDG_RUNTIME_DIR"):
            del env[name]
    if "HOME" not in env or not env["HOME"].startswith(str(folder)):
        env.setdefault("PRUNECLI_STORE", str(folder / "store"))
    return env


def _place(name: str, folder: Path) -> str:
    if name == "long":
        return str(folder / ("l" * 300) / ("l" * 300))
    return str(folder / name) if name in PLACES or name in ("text", "config", "relative") else name


def listing(folder: Path) -> set[str]:
    """Return everything that lies below a folder."""
    return {str(p.relative_to(folder)) for p in folder.rglob("*")}


def run(case: Case, folder: Path) -> tuple[int, str, str, str]:
    """Run a case; returns its exit code, what it wrote, and what was wrong."""
    argv = [_place(word, folder) if word in PLACES else word for word in case.argv]
    before = listing(folder)
    words = [os.fsencode(w) for w in (sys.executable, "-m", "prunecli", *argv)]
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder / "work",
            env={os.fsencode(k): os.fsencode(v) for k, v in _settled(case, folder).items()},
            preexec_fn=_prepared(case, folder),  # noqa: PLW1509 - no threads here
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError):
        return 0, "", "", ""  # the limits left no room for a process at all
    try:
        out, err = process.communicate(timeout=AWHILE if case.endless else PATIENCE)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return -1, "", "", "it did not end"
        if not case.endless and not any("fifo" in word for word in case.argv):  # a pipe is read until somebody wrote
            return process.returncode, "", "", "it did not end by itself"
        if process.returncode == -signal.SIGTERM:  # it had not begun yet
            return 143, "", "", ""
    said, told = out.decode(errors="backslashreplace"), err.decode(errors="backslashreplace")
    for path in (folder / "home", folder / "work"):
        path.chmod(0o700)
    made = {name for name in listing(folder) - before if not name.endswith(("-wal", "-shm"))}
    return process.returncode, said, told, judge(process.returncode, said, told, made)


def judge(code: int, out: str, err: str, made: set[str]) -> str:
    """Return what is wrong with a run, empty if nothing is."""
    if "Traceback" in err or "Exception ignored" in err:
        return "a traceback"
    if code not in CODES:
        return f"the exit code {code}"
    for text in (out, err):
        lines = text.split("\n")
        if strange := next(
            (line for line in lines if printable(line.replace("\t", "")) != line.replace("\t", "")), None
        ):
            return f"an unprintable line {strange!r}"
        if any(line.startswith(FORGED) for line in lines):
            return "a line that a value made"
    if code in UNREADABLE and made:
        return f"what was refused made {sorted(made)}"
    return "no word of what is wrong" if code == 1 and not err.strip() and not out.strip() else ""


def starts(case: Case, folder: Path) -> bool:
    """Say whether an interpreter begins at all under the limits of a case."""
    try:
        return (
            subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "import sqlite3, click, json, pathlib, socket, hashlib, tempfile, prunecli.cli.main",
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env=_settled(case, folder),
                preexec_fn=_prepared(case, folder),
                timeout=PATIENCE,
                check=False,
            ).returncode
            == 0
        )
    except (OSError, subprocess.SubprocessError):
        return False


def fuzz(seconds: float, seed: int, *, most: int | None = None) -> Outcome:
    """Run random command lines for some seconds, `most` of them at most; faults say how to have them again."""
    outcome, root = Outcome(), command_tree()
    with tempfile.TemporaryDirectory(prefix="prunecli-fuzz-") as top:
        template = Path(top) / "template"
        template.mkdir()
        _make_template(template)
        until, number = time.monotonic() + seconds, 0
        while time.monotonic() < until and number != most:
            rng = random.Random(f"{seed}/{number}")  # to be had again
            case, folder = draw(rng, root), Path(top) / f"run{number}"
            folder.mkdir()
            furnish(folder, template, rng)
            code, out, err, wrong = run(case, folder)
            if wrong and (wrong != "no word of what is wrong" or _can_speak(case)) and _is_ours(case, folder, wrong):
                outcome.faults.append(f"seed {seed}, number {number}: {wrong}: {case.said}\n{(err or out)[-1500:]}")
            outcome.codes[code] += 1
            outcome.commands[next((w for w in case.argv if not w.startswith("-")), "")[:20]] += 1
            shutil.rmtree(folder, ignore_errors=True)
            number += 1
    return outcome


def _can_speak(case: Case) -> bool:
    """Say whether stderr can be written to."""
    dumb = {("full", 2), ("unread", 2)}
    return not any((how == "close" and much & 4) or (how, much) in dumb or how == "size" for how, much in case.hampered)


def _is_ours(case: Case, folder: Path, wrong: str) -> bool:
    """Say whether a fault is the program's, and not one of an interpreter that has no room to begin in."""
    tight = [how for how, _ in case.hampered if how in ("files", "memory")]
    return not tight or starts(case, folder) or wrong.startswith(("an unprintable", "a line", "what was"))


def _make_template(folder: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PRUNECLI_STORE": str(folder / "store"), "PRUNECLI_NOW": NOW}
    prunecli = [sys.executable, "-m", "prunecli"]
    evil = f"evil\n{FORGED}\n\x1b[2J\u202e"
    for argv in (
        ["state", "demo"],
        ["state", "add", "network", evil, "--label", f"{evil}={evil}"],
        ["state", "add", "volume", evil],
        ["state", "add", "cache", evil, "--description", evil],
        ["state", "add", "container", evil, "--state", "exited", "--label", f"a={evil}"],
    ):
        subprocess.run([*prunecli, *argv], env=env, check=True, timeout=PATIENCE)
    dump = subprocess.run([*prunecli, "state", "export"], env=env, check=True, timeout=PATIENCE, capture_output=True)
    (folder / "dump").write_bytes(dump.stdout)


def main() -> int:
    """Run the command; exit 1 when a fault was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    wanted = parser.parse_args()
    print(f"seed {wanted.seed}")
    outcome = fuzz(wanted.seconds, wanted.seed)
    for fault in outcome.faults:
        print(f"\n{fault}")
    codes = ", ".join(f"{code}: {times}" for code, times in sorted(outcome.codes.items()))
    print(f"\n{outcome.runs} command lines, {len(outcome.faults)} faults; exit codes {codes}")
    return int(bool(outcome.faults))


if __name__ == "__main__":
    sys.exit(main())
