"""What stands below an error: what was meant, or what would be right; Docker's own words come first and unchanged."""

from __future__ import annotations

import pytest

from prunecli.cli.suggest import did_you_mean
from prunecli.completion.values import FILTERS
from prunecli.errors import FilterError
from prunecli.filters import Filters
from prunecli.info import FILTER_KEYS, Dialect, PruneRequest, make_infos
from prunecli.profile import DEFAULT_PROFILE as PROFILE
from prunecli.profile import make_profile
from prunecli.verdict import Kind

from .cli_runs import Cli, cli
from .conftest import NOW

__all__ = ["cli"]


@pytest.mark.parametrize(
    ("command", "first", "last"),
    [
        pytest.param("sytem", "prunecli: unknown command: prunecli sytem", 'Did you mean "system"?', id="a command"),
        pytest.param(
            "system pruen", "prunecli: unknown command: prunecli system pruen", 'Did you mean "prune"?', id="below it"
        ),
        pytest.param("help sytem", "unknown help topic: sytem", 'Did you mean "system"?', id="a help topic"),
        pytest.param(
            "help system pruen", "unknown help topic: pruen", 'Did you mean "prune"?', id="a help topic below it"
        ),
        pytest.param(
            "image prune --dryrun", "unknown flag: --dryrun", 'Did you mean "--dry-run"?', id="a flag without its dash"
        ),
        pytest.param("--sotre x system df", "unknown flag: --sotre", 'Did you mean "--store"?', id="a global flag"),
        pytest.param(
            "system prune --engine",
            "unknown flag: --engine",
            "--engine is a global option: it stands before the command",
            id="a global flag behind the command",
        ),
        pytest.param(
            "container prune --explain web",
            "prunecli: 'prunecli container prune' accepts no arguments",
            'Did you mean "--explain=web"?',
            id="a value behind a blank",
        ),
        pytest.param(
            "apply --explain web plan.json",
            "prunecli: 'prunecli apply' requires at most 1 argument",
            'Did you mean "--explain=web"?',
            id="a value behind a blank beside an argument",
        ),
    ],
)
def test_what_was_meant(cli: Cli, command: str, first: str, last: str) -> None:
    """The nearest known word stands in a line of its own below everything that Docker says."""
    ran = cli(*command.split())
    assert ran.out == ""
    assert (ran.err.splitlines()[0], ran.err.splitlines()[-1]) == (first, last)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["xyzzy"], id="nothing is near"),
        pytest.param(["system", "prune", "--no-force"], id="the opposite of what was typed"),
        pytest.param(["container", "prune", "--explain", "w\x1b[31meb"], id="a word with control characters"),
        pytest.param(["container", "prune", "--explain", "--", "web"], id="a word behind the end of flags"),
        pytest.param(["container", "prune", "--explain", "--dry-run", "web"], id="a word behind another flag"),
        pytest.param(["sytem" + "m" * 200], id="a long word"),
    ],
)
def test_nothing_to_suggest(cli: Cli, words: list[str]) -> None:
    """Where nothing is near, or nothing safe could be said, Docker's words stand alone."""
    ran = cli(*words)
    assert ran.code in (1, 125)
    assert ran.err.splitlines()[-1].startswith("Run 'prunecli ")
    assert "\x1b" not in ran.err


def test_what_is_offered() -> None:
    """At most so many words, the nearest first, each once; none with control characters, none that is hidden."""
    assert did_you_mean("web", ["wep", "web2", "wep", "db"], most=3) == 'Did you mean "web2" or "wep"?'
    assert did_you_mean("web", ["wob", "web2", "wep", "we"], most=3).count('"') == 6
    assert did_you_mean("web", ["we\x1bb"]) == ""
    assert did_you_mean("web", []) == ""


def test_hidden_things_stay_hidden(cli: Cli) -> None:
    """A flag that no help shows is not suggested either."""
    from prunecli.cli.prune import builder_prune

    flag = next(p for p in builder_prune.params if p.name == "keep_storage")
    assert cli("builder", "prune", "--keep-storag", "1").err.endswith('Did you mean "--keep-storage"?\n')
    flag.hidden = True  # type: ignore[attr-defined] # an option has it
    try:
        assert "Did you mean" not in cli("builder", "prune", "--keep-storag", "1").err
    finally:
        flag.hidden = False  # type: ignore[attr-defined]


REFUSED = {
    "container prune": "label, label!, until",
    "network prune": "label, label!, until",
    "volume prune": "label, label!, all",
    "image prune": "label, label!, until",
    "system prune": "label, label!, until",
    "system prune --volumes": "label, label!",
    "builder prune": "description, id, inuse, parent, private, shared, type, label, label!, until, unused-for; "
    "the fields of a record also with != and ~=",
}


@pytest.mark.parametrize("command", REFUSED)
def test_the_keys_of_a_kind(cli: Cli, command: str) -> None:
    """An unknown filter key is refused in Docker's words, and below them stand the keys that would be taken."""
    ran = cli(*command.split(), "-f", "--filter", "nosuch=1")
    first, last = ran.err.splitlines()
    assert first.endswith("invalid filter 'nosuch'")
    assert last == f"filters that can be given here: {REFUSED[command]}"


def test_old_volumes_know_no_all(cli: Cli) -> None:
    """An Engine that does not know the key `all` is not said to take it."""
    request = PruneRequest((Kind.VOLUME,), filters=Filters.from_flags(["nosuch=1"]))
    with pytest.raises(FilterError) as caught:
        make_infos(request, make_profile("20.10.24", (1, 41)), NOW)
    assert caught.value.hint == "filters that can be given here: label, label!"


@pytest.mark.parametrize("kind", list(Kind))
def test_every_key_that_is_told_is_taken(kind: Kind) -> None:
    """Each key of the table is one that the rules take, and one that completion and the manual know."""
    values = {"until": "1h", "unused-for": "1h", "all": "true"}
    command = "builder prune" if kind is Kind.BUILD_CACHE else f"{kind} prune"
    for key in FILTER_KEYS[kind]:
        make_infos(PruneRequest((kind,), filters=Filters.from_flags([f"{key}={values.get(key, 'x')}"])), PROFILE, NOW)
        assert key in FILTERS[command]


def test_programs_are_told_nothing_more() -> None:
    """Over HTTP the Engine's message stands alone: a hint is no part of an error's text."""
    request = PruneRequest((Kind.IMAGE,), filters=Filters.from_flags(["nosuch=1"]), dialect=Dialect.REST)
    with pytest.raises(FilterError) as caught:
        make_infos(request, PROFILE, NOW)
    assert caught.value.message == str(caught.value) == "invalid filter 'nosuch'"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        pytest.param("state add volume web-data", "volume web-data already exists", id="state"),
        pytest.param(
            "--api-version 1.99 gc run -f",
            "client version 1.99 is too new. Maximum supported API version is 1.51",
            id="gc",
        ),
    ],
)
def test_no_daemon_is_named_where_there_is_none(cli: Cli, command: str, says: str) -> None:
    """What Docker has no command for refuses in its own name; Docker's commands keep Docker's words on a store too."""
    assert cli(*command.split()).err == says + "\n"
    ours = cli("--api-version", "1.99", "system", "prune", "-f").err
    assert ours.startswith("Error response from daemon: client version 1.99")
