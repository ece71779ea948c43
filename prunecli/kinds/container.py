"""Containers: everything that does not run goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prunecli.info import PruneInfo
from prunecli.units import Instant, human_duration
from prunecli.verdict import Decisions, Kind, Reason, Row, Selection, Step, Verdict

RUNNING_STATES = frozenset({"running", "paused", "restarting"})


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the planner sees it.

    `image` is the text it was created from, `image_id` what that meant then. `size` is its writable layer in bytes,
    `volumes` the names of the volumes it mounts, `image_mounts` the ids of images it mounts. `running` is the Engine's
    flag: paused and restarting containers run. `finished_at` is the last stop, None before the first.
    """

    id: str
    name: str
    image: str
    image_id: str
    state: str
    running: bool
    created_at: Instant
    finished_at: Instant | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    volumes: tuple[str, ...] = ()
    image_mounts: tuple[str, ...] = ()

    @property
    def witness(self) -> str:
        """What must not have changed between a plan and its apply."""
        return f"{self.state} since {self.finished_at or self.created_at}"


def judge(container: Container, info: PruneInfo, now: Instant, chosen: Selection | None = None) -> Verdict:
    """Say whether one container goes, and why.

    Source: Docker Engine API, `POST /containers/prune`.
    """
    age = human_duration(max(now - container.created_at, 0))
    if container.running:
        return _keep(container, Reason.RUNNING, f"it is {container.state}")
    if container.state == "removing":
        return _keep(container, Reason.REMOVING, "its removal is already in progress")
    if info.keep_duration is not None and container.created_at > now - info.keep_duration:
        return _keep(container, Reason.TOO_YOUNG, f"created {age} ago, after the `until` of the filter")
    if not info.filter.match(container.labels):
        return _keep(container, Reason.LABEL_MISMATCH, "its labels do not match the filter")
    if chosen and (objection := chosen.objection(container.id, container.witness)):
        return _keep(container, objection)
    return Verdict(
        Kind.CONTAINER,
        container.id,
        container.name,
        removed=True,
        reason=Reason.STOPPED,
        detail=f"{container.state}, created {age} ago",
        size=container.size,
        reclaims=max(container.size, 0),
    )


def decide(
    containers: Iterable[Container], info: PruneInfo, now: Instant, chosen: Selection | None = None
) -> Decisions:
    """Judge all containers, newest first, which is the order in which an Engine removes them."""
    ordered = sorted(containers, key=lambda c: (-c.created_at, c.id))
    verdicts = tuple(judge(c, info, now, chosen) for c in ordered)
    return Decisions(verdicts, tuple(_step(c, v) for c, v in zip(ordered, verdicts, strict=True) if v.removed))


def _keep(container: Container, reason: Reason, detail: str = "") -> Verdict:
    return Verdict(
        Kind.CONTAINER,
        container.id,
        container.name,
        removed=False,
        reason=reason,
        detail=detail,
        size=container.size,
    )


def _step(container: Container, verdict: Verdict) -> Step:
    attributes = {**container.labels, "name": container.name}
    if container.image:
        attributes["image"] = container.image
    return Step(
        Kind.CONTAINER,
        container.id,
        container.name,
        rows=(Row(container.id),),
        reclaims=verdict.reclaims,
        action="destroy",
        attributes=attributes,
        witness=container.witness,
    )
