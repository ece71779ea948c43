"""Containers, networks and volumes: one row for each rule, in the order in which the rules are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from prunecli.filters import Filters, LabelFilter
from prunecli.info import PruneInfo
from prunecli.kinds import container, network, volume
from prunecli.kinds.container import Container
from prunecli.kinds.network import Network
from prunecli.kinds.volume import ANONYMOUS_LABEL, Volume
from prunecli.profile import make_profile
from prunecli.units import DAY, HOUR, SECOND
from prunecli.verdict import Decisions, Kind, Reason, Row, Selection
from tests.conftest import NOW

INFO = PruneInfo()
INFO_ALL = PruneInfo(all=True)
DAY_OLD = PruneInfo(keep_duration=DAY)
EVERYTHING = PruneInfo(keep_duration=-HOUR)


def labelled(*filters: str) -> PruneInfo:
    """Return the conditions of `--filter label=...` flags."""
    return PruneInfo(filter=LabelFilter.from_filters(Filters.from_flags(filters)))


def made(name: str = "web", state: str = "exited", age: int = 2 * DAY, **fields: object) -> Container:
    """Return a container that is so old; it runs if its state says so."""
    running = state in ("running", "paused", "restarting")
    return Container(name, name, "app", "sha256:app", state, running, NOW - age, **fields)  # type: ignore[arg-type]


def net(name: str = "front", age: int = 2 * DAY, **fields: object) -> Network:
    """Return a network that is so old."""
    return Network(f"id of {name}", name, "bridge", NOW - age, **fields)  # type: ignore[arg-type] # fields of a row


def vol(name: str = "data", *, anonymous: bool = False, labels: Mapping[str, str] = {}, **fields: object) -> Volume:
    """Return a local volume; an anonymous one carries the Engine's label."""
    marks = {**labels, **({ANONYMOUS_LABEL: ""} if anonymous else {})}
    return Volume(name, **{"driver": "local", "created_at": NOW, "labels": marks, **fields})  # type: ignore[arg-type]


# Containers


@pytest.mark.parametrize(
    ("world", "info", "reason"),
    [
        pytest.param(made(state="running"), INFO, Reason.RUNNING, id="a running one stays"),
        pytest.param(made(state="paused"), INFO, Reason.RUNNING, id="a paused one runs"),
        pytest.param(made(state="restarting"), INFO, Reason.RUNNING, id="a restarting one runs"),
        pytest.param(made(state="removing"), INFO, Reason.REMOVING, id="one that is being removed is left alone"),
        pytest.param(made(state="exited"), INFO, Reason.STOPPED, id="an exited one goes"),
        pytest.param(made(state="created"), INFO, Reason.STOPPED, id="one that never ran goes"),
        pytest.param(made(state="dead"), INFO, Reason.STOPPED, id="a dead one goes"),
        pytest.param(made(age=DAY - 1), DAY_OLD, Reason.TOO_YOUNG, id="one younger than the until stays"),
        pytest.param(made(age=DAY), DAY_OLD, Reason.STOPPED, id="one of exactly that age goes"),
        pytest.param(made(age=DAY + 1), DAY_OLD, Reason.STOPPED, id="an older one goes"),
        pytest.param(made(age=-HOUR), EVERYTHING, Reason.STOPPED, id="an until in the future takes the youngest"),
        pytest.param(made(), labelled("label=a"), Reason.LABEL_MISMATCH, id="one without the label stays"),
        pytest.param(made(labels={"a": ""}), labelled("label=a"), Reason.STOPPED, id="one with it goes"),
        pytest.param(made(labels={"a": "1"}), labelled("label=a=2"), Reason.LABEL_MISMATCH, id="another value stays"),
        pytest.param(made(labels={"a": "1=2"}), labelled("label=a=1=2"), Reason.STOPPED, id="a value may have an ="),
        pytest.param(
            made(labels={"a": ""}), labelled("label=a", "label=b"), Reason.LABEL_MISMATCH, id="every label must match"
        ),
        pytest.param(made(labels={"a": ""}), labelled("label!=a"), Reason.LABEL_MISMATCH, id="a spared label stays"),
        pytest.param(made(), labelled("label!=a"), Reason.STOPPED, id="whoever lacks it goes"),
        pytest.param(
            made(labels={"a": ""}), labelled("label!=a", "label!=b"), Reason.STOPPED, id="spared is who has them all"
        ),
        pytest.param(
            made(state="running", age=0), DAY_OLD, Reason.RUNNING, id="that it runs is asked before its age"
        ),
    ],
)  # fmt: skip
def test_container_rules(world: Container, info: PruneInfo, reason: Reason) -> None:
    """The first rule that holds decides over a container."""
    verdict = container.judge(world, info, NOW)
    assert verdict.reason is reason
    assert verdict.removed == (reason is Reason.STOPPED)
    assert verdict.detail


def test_containers_go_newest_first() -> None:
    """Containers go newest first, those of one instant by id; each has its line, its event and its bytes."""
    decisions = container.decide(
        [made("b", age=DAY), made("old", age=3 * DAY), made("a", age=DAY, size=7, labels={"x": "y"})], INFO, NOW
    )
    assert [s.id for s in decisions.steps] == ["a", "b", "old"]
    first = decisions.steps[0]
    assert (first.rows, first.reclaims, first.action) == ((Row("a"),), 7, "destroy")
    assert first.attributes == {"x": "y", "name": "a", "image": "app"}


def test_an_unknown_size_gives_nothing_back() -> None:
    """A container whose size the Engine could not tell goes, and promises nothing."""
    verdict = container.judge(made(size=-1), INFO, NOW)
    assert (verdict.removed, verdict.size, verdict.reclaims) == (True, -1, 0)


def test_a_container_without_an_image_says_none() -> None:
    """The event of a container without an image has no such attribute, and its own name wins over a label `name`."""
    bare = replace(made(labels={"name": "label"}), image="")
    (step,) = container.decide([bare], INFO, NOW).steps
    assert step.attributes == {"name": "web"}


# Networks


@pytest.mark.parametrize(
    ("world", "info", "reason"),
    [
        pytest.param(net("bridge"), INFO, Reason.PREDEFINED, id="bridge is Docker's own"),
        pytest.param(net("host"), INFO, Reason.PREDEFINED, id="host too"),
        pytest.param(net("none"), INFO, Reason.PREDEFINED, id="none too"),
        pytest.param(net("Bridge"), INFO, Reason.UNUSED, id="a name that only looks alike is anybody's"),
        pytest.param(net(config_only=True), INFO, Reason.CONFIG_ONLY, id="settings for other networks stay"),
        pytest.param(net(ingress=True), INFO, Reason.INGRESS, id="the swarm's routing mesh stays"),
        pytest.param(net(endpoints=("web",)), INFO, Reason.IN_USE, id="an endpoint keeps it"),
        pytest.param(net(), INFO, Reason.UNUSED, id="without one it goes"),
        pytest.param(net(scope="swarm"), INFO, Reason.UNUSED, id="whatever its scope"),
        pytest.param(net(age=DAY - SECOND), DAY_OLD, Reason.TOO_YOUNG, id="a young one stays under until"),
        pytest.param(net(age=DAY), DAY_OLD, Reason.UNUSED, id="one of exactly that age goes"),
        pytest.param(net(labels={"a": "1"}), labelled("label=a"), Reason.UNUSED, id="a label that matches"),
        pytest.param(net(), labelled("label=a"), Reason.LABEL_MISMATCH, id="one that does not"),
        pytest.param(net(labels={"a": "1"}), labelled("label!=a"), Reason.LABEL_MISMATCH, id="one that is spared"),
        pytest.param(net(endpoints=("web",), age=0), DAY_OLD, Reason.IN_USE, id="use is asked before age"),
    ],
)
def test_network_rules(world: Network, info: PruneInfo, reason: Reason) -> None:
    """The first rule that holds decides over a network; nothing on disk comes back."""
    verdict = network.judge(world, info, NOW)
    assert verdict.reason is reason
    assert verdict.removed == (reason is Reason.UNUSED)
    assert verdict.reclaims == 0


def test_networks_go_by_name() -> None:
    """Networks go in the order of their names, under which reports list them; events know them by id."""
    decisions = network.decide([net("b"), net("a"), replace(net("a"), id="0")], INFO, NOW)
    assert [(s.id, s.rows) for s in decisions.steps] == [
        ("0", (Row("a"),)),
        ("id of a", (Row("a"),)),
        ("id of b", (Row("b"),)),
    ]
    assert decisions.steps[0].attributes == {"name": "a", "type": "bridge"}


def test_who_uses_a_network() -> None:
    """A network in use names the first of its users, and how many more there are."""
    assert network.judge(net(endpoints=("web",)), INFO, NOW).detail == "in use by web"
    assert network.judge(net(endpoints=("web", "db", "cache")), INFO, NOW).detail == "in use by cache and 2 more"


# Volumes


@pytest.mark.parametrize(
    ("world", "users", "info", "reason"),
    [
        pytest.param(vol(), ("web (exited)",), INFO_ALL, Reason.IN_USE, id="a mounted one stays"),
        pytest.param(vol(anonymous=True), ("web (created)",), INFO, Reason.IN_USE, id="whatever its container does"),
        pytest.param(vol(driver="nfs"), (), INFO_ALL, Reason.NOT_LOCAL, id="another driver's stays"),
        pytest.param(vol(options={"type": "nfs"}), (), INFO_ALL, Reason.NOT_LOCAL, id="a mount from elsewhere stays"),
        pytest.param(vol(), (), INFO, Reason.NAMED_VOLUME, id="a named one stays"),
        pytest.param(vol(), (), INFO_ALL, Reason.UNUSED, id="unless all were asked for"),
        pytest.param(vol(anonymous=True), (), INFO, Reason.UNUSED, id="an anonymous one goes"),
        pytest.param(vol("5" * 64), (), INFO, Reason.NAMED_VOLUME, id="a name that looks anonymous is a name"),
        pytest.param(
            vol(anonymous=True, labels={"a": ""}), (), labelled("label!=a"), Reason.LABEL_MISMATCH, id="a spared label"
        ),
        pytest.param(vol(anonymous=True), (), labelled("label=a"), Reason.LABEL_MISMATCH, id="a label that it lacks"),
        pytest.param(vol(), (), labelled("label=a"), Reason.NAMED_VOLUME, id="the name is asked before the labels"),
        pytest.param(vol(anonymous=True), (), DAY_OLD, Reason.UNUSED, id="age is never asked"),
    ],
)  # fmt: skip
def test_volume_rules(world: Volume, users: tuple[str, ...], info: PruneInfo, reason: Reason) -> None:
    """The first rule that holds decides over a volume."""
    verdict = volume.judge(world, users, info)
    assert verdict.reason is reason
    assert verdict.removed == (reason is Reason.UNUSED)


@pytest.mark.parametrize("size", [-1, 0, 5])
def test_what_a_volume_gives_back(size: int) -> None:
    """A volume gives back its bytes; one of unknown size goes without a promise."""
    verdict = volume.judge(vol(anonymous=True, size=size), (), INFO)
    assert (verdict.size, verdict.reclaims) == (size, max(size, 0))


def test_volumes_go_by_name() -> None:
    """Volumes go in the order of their names; engines before 23.0 tell of the prune alone."""
    world = [vol("b", anonymous=True), vol("a", anonymous=True)]
    decisions = volume.decide(world, {}, INFO)
    assert [(s.id, s.action, s.attributes) for s in decisions.steps] == [
        ("a", "destroy", {"driver": "local"}),
        ("b", "destroy", {"driver": "local"}),
    ]
    old = volume.decide(world, {}, INFO, make_profile("20.10.24", (1, 41)))
    assert [s.action for s in old.steps] == ["", ""]


def test_who_mounts_a_volume() -> None:
    """A mounted volume names the first of its containers, and how many more there are."""
    assert volume.judge(vol(), ("web (running)",), INFO).detail == "in use by container web (running)"
    assert volume.judge(vol(), ("a (dead)", "b (dead)"), INFO).detail == "in use by container a (dead) and 1 more"


# What an earlier plan chose


def _decide(kind: Kind, chosen: Selection | None) -> Decisions:
    if kind is Kind.CONTAINER:
        return container.decide([made("x"), made("y")], INFO, NOW, chosen)
    if kind is Kind.NETWORK:
        return network.decide([net("x"), net("y")], INFO, NOW, chosen)
    return volume.decide([vol("x", anonymous=True), vol("y", anonymous=True)], {}, INFO, chosen=chosen)


@pytest.mark.parametrize("kind", [Kind.CONTAINER, Kind.NETWORK, Kind.VOLUME])
def test_an_earlier_plan_binds(kind: Kind) -> None:
    """What an earlier plan did not choose stays, and so does what has changed since."""
    free = _decide(kind, None)
    assert all(v.removed for v in free.verdicts)
    first, second = free.steps
    assert first.witness

    held = _decide(kind, Selection({first.id: first.witness}))
    assert [(s.id) for s in held.steps] == [first.id]
    assert [v.reason for v in held.verdicts if v.id == second.id] == [Reason.NOT_IN_PLAN]

    changed = _decide(kind, Selection({first.id: "something else", second.id: second.witness}))
    assert [v.reason for v in changed.verdicts if v.id == first.id] == [Reason.CHANGED]
    assert [s.id for s in changed.steps] == [second.id]


def test_a_rule_comes_before_the_plan() -> None:
    """What a rule keeps now is kept for that reason, whatever a plan chose."""
    chosen = Selection({"web": made().witness})
    assert container.judge(made(state="running"), INFO, NOW, chosen).reason is Reason.RUNNING
