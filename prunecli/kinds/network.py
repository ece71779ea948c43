"""Networks: user-defined ones without endpoints go; nothing on disk comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prunecli.info import PruneInfo
from prunecli.units import Instant, human_duration
from prunecli.verdict import Decisions, Kind, Reason, Row, Selection, Step, Verdict

PREDEFINED = frozenset({"bridge", "host", "none", "default"})


@dataclass(frozen=True, slots=True)
class Network:
    """A network as the planner sees it; `endpoints` names the containers that are attached now.

    A stopped container has no endpoint, whatever network its settings name.
    """

    id: str
    name: str
    driver: str
    created_at: Instant
    labels: Mapping[str, str] = field(default_factory=dict)
    scope: str = "local"
    endpoints: tuple[str, ...] = ()
    ingress: bool = False
    config_only: bool = False

    @property
    def witness(self) -> str:
        """What must not have changed between a plan and its apply."""
        return f"{self.name} of {self.created_at}"


def judge(network: Network, info: PruneInfo, now: Instant, chosen: Selection | None = None) -> Verdict:
    """Say whether one network goes, and why.

    Source: Docker Engine API, `POST /networks/prune`.
    """
    age = human_duration(max(now - network.created_at, 0))
    if network.config_only:
        return _keep(network, Reason.CONFIG_ONLY, "it only holds settings for other networks")
    if network.name in PREDEFINED:
        return _keep(network, Reason.PREDEFINED, "Docker itself made it")
    if network.ingress:
        return _keep(network, Reason.INGRESS, "the swarm's routing mesh needs it")
    if network.endpoints:
        return _keep(network, Reason.IN_USE, "in use by " + _listed(network.endpoints))
    if info.keep_duration is not None and network.created_at > now - info.keep_duration:
        return _keep(network, Reason.TOO_YOUNG, f"created {age} ago, after the `until` of the filter")
    if not info.filter.match(network.labels):
        return _keep(network, Reason.LABEL_MISMATCH, "its labels do not match the filter")
    if chosen and (objection := chosen.objection(network.id, network.witness)):
        return _keep(network, objection)
    return Verdict(
        Kind.NETWORK,
        network.id,
        network.name,
        removed=True,
        reason=Reason.UNUSED,
        detail=f"no running container is attached, created {age} ago",
    )


def decide(networks: Iterable[Network], info: PruneInfo, now: Instant, chosen: Selection | None = None) -> Decisions:
    """Judge all networks, in the order of their names."""
    ordered = sorted(networks, key=lambda n: (n.name, n.id))
    verdicts = tuple(judge(n, info, now, chosen) for n in ordered)
    return Decisions(verdicts, tuple(_step(n) for n, v in zip(ordered, verdicts, strict=True) if v.removed))


def _keep(network: Network, reason: Reason, detail: str = "") -> Verdict:
    return Verdict(Kind.NETWORK, network.id, network.name, removed=False, reason=reason, detail=detail)


def _step(network: Network) -> Step:
    return Step(
        Kind.NETWORK,
        network.id,
        network.name,
        rows=(Row(network.name),),
        action="destroy",
        attributes={"name": network.name, "type": network.driver},
        witness=network.witness,
    )


def _listed(names: tuple[str, ...]) -> str:
    first = sorted(names)
    return first[0] if len(first) == 1 else f"{first[0]} and {len(first) - 1} more"
