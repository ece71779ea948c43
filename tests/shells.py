"""Interactive shells in a pseudo-terminal, and what they offer when a key asks for it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import termios
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60.0
MARK = "=mark="
_CONTROLS = re.compile(
    r"\x1b\[[0-9;?>=]*[ -/]*[a-zA-Z~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[()].|\x1b[=>78ck]|[\x07\x0e\x0f]"
)


class Terminal:
    """A process on a terminal of its own; `say` types, `until` reads up to a text."""

    def __init__(self, argv: list[str], env: Mapping[str, str], cwd: Path) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(argv[0], argv, dict(env))  # noqa: S606 - a shell on a terminal is what is tested
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 200, 250, 0, 0))
        self._text = ""

    def say(self, keys: str) -> None:
        """Type."""
        os.write(self.fd, keys.encode())

    def until(self, text: str) -> str:
        """Return what was written up to a text, and forget it together with the text."""
        deadline = time.monotonic() + PATIENCE
        while text not in self._text:
            ready, _, _ = select.select([self.fd], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise AssertionError(f"the shell never wrote {text!r}, but {self._text!r}")
            self._text += os.read(self.fd, 65536).decode(errors="replace")
        before, _, self._text = self._text.partition(text)
        return before

    def close(self) -> None:
        """Hang up."""
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def plain(text: str) -> str:
    """Return what a terminal wrote, without its control sequences."""
    return _CONTROLS.sub("", text).replace("\r\n", "\n")


class Shell(ABC):
    """An interactive shell with the completion script loaded. `offers` is what a press of the key would show."""

    rc = ""
    setup = ""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    @abstractmethod
    def offers(self, line: str) -> list[str]:
        """Return the candidates at the end of a line, sorted."""

    @abstractmethod
    def completed(self, keys: str) -> str:
        """Return the command line after these keys were typed; a tab among them completes."""


class Bash(Shell):
    """bash with readline: lists one candidate on a line, and says what stands on the command line."""

    rc = """
[ -r /usr/share/bash-completion/bash_completion ] && . /usr/share/bash-completion/bash_completion
PS1='ready> ' PS2= HISTFILE=
bind 'set enable-bracketed-paste off'
bind 'set bell-style none'
bind 'set completion-query-items 0'
bind 'set page-completions off'
bind 'set completion-display-width 0'
bind '"\\C-x\\C-l": possible-completions'
bind -x '"\\C-x\\C-a": printf "%s\\n" "=ma""rk="'
bind -x '"\\C-x\\C-b": printf "<%s>%s\\n" "$READLINE_LINE" "=ma""rk="'
. "$SCRIPT"
"""

    def offers(self, line: str) -> list[str]:
        """Return the candidates, sorted."""
        self._list("prunecli sys")  # after an answer without candidates, readline completes where it should list
        shown = self._list(line)
        return sorted(row.strip() for row in shown[1:] if row.strip() and "ready> " not in row)

    def _list(self, line: str) -> list[str]:
        self.terminal.say("\x15" + line + "\x18\x0c\x18\x01")
        shown = plain(self.terminal.until(MARK)).split("\n")
        self.terminal.until("ready> ")  # only then are keys read one by one again
        return shown

    def completed(self, keys: str) -> str:
        """Return the command line."""
        self.terminal.say("\x15" + keys + "\x18\x02")
        shown = plain(self.terminal.until(MARK))
        self.terminal.until("ready> ")
        return shown[shown.rindex("<") + 1 : shown.rindex(">")]


class Zsh(Shell):
    """zsh with compinit."""

    rc = """
PS1='ready> ' RPS1= HISTFILE= LISTMAX=0
setopt no_always_last_prompt no_beep no_list_beep no_prompt_cr no_zle
unset zle_bracketed_paste
"""

    setup = """
fpath=("$FUNCTIONS" $fpath)
setopt zle no_list_types
autoload -Uz compinit && compinit -u -D
mark() { zle -I; print -r -- "=ma""rk=" }
line() { zle -I; print -r -- "<$BUFFER>=ma""rk=" }
zle -N mark; zle -N line
bindkey -e; bindkey '^X^L' list-choices; bindkey '^X^A' mark; bindkey '^X^B' line
"""

    def offers(self, line: str) -> list[str]:
        """Return the candidates, sorted."""
        self.terminal.say("\x15" + line + "\x18\x0c\x18\x01")
        shown = plain(self.terminal.until(MARK)).split("\n")
        self.terminal.until("ready> ")  # only then are keys read one by one again
        rows = [row.partition(" -- ")[0] for row in shown[1:] if "ready> " not in row]
        return sorted(word.replace("\\", "") for row in rows for word in row.split())

    def completed(self, keys: str) -> str:
        """Return the command line."""
        self.terminal.say("\x15" + keys + "\x18\x02")
        shown = plain(self.terminal.until(MARK))
        self.terminal.until("ready> ")
        return shown[shown.rindex("<") + 1 : shown.rindex(">")]


class Fish(Shell):
    """fish: `complete -C` asks what a press of the key asks."""

    rc = """
function fish_prompt; echo 'ready> '; end
set -g fish_greeting
set -g fish_autosuggestion_enabled 0
bind \\cx\\cb 'echo "<"(commandline -b)">=ma""rk="; commandline -f repaint'
source $SCRIPT
"""

    def offers(self, line: str) -> list[str]:
        """Return the candidates, sorted."""
        quoted = line.replace("\\", "\\\\").replace("'", "\\'")
        self.terminal.say(f"\x15echo '=be''gin='; complete -C '{quoted}'; echo '=ma''rk='\r")
        shown = plain(self.terminal.until(MARK + "\r\n"))
        rows = shown[shown.rindex("=begin=") + len("=begin=") :].split("\n")
        return sorted(row.partition("\t")[0] for row in rows if row.strip())

    def completed(self, keys: str) -> str:
        """Return the command line."""
        self.terminal.say("\x15" + keys + "\x18\x02")
        shown = plain(self.terminal.until(MARK))
        self.terminal.until("ready> ")
        return shown[shown.rindex("<") + 1 : shown.rindex(">")]


SHELLS: dict[str, type[Shell]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


@contextmanager
def shell(
    name: str, script: Path, env: Mapping[str, str], cwd: Path, *, under: tuple[str, ...] = (), breaks: str = ""
) -> Iterator[Shell]:
    """Start an interactive shell that has read the completion script.

    `under` is a command that starts it, such as a tracer; `breaks` replaces bash's COMP_WORDBREAKS.
    """
    program = shutil.which(name)
    assert program
    made = SHELLS[name]
    home = cwd / f"{name}-home"
    home.mkdir(parents=True, exist_ok=True)
    env = {**env, "HOME": str(home), "SCRIPT": str(script), "FUNCTIONS": str(script.parent), "TERM": "xterm"}
    env |= {"LC_ALL": "C.UTF-8", "ZDOTDIR": str(home), "XDG_CONFIG_HOME": str(home / "config")}
    if name == "bash":
        (home / "rc").write_text(made.rc + (f"COMP_WORDBREAKS=$'{breaks}'\n" if breaks else ""))
        argv = [program, "--noprofile", "--rcfile", str(home / "rc"), "-i"]
    elif name == "zsh":
        (home / ".zshrc").write_text(made.rc + made.setup)
        argv = [program, "-d", "-i"]
    else:
        (home / "config" / "fish").mkdir(parents=True, exist_ok=True)
        # Without this folder fish reads all manuals of the machine at its first start.
        (home / ".local" / "share" / "fish" / "generated_completions").mkdir(parents=True, exist_ok=True)
        (home / "config" / "fish" / "config.fish").write_text(made.rc)
        argv = [program, "-i"]
    terminal = Terminal([*under, *argv], env, cwd)
    try:
        terminal.until("ready> ")
        yield made(terminal)
    finally:
        terminal.close()
