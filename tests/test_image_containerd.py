"""Images of the containerd store: which names a prune takes, and which blobs vanish with them."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from prunecli.errors import ConflictError, NotFoundError, RefusedError
from prunecli.filters import LabelFilter
from prunecli.info import PruneInfo
from prunecli.kinds.image import Blob, Image, ImageUse, containerd
from prunecli.plan import after, plan_kind
from prunecli.profile import ImageStore, Profile, make_profile
from prunecli.snapshot import Snapshot
from prunecli.units import DAY, HOUR
from prunecli.verdict import Decisions, Kind, Reason, Selection, Step
from tests.image_worlds import (
    NOW,
    digest,
    left,
    random_records,
    random_uses,
    reclaimed_by,
    record,
    refs,
    rows,
    use,
)

DANGLING, ALL = PruneInfo(), PruneInfo(all=True)


def engine(version: str) -> Profile:
    """Return the profile of an engine with the containerd image store."""
    return make_profile(version, (1, 51), ImageStore.CONTAINERD)


NEW, HEAD, OLD = engine("28.5.2"), engine("29.7.2"), engine("26.1.5")


def decide(
    images: Sequence[Image],
    uses: Sequence[ImageUse] = (),
    info: PruneInfo = DANGLING,
    *,
    profile: Profile = NEW,
    chosen: Selection | None = None,
    held: Collection[str] = (),
) -> Decisions:
    """Decide as Engine 28.5.2 unless told otherwise."""
    return containerd.decide(images, uses, frozenset(held), info, NOW, profile, chosen)


def untagged(decisions: Decisions) -> list[str]:
    """Return the names that go, each with the image's short name where it is a digest."""
    return [row.removeprefix("U:") for row in rows(decisions.steps) if row.startswith("U:")]


B = record("b")
LABELLED = [
    record("l", "l:1", labels={"x": "1"}),
    record("m", "lm:1", labels={"x": "1", "y": "1"}),
    record("n", "n:1"),
]
HAS_X = PruneInfo(all=True, filter=LabelFilter(required=frozenset({"x"}), each=True))
HAS_NEITHER = PruneInfo(all=True, filter=LabelFilter(excluded=frozenset({"x", "y"}), each=True))


@pytest.mark.parametrize(
    ("images", "uses", "info", "expected", "stays"),
    [
        pytest.param([record("a", "a:1"), B], [], DANGLING, "b", "a:1", id="K1 what has no name goes"),
        pytest.param([record("a", "a:1 a:2"), B], [], ALL, "a:1 a:2 b", "", id="K2 with all every name goes"),
        pytest.param(
            [record("a", "a:1 a:2 z:1")], [use("a", "a:1")], ALL, "a:2 z:1", "a:1", id="K3 a container keeps its name"
        ),
        pytest.param(
            [record("a", "a:1 a:2")], [use("a", "a")], ALL, "a:1 a:2", "", id="K3b and no other name of its image"
        ),
        pytest.param(
            [record("a", "a:1 a:2 z:1")],
            [use("a", digest("a")[7:19])],
            ALL,
            "a:1 a:2",
            "z:1",
            id="K4 a container created from a short id keeps the last name",
        ),
        pytest.param(
            [record("a", "a:1 a:2 z:1")], [use("a")], ALL, "a:1 a:2", "z:1", id="K4b so does one created from an id"
        ),
        pytest.param(
            [record("a", "a:1 a:2 z:1")],
            [use("a", digest("a")[7:])],
            ALL,
            "a:1 a:2",
            "z:1",
            id="K4c with or without its algorithm",
        ),
        pytest.param(
            [record("a", "a:1"), replace(B, tags=("b:1", f"moby-dangling@{digest('b')}"))],
            [use("b", "a:1")],
            ALL,
            "b:1",
            "a:1 moby-dangling@b",
            id="K4d the name may mean another image by now",
        ),
        pytest.param(
            [record("a", "a:1 a@a z:1")],
            [use("a", *refs("a@a"))],
            ALL,
            "a:1 z:1",
            "a@a",
            id="K5 a digest is a name too",
        ),
        pytest.param(
            [record("a", "a:1 z:1")], [use("a", *refs("a:1@a"))], ALL, "z:1", "a:1", id="K5b a tag with a digest"
        ),
        pytest.param(
            [record("a", "a:1 b:1")],
            [use("a", *refs("a@a"))],
            ALL,
            "a:1",
            "b:1",
            id="K5c a digest that is no name keeps the last name",
        ),
        pytest.param([B], [use("b", "x:1")], DANGLING, "", "", id="K6 a container keeps its nameless image"),
        pytest.param([record("a", "a@a")], [], DANGLING, "", "a@a", id="K7 known by digest is not dangling"),
        pytest.param(LABELLED, [], HAS_X, "l:1 lm:1", "n:1", id="K8 a label that must be there"),
        pytest.param(
            LABELLED, [], HAS_NEITHER, "n:1", "l:1 lm:1", id="K8b of two excluded labels neither may be there"
        ),
    ],
)
def test_worked_examples(images: list[Image], uses: list[ImageUse], info: PruneInfo, expected: str, stays: str) -> None:
    """What a real Engine did with these worlds is what we do, in the order of the names."""
    decisions = decide(images, uses, info)
    assert untagged(decisions) == expected.split()
    tags = {f"{i.id} {t}" for i in images for t in i.tags}
    kept = [
        name for names in left([replace(i, digests=()) for i in images], decisions).values() for name in names.split()
    ]
    assert kept == stays.split()
    assert len(tags) == len(kept) + sum(len(v.untagged) for v in decisions.verdicts)


@pytest.mark.parametrize(
    ("images", "uses", "info", "reason", "detail"),
    [
        pytest.param(
            [record("v", "app:2")],
            [],
            DANGLING,
            Reason.TAGGED,
            "tagged app:2, and only dangling images were asked for",
            id="a name is not dangling",
        ),
        pytest.param(
            [record("v", "a@v")],
            [],
            DANGLING,
            Reason.TAGGED,
            f"known as a@{digest('v')}, and only dangling images were asked for",
            id="neither is a digest",
        ),
        pytest.param(
            [record("v")], [], DANGLING, Reason.DANGLING, "it has no name, created 2 days ago", id="no name at all is"
        ),
        pytest.param(
            [record("v", "app:2")],
            [],
            ALL,
            Reason.UNUSED,
            "no container needs its name, created 2 days ago",
            id="with all unused ones go",
        ),
        pytest.param(
            [record("v", "app:2")],
            [use("v", "app:2", running=True)],
            ALL,
            Reason.IN_USE,
            "in use by container web (running)",
            id="a container keeps its name",
        ),
        pytest.param(
            [record("v", "app:2"), record("w")],
            [use("w", "app:2")],
            ALL,
            Reason.IN_USE,
            "container web (stopped) was created from app:2 when that was another image",
            id="also when it is another image by now",
        ),
        pytest.param(
            [record("v", "a:1 b:1")],
            [use("v"), use("v", name="db")],
            ALL,
            Reason.IN_USE,
            "in use by container db (stopped) and 1 more",
            id="all who use an id are counted",
        ),
        pytest.param(
            [record("v", "a:1", recorded_at=NOW - DAY)],
            [],
            PruneInfo(all=True, keep_duration=DAY),
            Reason.TOO_YOUNG,
            "known for 24 hours, not from before the `until` of the filter",
            id="a name known since the cutoff stays",
        ),
        pytest.param(
            [record("v", "a:1", recorded_at=NOW - DAY - 1, created_at=NOW)],
            [],
            PruneInfo(all=True, keep_duration=DAY),
            Reason.UNUSED,
            "no container needs its name, created Less than a second ago",
            id="one known for longer goes, whenever it was built",
        ),
        pytest.param(
            [record("v", "a:1", recorded_at=None, created_at=None)],
            [],
            PruneInfo(all=True, keep_duration=DAY),
            Reason.TOO_YOUNG,
            "nobody knows since when it is here, which `until` asks for",
            id="what has no date stays",
        ),
        pytest.param(
            [record("v", "a:1", labels=None)],
            [],
            HAS_NEITHER,
            Reason.LABEL_MISMATCH,
            "its labels do not match the filter",
            id="an image without a config passes no test",
        ),
        pytest.param(
            [record("v")],
            [use("v", mount=True)],
            ALL,
            Reason.DANGLING,
            "it has no name, created 2 days ago",
            id="a mount protects nothing here",
        ),
    ],
)
def test_reasons(images: list[Image], uses: list[ImageUse], info: PruneInfo, reason: Reason, detail: str) -> None:
    """Every verdict says why, in words a person understands."""
    verdict = next(v for v in decide(images, uses, info).verdicts if v.id == digest("v"))
    assert (verdict.reason, verdict.detail) == (reason, detail)


NOT_PROD = PruneInfo(all=True, filter=LabelFilter(excluded=frozenset({"env=prod"}), each=True))
NOT_KEPT = PruneInfo(all=True, filter=LabelFilter(excluded=frozenset({"keep"}), each=True))


@pytest.mark.parametrize(
    ("image", "uses", "info", "profile", "expected"),
    [
        pytest.param(
            record("v", "a:1 z:1", "x0:9"),
            [use("v")],
            ALL,
            OLD,
            "U:a:1 U:z:1",
            id="before 27.3 an image used by id lost all names and stayed",
        ),
        pytest.param(record("v", "a:1 z:1"), [use("v")], ALL, NEW, "U:a:1", id="since 27.3 it keeps the last"),
        pytest.param(
            record("v", "a:1"),
            [use("v", *refs("a@v"))],
            ALL,
            OLD,
            "U:a:1 D:v",
            id="before 27.3 a digest in the text protected nothing",
        ),
        pytest.param(
            record("v", "a:1"),
            [use("v", *refs("a:1@v"))],
            ALL,
            OLD,
            "U:a:1 D:v",
            id="not even the tag before it",
        ),
        pytest.param(
            record("v", "a:1", "x0:9", "m1:5"),
            [],
            ALL,
            OLD,
            "U:a:1 D:v D:x0 D:m1",
            id="before 28.4 every blob has a row",
        ),
        pytest.param(
            record("v", "a:1", "x0:9", "m1:5"), [], ALL, NEW, "U:a:1 D:v D:m1", id="since 28.4 only manifests have one"
        ),
        pytest.param(record("v", "a:1"), [], NOT_PROD, NEW, "", id="before 29.4.1 no env is as good as env=prod"),
        pytest.param(record("v", "a:1"), [], NOT_PROD, HEAD, "U:a:1 D:v", id="since 29.4.1 no env differs from prod"),
        pytest.param(
            record("v", "a:1", labels={"keep": ""}, attested=True),
            [],
            NOT_KEPT,
            NEW,
            "U:a:1 D:v",
            id="before 29.4.1 an attestation's lack of labels passed for its image",
        ),
        pytest.param(
            record("v", "a:1", labels={"keep": ""}, attested=True),
            [],
            NOT_KEPT,
            HEAD,
            "",
            id="since 29.4.1 it does not",
        ),
    ],
)
def test_engines_differ(image: Image, uses: list[ImageUse], info: PruneInfo, profile: Profile, expected: str) -> None:
    """A store follows the Engine that it was imported from."""
    assert rows(decide([image], uses, info, profile=profile).steps) == expected.split()


def test_an_image_that_lost_its_names_stays_dangling() -> None:
    """Before 27.3 an image used by id stays without a name, says so, and is no candidate for a second prune."""
    images, uses = [record("v", "a:1 z:1")], [use("v")]
    decisions = decide(images, uses, ALL, profile=OLD)
    verdict = decisions.verdicts[0]
    assert (verdict.removed, verdict.reason, verdict.untagged) == (False, Reason.IN_USE, ("a:1", "z:1"))
    rest = after(Snapshot(NOW, images=tuple(images)), decisions.steps).images
    assert (rest[0].tags, rest[0].digests) == ((), ())
    assert decide(rest, uses, ALL, profile=OLD).steps == ()


def test_blobs_vanish_with_the_last_image_that_has_them() -> None:
    """A shared blob is counted for the image that goes last, and not at all while one stays."""
    images = [record("a", "a:1", "x1:100", "x2:20"), record("b", "b:1", "x1:100", "x3:3"), record("c", "c:1", "x3:3")]
    decisions = decide(images, [use("c", "c:1")], ALL)
    assert [(v.name, v.reclaims) for v in decisions.verdicts] == [("a:1", 21), ("b:1", 101), ("c:1", 0)]
    assert [s.layers for s in decisions.steps if not s.untags] == [
        (digest("a"), digest("x2")),
        (digest("b"), digest("x1")),
    ]


def test_blobs_are_counted_as_an_engine_counts() -> None:
    """A blob listed twice counts twice and is one layer; one that something else holds stays and is not told."""
    image = record("v", "a:1", "x1:10", "x1:10")
    assert decide([image], info=ALL).verdicts[0].reclaims == 21
    assert decide([image], info=ALL).steps[-1].layers == (digest("v"), digest("x1"))
    kept = decide([image], info=ALL, held=[digest("v")])
    assert [(s.rows, s.reclaims, s.action) for s in kept.steps[1:]] == [((), 20, "")]
    assert [v.removed for v in kept.verdicts] == [True]


@pytest.mark.parametrize(
    ("uses", "profile", "reclaims"),
    [
        pytest.param([], NEW, 1, id="before 29.6 only blobs count"),
        pytest.param([], HEAD, 501, id="since 29.6 snapshots count too"),
        pytest.param([use("v", "gone:1")], HEAD, 1, id="unless a container stands on them"),
    ],
)
def test_snapshots(uses: list[ImageUse], profile: Profile, reclaims: int) -> None:
    """What an image takes unpacked comes back when its snapshots vanish."""
    image = replace(record("v", "a:1"), content=(Blob(digest("v"), 1, manifest=True, unpacked=500),))
    assert decide([image], uses, ALL, profile=profile).verdicts[0].reclaims == reclaims


def test_an_image_without_known_content_is_one_manifest() -> None:
    """Where nothing is known of the content, the image's id goes and its size comes back."""
    decisions = decide([replace(record("v", "a:1"), content=(), size=7)], info=ALL)
    assert (rows(decisions.steps), decisions.verdicts[0].reclaims) == (["U:a:1", "D:v"], 7)


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        pytest.param(NEW, [("untag", "a:1"), ("untag", "b:1"), ("delete", "b:1")], id="since 28.4 by name"),
        pytest.param(engine("28.3.0"), [], id="before 28.4 not at all"),
    ],
)
def test_events(profile: Profile, told: list[tuple[str, str]]) -> None:
    """Names and images that go are told under their familiar names, without labels."""
    steps = decide([record("v", "a:1 b:1", labels={"a": "b"})], info=ALL, profile=profile).steps
    v = digest("v")
    assert [(s.action, s.attributes["name"]) for s in steps if s.action] == told
    assert {s.id for s in steps} == {v}
    assert all(set(s.attributes) <= {"name"} for s in steps)


def test_a_nameless_image_is_told_by_its_digest() -> None:
    """A dangling record is untagged and deleted under the bare digest."""
    steps = decide([B]).steps
    b = digest("b")
    assert [(s.action, dict(s.attributes)) for s in steps] == [("untag", {"name": b}), ("delete", {"name": b})]
    assert rows(steps) == ["U:b", "D:b"]


def test_digests_of_a_repository_go_with_its_last_name() -> None:
    """An Engine lists a digest for each repository that has a name; without the name it must not look like one."""
    images = (record("v", "a:1 a:2 z:1"),)
    decisions = decide(images, [use("v", "z:1")], ALL)
    rest = after(Snapshot(NOW, images=images), decisions.steps).images[0]
    assert (rest.tags, rest.digests) == (("z:1",), refs("z@v"))
    assert rows(decisions.steps) == ["U:a:1", "U:a:2"]
    assert decisions.verdicts[0].untagged == ("a:1", "a:2")


def selection(steps: Sequence[Step]) -> Selection:
    """Return what a plan with these steps selects."""
    return Selection(
        {s.id: s.witness for s in steps},
        {s.id: frozenset(o.ref for o in steps if o.id == s.id and o.untags) for s in steps if s.untags},
    )


V = record("v", "a:1 b:1")


@pytest.mark.parametrize(
    ("then", "uses_then", "profile", "now", "uses_now", "expected", "reason"),
    [
        pytest.param([V], [], NEW, [V], [], "U:a:1 U:b:1 D:v", Reason.UNUSED, id="no change"),
        pytest.param([B], [], NEW, [B], [], "U:b D:b", Reason.DANGLING, id="no change to one without a name"),
        pytest.param([B], [], NEW, [V], [], "", Reason.NOT_IN_PLAN, id="a new image stays"),
        pytest.param(
            [V], [], NEW, [record("v", "a:1 b:1 c:1")], [], "", Reason.CHANGED, id="so does one with a new name"
        ),
        pytest.param([V], [], NEW, [V], [use("v", "b:1")], "U:a:1", Reason.IN_USE, id="a name in use by now stays"),
        pytest.param(
            [V], [use("v", "b:1")], NEW, [V], [], "U:a:1", Reason.NOT_IN_PLAN, id="a name that was to stay stays"
        ),
        pytest.param(
            [V],
            [use("v")],
            OLD,
            [V],
            [],
            "",
            Reason.NOT_IN_PLAN,
            id="an image that was to stay nameless is not removed",
        ),
        pytest.param([record("b", "b:1")], [], NEW, [B], [], "", Reason.CHANGED, id="one that lost its name meanwhile"),
    ],
)
def test_an_earlier_plan_is_the_limit(  # the worlds of two moments, and what may happen between
    then: list[Image],
    uses_then: list[ImageUse],
    profile: Profile,
    now: list[Image],
    uses_now: list[ImageUse],
    expected: str,
    reason: Reason,
) -> None:
    """Whatever happened since a plan was shown, nothing outside it is untagged or removed."""
    chosen = selection(decide(then, uses_then, ALL, profile=profile).steps)
    decisions = decide(now, uses_now, ALL, profile=profile, chosen=chosen)
    assert rows(decisions.steps) == expected.split()
    assert decisions.verdicts[0].reason is reason


INFOS = (
    DANGLING,
    ALL,
    PruneInfo(all=True, keep_duration=DAY),
    PruneInfo(all=True, filter=LabelFilter(excluded=frozenset({"keep"}), each=True)),
    PruneInfo(keep_duration=HOUR + 1),
)


@pytest.mark.parametrize("seed", range(200))
def test_laws(seed: int) -> None:
    """One verdict for each image, bytes that add up, one plan for one state, and nothing left for a second prune."""
    rng = random.Random(seed)
    images = random_records(rng)
    uses, info, profile = random_uses(rng, images), rng.choice(INFOS), rng.choice((OLD, NEW, HEAD))
    decisions = decide(images, uses, info, profile=profile)

    assert sorted(v.id for v in decisions.verdicts) == sorted(i.id for i in images)
    given_back = reclaimed_by(decisions.steps)
    assert {v.id: v.reclaims for v in decisions.verdicts if v.reclaims} == {k: n for k, n in given_back.items() if n}
    assert {v.id for v in decisions.verdicts if v.removed} == {s.id for s in decisions.steps if not s.untags}
    removed = {v.id for v in decisions.verdicts if v.removed}
    kept = {blob.digest for i in images if i.id not in removed for blob in i.content}
    assert kept.isdisjoint(digest for s in decisions.steps for digest in s.layers)

    shuffled = rng.sample(images, len(images))
    assert decide(shuffled, rng.sample(uses, len(uses)), info, profile=profile) == decisions

    rest = after(Snapshot(NOW, images=images), decisions.steps).images
    assert decide(rest, uses, info, profile=profile).steps == ()


@pytest.mark.parametrize("seed", range(100))
def test_nothing_outside_an_earlier_plan(seed: int) -> None:
    """Whatever becomes of containers, images and names, an apply stays within what was shown."""
    rng = random.Random(seed)
    images = random_records(rng)
    uses, info, profile = random_uses(rng, images), rng.choice(INFOS), rng.choice((OLD, NEW))
    shown = decide(images, uses, info, profile=profile)
    chosen = selection(shown.steps)
    assert decide(images, uses, info, profile=profile, chosen=chosen) == shown

    moved = [replace(i, tags=i.tags[1:]) if rng.random() < 0.3 else i for i in images if rng.random() < 0.9]
    if not moved:
        return
    decided = decide(moved, random_uses(rng, moved), info, profile=profile, chosen=chosen)
    told = {(s.id, s.ref) for s in decided.steps if s.rows or not s.untags}
    assert told <= {(s.id, s.ref) for s in shown.steps}
    assert len(decided.verdicts) == len(moved)


def delete(
    images: Sequence[Image],
    text: str,
    uses: Sequence[ImageUse] = (),
    *,
    force: bool = False,
    noprune: bool = False,
) -> tuple[Step, ...]:
    """Delete as Engine 28.5.2."""
    return containerd.delete(images, uses, frozenset(), text, force=force, noprune=noprune, profile=NEW)


TWO = [record("v", "a:1 b:1")]
LINE = [record("o"), record("p", parent=digest("o")), record("v", "a:1", parent=digest("p"))]


@pytest.mark.parametrize(
    ("images", "text", "uses", "options", "expected"),
    [
        pytest.param(TWO, "b:1", [], {}, "U:b:1", id="one of two names"),
        pytest.param([record("v", "a:latest")], "a", [], {}, "U:a:latest D:v", id="the last name"),
        pytest.param([record("v", "a:1 a@v")], "a:1", [], {}, "U:a:1 U:a@v D:v", id="a name and its digest are one"),
        pytest.param([record("v", "a:1 a:2 a@v")], "a:1", [], {}, "U:a:1", id="unless the repository has other tags"),
        pytest.param(
            [record("v", "a:1 a:2 b:1")], refs("a@v")[0], [], {}, "U:a:1 U:a:2", id="a digest means a whole repository"
        ),
        pytest.param([record("v", "a:1 a:2")], refs("a@v")[0], [], {}, "U:a:1 U:a:2 D:v", id="and all, if that is all"),
        pytest.param([record("v", "a:1")], digest("v"), [], {}, "U:a:1 D:v", id="the id"),
        pytest.param([record("v", "a:1")], digest("v")[7:13], [], {}, "U:a:1 D:v", id="a short id"),
        pytest.param([record("v")], digest("v"), [], {}, "D:v", id="an image without a name"),
        pytest.param(TWO, digest("v"), [], {"force": True}, "U:a:1 U:b:1 D:v", id="all names by force"),
        pytest.param(
            [record("v", "a:1")],
            "a:1",
            [use("v")],
            {"force": True},
            "U:a:1",
            id="by force an image in use loses its name",
        ),
        pytest.param(LINE, "a:1", [], {}, "U:a:1 D:v D:p D:o", id="nameless parents go along"),
        pytest.param(LINE, "a:1", [], {"noprune": True}, "U:a:1 D:v", id="unless they are to stay"),
        pytest.param(LINE, "a:1", [use("p")], {}, "U:a:1 D:v", id="or a container needs one"),
        pytest.param(
            [record("v", "a:1"), record("w", "w:1", parent=digest("v"))],
            "a:1",
            [],
            {},
            "U:a:1 D:v",
            id="an image that others build on is said to be deleted",
        ),
    ],
)
def test_delete(images: list[Image], text: str, uses: list[ImageUse], options: dict[str, bool], expected: str) -> None:
    """A single image is removed as by `docker image rm`."""
    assert rows(delete(images, text, uses, **options)) == expected.split()


def test_what_others_build_on_stays_nameless() -> None:
    """The image of which an Engine says that it was deleted is still there when another one builds on it."""
    images = (record("v", "a:1"), record("w", "w:1", parent=digest("v")))
    steps = delete(images, "a:1")
    rest = after(Snapshot(NOW, images=images), steps).images
    assert [(i.id, i.tags) for i in rest] == [(digest("v"), ()), (digest("w"), ("w:1",))]
    assert [s.action for s in steps if s.rows] == ["untag", "delete"]


WEB = f"{b'web'.hex():0<12}"
SHORT = f"{b'v'.hex():0<12}"


@pytest.mark.parametrize(
    ("images", "text", "uses", "force", "error", "message"),
    [
        pytest.param(TWO, "nosuch", [], False, NotFoundError, "No such image: nosuch:latest", id="no such name"),
        pytest.param(TWO, digest("x"), [], False, NotFoundError, f"No such image: {digest('x')}", id="no such id"),
        pytest.param(
            TWO, refs("c@v")[0], [], False, NotFoundError, f"No such image: c@{digest('v')}", id="another repository"
        ),
        pytest.param(
            [record("v1"), record("v2")],
            digest("v")[7:9] + "3",
            [],
            False,
            NotFoundError,
            "No such image: 763:latest",
            id="three digits are no id",
        ),
        pytest.param(
            [record("va1"), record("va2")],
            "7661",
            [],
            False,
            NotFoundError,
            "ambiguous reference",
            id="an ambiguous id",
        ),
        pytest.param(
            TWO,
            "A",
            [],
            False,
            RefusedError,
            "invalid reference format: repository name (library/A) must be lowercase",
            id="no reference at all",
        ),
        pytest.param(
            [record("v", "a:1")],
            "a:1",
            [use("v", "x", mount=True)],
            False,
            ConflictError,
            f"conflict: unable to delete a:1 (must be forced) - container {WEB} is using its referenced image {SHORT}",
            id="a name whose image is mounted",
        ),
        pytest.param(
            TWO,
            digest("v"),
            [],
            False,
            ConflictError,
            f"conflict: unable to delete {SHORT} (must be forced) - image is referenced in multiple repositories",
            id="an id with several names",
        ),
        pytest.param(
            [record("v", "a:1")],
            digest("v"),
            [use("v")],
            False,
            ConflictError,
            f"conflict: unable to delete {SHORT} (must be forced) - image is being used by stopped container {WEB}",
            id="an id in use by a stopped container",
        ),
        pytest.param(
            [record("v", "a:1")],
            digest("v"),
            [use("v", running=True)],
            True,
            ConflictError,
            f"conflict: unable to delete {SHORT} (cannot be forced) - image is being used by running container {WEB}",
            id="an id in use by a running container, even by force",
        ),
    ],
)
def test_delete_refuses(  # every conflict in the Engine's words
    images: list[Image], text: str, uses: list[ImageUse], force: bool, error: type[RefusedError], message: str
) -> None:
    """What an Engine refuses is refused in its words, and nothing goes."""
    with pytest.raises(error) as caught:
        delete(images, text, uses, force=force)
    assert str(caught.value) == message


def test_the_plan_reaches_these_rules() -> None:
    """A plan of the kind image on a containerd world is this module's answer."""
    world = Snapshot(NOW, profile=NEW, images=(record("v", "", "x1:4"),))
    plan = plan_kind(world, Kind.IMAGE, DANGLING)
    assert (plan.reclaimable, [v.id for v in plan.removals]) == (5, [digest("v")])


def test_an_image_of_unknown_size_gives_nothing_back() -> None:
    """An image that lists no content and whose size nobody knows goes without a promise."""
    decisions = decide([Image(digest("i"), created_at=NOW, recorded_at=NOW, size=-1)])
    assert decisions.steps
    assert {s.reclaims for s in decisions.steps} == {0}
