"""Files that commands read and write: devices are not read, and nothing dear is written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from prunecli.cli.state_pull import _write
from prunecli.errors import DumpError

from .cli_runs import Cli, cli

__all__ = ["cli"]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("state", "import", "/dev/zero"), id="a dump"),
        pytest.param(("gc", "policy", "--config", "/dev/zero"), id="a policy"),
    ],
)
def test_devices_are_not_read(cli: Cli, words: tuple[str, ...]) -> None:
    """A device, which may never end, is refused in one sentence."""
    ran = cli(*words)
    assert ran.code == 1
    assert ran.err == "/dev/zero cannot be read: it is a device\n"


def test_a_dump_replaces_dumps_alone(tmp_path: Path) -> None:
    """An older dump gives way, whole; any other file stays as it is, and nothing is left beside it."""
    dump, dear = tmp_path / "dump.json", tmp_path / "state.db"
    dear.write_bytes(b"SQLite format 3\x00")
    for text in ('{"format": "engine-dump/v1"}', '{"format": "engine-dump/v1", "taken": ""}'):
        _write(str(dump), text)
        assert dump.read_text() == text
        assert dump.stat().st_mode & 0o777 == 0o600
    with pytest.raises(DumpError, match="is there already and is no Engine dump"):
        _write(str(dear), "{}")
    assert dear.read_bytes() == b"SQLite format 3\x00"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dump.json", "state.db"]
