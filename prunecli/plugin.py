"""`docker prunecli`: the program as a plugin of the Docker client.

Docker runs plugins with its own command line: its global options, the plugin's name, then the plugin's words. It asks
for a description whenever it shows its help, so that comes first and needs nothing else.
Source: `cli-and-api.md` 10.3 of the specification.
"""

from __future__ import annotations

import os
import sys

from prunecli import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "prunecli"

METADATA = (
    '{"SchemaVersion":"0.1.0","Vendor":"The prunecli project","Version":"v' + __version__ + '",'
    '"ShortDescription":"See what a prune would remove and why, and remove exactly that"}'
)

_WITH_VALUE = frozenset(
    {"--config", "-c", "--context", "-H", "--host", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey"}
    | {"--store", "--api-version"}
)
_WORLD = ("--store", "-c", "--context", "-H", "--host", "--engine")
_ON_A_WORLD = frozenset(
    {"system", "container", "image", "network", "volume", "builder", "buildx", "events", "apply", "gc"}
)


def main() -> None:
    """Answer Docker, or run the command line behind the plugin's name; ends the process."""
    argv = sys.argv[1:]
    if argv[:1] == ["docker-cli-plugin-metadata"]:
        print(METADATA)
        return
    if argv[:1] in (["__complete"], ["__completeNoDesc"]):
        from prunecli.cli.plugin import complete_for_docker

        complete_for_docker(_behind_name(argv[1:]), descriptions=argv[0] == "__complete")
        return
    _follow_docker(os.environ.get("DOCKER_CLI_PLUGIN_SOCKET", ""))
    from prunecli.cli.main import run
    from prunecli.cli.streams import settle

    settle()
    sys.exit(run(command_line(argv), prog=f"docker {NAME}"))


def command_line(argv: Sequence[str]) -> list[str]:
    """Return our command line for Docker's.

    Its options come first, `--debug` as a log level; where no world is named and the command works on one, it is the
    Engine that docker itself would use.
    """
    if list(argv[:2]) == ["help", NAME]:
        return [*argv[2:], "--help"]
    before, rest = _split(argv)
    if rest[:1] == [NAME]:
        rest = rest[1:]
    own, command = _split(rest)
    options = [*_as_ours(before), *own]
    named = any(_name(word) in _WORLD for word in options)
    if command[:1] and command[0] in _ON_A_WORLD and not named:
        options.append("--engine")
    return [*options, *command]


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the options at the beginning, with their values, and what follows them."""
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] not in ("-", "--"):
        at += 2 if words[at] in _WITH_VALUE else 1
    return list(words[:at]), list(words[at:])


def _as_ours(options: list[str]) -> list[str]:
    ours: list[str] = []
    for word in options:
        ours += ["--log-level", "debug"] if word in ("-D", "--debug") else [word]
    return ours


def _name(word: str) -> str:
    """Return the option in a word: `-H` for `-Hunix:///x`, `--host` for `--host=unix:///x`."""
    return word.partition("=")[0] if word.startswith("--") else word[:2]


def _behind_name(words: list[str]) -> list[str]:
    """Return what stands behind the plugin's name; Docker's own options before it say which Engine is meant."""
    before, rest = _split(words)
    return [*_as_ours(before), *rest[1:]] if rest[:1] == [NAME] else words


def _follow_docker(address: str) -> None:
    """End when Docker does: where its signals do not reach us, it hangs up on this socket instead."""
    if not address.startswith("@"):
        return
    import signal
    import socket
    import threading

    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect("\0" + address[1:])
    except OSError:
        return

    def listen() -> None:
        with line:
            while line.recv(4096):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=listen, daemon=True).start()


if __name__ == "__main__":
    main()
