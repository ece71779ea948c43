"""Pictures of a terminal, drawn by Rich from real runs: what the README shows is what happens.

The runs are those of a newcomer at 10:00 on 2026-11-21, on the example, served as a Docker Engine. The same program
gives the same picture: width, ids and clock are fixed, and no picture asks a network for anything.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from tests.console import newcomer
from tests.terminals import Terminal

WIDTH = 118

PICTURES = {
    "dry-run": ("prunecli --engine system prune --dry-run --explain --quiet",),
    "explain": (
        "prunecli --engine image prune --all --dry-run --quiet --explain=alpine:3.20",
        "prunecli --engine builder prune --filter description~=alpine --dry-run --quiet --explain=29dfqn86",
    ),
}

_BEGIN = """
stty -echo
prunecli state demo
prunecli serve --socket ~/docker.sock > ~/address &
until [ -s ~/address ]; do sleep 0.1; done
export DOCKER_HOST=unix://$HOME/docker.sock
"""
_MARK = "=next="

# Rich's own frame, without the fonts that it fetches.
_FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
    font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
    font-size: {char_height}px;
    line-height: {line_height}px;
}}
.{unique_id}-title {{
    font-size: 18px;
    font-weight: bold;
    font-family: sans-serif;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def drawn() -> dict[str, str]:
    """Return each picture by its name, as SVG."""
    commands = [command for every in PICTURES.values() for command in every]
    screens = dict(zip(commands, _run(commands), strict=True))
    return {
        name: _draw(name, "".join(f"$ {command}\n{screens[command]}" for command in every))
        for name, every in PICTURES.items()
    }


def _run(commands: list[str]) -> list[str]:
    """Return what each command shows on a terminal, colours included."""
    pause = f"echo {_MARK}; read -r\n"
    script = _BEGIN + pause + "".join(f"{command}\n{pause}" for command in commands) + "kill $!; wait $!\n"
    with tempfile.TemporaryDirectory(prefix="prunecli-doc-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        variables = newcomer(Path(folder)) | {
            "PRUNECLI_NOW": "2026-11-21T10:00:00Z",
            "TERM": "xterm-256color",
            "COLUMNS": str(WIDTH),
            "PAGER": "",
        }
        del variables["NO_COLOR"]
        shown = []
        with Terminal(["bash", "-c", f"cd && {{ {script} }}"], variables, columns=WIDTH) as terminal:
            for _ in range(len(commands) + 1):
                shown.append(terminal.read_until(f"{_MARK}\n").removesuffix(f"{_MARK}\n").replace(str(home), "~"))
                terminal.type("\n")
            if terminal.end():
                raise RuntimeError(terminal.seen)
    return shown[1:]


def _draw(name: str, screen: str) -> str:
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(screen.rstrip("\n")), soft_wrap=False)
    return console.export_svg(title="prunecli", theme=MONOKAI, code_format=_FRAME, unique_id=name)
