"""`--explain` names every object, what goes and what stays, and says why in words a person understands."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from typing import TextIO

import pytest

from prunecli.cli.explain import explain
from prunecli.cli.explain_cache import cache_notes
from prunecli.example import example_world
from prunecli.info import PruneRequest
from prunecli.kinds.build_cache import CacheRecord, DiskStat
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.pruning import plan_on
from prunecli.snapshot import Snapshot
from prunecli.units import HOUR
from prunecli.verdict import Kind

from .cli_runs import Cli, changed, cli
from .conftest import NOW

__all__ = ["cli"]


def told(out: str) -> dict[str, tuple[str, str]]:
    """Return verdict and reason of every object in a plain explanation, by its name."""
    rows = [line.split("   ") for line in out.splitlines() if line.startswith(("remove ", "keep "))]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    return {row[1]: (row[0], row[-1]) for row in cells}


def test_every_object_has_its_line(cli: Cli) -> None:
    """Each object of each kind stands there once, and the headlines count them."""
    out = cli("system", "prune", "-a", "--explain", "--dry-run").out
    assert told(out) == {
        "container_baz": ("remove", "exited, created 2 hours ago"),
        "container_bar": ("remove", "exited, created 26 hours ago"),
        "container_foo": ("remove", "exited, created 30 hours ago"),
        "web": ("keep", "it is running"),
        "network_bar": ("remove", "no running container is attached, created 30 hours ago"),
        "network_baz": ("remove", "no running container is attached, created 30 hours ago"),
        "network_foo": ("remove", "no running container is attached, created 30 hours ago"),
        "bridge": ("keep", "Docker itself made it"),
        "host": ("keep", "Docker itself made it"),
        "none": ("keep", "Docker itself made it"),
        "shop": ("keep", "in use by web"),
        "alpine:3.20": (
            "remove",
            "no container uses it, created 2 months ago; gives back 0B, its other layers are shared",
        ),
        "image_foo:latest": (
            "remove",
            "no container uses it, created 3 hours ago; gives back 12.58MB, its other layers are shared",
        ),
        "df82eec38635": ("remove", "untagged, and no other image builds on it, created 2 days ago"),
        "nginx:1.27": ("keep", "in use by container web (running)"),
        "mount / from exec /bin/sh -c dd if=/dev/zero of=bigfile bs=1M count=50": ("remove", "last used 3 hours ago"),
        "local source for context": ("remove", "last used 3 hours ago"),
        "pulled from docker.io/library/alpine:3.20": ("remove", "last used 3 hours ago"),
    }
    assert [line for line in out.splitlines() if line.endswith(" kept")] == [
        "Containers: 3 to remove (15.73MB), 1 kept",
        "Networks: 3 to remove, 4 kept",
        "Images: 3 to remove (21.57MB), 1 kept",
        "Build cache records: 3 to remove (52.43MB), 0 kept",
    ]


def test_the_explanation_precedes_the_report(cli: Cli) -> None:
    """stdout is the explanation, a blank line, and then what is printed without it."""
    for how in (["--dry-run"], ["--force"]):
        plain = cli("container", "prune", "--dry-run").out
        out = cli("container", "prune", "--explain", *how).out
        assert out.startswith("Containers: 3 to remove")
        assert out.endswith("\n\n" + plain)


def test_it_shows_and_then_asks(cli: Cli) -> None:
    """Without --force the question follows, and a no leaves everything as it is."""
    before = cli.world()
    ran = cli("container", "prune", "--explain", stdin="n\n")
    assert ran.out.endswith(
        "\n\nWARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] "
    )
    assert cli.world() == before


def test_beside_a_document_it_is_on_stderr(cli: Cli) -> None:
    """With JSON stdout is one document, and the explanation for people is on stderr."""
    ran = cli("container", "prune", "--explain", "--dry-run", "--format", "json")
    assert ran.document["format"] == "prunecli-plan/v1"
    assert ran.err.startswith("Containers: 3 to remove")


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        pytest.param(
            "system prune -a --explain=alpine:3.20",
            ["Image alpine:3.20", "  remove: no container uses it, created 2 months ago; gives back 0B, its other"],
            id="a tag",
        ),
        pytest.param("image prune -a --explain=image_foo", ["Image image_foo:latest"], id="a name means its latest"),
        pytest.param(
            "image prune -a --explain=docker.io/library/nginx:1.27", ["Image nginx:1.27"], id="a full reference"
        ),
        pytest.param("image prune -a --explain=a872c58b2545", ["Image alpine:3.20"], id="the beginning of an id"),
        pytest.param("image prune -a --explain=sha256:a872", ["Image alpine:3.20"], id="with its algorithm"),
        pytest.param(
            "system prune --explain=web",
            ["Container web", "  keep: it is running"],
            id="a name",
        ),
        pytest.param("container prune --explain=/web", ["Container web"], id="a name with its slash"),
        pytest.param(
            "volume prune --explain=web-data",
            ["Volume web-data", "  size: 41.94MB", "  keep: in use by container web (running)"],
            id="a volume",
        ),
        pytest.param("network prune --explain=shop", ["Network shop", "  keep: in use by web"], id="a network"),
        pytest.param(
            "builder prune --explain=lx3r",
            ["  remove: last used 3 hours ago", "  type: regular, used once", "  builds on: 29dfqn86xmb7quv06x4fstsyt"],
            id="a record",
        ),
    ],
)
def test_one_object(cli: Cli, command: str, lines: list[str]) -> None:
    """`--explain=NAME` finds an object by any name it has, and tells all about that one alone."""
    ran = cli(*command.split(), "--dry-run")
    explanation = ran.out.partition("\n\n")[0]
    assert ran.code == 0
    for line in lines:
        assert any(said.startswith(line) for said in explanation.splitlines()), explanation
    assert explanation.count("  keep: ") + explanation.count("  remove: ") == 1


@pytest.mark.parametrize(
    ("command", "message"),
    [
        pytest.param(
            "system prune --explain=nosuch",
            'nothing here is called "nosuch": give a name, a tag, an id or the beginning of one',
            id="nothing of that name",
        ),
        pytest.param(
            "image prune --explain=web", '"web" is a container, which image prune does not look at', id="another kind"
        ),
        pytest.param(
            "system prune --explain=",
            "--explain= needs a name or an id; without the = it explains everything",
            id="no name",
        ),
        pytest.param(
            "system prune --explain=sha256:",
            '"sha256:" is the beginning of 4 ids: give more of the one that is meant',
            id="too short",
        ),
    ],
)
def test_what_cannot_be_explained(cli: Cli, command: str, message: str) -> None:
    """A name that fits nothing, or too much, is one sentence, and nothing is removed."""
    before = cli.world()
    ran = cli(*command.split(), "--force")
    assert (ran.code, ran.out, ran.err) == (1, "", message + "\n")
    assert cli.world() == before


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("alpine", 'Did you mean "alpine"'),
        ("web-dat", 'Did you mean "web-data"'),
        ("container_fo", 'Did you mean "container_foo"'),
        ("imge_foo", 'Did you mean "image_foo"'),
    ],
)
def test_a_name_that_is_nearly_one(cli: Cli, wanted: str, meant: str) -> None:
    """Below the error stand the nearest names of what the command looks at; no id, nothing that cannot be typed."""
    cli.change(lambda w: replace(w, volumes=(*w.volumes, replace(w.volumes[0], name="zz\x1b[1mzz"))))
    wrong = f"{wanted}x"
    err = cli("system", "prune", "--volumes", f"--explain={wrong}", "--dry-run").err
    assert err.splitlines()[0].startswith(f'nothing here is called "{wrong}"')
    assert err.splitlines()[1].startswith(meant)
    ids = (cli.world().containers[0].id, cli.world().images[0].id, cli.world().build_cache[0].id)
    assert not any("Did you mean" in cli("system", "prune", f"--explain={id}x", "--dry-run").err for id in ids)
    assert cli("network", "prune", f"--explain={wrong}", "--dry-run").err.count("\n") == 1
    assert cli("system", "prune", "--volumes", "--explain=zz[1mzz", "--dry-run").err.count("\n") == 1


def repository(*names: str) -> tuple[Image, ...]:
    """Return images of these tags or digests, all of one size, each younger than the one before."""
    return tuple(
        Image(
            f"sha256:{number:064x}",
            created_at=NOW - (9 - number) * HOUR,
            size=100 + number,
            **{"digests" if "@" in name else "tags": (name,)},  # type: ignore[arg-type] # one of two names
        )
        for number, name in enumerate(names)
    )


API = "reg.corp/api"
DIGEST = f"{API}@sha256:{'d' * 64}"


def explained(out: str) -> list[str]:
    """Return the names of the objects that were explained one by one, or in rows, in their order."""
    return [line.split()[1] for line in out.splitlines() if line.startswith(("Image ", "remove ", "keep "))]


def test_a_repository(cli: Cli) -> None:
    """A name without a tag means every tag and digest of that repository, in natural order, and of no other."""
    images = repository(f"{API}:1.10", f"{API}:1.9", f"{API}-2:1", DIGEST, "team/api:1", "api:1")
    cli.change(lambda w: replace(w, images=images))
    out = cli("image", "prune", "-a", f"--explain={API}", "--dry-run", "-q").out
    assert explained(out) == [f"{API}:1.9", f"{API}:1.10", DIGEST]
    assert explained(cli("image", "prune", "-a", f"--explain={API}:1.9", "--dry-run").out) == [f"{API}:1.9"]
    assert explained(cli("image", "prune", "-a", f"--explain={DIGEST}", "--dry-run").out) == [DIGEST]
    full = cli("image", "prune", "-a", "--explain=docker.io/library/api", "--dry-run").out
    assert explained(full) == ["api:1"]


def test_a_repository_is_an_images(cli: Cli) -> None:
    """The long form of an image's name does not mean a container that has the short form."""
    ran = cli("system", "prune", "--explain=docker.io/library/web", "--dry-run")
    assert ran.err.startswith('nothing here is called "docker.io/library/web"')


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ([], ["b:1.2", "b:1.9", "b:1.10", "000000000003"]),
        (["--sort", "name"], ["b:1.2", "b:1.9", "b:1.10", "000000000003"]),
        (["--sort", "size"], ["000000000003", "b:1.2", "b:1.10", "b:1.9"]),
        (["--sort=age"], ["b:1.9", "b:1.10", "b:1.2", "000000000003"]),
    ],
)
def test_the_order(cli: Cli, sort: list[str], names: list[str]) -> None:
    """What goes stands before what stays; in between the order that was asked for, and the report as it was."""
    images = tuple(
        replace(image, id=image.id[:7] + image.id[-12:] + "0" * 52, tags=() if image.tags == ("x:1",) else image.tags)
        for image in repository("b:1.9", "b:1.10", "b:1.2", "x:1")
    )
    cli.change(lambda w: replace(w, images=images, containers=()))
    plain = cli("image", "prune", "-a", "--dry-run").out
    out = cli("image", "prune", "-a", "--explain", "--dry-run", *sort).out
    assert explained(out) == names
    assert out.endswith("\n\n" + plain)


def test_the_age_of_build_cache(cli: Cli) -> None:
    """Build cache is as old as its last use; containers without a sort stay newest first."""
    records = (record("r1", age=5), record("r2", age=9), replace(record("r3"), last_used_at=None, created_at=0))
    cli.change(lambda w: replace(w, build_cache=records))
    assert explained(cli("builder", "prune", "--explain", "--sort", "age", "--dry-run").out) == ["r2", "r1", "r3"]
    out = cli("container", "prune", "--explain", "--dry-run").out
    assert explained(out) == ["container_baz", "container_bar", "container_foo", "web"]
    out = cli("container", "prune", "--explain", "--dry-run", "--sort", "name").out
    assert explained(out) == ["container_bar", "container_baz", "container_foo", "web"]


def test_several_of_one_name(cli: Cli) -> None:
    """A container and a network of one name are both told."""
    cli.change(lambda w: replace(w, networks=changed(w.networks, "shop", name="web")))
    out = cli("system", "prune", "--explain=web", "--dry-run").out
    assert out.startswith("Container web\n")
    assert "\n\nNetwork web\n" in out


def record(id: str, *parents: str, age: int = 30, size: int = 100, **more: object) -> CacheRecord:
    """Return a record that was last used so many hours ago."""
    return CacheRecord(
        id,
        parents,
        size=size,
        created_at=NOW - 99 * HOUR,
        last_used_at=NOW - age * HOUR,
        usage_count=1,
        **more,  # type: ignore[arg-type]
    )


CHAIN = (
    record("base"),
    record("mid", "base"),
    record("top1", "mid", age=3),
    record("top2", "mid", age=4),
    record("busy", "base", in_use=True),
)


def test_what_pins_a_record(cli: Cli) -> None:
    """A record that younger ones build on says how many, and which, and why those stay."""
    cli.change(lambda w: replace(w, build_cache=CHAIN))
    everything = told(cli("builder", "prune", "--filter", "until=24h", "--explain", "--dry-run").out)
    assert everything["mid"] == ("keep", "2 younger records build on it")
    assert everything["base"] == ("keep", "1 record in use and 2 younger records build on it")
    assert everything["top1"] == ("keep", "used 3 hours ago, keep is 24 hours")
    one = cli("builder", "prune", "--filter", "until=24h", "--explain=mid", "--dry-run").out
    assert "  pinned by:\n    top1  top1: used 3 hours ago, keep is 24 hours\n    top2  top2: used 4 hours ago" in one


def notes(world: Snapshot, **sizes: int) -> list[str]:
    """Return what is said of the cache as a whole under these limits."""
    plan = plan_on(world, PruneRequest((Kind.BUILD_CACHE,), **sizes))  # type: ignore[arg-type] # sizes, by name
    return cache_notes(plan.kinds[0], world)


WORLD = Snapshot(NOW, build_cache=tuple(record(f"r{n}", age=10 + n) for n in range(10)))


def test_what_a_limit_frees() -> None:
    """The account says what the cache takes, what the limit frees, and what could go without it."""
    assert notes(WORLD, reserved_space=450) == [
        "The cache takes 1kB.",
        "The limit is 450B: 600B would go, of 1kB that could go without a limit.",
        "  400B in 4 records within the limit",
    ]
    assert notes(WORLD) == ["The cache takes 1kB.", "1kB would go."]


def test_what_stands_in_a_limits_way() -> None:
    """When records are held, the account says that the limit cannot be reached, and how many bytes are held by what."""
    world = replace(WORLD, build_cache=CHAIN)
    assert notes(world, max_used_space=150) == [
        "The cache takes 500B.",
        "The limit is 150B: 300B would go, of 300B that could go without a limit.",
        "The limit cannot be reached: 200B stay, for the reasons below.",
        "  100B in 1 record in use",
        "  100B in 1 record built on by records that stay",
    ]


def test_free_space_makes_a_limit() -> None:
    """A disk that is too full is a limit like any other."""
    said = notes(replace(WORLD, disk=DiskStat(10_000, 200)), min_free_space=500)
    assert said[1] == "The limit is 700B: 400B would go, of 1kB that could go without a limit."


def test_shared_records_count_towards_no_limit() -> None:
    """What an image shares is told apart, since limits do not count it."""
    image = Image("sha256:a", tags=("app:v2",), layers=("chain",))
    world = replace(WORLD, images=(image,), layers={"chain": 1}, build_cache=(record("r", layer="chain"),))
    assert notes(world)[0] == "The cache takes 100B, of which 100B are shared with images and count towards no limit."
    plan = plan_on(world, PruneRequest((Kind.BUILD_CACHE,)))
    assert plan.kinds[0].verdicts[0].detail == "shared with image app:v2"


def shown(world: Snapshot, out: TextIO) -> None:
    """Write the explanation of a prune of everything."""
    explain(plan_on(world, PruneRequest(tuple(Kind), all=True)).kinds, out)


HOSTILE = "a\x1b]0;owned\x07\n\u202eb\u6f22"


def test_names_cannot_command_a_terminal() -> None:
    """Control characters in names are spelt out; letters of any script stay."""
    world = Snapshot(NOW, containers=(Container("c", HOSTILE, "i", "", "exited", False, NOW),))
    out = io.StringIO()
    shown(world, out)
    assert "a\\x1b]0;owned\\x07\\x0a\\u202eb\u6f22" in out.getvalue()
    assert not {"\x1b", "\x07", "\u202e"} & set(out.getvalue())


def test_rich_stays_away_from_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is not a terminal needs Rich."""
    for name in [name for name in sys.modules if name == "rich" or name.startswith("rich.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    shown(example_world(NOW), io.StringIO())


def test_no_objects_at_all() -> None:
    """A kind without objects says so."""
    out = io.StringIO()
    shown(Snapshot(NOW), out)
    assert (
        out.getvalue()
        == "Containers: none\n\nNetworks: none\n\nVolumes: none\n\nImages: none\n\nBuild cache records: none\n"
    )
