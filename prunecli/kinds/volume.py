"""Volumes: local ones that no container mounts go; named ones only when all were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prunecli.info import PruneInfo
from prunecli.profile import DEFAULT_PROFILE, Profile
from prunecli.units import Instant
from prunecli.verdict import Decisions, Kind, Reason, Row, Selection, Step, Verdict

ANONYMOUS_LABEL = "com.docker.volume.anonymous"
"""The label that an Engine gives to a volume that was created without a name."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume as the planner sees it. `size` is bytes on disk, -1 where the Engine could not tell.

    `created_at` is None for a driver that does not say.
    """

    name: str
    driver: str
    created_at: Instant | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    scope: str = "local"

    @property
    def anonymous(self) -> bool:
        """Whether the Engine named it, and not a person."""
        return ANONYMOUS_LABEL in self.labels

    @property
    def witness(self) -> str:
        """What must not have changed between a plan and its apply."""
        return f"{self.driver} of {self.created_at}"


def judge(volume: Volume, users: tuple[str, ...], info: PruneInfo, chosen: Selection | None = None) -> Verdict:
    """Say whether one volume goes, and why.

    `users` names the containers that mount it and stay, running or not, each with its state.
    Source: Docker Engine API, `POST /volumes/prune`.
    """
    if users:
        more = f" and {len(users) - 1} more" if len(users) > 1 else ""
        return _keep(volume, Reason.IN_USE, f"in use by container {users[0]}{more}")
    if volume.driver != "local":
        return _keep(volume, Reason.NOT_LOCAL, f"its data belongs to the driver {volume.driver}")
    if volume.options:
        return _keep(volume, Reason.NOT_LOCAL, "its driver options mount data from elsewhere")
    if not (volume.anonymous or info.all):
        return _keep(volume, Reason.NAMED_VOLUME, "a person gave it a name, and only anonymous volumes were asked for")
    if not info.filter.match(volume.labels):
        return _keep(volume, Reason.LABEL_MISMATCH, "its labels do not match the filter")
    if chosen and (objection := chosen.objection(volume.name, volume.witness)):
        return _keep(volume, objection)
    return Verdict(
        Kind.VOLUME,
        volume.name,
        volume.name,
        removed=True,
        reason=Reason.UNUSED,
        detail="anonymous, and no container mounts it" if volume.anonymous else "no container mounts it",
        size=volume.size,
        reclaims=max(volume.size, 0),
    )


def decide(
    volumes: Iterable[Volume],
    users: Mapping[str, tuple[str, ...]],
    info: PruneInfo,
    profile: Profile = DEFAULT_PROFILE,
    chosen: Selection | None = None,
) -> Decisions:
    """Judge all volumes, in the order of their names; `users` maps a volume's name to who mounts it."""
    ordered = sorted(volumes, key=lambda v: v.name)
    verdicts = tuple(judge(v, users.get(v.name, ()), info, chosen) for v in ordered)
    return Decisions(verdicts, tuple(_step(v, d, profile) for v, d in zip(ordered, verdicts, strict=True) if d.removed))


def _keep(volume: Volume, reason: Reason, detail: str = "") -> Verdict:
    return Verdict(Kind.VOLUME, volume.name, volume.name, removed=False, reason=reason, detail=detail, size=volume.size)


def _step(volume: Volume, verdict: Verdict, profile: Profile) -> Step:
    return Step(
        Kind.VOLUME,
        volume.name,
        volume.name,
        rows=(Row(volume.name),),
        reclaims=verdict.reclaims,
        action="destroy" if profile.volume_destroy_events else "",
        attributes={"driver": volume.driver},
        witness=volume.witness,
    )
