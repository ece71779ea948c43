"""Policies: the default rules in numbers, and what daemon.json and buildkitd.toml make of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunecli.errors import PolicyError
from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import DiskStat
from prunecli.policy import (
    Amount,
    Ground,
    Limits,
    Policy,
    built_in,
    parse_keepstorage,
    policy_document,
    read_policy,
    run_rules,
)
from prunecli.policy.buildkitd import read_buildkitd
from prunecli.policy.defaults import buildkit_rules, docker_rules, share_of_disk
from prunecli.policy.fields import Table
from prunecli.profile import DEFAULT_PROFILE, Profile, make_profile
from prunecli.snapshot import Snapshot
from prunecli.units import DAY, HOUR, MINUTE, SECOND

from .cache_worlds import BEFORE_0_17, NOW, OLDEST

DISK = DiskStat(252 * 2**30, 30 * 2**30)
NEWEST = make_profile("29.6.0", (1, 52))
CHEAP = ("type==source.local", "type==exec.cachemount", "type==source.git.checkout")


def ground(profile: Profile = NEWEST, disk: DiskStat | None = DISK, **limits: int) -> Ground:
    """Return the ground of the specification's tables; limits are those of options."""
    amounts = Limits(**{name: Amount(size, f"--{name}") for name, size in limits.items()})
    return Ground(profile, disk, NOW, limits=amounts)


def daemon(gc: Any, profile: Profile = NEWEST, **how: Any) -> Policy:
    """Read a daemon.json with this `builder.gc`."""
    return read_policy(json.dumps({"builder": {"gc": gc}}).encode(), "daemon.json", ground(profile, **how))


def rule(fields: Any, profile: Profile = NEWEST) -> PruneInfo:
    """Read a daemon.json with this one rule."""
    return daemon({"policy": [fields]}, profile).infos[0]


def toml(text: str, profile: Profile = NEWEST, worker: str | None = None, **how: Any) -> Policy:
    """Read a buildkitd.toml."""
    return read_policy(text.encode(), "buildkitd.toml", ground(profile, **how), worker=worker)


def gcpolicy(text: str) -> PruneInfo:
    """Read a buildkitd.toml with this one rule."""
    return toml(f"[[worker.oci.gcpolicy]]\n{text}").infos[0]


def sizes(info: PruneInfo) -> tuple[int, int, int]:
    """Return reserved, max used and min free space, 0 where there is none."""
    return info.reserved_space or 0, info.max_used_space or 0, info.min_free_space or 0


# Default rules

NUMBERS = [
    pytest.param({}, DISK, 3592570859, 26 * 10**9, 202 * 10**9, 51 * 10**9, id="a disk of 252 GiB, nothing set"),
    pytest.param({"reserved_space": 10**10}, DISK, 1381758023, 10**10, 0, 0, id="10 decimal GB are reserved"),
    pytest.param({"reserved_space": 10**9}, DISK, 512000000, 10**9, 0, 0, id="the share of 1 GB is too small"),
    pytest.param(
        {"defaultKeepStorage": "20GB"}, DISK, 2967302759, 21474836480, 0, 0, id="defaultKeepStorage is binary"
    ),
    pytest.param(
        {"defaultReservedSpace": "10GB", "defaultMaxUsedSpace": "100GB", "defaultMinFreeSpace": "30GB"},
        DISK,
        1483651380,
        10737418240,
        107374182400,
        32212254720,
        id="all three are set",
    ),
    pytest.param({"max_used_space": 5 * 10**10}, DISK, 512000000, 0, 5 * 10**10, 0, id="a max alone"),
    pytest.param({}, None, 512000000, 2 * 10**9, 0, 0, id="the disk cannot be read"),
]


@pytest.mark.parametrize(("limits", "disk", "cheap", "reserved", "most", "free"), NUMBERS)
def test_numbers_of_docker(
    limits: dict[str, Any], disk: DiskStat | None, cheap: int, reserved: int, most: int, free: int
) -> None:
    """Docker's default numbers, by options as by configuration: the verified table of the specification."""
    if any(key.startswith("default") for key in limits):
        infos = daemon(limits, disk=disk).infos
    else:
        infos = built_in(ground(disk=disk, **limits)).infos

    assert sizes(infos[0]) == (0, cheap, 0)
    assert [sizes(info) for info in infos[1:]] == [(reserved, most, free)] * 3


def test_docker_rules() -> None:
    """Four rules: cheap to make again, old, unshared, everything."""
    infos = [r.info for r in docker_rules(ground())]

    assert [i.cache_filter.given for i in infos] == [CHEAP, (), (), ()]
    assert [i.keep_duration for i in infos] == [48 * HOUR, 1440 * HOUR, None, None]
    assert [i.all for i in infos] == [False, False, False, True]


@pytest.mark.parametrize(
    ("engine", "joined", "first", "second"),
    [
        pytest.param("29.6.0", False, 48 * HOUR, 60 * DAY, id="29.6 is without defects"),
        pytest.param("29.5.3", True, 48 * HOUR, 60 * DAY, id="up to 29.5 the first filter is one string"),
        pytest.param("24.0.9", True, 48 * HOUR, 60 * DAY, id="24.0.9 mended the ages"),
        pytest.param("23.0.6", True, 172800, 5184000, id="before, they are bare nanoseconds"),
        pytest.param("20.10.24", True, 172800, 5184000, id="in 20.10 too"),
    ],
)
def test_historic_defects(engine: str, joined: bool, first: int, second: int) -> None:
    """The default rules have the defects of their version."""
    infos = built_in(ground(make_profile(engine, (1, 41)))).infos

    assert infos[0].cache_filter.given == ((",".join(CHEAP),) if joined else CHEAP)
    assert [i.keep_duration for i in infos[:2]] == [first, second]


@pytest.mark.parametrize(
    ("gc", "cheap", "keep"),
    [
        pytest.param({}, 3592570859, 26 * 10**9, id="from the disk"),
        pytest.param({"defaultKeepStorage": "20GB"}, 2967302759, 21474836480, id="as given"),
        pytest.param({"defaultMaxUsedSpace": "20GB"}, 3592570859, 26 * 10**9, id="newer keys are not known"),
    ],
)
def test_before_buildkit_0_17(gc: Any, cheap: int, keep: int) -> None:
    """Older Engines have reserved space alone, in the first rule too."""
    for profile in (BEFORE_0_17, OLDEST):
        infos = daemon(gc, profile).infos

        assert [sizes(info) for info in infos] == [(cheap, 0, 0), *[(keep, 0, 0)] * 3]


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        pytest.param(252 * 2**30, (10 * 10**9, 100 * 10**9, 51 * 10**9), id="252 GiB: capped at 10 and 100 GB"),
        pytest.param(40 * 2**30, (5 * 10**9, 33 * 10**9, 9 * 10**9), id="40 GiB: shares of the disk"),
        pytest.param(None, (2 * 10**9, 2 * 10**9, 2 * 10**9), id="every share of an unknown disk is 2 GB"),
    ],
)
def test_numbers_of_buildkit(total: int | None, expected: tuple[int, int, int]) -> None:
    """BuildKit's own defaults: capped shares of the disk, and 512 MB for what is cheap."""
    disk = None if total is None else DiskStat(total, 0)
    infos = toml("", disk=disk).infos

    assert sizes(infos[0]) == (0, 512 * 10**6, 0)
    assert [sizes(i) for i in infos[1:]] == [expected] * 3
    assert [i.keep_duration for i in infos] == [48 * HOUR, 60 * DAY, None, None]


def test_old_buildkit_rules() -> None:
    """Before 0.17 a stand-alone BuildKit reserves a tenth of the disk, whatever that is."""
    assert [sizes(r.info) for r in buildkit_rules(ground(BEFORE_0_17))] == [
        (512 * 10**6, 0, 0),
        *[(26 * 10**9, 0, 0)] * 3,
    ]


def test_shares_are_rounded_up() -> None:
    """A share of the disk is a number of whole GiB, one more, read as GB."""
    assert share_of_disk(10, ground()).size == 26 * 10**9  # 25.2
    assert share_of_disk(50, ground(disk=DiskStat(20 * 2**30, 0))).size == 11 * 10**9  # exactly 10 becomes 11 too


def test_every_number_says_where_it_came_from() -> None:
    """A number in a rule has an origin, and nothing else has one."""
    policies = [
        built_in(ground()),
        built_in(ground(disk=None)),
        built_in(ground(OLDEST)),
        toml("[worker.oci]\nreservedSpace = '10%'"),
        daemon({"policy": [{"all": True, "keepStorage": "1GB", "filter": ["until=1h", "type=regular"]}]}),
    ]
    for policy in policies:
        for found in policy.rules:
            info = found.info
            values = {
                "all": info.all,
                "filter": any(info.cache_filter.given),
                "keep_duration": info.keep_duration is not None,
                "reserved_space": info.reserved_space is not None,
                "max_used_space": info.max_used_space is not None,
                "min_free_space": info.min_free_space is not None,
            }
            assert {name for name, there in values.items() if there} == {k for k, v in found.origins.items() if v}


# daemon.json


def test_no_policy_is_the_default() -> None:
    """Without builder.gc, or with a policy of null, the default rules hold; an empty list is no rules at all."""
    default = built_in(ground()).infos

    assert read_policy(b"{}", "daemon.json", ground()).infos == default
    assert read_policy(b"", "daemon.json", ground()).infos == default
    assert daemon({"policy": None}).infos == default
    assert daemon({"policy": []}).infos == ()


RULES = [
    pytest.param({"keepStorage": "10GB"}, PruneInfo(reserved_space=10 * 2**30), "", id="keepStorage is reserved space"),
    pytest.param(
        {"reservedSpace": "1GB", "keepStorage": "10GB"}, PruneInfo(reserved_space=2**30), "", id="the newer name wins"
    ),
    pytest.param(
        {"reservedSpace": "", "keepStorage": "10GB"},
        PruneInfo(reserved_space=10 * 2**30),
        "",
        id="unless it is empty",
    ),
    pytest.param({"MAXUSEDSPACE": "5gb"}, PruneInfo(max_used_space=5 * 2**30), "", id="keys in any case"),
    pytest.param({"all": True}, PruneInfo(all=True), "", id="all"),
    pytest.param({"filter": ["unused-for=2200h"]}, PruneInfo(keep_duration=2200 * HOUR), "", id="unused-for is an age"),
    pytest.param({"filter": ["until=24h"]}, PruneInfo(keep_duration=24 * HOUR), "", id="so is until"),
    pytest.param(
        {"filter": ["until=2026-11-21T11:59:00Z"]},
        PruneInfo(keep_duration=NOW - (1_795_262_340 * SECOND)),
        "",
        id="a timestamp becomes an age once",
    ),
    pytest.param(
        {"filter": [" Type = regular ", "description=a"]},
        PruneInfo(),
        "description==a,type==regular",
        id="several keys are joined by a comma",
    ),
    pytest.param({"filter": ["id=abc"]}, PruneInfo(), "id~=abc", id="an id is an expression"),
    pytest.param({"filter": {"inuse": {}}}, PruneInfo(), "inuse", id="the object form asks for presence"),
    pytest.param({"filter": {"type": {"a": True}}}, PruneInfo(), "type==a", id="the object form with a value"),
    pytest.param({"filter": ["mutable=x"]}, PruneInfo(), "mutable==x", id="mutable is passed on"),
    pytest.param({"filter": ["type=a", "type=a"]}, PruneInfo(), "type==a", id="the same value twice is one"),
    pytest.param({"filter": ["dangling=true", "parents=x"]}, PruneInfo(), "", id="unknown keys are dropped"),
    pytest.param({"filter": ["label=x", "label!=y"]}, PruneInfo(), "", id="labels are dropped"),
]


@pytest.mark.parametrize(("fields", "expected", "selector"), RULES)
def test_rules_of_daemon_json(fields: Any, expected: PruneInfo, selector: str) -> None:
    """What Docker makes of a rule."""
    info = rule(fields)

    assert info.cache_filter.given == (selector,)
    assert (info.all, info.keep_duration, sizes(info)) == (expected.all, expected.keep_duration, sizes(expected))


def test_defaults_beside_a_policy() -> None:
    """The default limits mean nothing beside a policy; up to 27.x a rule without a limit inherited one."""
    gc = {"defaultKeepStorage": "20GB", "policy": [{"all": True}, {"keepStorage": "1GB"}]}

    assert [sizes(i)[0] for i in daemon(gc).infos] == [0, 2**30]
    assert any("ignored" in text for text in daemon(gc).remarks)
    assert [sizes(i)[0] for i in daemon(gc, BEFORE_0_17).infos] == [20 * 2**30, 2**30]


@pytest.mark.parametrize(
    ("gc", "profile", "runs"),
    [
        pytest.param({}, NEWEST, True, id="on by default"),
        pytest.param({}, OLDEST, False, id="off by default up to 28.1"),
        pytest.param({"enabled": True}, OLDEST, True, id="switched on"),
        pytest.param({"enabled": False}, NEWEST, False, id="switched off"),
    ],
)
def test_enabled(gc: Any, profile: Profile, runs: bool) -> None:
    """Whether garbage is collected without being asked."""
    assert daemon(gc, profile).runs_by_itself(profile) is runs


MISTAKES = [
    pytest.param(
        {"policy": [{}, {"keepStorage": "bad"}]},
        "builder.gc.policy[1].keepStorage",
        "failed to parse reservedSpace: invalid size: 'bad'",
        id="no size",
    ),
    pytest.param(
        {"policy": [{"maxUsedSpace": "-5GB"}]},
        "builder.gc.policy[0].maxUsedSpace",
        "failed to parse maxUsedSpace: invalid size: '-5GB'",
        id="a negative size",
    ),
    pytest.param(
        {"policy": [{"minFreeSpace": "5XB"}]}, "builder.gc.policy[0].minFreeSpace", "invalid suffix: 'xb'", id="a unit"
    ),
    pytest.param(
        {"defaultReservedSpace": "10%"},
        "builder.gc.defaultReservedSpace",
        "failed to parse defaultRESERVEDSPACE: invalid suffix: '%'",
        id="a percentage",
    ),
    pytest.param(
        {"defaultKeepStorage": "10%"},
        "builder.gc.defaultKeepStorage",
        "failed to parse defaultRESERVEDSPACE: invalid suffix: '%'",
        id="a percentage under the old name",
    ),
    pytest.param(
        {"defaultMaxUsedSpace": "x"}, "builder.gc.defaultMaxUsedSpace", "failed to parse defaultMAXUSEDSPACE", id="max"
    ),
    pytest.param(
        {"defaultMinFreeSpace": "x"}, "builder.gc.defaultMinFreeSpace", "failed to parse defaultMINFREESPACE", id="free"
    ),
    pytest.param({"defaultMinFreeSpace": 5}, "builder.gc.defaultMinFreeSpace", "sizes are texts", id="a bare number"),
    pytest.param({"defaultKeepStorge": "1GB"}, "builder.gc.defaultKeepStorge", "defaultKeepStorage?", id="a typo"),
    pytest.param({"policies": []}, "builder.gc.policies", "did you mean policy?", id="a typo in policy"),
    pytest.param({"policy": [{"filters": []}]}, "builder.gc.policy[0].filters", "did you mean filter?", id="filters"),
    pytest.param(
        {"policy": [{"keepDuration": "48h"}]},
        "builder.gc.policy[0].keepDuration",
        '"filter": ["unused-for=48h"]',
        id="a key of buildkitd.toml",
    ),
    pytest.param({"policy": {}}, "builder.gc.policy", "a list of rules", id="an object for a list"),
    pytest.param({"policy": ["all"]}, "builder.gc.policy[0]", "a rule with keys", id="a text for a rule"),
    pytest.param({"enabled": "yes"}, "builder.gc.enabled", "true or false", id="a text for a truth value"),
    pytest.param({"policy": [{"all": 1}]}, "builder.gc.policy[0].all", "true or false", id="a number for one"),
    pytest.param({"policy": [{"filter": "a=b"}]}, "builder.gc.policy[0].filter", "a list such as", id="a bare filter"),
    pytest.param({"policy": [{"filter": [1]}]}, "builder.gc.policy[0].filter", "the number 1", id="a number in it"),
    pytest.param(
        {"policy": [{"filter": {"a": 1}}]}, "builder.gc.policy[0].filter", "an object such", id="a number there"
    ),
    pytest.param(
        {"policy": [{"filter": ["type=a", "type=b"]}]},
        "builder.gc.policy[0].filter",
        "filters expect only one value",
        id="two values",
    ),
    pytest.param(
        {"policy": [{"filter": ["until=1h", "unused-for=2h"]}]},
        "builder.gc.policy[0].filter",
        'conflicting filters: "until" and "unused-for"',
        id="two ages",
    ),
    pytest.param(
        {"policy": [{"filter": ["until=soon"]}]}, "builder.gc.policy[0].filter", '"until" filter', id="no age"
    ),
    pytest.param(
        {"policy": [{"filter": ["inuse"]}]},
        "builder.gc.policy[0].filter",
        '{"inuse": {}}',
        id="a flag that every run would fail on",
    ),
    pytest.param(
        {"policy": [{"filter": ["description=a b"]}]},
        "builder.gc.policy[0].filter",
        "description==a >| |< b",
        id="a filter that does not parse",
    ),
]


@pytest.mark.parametrize(("gc", "key", "words"), MISTAKES)
def test_mistakes_in_daemon_json(gc: Any, key: str, words: str) -> None:
    """A mistake is one sentence that names the file, the key, and what would be right, with dockerd's own words."""
    with pytest.raises(PolicyError) as caught:
        daemon(gc)

    assert caught.value.message.startswith(f"daemon.json: {key} ")
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_old_engines_have_words_of_their_own() -> None:
    """Up to 27 a bad defaultKeepStorage was called by its Go name."""
    with pytest.raises(
        PolicyError, match=r"could not parse 'x' as Builder\.GC\.DefaultKeepStorage config: invalid size"
    ):
        daemon({"defaultKeepStorage": "x"}, BEFORE_0_17)


@pytest.mark.parametrize(
    ("gc", "words"),
    [
        pytest.param({"colour": 1}, "builder.gc.colour is no key", id="a key that nothing reads"),
        pytest.param({"policy": [{"colour": 1}]}, "builder.gc.policy[0].colour is no key", id="one in a rule"),
        pytest.param({"policy": [{"filter": ["dangling=true"]}]}, "'dangling' is dropped", id="a dropped filter"),
        pytest.param({"policy": [{"filter": ["label=a"]}]}, "'label' is dropped", id="a dropped label"),
        pytest.param({"policy": []}, "garbage collection does nothing", id="an empty list"),
        pytest.param({"defaultKeepStorage": "1GB"}, "a floor and no cap", id="the old name"),
        pytest.param({"policy": [{"keepStorage": "1GB", "reservedSpace": "1GB"}]}, "ignored beside", id="both names"),
    ],
)
def test_remarks_about_daemon_json(gc: Any, words: str) -> None:
    """What is legal and without effect, or not what it seems, is said."""
    assert any(words in text for text in daemon(gc).remarks), daemon(gc).remarks


def test_what_docker_reads_beside_garbage_collection_is_no_mistake() -> None:
    """Other keys of `builder` are Docker's own; a key that Docker does not read is remarked upon."""
    builder = {"gc": {"enabled": True}, "entitlements": {"device": True}, "history": {}, "proxy-network": "bridge"}
    assert read_policy(json.dumps({"builder": builder}).encode(), "daemon.json", ground()).remarks == ()
    other = read_policy(json.dumps({"builder": {**builder, "colour": 1}}).encode(), "daemon.json", ground())
    assert [text for text in other.remarks if "builder.colour is no key" in text]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(b'{"builder": ', "is not JSON: expecting value at line 1, column 13", id="cut short"),
        pytest.param(b"[]", "is no daemon.json", id="a list"),
        pytest.param(b'{"a": NaN}', "is not JSON", id="no JSON"),
        pytest.param(b'{"a": "\xff"}', "is no text", id="no UTF-8"),
        pytest.param(b'{"bulder": {}}', "did you mean builder?", id="a typo at the top"),
        pytest.param(b'{"builder": {"cg": {}}}', "did you mean gc?", id="letters turned around"),
        pytest.param(b'{"builder": 5}', "where a group of keys belongs", id="a number for a group"),
        pytest.param(b"[" * 100_000, "is not JSON", id="too deep"),
        pytest.param(b" " * (5 * 2**20), "is larger than", id="too large"),
    ],
)
def test_files_that_are_no_daemon_json(text: bytes, words: str) -> None:
    """A file that is something else is refused, and never a traceback."""
    with pytest.raises(PolicyError) as caught:
        read_policy(text, "daemon.json", ground())
    assert words in caught.value.message
    assert "daemon.json" in caught.value.message


@pytest.mark.parametrize(
    ("name", "text", "is_json"),
    [
        pytest.param("daemon.json", "{}", True, id="by the suffix"),
        pytest.param("b.toml", "debug = true", False, id="by the other suffix"),
        pytest.param("config", '\n {"builder": {}}', True, id="by a brace"),
        pytest.param("-", "debug = true", False, id="by none"),
    ],
)
def test_the_form_is_recognised(name: str, text: str, is_json: bool) -> None:
    """The suffix tells the forms apart, else the first character."""
    assert ("worker." not in read_policy(text.encode(), name, ground()).source) is is_json


# buildkitd.toml

FIELDS = [
    pytest.param('keepDuration = "48h"', PruneInfo(keep_duration=48 * HOUR), id="a Go duration"),
    pytest.param("keepDuration = 172800", PruneInfo(keep_duration=48 * HOUR), id="seconds"),
    pytest.param('keepDuration = "60"', PruneInfo(keep_duration=MINUTE), id="seconds as text"),
    pytest.param('maxUsedSpace = "80%"', PruneInfo(max_used_space=202 * 10**9), id="a percentage of the disk"),
    pytest.param('maxUsedSpace = "20GB"', PruneInfo(max_used_space=20 * 2**30), id="a size is binary"),
    pytest.param("minFreeSpace = 2000000000", PruneInfo(min_free_space=2 * 10**9), id="bytes"),
    pytest.param("keepBytes = 2000000000", PruneInfo(reserved_space=2 * 10**9), id="keepBytes is reserved space"),
    pytest.param(
        'reservedSpace = "1GB"\nkeepBytes = "2GB"', PruneInfo(reserved_space=2**30), id="reservedSpace beats keepBytes"
    ),
    pytest.param("keepbytes = 1048576", PruneInfo(reserved_space=2**20), id="keys in any case"),
    pytest.param("""maxUsedSpace = '"20GB"'""", PruneInfo(max_used_space=20 * 2**30), id="quotes are stripped"),
    pytest.param("all = true", PruneInfo(all=True), id="all"),
]


@pytest.mark.parametrize(("text", "expected"), FIELDS)
def test_rules_of_buildkitd_toml(text: str, expected: PruneInfo) -> None:
    """What BuildKit makes of a rule."""
    assert gcpolicy(text) == expected


def test_filters_of_buildkitd_toml() -> None:
    """Filters are BuildKit's own, and alternatives."""
    assert gcpolicy('filters = ["type==source.local", "type==frontend"]').cache_filter.given == (
        "type==source.local",
        "type==frontend",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("gckeepstorage = 2000000000", (2 * 10**9, 0, 0), id="the old name"),
        pytest.param('reservedSpace = "10%"', (26 * 10**9, 0, 0), id="one is set, the others are none"),
        pytest.param(
            'gckeepstorage = "9GB"\nmaxUsedSpace = "50GB"', (0, 50 * 2**30, 0), id="the old name gives way to any"
        ),
        pytest.param("gcpolicy = []", (10 * 10**9, 100 * 10**9, 51 * 10**9), id="an empty list is none"),
    ],
)
def test_limits_of_a_worker(text: str, expected: tuple[int, int, int]) -> None:
    """The limits of a worker are those that its default rules are made with."""
    infos = toml(f"[worker.containerd]\n{text}").infos

    assert [sizes(i) for i in infos[1:]] == [expected] * 3


def test_no_such_worker() -> None:
    """A worker that buildkitd has not is named, with those that it has."""
    with pytest.raises(PolicyError, match="'docker' is no worker of buildkitd: it is oci or containerd"):
        toml("[worker.oci]\n", worker="docker")


def test_which_worker() -> None:
    """The worker that sets garbage collection is meant, oci where both do, and --worker chooses."""
    both = '[worker.oci]\nreservedSpace = "1GB"\n[worker.containerd]\nreservedSpace = "2GB"'

    assert sizes(toml(both).infos[1])[0] == 2**30
    assert any("--worker" in text for text in toml(both).remarks)
    assert sizes(toml(both, worker="containerd").infos[1])[0] == 2 * 2**30
    assert toml('[worker.oci]\nenabled = false\n[worker.containerd]\nreservedSpace = "2GB"').source.endswith(
        "worker.containerd"
    )
    assert toml("[worker.oci]\nrootless = true\n[worker.containerd]\ngc = false").enabled is False
    with pytest.raises(PolicyError, match=r"--worker goes with a buildkitd\.toml"):
        read_policy(b"{}", "daemon.json", ground(), worker="oci")


TOML_MISTAKES = [
    pytest.param('maxUsedSpace = "101%"', "maxUsedSpace", "between 0% and 100%", id="a percentage over 100"),
    pytest.param('maxUsedSpace = "-1%"', "maxUsedSpace", "between 0% and 100%", id="one below 0"),
    pytest.param(
        'maxUsedSpace = "1.5%"', "maxUsedSpace", 'strconv.ParseInt: parsing "1.5": invalid syntax', id="a part"
    ),
    pytest.param("maxUsedSpace = -1", "maxUsedSpace", "invalid disk space -1", id="a negative size"),
    pytest.param('maxUsedSpace = "5 apples"', "maxUsedSpace", "invalid disk space 5 apples", id="an unknown unit"),
    pytest.param("maxUsedSpace = 1.5", "maxUsedSpace", "the number 1.5", id="a fraction of a byte"),
    pytest.param("maxUsedSpace = true", "maxUsedSpace", "is true", id="a truth value"),
    pytest.param('keepDuration = "7d"', "keepDuration", '"168h" is a week', id="days"),
    pytest.param('keepDuration = "soon"', "keepDuration", "invalid duration soon", id="no duration"),
    pytest.param("keepDuration = 9999999999999", "keepDuration", "too long", id="too long a duration"),
    pytest.param(
        'filters = ["type=regular"]', "filters", 'unsupported operator "="', id="a filter that does not parse"
    ),
    pytest.param('filters = "type==a"', "filters", "a list such as", id="a bare filter"),
    pytest.param('filter = ["type==a"]', "filter", "here it is filters", id="daemon.json's filter"),
    pytest.param('keepStorage = "1GB"', "keepStorage", "here it is reservedSpace", id="daemon.json's keepStorage"),
    pytest.param('maxUsdSpace = "1GB"', "maxUsdSpace", "did you mean maxUsedSpace?", id="a typo"),
]


@pytest.mark.parametrize(("text", "key", "words"), TOML_MISTAKES)
def test_mistakes_in_buildkitd_toml(text: str, key: str, words: str) -> None:
    """A mistake is one sentence that names the file, the key, and what would be right, with BuildKit's own words."""
    with pytest.raises(PolicyError) as caught:
        gcpolicy(text)

    assert caught.value.message.startswith(f"buildkitd.toml: worker.oci.gcpolicy[0].{key} ")
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("a = ", "buildkitd.toml is not TOML", id="no TOML"),
        pytest.param("[worker.oic]\ngc = true", "worker.oic is no key: did you mean oci?", id="a worker's name"),
        pytest.param("[workers.oci]\ngc = true", "workers is no key: did you mean worker?", id="the group's name"),
        pytest.param("[worker.oci]\ngckeepstorge = 5", "did you mean gckeepstorage?", id="a worker's key"),
        pytest.param("[worker.oci]\npolicy = 5", "here it is gcpolicy", id="daemon.json's key"),
        pytest.param("[worker.oci]\ngcpolicy = 5", "where a list of rules belongs", id="a number for rules"),
        pytest.param('[worker.oci]\ngc = "yes"', "where true or false belongs", id="a text for a truth value"),
        pytest.param("[worker]\noci = 1", "where a group of keys belongs", id="a number for a worker"),
    ],
)
def test_mistakes_around_the_rules(text: str, words: str) -> None:
    """Mistakes outside the rules are found too."""
    with pytest.raises(PolicyError) as caught:
        toml(text)
    assert words in caught.value.message


def test_bare_numbers_are_bytes() -> None:
    """Numbers that can only have been meant in MB are remarked upon; BuildKit's other keys are not."""
    policy = toml("[worker.oci]\ngckeepstorage = 9000\nmax-parallelism = 4\nrootless = true")

    assert [text for text in policy.remarks if "not MB" in text]
    assert not [text for text in policy.remarks if "no key" in text]
    assert any("worker.oci.colour" in text for text in toml("[worker.oci]\ncolour = 1").remarks)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1000", (10**9, 0, 0), id="reserved alone"),
        pytest.param("1000,2000", (10**9, 0, 2 * 10**9), id="and free"),
        pytest.param("1000,2000,3000", (10**9, 3 * 10**9, 2 * 10**9), id="and maximum"),
    ],
)
def test_keepstorage_flag(text: str, expected: tuple[int, int, int]) -> None:
    """buildkitd's flag gives reserved, free and maximum in decimal MB."""
    limits = parse_keepstorage(text)
    amounts = (limits.reserved_space, limits.max_used_space, limits.min_free_space)

    assert tuple(a.size if a else 0 for a in amounts) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("a", 'failed to parse storage "a"', id="reserved"),
        pytest.param("1,b", 'failed to parse free storage "b"', id="free"),
        pytest.param("1,2,c", 'failed to parse max storage "c"', id="maximum"),
        pytest.param("-1", 'failed to parse storage "-1"', id="negative"),
        pytest.param("1,2,3,4", "too many numbers", id="four"),
        pytest.param("", 'failed to parse storage ""', id="nothing"),
    ],
)
def test_mistakes_in_the_keepstorage_flag(text: str, words: str) -> None:
    """A mistake in it is told in BuildKit's words."""
    with pytest.raises(PolicyError) as caught:
        parse_keepstorage(text)
    assert words in caught.value.message


# Anything at all

_TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["10GB", "10%", "-1", "48h", "type=regular", "inuse", "type==a", "until=1h", "\ud800", "\x1b[0m"]),
)
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(), _TEXTS)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=6,
)
_DAEMON_KEYS = ["enabled", "policy", "defaultKeepStorage", "defaultMaxUsedSpace", "all", "filter", "keepStorage", "x"]
_TOML_KEYS = ["gc", "gckeepstorage", "gcpolicy", "all", "filters", "keepDuration", "maxUsedSpace", "keepBytes", "x"]


def _tables(keys: list[str]) -> st.SearchStrategy[Any]:
    flat = st.dictionaries(st.sampled_from(keys), _VALUES, max_size=4)
    lists = st.one_of(_VALUES, st.lists(flat, max_size=3))
    return st.dictionaries(st.sampled_from(keys), lists, max_size=5)


def fares_well(read: Callable[[], Policy], file: str) -> bool:
    """Read a policy, show it, and carry it out; return whether it is as it should be, or refused in the file's name."""
    try:
        policy = read()
    except PolicyError as e:
        return e.message.startswith(file) and "\n" not in e.message.replace(file, "")
    policy_document(policy, NEWEST, DISK, "a test")
    run_rules(Snapshot(NOW, NEWEST, disk=DISK), policy.infos)
    return True


@settings(max_examples=300, deadline=None)
@given(gc=_tables(_DAEMON_KEYS))
def test_any_daemon_json_is_read_or_refused(gc: Any) -> None:
    """Whatever stands in the file, the answer is a policy or one sentence."""
    for profile in (NEWEST, OLDEST):
        assert fares_well(partial(daemon, gc, profile), "daemon.json")


@settings(max_examples=300, deadline=None)
@given(worker=_tables(_TOML_KEYS))
def test_any_worker_is_read_or_refused(worker: Any) -> None:
    """The reader of buildkitd.toml takes any values that TOML could give it."""
    table = Table("buildkitd.toml", "", {"worker": {"oci": worker}})
    assert fares_well(lambda: read_buildkitd(table, ground()), "buildkitd.toml")


@settings(max_examples=100, deadline=None)
@given(text=st.one_of(st.binary(max_size=40), st.text(max_size=40).map(lambda t: t.encode("utf-8", "replace"))))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    """A file of noise is refused in one sentence, whatever it is called."""
    for name in ("daemon.json", "buildkitd.toml", "noise"):
        assert fares_well(partial(read_policy, text, name, ground()), name)


def test_numbers_beyond_measure() -> None:
    """A number of thousands of digits is refused, as TOML and as JSON."""
    for name, text in (("b.toml", "a = " + "9" * 5000), ("d.json", '{"a": ' + "9" * 5000 + "}")):
        with pytest.raises(PolicyError, match="is not"):
            read_policy(text.encode(), name, ground())


# Options beside a file


def test_options_override_default_limits() -> None:
    """An option takes the place of the file's default limit, and leaves the others; written rules take none."""
    policy = daemon({"defaultReservedSpace": "1GB", "defaultMaxUsedSpace": "9GB"}, reserved_space=2 * 10**9)

    assert sizes(policy.infos[1]) == (2 * 10**9, 9 * 2**30, 0)
    assert sizes(toml("[worker.oci]\nreservedSpace = 5000000", max_used_space=10**9).infos[1]) == (5000000, 10**9, 0)
    with pytest.raises(PolicyError, match=r"builder\.gc\.policy lists rules"):
        daemon({"policy": [{"all": True}]}, reserved_space=1)
    with pytest.raises(PolicyError, match=r"worker\.oci\.gcpolicy lists rules"):
        toml("[[worker.oci.gcpolicy]]\nall = true", reserved_space=1)


def test_document() -> None:
    """The JSON form has every number in bytes with its origin, and a version as its first key."""
    policy = daemon({"policy": [{"filter": ["unused-for=48h", "type=regular"], "maxUsedSpace": "20GB"}]})
    document = policy_document(policy, NEWEST, DISK, "a test")

    assert next(iter(document)) == "format"
    assert document["disk"] == {"total": DISK.total, "free": DISK.free, "from": "a test"}
    (first,) = document["rules"]
    assert first["max_used_space"] == {"bytes": 20 * 2**30, "from": 'builder.gc.policy[0].maxUsedSpace = "20GB"'}
    assert first["reserved_space"] == {"bytes": 0, "from": "not set"}
    assert first["keep_duration"]["nanoseconds"] == 48 * HOUR
    assert first["filters"]["value"] == ["type==regular"]
    assert json.loads(json.dumps(document)) == document


def test_the_default_profile_is_28_5() -> None:
    """A store without an import has the rules of 28.5, the first of which does nothing."""
    assert built_in(Ground(DEFAULT_PROFILE, DISK)).infos[0].cache_filter.given == (",".join(CHEAP),)
