"""Images of the graph drivers' store: what a prune takes, in which order, and what comes back."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from prunecli.errors import ConflictError, NotFoundError, RefusedError
from prunecli.filters import LabelFilter
from prunecli.info import PruneInfo
from prunecli.kinds.image import Image, ImageUse, graph
from prunecli.plan import after, plan_kind
from prunecli.profile import DEFAULT_PROFILE, Profile, make_profile
from prunecli.snapshot import Snapshot
from prunecli.units import DAY, HOUR
from prunecli.verdict import Decisions, Kind, Reason, Selection, Step
from tests.image_worlds import (
    NOW,
    chains,
    digest,
    image,
    layer_sizes,
    left,
    random_images,
    random_uses,
    reclaimed_by,
    refs,
    rows,
    use,
)

DANGLING, ALL = PruneInfo(), PruneInfo(all=True)
OLD = make_profile("20.10.24", (1, 41))


def decide(  # one default for each argument that a table leaves out
    images: Sequence[Image],
    uses: Sequence[ImageUse] = (),
    info: PruneInfo = DANGLING,
    *,
    held: Sequence[int] = (),
    profile: Profile = DEFAULT_PROFILE,
    chosen: Selection | None = None,
) -> Decisions:
    """Decide on a world whose layers are those of its images; `held` is a chain that build cache holds."""
    holding = frozenset(chains(*held)[-1:])
    return graph.decide(images, uses, layer_sizes(images), holding, info, NOW, profile, chosen)


BASE = image("base", "base:1", 1000)
I1 = image("i1", "", 1000, 100, parent="base")
I2 = image("i2", "", 1000, 100, parent="i1")
P = image("p", "p:1", 1000)
P_CHILD = image("c", "c:1", 1000, 10, parent="p")
P_NAMED = image("p", "p:1 p:2 q:1 p@D q@D", 1000)
A = image("a", "a:1", 1000, 50)
NOT_X = PruneInfo(filter=LabelFilter(required=frozenset({"x"}), excluded=frozenset({"keep"})))


@pytest.mark.parametrize(
    ("images", "uses", "info", "expected", "reclaimed", "stays"),
    [
        pytest.param(
            [BASE, I1, I2, image("head", "", 1000, 100, 10, parent="i2")],
            [],
            DANGLING,
            "D:head D:L10 D:i2 D:i1 D:L100",
            110,
            {"base": "base:1"},
            id="C1 a dangling head takes its untagged parents along",
        ),
        pytest.param(
            [BASE, I1, image("head", "", 1000, 100, 10, parent="i1")],
            [use("head")],
            DANGLING,
            "",
            0,
            {"base": "base:1", "i1": "", "head": ""},
            id="C2 a container keeps its image and all that is below it",
        ),
        pytest.param(
            [BASE, I1, image("head", "", 1000, 100, 10, parent="i1")],
            [use("i1")],
            DANGLING,
            "D:head D:L10",
            10,
            {"base": "base:1", "i1": ""},
            id="C3 a container on a parent stops the walk there",
        ),
        pytest.param(
            [P, P_CHILD],
            [],
            ALL,
            "U:c:1 D:c D:L10 U:p:1 D:p D:L1000",
            1010,
            {},
            id="C4 with all, tagged ones go by the order of their tags",
        ),
        pytest.param(
            [P, replace(P_CHILD, tags=("z:1",))],
            [],
            ALL,
            "U:p:1 U:z:1 D:c D:L10 D:p D:L1000",
            1010,
            {},
            id="C4 the other way round, a parent waits for its child",
        ),
        pytest.param(
            [P_NAMED],
            [],
            ALL,
            "U:p:1 U:p:2 U:p@D U:q:1 U:q@D D:p D:L1000",
            1000,
            {},
            id="C5 digests fall with the last tag of their repository",
        ),
        pytest.param(
            [P_NAMED],
            [use("p")],
            ALL,
            "U:p:1 U:p:2 U:p@D",
            0,
            {"p": "q:1 q@D"},
            id="C6 an image in use keeps the references that amount to one",
        ),
        pytest.param(
            [image("p", "p:1 p@D", 1000)],
            [use("p", running=True)],
            ALL,
            "",
            0,
            {"p": "p:1 p@D"},
            id="C6b a tag and its digest amount to one",
        ),
        pytest.param(
            [image("p", "p@D", 1000)], [], DANGLING, "U:p@D D:p D:L1000", 1000, {}, id="C7 a digest alone is dangling"
        ),
        pytest.param(
            [image("p", "p@D q@D", 1000)],
            [],
            DANGLING,
            "U:p@D U:q@D D:p D:L1000",
            1000,
            {},
            id="C7b so are digests of two repositories",
        ),
        pytest.param(
            [image("p", "p@D", 1000)], [use("p")], DANGLING, "", 0, {"p": "p@D"}, id="C7c unless a container uses it"
        ),
        pytest.param(
            [P, P_CHILD],
            [use("c")],
            ALL,
            "U:p:1",
            0,
            {"c": "c:1", "p": ""},
            id="C8 a parent loses its tag though its child stays",
        ),
        pytest.param(
            [A, image("b", "", 1000, 60)],
            [],
            DANGLING,
            "D:b D:L60",
            60,
            {"a": "a:1"},
            id="C9 a layer that another image shares stays",
        ),
        pytest.param(
            [replace(A, tags=()), image("b", "", 1000, 60)],
            [],
            DANGLING,
            "D:a D:L50 D:b D:L60 D:L1000",
            1110,
            {},
            id="C9b and goes with the last image that has it",
        ),
        pytest.param(
            [
                image("equal", created_at=NOW - DAY),
                image("newer", created_at=NOW - DAY + 1),
                image("older", created_at=NOW - DAY - HOUR),
                image("undated", created_at=None),
            ],
            [],
            PruneInfo(keep_duration=DAY),
            "D:equal D:older",
            0,
            {"newer": "", "undated": ""},
            id="C10 what was created at the cutoff goes, what has no date stays",
        ),
        pytest.param(
            [
                image("i1", "", 100, labels={"keep": "1"}),
                image("head", "", 100, 10, parent="i1", labels={"x": "1"}),
            ],
            [],
            NOT_X,
            "D:head D:L10 D:i1 D:L100",
            110,
            {},
            id="C11d filters do not speak of parents",
        ),
        pytest.param(
            [image("a", "a:1", 10), image("a2", "", 10, parent="a")],
            [],
            DANGLING,
            "D:a2",
            0,
            {"a": "a:1"},
            id="C13 an image without a layer of its own gives nothing back",
        ),
        pytest.param(
            [image("p", "p:1 p:2", 1000), image("c", "", 1000, 10, parent="p")],
            [use("p", running=True)],
            ALL,
            "U:p:1 D:c D:L10",
            10,
            {"p": "p:2"},
            id="C14 an image in use keeps its last tag while its child goes",
        ),
    ],
)
def test_worked_examples(
    images: list[Image], uses: list[ImageUse], info: PruneInfo, expected: str, reclaimed: int, stays: dict[str, str]
) -> None:
    """What a real Engine did with these worlds is what we do, in our canonical order."""
    decisions = decide(images, uses, info)
    assert rows(decisions.steps) == expected.split()
    assert sum(step.reclaims for step in decisions.steps) == reclaimed
    assert left(images, decisions) == stays


@pytest.mark.parametrize(
    ("images", "uses", "info", "reason", "detail"),
    [
        pytest.param(
            [image("v", "app:v2")],
            [],
            DANGLING,
            Reason.TAGGED,
            "tagged app:v2, and only dangling images were asked for",
            id="a tagged image is not dangling",
        ),
        pytest.param(
            [image("v", "app:v2")],
            [],
            ALL,
            Reason.UNUSED,
            "no container uses it, created 2 days ago",
            id="with all it goes when nobody uses it",
        ),
        pytest.param(
            [image("v")],
            [],
            DANGLING,
            Reason.DANGLING,
            "untagged, and no other image builds on it, created 2 days ago",
            id="an untagged one goes",
        ),
        pytest.param(
            [image("v", "app@D", created_at=None)],
            [],
            DANGLING,
            Reason.DANGLING,
            "known by digest alone, and no container uses it, of unknown age",
            id="one known by digest goes too",
        ),
        pytest.param(
            [image("v", "app:v2")],
            [use("v", name="db"), use("v", running=True)],
            ALL,
            Reason.IN_USE,
            "in use by container web (running) and 1 more",
            id="the container that runs is named first",
        ),
        pytest.param(
            [image("v", "app:v2")],
            [use("v", mount=True)],
            ALL,
            Reason.IN_USE,
            "mounted by container web (stopped)",
            id="a mount protects the reference",
        ),
        pytest.param(
            [image("v"), image("w", "w:1", parent="v"), image("x", "x:1", parent="v")],
            [],
            DANGLING,
            Reason.HAS_CHILDREN,
            "2 images build on it",
            id="an untagged image stays below others",
        ),
        pytest.param(
            [image("v"), image("w", parent="v")],
            [],
            DANGLING,
            Reason.PARENT,
            f"untagged parent of {b'w'.hex():0<12}, and nothing else builds on it, created 2 days ago",
            id="and goes with the last of them",
        ),
        pytest.param(
            [image("v"), image("w", parent="v")],
            [use("v")],
            DANGLING,
            Reason.IN_USE,
            "in use by container web (stopped)",
            id="unless a container uses it",
        ),
        pytest.param(
            [image("v", "app@D"), image("w", parent="v")],
            [],
            DANGLING,
            Reason.TAGGED,
            f"known as app@{digest('D')}",
            id="a parent known by digest is no untagged parent",
        ),
        pytest.param(
            [image("v", "app:1"), image("w", "w:1", parent="v")],
            [use("w")],
            ALL,
            Reason.HAS_CHILDREN,
            "1 image builds on it",
            id="a parent stays though it loses its tag",
        ),
        pytest.param(
            [image("v", created_at=NOW - HOUR)],
            [],
            PruneInfo(keep_duration=DAY),
            Reason.TOO_YOUNG,
            "created About an hour ago, after the `until` of the filter",
            id="a young image stays",
        ),
        pytest.param(
            [image("v", labels={"keep": "1"})],
            [],
            PruneInfo(filter=LabelFilter(excluded=frozenset({"keep"}))),
            Reason.LABEL_MISMATCH,
            "its labels do not match the filter",
            id="an excluded label keeps",
        ),
        pytest.param(
            [image("v", labels=None)],
            [],
            PruneInfo(filter=LabelFilter(required=frozenset({"x"}))),
            Reason.DANGLING,
            "untagged, and no other image builds on it, created 2 days ago",
            id="an image without a config is asked for no labels",
        ),
    ],
)
def test_reasons(images: list[Image], uses: list[ImageUse], info: PruneInfo, reason: Reason, detail: str) -> None:
    """Every verdict says why, in words a person understands."""
    verdict = next(v for v in decide(images, uses, info).verdicts if v.id == digest("v"))
    assert (verdict.reason, verdict.detail) == (reason, detail)


@pytest.mark.parametrize(
    ("uses", "info", "profile", "expected"),
    [
        pytest.param([], PruneInfo(keep_duration=DAY), OLD, "D:v D:L7", id="20.10: no date is older than any until"),
        pytest.param([], PruneInfo(keep_duration=DAY), DEFAULT_PROFILE, "", id="since 25.0 no date keeps"),
        pytest.param([use("v", mount=True)], DANGLING, OLD, "D:v D:L7", id="before 28.0 nothing is mounted"),
    ],
)
def test_engines_differ(uses: list[ImageUse], info: PruneInfo, profile: Profile, expected: str) -> None:
    """A store follows the Engine that it was imported from."""
    images = [image("v", "", 7, created_at=None)]
    decisions = decide(images, [u for u in uses if profile.image_mounts_protect], info, profile=profile)
    assert rows(decisions.steps) == expected.split()


def test_mounts_keep_references_and_layers_but_no_nameless_image() -> None:
    """A mount forbids to take the last reference; an untagged image goes, and its layers stay below the mount."""
    images = [image("v", "", 7), image("w", "w:1 w:2", 9)]
    decisions = decide(images, [use("v", mount=True), use("w", mount=True)], ALL)
    assert rows(decisions.steps) == ["U:w:1", "D:v"]
    assert sum(step.reclaims for step in decisions.steps) == 0


@pytest.mark.parametrize(
    ("held", "expected", "reclaimed"),
    [
        pytest.param((), "D:v D:L30 D:L20 D:L10", 60, id="unheld layers go, top first"),
        pytest.param((10,), "D:v D:L30 D:L20", 50, id="what build cache holds stays"),
        pytest.param((10, 20), "D:v D:L30", 30, id="and what lies below it"),
        pytest.param((10, 20, 30), "D:v", 0, id="an image can go without any layer"),
        pytest.param((10, 99), "D:v D:L30 D:L20 D:L10", 60, id="a chain of no image says nothing of others"),
    ],
)
def test_build_cache_holds_layers(held: tuple[int, ...], expected: str, reclaimed: int) -> None:
    """A layer is reported and counted only when nothing holds it any more."""
    decisions = decide([image("v", "", 10, 20, 30)], held=held)
    assert rows(decisions.steps) == expected.split()
    assert sum(v.reclaims for v in decisions.verdicts) == reclaimed


def test_events_tell_of_each_reference_and_image() -> None:
    """Untagging carries the config's labels, deletion does not; digests that fall with a tag are not told."""
    images = [image("p", "p:1 p@D", labels={"a": "b"})]
    steps = decide(images, info=ALL).steps
    p = digest("p")
    assert [(s.ref, s.action, dict(s.attributes)) for s in steps] == [
        ("p:1", "untag", {"a": "b", "name": p}),
        (*refs("p@D"), "", {}),
        ("", "delete", {"name": p}),
    ]
    assert steps[-1].witness == images[0].witness


def test_a_line_of_parents_can_be_long() -> None:
    """Thousands of untagged parents go with one image, without a limit of depth."""
    images = [image("n0"), *(image(f"n{n}", parent=f"n{n - 1}") for n in range(1, 3000))]
    decisions = decide(images)
    assert len(decisions.steps) == 3000
    assert decisions.steps[-1].id == digest("n0")


PLANNED = [image("p", "p:1 p:2"), image("d")]


@pytest.mark.parametrize(
    ("then", "uses_then", "now", "uses_now", "expected", "reasons"),
    [
        pytest.param(
            PLANNED, [], PLANNED, [], "U:p:1 U:p:2 D:p D:d", {"p": Reason.UNUSED, "d": Reason.DANGLING}, id="no change"
        ),
        pytest.param(
            PLANNED,
            [],
            [*PLANNED, image("x", "x:1")],
            [],
            "U:p:1 U:p:2 D:p D:d",
            {"x": Reason.NOT_IN_PLAN},
            id="a new image stays",
        ),
        pytest.param(
            PLANNED,
            [],
            [image("p", "p:1 p:2 p:3"), image("d")],
            [],
            "D:d",
            {"p": Reason.CHANGED},
            id="an image that got a tag stays whole",
        ),
        pytest.param(
            PLANNED,
            [],
            PLANNED,
            [use("p")],
            "U:p:1 D:d",
            {"p": Reason.IN_USE},
            id="an image that is used by now follows the Engine's rule within the plan",
        ),
        pytest.param(
            PLANNED,
            [use("p")],
            PLANNED,
            [],
            "U:p:1 D:d",
            {"p": Reason.NOT_IN_PLAN},
            id="an image that was to lose one tag loses no other",
        ),
        pytest.param(
            [P, P_CHILD],
            [use("c")],
            [P],
            [],
            "U:p:1",
            {"p": Reason.NOT_IN_PLAN},
            id="an image that was to lose its last tag is not removed",
        ),
        pytest.param(
            [I1, image("head", "", 1000, 100, 10, parent="i1")],
            [use("i1")],
            [I1, image("head", "", 1000, 100, 10, parent="i1")],
            [],
            "D:head D:L10",
            {"i1": Reason.NOT_IN_PLAN},
            id="a parent that was to stay stays",
        ),
    ],
)
def test_an_earlier_plan_is_the_limit(  # the worlds of two moments, and what may happen between
    then: list[Image],
    uses_then: list[ImageUse],
    now: list[Image],
    uses_now: list[ImageUse],
    expected: str,
    reasons: dict[str, Reason],
) -> None:
    """Whatever happened since a plan was shown, nothing outside it is untagged or removed."""
    chosen = selection(decide(then, uses_then, ALL).steps)
    decisions = decide(now, uses_now, ALL, chosen=chosen)
    assert rows(decisions.steps) == expected.split()
    found = {v.id: v.reason for v in decisions.verdicts}
    assert {name: found[digest(name)] for name in reasons} == reasons


def selection(steps: Sequence[Step]) -> Selection:
    """Return what a plan with these steps selects."""
    return Selection(
        {s.id: s.witness for s in steps},
        {s.id: frozenset(o.ref for o in steps if o.id == s.id and o.untags) for s in steps if s.untags},
    )


def delete(
    images: Sequence[Image], text: str, uses: Sequence[ImageUse] = (), *, force: bool = False, noprune: bool = False
) -> tuple[Step, ...]:
    """Delete from a world whose layers are those of its images."""
    sizes = layer_sizes(images)
    return graph.delete(images, uses, sizes, frozenset(), text, force=force, noprune=noprune, profile=DEFAULT_PROFILE)


CHAIN = [image("i1", "", 100), image("c", "chain:1 chain:2", 100, 10, parent="i1")]
ONE = [image("i1", "", 100), image("c", "one:latest one@D", 100, 10, parent="i1")]


@pytest.mark.parametrize(
    ("images", "text", "uses", "options", "expected"),
    [
        pytest.param(CHAIN, "chain:2", [], {}, "U:chain:2", id="one of two tags"),
        pytest.param(ONE, "one", [], {}, "U:one:latest U:one@D D:c D:L10 D:i1 D:L100", id="the last tag"),
        pytest.param(ONE, "one", [], {"noprune": True}, "U:one:latest U:one@D D:c D:L10", id="without its parents"),
        pytest.param(ONE, refs("one@D")[0], [], {}, "U:one@D", id="a digest alone"),
        pytest.param(ONE, refs("one:x@D")[0], [], {}, "U:one:x@D", id="a digest settles, whatever the tag"),
        pytest.param(ONE, digest("c"), [], {}, "U:one:latest U:one@D D:c D:L10 D:i1 D:L100", id="the id"),
        pytest.param(ONE, digest("c")[7:13], [], {"noprune": True}, "U:one:latest U:one@D D:c D:L10", id="a short id"),
        pytest.param(
            CHAIN,
            digest("c"),
            [],
            {"force": True},
            "U:chain:1 U:chain:2 D:c D:L10 D:i1 D:L100",
            id="all names by force",
        ),
        pytest.param(
            ONE, "one", [use("c")], {"force": True}, "U:one:latest U:one@D D:c D:i1", id="by force from a stopped one"
        ),
        pytest.param(
            ONE, "one", [use("c", running=True)], {"force": True}, "U:one:latest U:one@D", id="a running one keeps it"
        ),
    ],
)
def test_delete(images: list[Image], text: str, uses: list[ImageUse], options: dict[str, bool], expected: str) -> None:
    """A single image is removed as by `docker image rm`."""
    assert rows(delete(images, text, uses, **options)) == expected.split()


WEB = f"{b'web'.hex():0<12}"
SHORT = f"{b'c'.hex():0<12}"


@pytest.mark.parametrize(
    ("images", "text", "uses", "force", "error", "message"),
    [
        pytest.param(ONE, "nosuch", [], False, NotFoundError, "No such image: nosuch:latest", id="no such name"),
        pytest.param(
            ONE, digest("x"), [], False, NotFoundError, f"No such image: {digest('x')}", id="no such id in full"
        ),
        pytest.param(
            [image("ca"), image("cb")], "63", [], False, NotFoundError, "No such image: 63:latest", id="an ambiguous id"
        ),
        pytest.param(
            ONE,
            "One",
            [],
            False,
            RefusedError,
            "invalid reference format: repository name (library/One) must be lowercase",
            id="no reference at all",
        ),
        pytest.param(
            ONE,
            "one",
            [use("c")],
            False,
            ConflictError,
            'conflict: unable to remove repository reference "one" (must force)'
            f" - container {WEB} is using its referenced image {SHORT}",
            id="a name in use",
        ),
        pytest.param(
            CHAIN,
            digest("c"),
            [],
            False,
            ConflictError,
            f"conflict: unable to delete {SHORT} (must be forced) - image is referenced in multiple repositories",
            id="an id with several names",
        ),
        pytest.param(
            ONE,
            digest("c"),
            [use("c")],
            False,
            ConflictError,
            f"conflict: unable to delete {SHORT} (must be forced) - image is being used by stopped container {WEB}",
            id="an id in use by a stopped container",
        ),
        pytest.param(
            ONE,
            digest("c"),
            [use("c", running=True)],
            True,
            ConflictError,
            f"conflict: unable to delete {SHORT} (cannot be forced) - image is being used by running container {WEB}",
            id="an id in use by a running container, even by force",
        ),
        pytest.param(
            ONE,
            digest("i1"),
            [],
            True,
            ConflictError,
            f"conflict: unable to delete {digest('i1')[7:19]} (cannot be forced) - image has dependent child images",
            id="a parent, even by force",
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


INFOS = (
    DANGLING,
    ALL,
    PruneInfo(all=True, keep_duration=DAY),
    PruneInfo(filter=LabelFilter(excluded=frozenset({"keep"}))),
)


@pytest.mark.parametrize("seed", range(200))
def test_laws(seed: int) -> None:
    """One verdict for each image, bytes that add up, one plan for one state, and nothing left for a second prune."""
    rng = random.Random(seed)
    images = random_images(rng)
    uses = random_uses(rng, images)
    held, info = rng.choice(((), (10,), (10, 20))), rng.choice(INFOS)
    decisions = decide(images, uses, info, held=held)

    assert sorted(v.id for v in decisions.verdicts) == sorted(i.id for i in images)
    given_back = reclaimed_by(decisions.steps)
    assert {v.id: v.reclaims for v in decisions.verdicts if v.reclaims} == {k: n for k, n in given_back.items() if n}
    assert {v.id for v in decisions.verdicts if v.removed} == {s.id for s in decisions.steps if not s.untags}
    vanished = [chain for step in decisions.steps for chain in step.layers]
    assert len(vanished) == len(set(vanished))
    kept = {
        chain
        for v, i in zip(decisions.verdicts, by_verdict(images, decisions), strict=True)
        if not v.removed
        for chain in i.layers
    }
    assert kept.isdisjoint(vanished)

    shuffled = rng.sample(images, len(images))
    assert decide(shuffled, rng.sample(uses, len(uses)), info, held=held) == decisions

    world = Snapshot(NOW, images=images, layers=layer_sizes(images))
    rest = after(world, decisions.steps)
    again = graph.decide(rest.images, uses, rest.layers, frozenset(), info, NOW, DEFAULT_PROFILE)
    assert {s.id for s in again.steps} <= (set() if info.all else freed_with_digests(images))


def freed_with_digests(images: Sequence[Image]) -> set[str]:
    """Return what a second prune may take: a parent known by digest alone is dangling once its children are gone."""
    known = [i for i in images if i.digests and not i.tags]
    return {i.id for i in known} | {id for i in known for id in ancestors(i, images)}


def by_verdict(images: Sequence[Image], decisions: Decisions) -> list[Image]:
    """Return images in the order of their verdicts."""
    by_id = {i.id: i for i in images}
    return [by_id[v.id] for v in decisions.verdicts]


def ancestors(one: Image, images: Sequence[Image]) -> set[str]:
    """Return the ids of all images below one."""
    by_id = {i.id: i for i in images}
    found: set[str] = set()
    while one.parent in by_id:
        one = by_id[one.parent]
        found.add(one.id)
    return found


@pytest.mark.parametrize("seed", range(100))
def test_nothing_outside_an_earlier_plan(seed: int) -> None:
    """Whatever becomes of containers, images and names, an apply stays within what was shown."""
    rng = random.Random(seed)
    images = random_images(rng)
    uses, info = random_uses(rng, images), rng.choice(INFOS)
    shown = decide(images, uses, info)
    chosen = selection(shown.steps)
    assert decide(images, uses, info, chosen=chosen) == shown

    moved = tuple(
        replace(i, tags=(*i.tags[1:], *(("new:1",) if rng.random() < 0.3 else ()))) if rng.random() < 0.3 else i
        for i in images
        if rng.random() < 0.9
    )
    if not moved:
        return
    decided = decide(moved, random_uses(rng, moved), info, chosen=chosen)
    assert {(s.id, s.ref) for s in decided.steps} <= {(s.id, s.ref) for s in shown.steps}
    assert len(decided.verdicts) == len(moved)


def test_the_plan_reaches_these_rules() -> None:
    """A plan of the kind image on a graph-driver world is this module's answer."""
    world = Snapshot(NOW, images=(image("v", "", 5),), layers=layer_sizes([image("v", "", 5)]))
    plan = plan_kind(world, Kind.IMAGE, DANGLING)
    assert (plan.reclaimable, [v.id for v in plan.removals]) == (5, [digest("v")])
