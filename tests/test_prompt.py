"""What stands before an answer, and what an answer does."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from prunecli.cli.preview import listing, preview
from prunecli.example import example_world
from prunecli.info import PruneRequest
from prunecli.kinds.image import Image
from prunecli.kinds.volume import Volume
from prunecli.pruning import plan_on
from prunecli.snapshot import Snapshot
from prunecli.tables import display_width
from prunecli.verdict import Kind

from .cli_runs import Cli, cli
from .conftest import NOW

__all__ = ["cli"]

SURE = "Are you sure you want to continue? [y/N] "


@pytest.mark.parametrize(
    ("command", "warning"),
    [
        ("container prune", "WARNING! This will remove all stopped containers.\n"),
        ("image prune", "WARNING! This will remove all dangling images.\n"),
        (
            "image prune -a",
            "WARNING! This will remove all images without at least one container associated to them.\n",
        ),
        ("network prune", "WARNING! This will remove all custom networks not used by at least one container.\n"),
        (
            "volume prune",
            "WARNING! This will remove anonymous local volumes not used by at least one container.\n",
        ),
        ("volume prune -a", "WARNING! This will remove all local volumes not used by at least one container.\n"),
        ("builder prune", "WARNING! This will remove all dangling build cache. "),
        ("builder prune -a", "WARNING! This will remove all build cache. "),
        (
            "system prune --filter label!=b --filter until=5m",
            "WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one"
            " container\n  - all dangling images\n  - unused build cache\n\n  Items to be pruned will be filtered"
            " with:\n  - label!=b\n  - until=5m\n\n",
        ),
    ],
)
def test_without_a_terminal_it_is_dockers(cli: Cli, command: str, warning: str) -> None:
    """Whoever is no person at a terminal gets Docker's question, byte for byte; the world is said on stderr."""
    ran = cli(*command.split(), stdin="")
    assert ran == (0, warning + SURE, f"On the state store {cli.path}\n")


@pytest.mark.parametrize(
    ("answer", "goes"),
    [
        *[("y\n", True), ("Y", True), ("  y \n", True)],
        *[("yes\n", False), ("n\n", False), ("\n", False), ("", False), ("?\ny\n", False), ("n\ny\n", False)],
    ],
)
def test_answers(cli: Cli, answer: str, goes: bool) -> None:
    """y and Y go on; everything else declines, with exit 0 and no word. Without a terminal a ? is a no, too."""
    ran = cli("network", "prune", stdin=answer)
    assert ran.code == 0
    assert ("Deleted Networks:" in ran.out) == goes
    assert ran.out.count(SURE) == 1
    assert len(cli.world().networks) == (4 if goes else 7)


def test_a_preview_counts_and_names_the_largest() -> None:
    """The preview has one line for each kind, and the ten largest objects, largest first."""
    volumes = tuple(Volume(f"v{n:02}", "local", NOW, size=n * 1000) for n in range(30))
    world = replace(example_world(NOW), volumes=volumes, containers=(), images=())
    request = PruneRequest((Kind.VOLUME,), all=True)
    lines = preview(plan_on(world, request)).splitlines()
    assert lines[:4] == ["435kB would come back:", "  30 volumes  435kB", "", "The largest:"]
    assert lines[4:14] == [f"  {n}kB  volume v{n:02}" for n in range(29, 19, -1)]


def test_an_empty_plan_says_so() -> None:
    """Where nothing would go the preview says that."""
    plan = plan_on(Snapshot(NOW), PruneRequest(tuple(Kind)))
    assert preview(plan) == "Nothing would go.\n\n"
    assert listing(plan) == "Nothing would go.\n"


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are cut to the terminal, wide characters and control characters included."""
    monkeypatch.setenv("COLUMNS", str(columns))
    names = ["\u6f22\u5b57" * 40, "\x1b[31m" * 20, "a\nb" * 30, "plain"]
    volumes = tuple(Volume(name, "local", NOW, size=1000) for name in names)
    plan = plan_on(Snapshot(NOW, volumes=volumes), PruneRequest((Kind.VOLUME,), all=True))
    shown = preview(plan)
    assert all(display_width(line) < columns for line in shown.splitlines())
    assert "\x1b" not in shown + listing(plan)
    assert len(listing(plan).splitlines()) == 1 + len(names)


def test_a_listing_is_whole() -> None:
    """The listing names everything that goes, with why, and the references that images lose."""
    image = Image("sha256:" + "a" * 64, tags=("app:1", "app:2"))
    world = example_world(NOW)
    web = next(c for c in world.containers if c.name == "web")
    world = replace(
        world,
        images=(*world.images, image),
        containers=(*world.containers, replace(web, id="w2", name="w2", image=image.id, image_id=image.id)),
    )
    text = listing(plan_on(world, PruneRequest(tuple(Kind), all=True)))
    assert "  container_foo (0a3501b8292d), 5.243MB: exited, created 30 hours ago\n" in text
    assert "  app:1 stays and loses app:1: in use by container w2 (running)\n" in text
    assert "web" not in text.replace("w2", "")


def test_config_filters_stand_in_the_question(cli: Cli) -> None:
    """Filters of Docker's configuration are shown, since they hold."""
    folder = Path(os.environ["DOCKER_CONFIG"])
    folder.mkdir()
    (folder / "config.json").write_text('{"pruneFilters": ["label!=keep"]}')
    assert "  - label!=keep\n" in cli("system", "prune").out
