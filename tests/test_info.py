"""From a request to the conditions of each kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli.errors import FilterError
from prunecli.filters import Filters
from prunecli.info import Dialect, PruneInfo, PruneRequest, make_infos
from prunecli.profile import DEFAULT_PROFILE, ImageStore, Profile, make_profile
from prunecli.units import DAY, HOUR, SECOND, Duration, parse_rfc3339
from prunecli.verdict import Kind

NOW = parse_rfc3339("2026-11-21T12:00:00.5Z")

V20 = make_profile("20.10.24", (1, 41))
V23 = make_profile("23.0.6", (1, 42))
V25 = make_profile("25.0.5", (1, 44))
V28 = DEFAULT_PROFILE
V28_CONTAINERD = make_profile("28.5.2", (1, 51), ImageStore.CONTAINERD)
V29 = make_profile("29.6.1", (1, 55))
V29_CONTAINERD = make_profile("29.6.1", (1, 55), ImageStore.CONTAINERD)

LABELLED = (Kind.CONTAINER, Kind.NETWORK, Kind.VOLUME, Kind.IMAGE)
DATED = (Kind.CONTAINER, Kind.NETWORK, Kind.IMAGE)


def typed(*flags: str, kind: Kind, all: bool = False) -> PruneRequest:
    """A request of the command line for one kind."""
    return PruneRequest((kind,), all=all, filters=Filters.from_flags(flags))


def sent(text: str, kind: Kind, all: bool = False) -> PruneRequest:
    """A request over HTTP."""
    return PruneRequest((kind,), all=all, filters=Filters.from_json(text), dialect=Dialect.REST)


def info_of(request: PruneRequest, profile: Profile = V28, utc_offset: int = 0) -> PruneInfo:
    (info,) = make_infos(request, profile, NOW, utc_offset=utc_offset).values()
    return info


def refusal(request: PruneRequest, profile: Profile = V28) -> tuple[int, str]:
    with pytest.raises(FilterError) as caught:
        make_infos(request, profile, NOW)
    return caught.value.http_status, caught.value.message


def test_every_kind() -> None:
    """A system prune gets one info for each kind, in its own order, with everything off that was not asked for."""
    infos = make_infos(PruneRequest(tuple(Kind)), V28, NOW)
    assert list(infos) == list(Kind)
    assert not any(i.all or i.keep_duration is not None or i.has_budget or i.unlabelled for i in infos.values())
    assert all(i.filter.match({}) for i in infos.values())
    assert infos[Kind.BUILD_CACHE].cache_filter.given == ("",)


@pytest.mark.parametrize("kind", LABELLED)
def test_labels(kind: Kind) -> None:
    """Labels reach every kind that has them."""
    filter = info_of(typed("label=x", "label!=y", kind=kind)).filter
    assert [filter.match(labels) for labels in ({"x": ""}, {"x": "", "y": ""}, {})] == [True, False, False]


def test_labels_of_stores() -> None:
    """Only images of the containerd store are judged label by label."""
    for kind in LABELLED:
        request = typed("label!=x", "label!=y", kind=kind)
        assert info_of(request, V28).filter.match({"x": ""})
        assert info_of(request, V28_CONTAINERD).filter.match({"x": ""}) is (kind is not Kind.IMAGE)


@pytest.mark.parametrize(
    ("request_", "profile", "message"),
    [
        (typed("foo=1", kind=Kind.CONTAINER), V28, "invalid filter 'foo'"),
        (typed("foo=1", kind=Kind.NETWORK), V28, "invalid filter 'foo'"),
        (typed("foo=1", kind=Kind.NETWORK), V29, "invalid filter 'foo'"),
        (typed("foo=1", kind=Kind.VOLUME), V28, "invalid filter 'foo'"),
        (typed("foo=1", kind=Kind.IMAGE), V28, "invalid filter 'foo'"),
        (typed("reference=a", kind=Kind.IMAGE), V29_CONTAINERD, "invalid filter 'reference'"),
        (typed("foo=1", kind=Kind.CONTAINER), V20, "Invalid filter 'foo'"),
        (typed("zoo=1", "foo=1", kind=Kind.CONTAINER), V28, "invalid filter 'foo'"),
        (typed("=x", kind=Kind.CONTAINER), V28, "invalid filter"),
        (typed("=x", kind=Kind.CONTAINER), V20, "Invalid filter ''"),
        (typed("until=1h", kind=Kind.VOLUME), V28, "invalid filter 'until'"),
        (typed("dangling=1", kind=Kind.CONTAINER), V28, "invalid filter 'dangling'"),
        (typed("all=1", kind=Kind.VOLUME), V20, "Invalid filter 'all'"),
        (sent('{"LABEL":["x"]}', Kind.CONTAINER), V28, "invalid filter 'LABEL'"),
        (typed("foo=1", kind=Kind.BUILD_CACHE), V28, "failed to prune build cache: invalid filter 'foo'"),
        (typed("foo=1", kind=Kind.BUILD_CACHE), V20, "failed to prune build cache: Invalid filter 'foo'"),
        (typed("mutable=1", kind=Kind.BUILD_CACHE), V28, "failed to prune build cache: invalid filter 'mutable'"),
        (typed("mutable!=1", kind=Kind.BUILD_CACHE), V28, "failed to prune build cache: invalid filter 'mutable!'"),
        (typed("until!=1", kind=Kind.BUILD_CACHE), V28, "failed to prune build cache: invalid filter 'until!'"),
        (sent('{"type!":["x"]}', Kind.BUILD_CACHE), V28, "failed to prune build cache: invalid filter 'type!'"),
        (sent('{"id~":["x"]}', Kind.BUILD_CACHE), V28, "failed to prune build cache: invalid filter 'id~'"),
    ],
)
def test_unknown_keys(request_: PruneRequest, profile: Profile, message: str) -> None:
    """A key that the kind does not know is refused in the Engine's words."""
    assert refusal(request_, profile) == (400, message)


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        pytest.param("24h", DAY, id="a duration"),
        pytest.param("-1h", -HOUR, id="into the future"),
        pytest.param("2026-11-21T11:00:00Z", HOUR + SECOND // 2, id="a timestamp is exact"),
        pytest.param("2026-11-21T11:00:00", 3 * HOUR + SECOND // 2, id="a local time"),
        pytest.param("1795258800.25", HOUR + SECOND // 4, id="Unix time"),
    ],
)
@pytest.mark.parametrize("kind", [*DATED, Kind.BUILD_CACHE])
@pytest.mark.parametrize("dialect", [Dialect.CLI, Dialect.REST])
def test_until(kind: Kind, dialect: Dialect, text: str, keep: Duration) -> None:
    """An `until` becomes the time from it to now, exactly, whoever asks."""
    request = replace(typed(f"until={text}", kind=kind), dialect=dialect)
    assert info_of(request, V29, utc_offset=7200).keep_duration == keep


@pytest.mark.parametrize("kind", [*DATED, Kind.BUILD_CACHE])
def test_until_floored(kind: Kind) -> None:
    """Before Engine 29.4 the cutoff of a duration was a whole second."""
    assert info_of(typed("until=1h", kind=kind), V28).keep_duration == HOUR + SECOND // 2
    assert info_of(typed("until=0s", kind=kind), V29).keep_duration == 0


@pytest.mark.parametrize("kind", [*DATED, Kind.BUILD_CACHE])
def test_human_until(kind: Kind) -> None:
    """A person may write days and weeks; over HTTP they are refused as the Engine refuses them."""
    assert info_of(typed("until=2 weeks", kind=kind), V29).keep_duration == 14 * DAY
    assert refusal(sent('{"until":["2 weeks"]}', kind))[1].endswith('as time or duration: "2 weeks"')


BAD_28 = 'failed to parse value as time or duration: "abc"'
BAD_29 = 'failed to parse value as time or duration: invalid seconds "abc": invalid syntax'
MANY = "more than one until filter specified"


@pytest.mark.parametrize(
    ("kind", "profile", "status", "bad", "many"),
    [
        (Kind.CONTAINER, V20, 500, BAD_28, MANY),
        (Kind.CONTAINER, V28, 400, BAD_28, MANY),
        (Kind.CONTAINER, V29, 400, BAD_29, MANY),
        (Kind.NETWORK, V20, 500, BAD_28, MANY),
        (Kind.NETWORK, V28, 400, BAD_28, MANY),
        (Kind.NETWORK, V29, 400, BAD_29, MANY),
        (Kind.IMAGE, V20, 500, BAD_28, MANY),
        (Kind.IMAGE, V28, 500, BAD_28, MANY),
        (Kind.IMAGE, V29, 400, f"invalid value for 'until' filter: {BAD_29}", MANY),
        (Kind.IMAGE, V28_CONTAINERD, 500, BAD_28, BAD_28),
        (Kind.IMAGE, V29_CONTAINERD, 400, *[f"invalid value for 'until' filter: {BAD_29}"] * 2),
    ],
)
def test_bad_until(kind: Kind, profile: Profile, status: int, bad: str, many: str) -> None:
    """A bad `until`, and more than one, are refused with the words and the status of the version."""
    assert refusal(typed("until=abc", kind=kind), profile) == (status, bad)
    assert refusal(typed("until=1h", "until=abc", kind=kind), profile) == (status, many)


def test_several_untils_of_containerd() -> None:
    """In the containerd store several `until` must all hold, so the earliest decides."""
    assert info_of(typed("until=1h", "until=3h", "until=2h", kind=Kind.IMAGE), V29_CONTAINERD).keep_duration == 3 * HOUR


@pytest.mark.parametrize(
    ("kind", "profile", "crashes"),
    [
        (Kind.CONTAINER, V28, True),
        (Kind.CONTAINER, V29, True),
        (Kind.NETWORK, V28, True),
        (Kind.NETWORK, V29, False),
        (Kind.IMAGE, V29, True),
        (Kind.IMAGE, V29_CONTAINERD, False),
        (Kind.BUILD_CACHE, V28, False),
    ],
)
def test_until_without_value(kind: Kind, profile: Profile, crashes: bool) -> None:
    """Where an Engine would crash on an `until` without a value, nothing is removed; elsewhere it is no limit."""
    request = sent('{"until":{}}', kind)
    if crashes:
        assert refusal(request, profile) == (500, "invalid filter 'until'")
    else:
        assert info_of(request, profile).keep_duration is None


@pytest.mark.parametrize(
    ("request_", "profile", "all"),
    [
        pytest.param(typed(kind=Kind.VOLUME), V28, False, id="anonymous ones by default"),
        pytest.param(typed(kind=Kind.VOLUME, all=True), V28, True, id="all when asked"),
        pytest.param(typed("all=1", kind=Kind.VOLUME), V28, True, id="all by filter"),
        pytest.param(typed("all=T", kind=Kind.VOLUME), V28, True, id="as Go reads a boolean"),
        pytest.param(typed("all=0", kind=Kind.VOLUME), V28, False, id="not all by filter"),
        pytest.param(typed(kind=Kind.VOLUME), V28.speaking((1, 41)), True, id="all to an old client"),
        pytest.param(typed("all=true", kind=Kind.VOLUME), V28.speaking((1, 41)), True, id="which may say so"),
        pytest.param(typed(kind=Kind.VOLUME), V20, True, id="all on an old Engine"),
        pytest.param(sent("", Kind.VOLUME), V28, False, id="anonymous ones over HTTP"),
        pytest.param(sent('{"all":{"true":false}}', Kind.VOLUME), V28, True, id="a false value is a value"),
        pytest.param(sent('{"all":{}}', Kind.VOLUME), V28, False, id="no value is no value"),
    ],
)
def test_volumes(request_: PruneRequest, profile: Profile, all: bool) -> None:
    """Named volumes go only when they were asked for, or in the API of 2020."""
    assert info_of(request_, profile).all is all


def test_volumes_of_system_prune() -> None:
    """`system prune --all --volumes` widens images and build cache, and leaves named volumes alone."""
    infos = make_infos(PruneRequest(tuple(Kind), all=True), V28, NOW)
    assert [kind for kind, info in infos.items() if info.all] == [Kind.IMAGE, Kind.BUILD_CACHE]
    infos = make_infos(PruneRequest(tuple(Kind), all=True), V28.speaking((1, 41)), NOW)
    assert infos[Kind.VOLUME].all


@pytest.mark.parametrize(
    ("request_", "profile", "message"),
    [
        (typed("all=xyz", kind=Kind.VOLUME), V28, "'all': strconv.ParseBool: parsing \"xyz\": invalid syntax"),
        (typed("all=true", "all=1", kind=Kind.VOLUME), V28, "'all=[1 true]': only one value is expected"),
        (typed("all=1", kind=Kind.VOLUME, all=True), V28, "'all=[1 true]': only one value is expected"),
        (
            typed("all=false", kind=Kind.VOLUME),
            V28.speaking((1, 41)),
            "'all=[false true]': only one value is expected",
        ),
        (typed("all=x", "foo=1", kind=Kind.VOLUME), V28, "'all': strconv.ParseBool: parsing \"x\": invalid syntax"),
    ],
)
def test_bad_volume_all(request_: PruneRequest, profile: Profile, message: str) -> None:
    """A bad `all` is refused, and before any other key."""
    assert refusal(request_, profile) == (400, f"invalid filter {message}")


@pytest.mark.parametrize(
    ("request_", "profile", "all"),
    [
        pytest.param(typed(kind=Kind.IMAGE), V28, False, id="dangling ones by default"),
        pytest.param(typed(kind=Kind.IMAGE, all=True), V28, True, id="all when asked"),
        pytest.param(typed("dangling=1", kind=Kind.IMAGE), V28, False, id="said twice"),
        pytest.param(typed("dangling=0", kind=Kind.IMAGE, all=True), V28, True, id="all, said twice"),
        pytest.param(typed("dangling=0", kind=Kind.IMAGE), V20, True, id="false won in 2020"),
        pytest.param(typed("dangling=1", kind=Kind.IMAGE, all=True), V20, True, id="also over the flag's opposite"),
        pytest.param(sent("", Kind.IMAGE), V28, False, id="dangling ones over HTTP"),
        pytest.param(sent('{"dangling":["false"]}', Kind.IMAGE), V28, True, id="all over HTTP"),
        pytest.param(sent('{"dangling":["0"]}', Kind.IMAGE), V20, True, id="all over HTTP in 2020"),
        pytest.param(
            sent('{"dangling":{"1":true,"0":false}}', Kind.IMAGE), V28, False, id="a false value says nothing"
        ),
        pytest.param(sent('{"dangling":{}}', Kind.IMAGE), V20, True, id="no value was all in 2020"),
    ],
)
def test_images(request_: PruneRequest, profile: Profile, all: bool) -> None:
    """Images are limited to dangling ones unless the flag or the filter says otherwise."""
    assert info_of(request_, profile).all is all


@pytest.mark.parametrize(
    ("request_", "profile", "message"),
    [
        (typed("dangling=1", kind=Kind.IMAGE, all=True), V28, "invalid filter 'dangling=[1 false]'"),
        (typed("dangling=true", kind=Kind.IMAGE, all=True), V28_CONTAINERD, "invalid filter 'dangling=[false true]'"),
        (typed("dangling=0", kind=Kind.IMAGE), V28_CONTAINERD, "invalid filter 'dangling=[0 true]'"),
        (sent('{"dangling":["maybe"]}', Kind.IMAGE), V28, "invalid filter 'dangling=[maybe]'"),
        (sent('{"dangling":["maybe"]}', Kind.IMAGE), V20, "Invalid filter 'dangling=[maybe]'"),
        (sent('{"dangling":["True"]}', Kind.IMAGE), V28, "invalid filter 'dangling=[True]'"),
        (sent('{"dangling":{"true":false}}', Kind.IMAGE), V28, "invalid filter 'dangling=[true]'"),
        (sent('{"dangling":{}}', Kind.IMAGE), V28, "invalid filter 'dangling'"),
        (sent('{"dangling":["x"],"until":["x"]}', Kind.IMAGE), V28, "invalid filter 'dangling=[x]'"),
    ],
)
def test_bad_dangling(request_: PruneRequest, profile: Profile, message: str) -> None:
    """What is neither true nor false, or both, is refused, as real Engines were seen to do."""
    assert refusal(request_, profile) == (400, message)


@pytest.mark.parametrize(
    ("request_", "selector"),
    [
        pytest.param(typed(kind=Kind.BUILD_CACHE), "", id="nothing is one empty filter"),
        pytest.param(typed("type=regular", kind=Kind.BUILD_CACHE), "type==regular", id="a field"),
        pytest.param(typed("id=^abc", kind=Kind.BUILD_CACHE), "id~=^abc", id="an id is a regular expression"),
        pytest.param(typed("type!=regular", kind=Kind.BUILD_CACHE), "type!=regular", id="buildx's not"),
        pytest.param(typed("id~=^abc", kind=Kind.BUILD_CACHE), "id~=^abc", id="buildx's match"),
        pytest.param(typed("id!=abc", kind=Kind.BUILD_CACHE), "id!=abc", id="not this id"),
        pytest.param(
            typed("type=regular", "type!=internal", "parent=x", "id=a", kind=Kind.BUILD_CACHE),
            "id~=a,parent==x,type==regular,type!=internal",
            id="several fields",
        ),
        pytest.param(typed("until=1h", "label!=x", kind=Kind.BUILD_CACHE), "", id="until and labels are no fields"),
        pytest.param(sent('{"inuse":{},"shared":{}}', Kind.BUILD_CACHE), "inuse,shared", id="presence"),
        pytest.param(sent('{"shared":["true"]}', Kind.BUILD_CACHE), "shared==true", id="which a value is not"),
    ],
)
def test_cache_fields(request_: PruneRequest, selector: str) -> None:
    """The fields of build cache become the one selector that the Engine hands to BuildKit."""
    assert info_of(request_).cache_filter.given == (selector,)


CONFLICT = 'conflicting filters: "until" and "unused-for"'
EXPECTED = "filter expects a duration (e.g., '24h')"


@pytest.mark.parametrize(
    ("flags", "profile", "status", "message"),
    [
        (["until=1h", "unused-for=1h"], V28, 400, CONFLICT),
        (["until=1h", "until=2h"], V28, 400, "filters expect only one value"),
        (["type=a", "type=b"], V28, 400, "filters expect only one value"),
        (["type!=a", "type!=b"], V28, 400, "filters expect only one value"),
        (["until=abc"], V28, 400, f'"until" {EXPECTED} or a timestamp: {BAD_28}'),
        (["unused-for=abc"], V29, 400, f'"unused-for" {EXPECTED} or a timestamp: {BAD_29}'),
        (["until=abc"], V20, 500, f'"until" {EXPECTED}: time: invalid duration "abc"'),
        (
            ["until=2026-11-21T09:02:48.941881798Z"],
            V20,
            500,
            f'"until" {EXPECTED}: time: unknown unit "-" in duration "2026-11-21T09:02:48.941881798Z"',
        ),
        (
            ["until=1795251805.261491332"],
            V23,
            500,
            f'"until" {EXPECTED}: time: missing unit in duration "1795251805.261491332"',
        ),
        (
            ["description=foo bar"],
            V28,
            400,
            "failed to parse prune filters [description==foo bar]: filters: parse error: "
            "[description==foo >| |< bar]: unexpected input:  : invalid argument",
        ),
    ],
)
def test_bad_cache_filters(flags: list[str], profile: Profile, status: int, message: str) -> None:
    """What is wrong about build cache is told with the Engine's prefix."""
    request = typed(*flags, kind=Kind.BUILD_CACHE)
    assert refusal(request, profile) == (status, f"failed to prune build cache: {message}")


@pytest.mark.parametrize(
    ("flag", "profile", "keep"),
    [
        pytest.param("unused-for=1h", V29, HOUR, id="the old name"),
        pytest.param("until=1h", V20, HOUR, id="a duration is plain in 2020"),
        pytest.param("until=0s", V20, None, id="and nothing is no limit"),
        pytest.param("until=0", V20, None, id="however it is written"),
        pytest.param("until=-1h", V20, -HOUR, id="or into the future"),
        pytest.param("until=1d", V20, DAY, id="days, from a person"),
        pytest.param("until=1h", V23, HOUR, id="still plain in 23.0"),
        pytest.param("until=1h", V25, HOUR + SECOND // 2, id="floored in 25.0"),
    ],
)
def test_cache_until(flag: str, profile: Profile, keep: Duration | None) -> None:
    """Build cache reads its `until` as the version does."""
    assert info_of(typed(flag, kind=Kind.BUILD_CACHE), profile).keep_duration == keep


def test_cache_labels() -> None:
    """A label on the command line matches no record; the Engine ignores it, and so do we for others."""
    assert info_of(typed("label=x", kind=Kind.BUILD_CACHE)).unlabelled
    assert not info_of(typed("label!=x", kind=Kind.BUILD_CACHE)).unlabelled
    assert not info_of(sent('{"label":["x"]}', Kind.BUILD_CACHE)).unlabelled


def test_cache_sizes() -> None:
    """Sizes are handed on as they were asked, 0 included, but no limit that the builder does not know."""
    request = replace(typed(kind=Kind.BUILD_CACHE, all=True), reserved_space=0, max_used_space=7, min_free_space=None)
    info = info_of(request)
    assert (info.all, info.reserved_space, info.max_used_space, info.min_free_space) == (True, 0, 7, None)
    assert info.has_budget
    assert not info_of(replace(request, max_used_space=0)).has_budget
    old = info_of(replace(request, reserved_space=5), V25)
    assert (old.reserved_space, old.max_used_space, old.min_free_space) == (5, None, None)


@pytest.mark.parametrize(
    ("selectors", "keep", "expected"),
    [((), None, None), (("",), 0, None), (("type==a", "mutable,id~=^b"), HOUR, HOUR), ((), -HOUR, -HOUR)],
)
def test_buildx(selectors: tuple[str, ...], keep: Duration | None, expected: Duration | None) -> None:
    """BuildKit's service sends selectors and a duration, which are taken as they are; its 0 is no limit."""
    request = PruneRequest((Kind.BUILD_CACHE,), dialect=Dialect.BUILDX, selectors=selectors, keep_duration=keep)
    info = info_of(request)
    assert (info.cache_filter.given, info.keep_duration) == (selectors, expected)


def test_bad_buildx() -> None:
    """A selector that does not parse is told in BuildKit's words, without the Engine's."""
    request = PruneRequest((Kind.BUILD_CACHE,), dialect=Dialect.BUILDX, selectors=("a", "b="))
    assert refusal(request) == (
        400,
        "failed to parse prune filters [a b=]: filters: parse error: "
        '[b >|=|< ]: unsupported operator "=": invalid argument',
    )


def test_all_kinds_are_checked_first() -> None:
    """The first kind that refuses decides the error, and a later kind's mistake stops the earlier ones."""
    until = PruneRequest(tuple(Kind), filters=Filters.from_flags(["until=abc"]))
    assert refusal(until) == (400, BAD_28)
    late = replace(until, filters=Filters.from_flags(["until=2026-11-21T09:02:48Z"]))
    assert refusal(replace(late, kinds=(Kind.CONTAINER, Kind.NETWORK, Kind.IMAGE, Kind.BUILD_CACHE)), V20)[0] == 500
    assert refusal(late) == (400, "invalid filter 'until'")


_KEYS = ["label", "label!", "until", "unused-for", "dangling", "all", "id", "type", "type!", "inuse", "foo", ""]
_VALUES = ["x", "k=v", "1h", "1d", "true", "0", "2026-01-02", "abc", "", "^a", "a b"]


@given(
    st.lists(st.tuples(st.sampled_from(_KEYS), st.sampled_from(_VALUES)).map("=".join), max_size=4),
    st.sampled_from([V20, V23, V28, V28_CONTAINERD, V29_CONTAINERD]),
    st.sampled_from([Dialect.CLI, Dialect.REST]),
    st.booleans(),
)
def test_never_surprised(flags: list[str], profile: Profile, dialect: Dialect, all: bool) -> None:
    """Whatever is asked is understood or refused, and a system prune is refused exactly when one of its kinds is."""
    refused: list[Kind] = []
    request = PruneRequest(tuple(Kind), all=all, filters=Filters.from_flags(flags), dialect=dialect)
    for kind in Kind:
        try:
            make_infos(replace(request, kinds=(kind, kind)), profile, NOW)  # twice: volumes alone would heed `all`
        except FilterError:
            refused.append(kind)
    try:
        make_infos(request, profile, NOW)
    except FilterError:
        assert refused
    else:
        assert not refused
