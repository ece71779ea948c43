"""Networks: list, inspection, creation, and removal of one.

Source: Docker Engine API; moby (daemon/network.go, daemon/network/filter.go).
"""

from __future__ import annotations

import secrets
from typing import Any

from prunecli.backends.served import Edit
from prunecli.errors import ConflictError, FilterError, ForbiddenError, NotFoundError, RefusedError, ValueTextError
from prunecli.events import Event
from prunecli.filters import Filters
from prunecli.kinds.network import PREDEFINED, Network
from prunecli.profile import Profile
from prunecli.server.body import Body
from prunecli.server.listing import Pattern, check_keys, has_labels, is_exactly
from prunecli.server.messages import Answer, Request, json_answer
from prunecli.server.world import Json, ServedWorld, Told
from prunecli.snapshot import Snapshot
from prunecli.units import format_instant, parse_go_bool
from prunecli.verdict import Kind, Step

_KEYS = ("dangling", "driver", "id", "label", "name", "scope", "type")
_LOCAL_DRIVERS = frozenset({"bridge", "ipvlan", "macvlan"})
_LAST = 2**61  # behind everything that was imported


def list_networks(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /networks`; from API 1.28 on a list tells of no endpoints. Errors: FilterError."""
    filters, told = request.filters(), world.told()
    check_keys(filters, _KEYS, request.profile)
    chosen = _chosen(told, filters)
    hidden: Json = {} if request.api < (1, 28) else {"Containers": {}}
    return json_answer([told.said.networks[n.id] | hidden for n in chosen])


def inspect_network(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /networks/{name}`. Errors: NotFoundError, RefusedError."""
    told, verbose = world.told(), request.text("verbose")
    if verbose:
        try:
            parse_go_bool(verbose)
        except ValueTextError as error:
            raise RefusedError(f"invalid value for verbose: {verbose}: {error}") from None
    found = find_network(told.snapshot, request.names["name"])
    if request.text("scope") not in ("", found.scope):
        raise _no_such_network(request.names["name"])
    return json_answer(told.said.networks[found.id])


def create_network(world: ServedWorld, request: Request) -> Answer:
    """Answer `POST /networks/create`; no address is ever given out, since nothing runs here.

    Errors: ConflictError, ForbiddenError, NotFoundError, RefusedError.
    """
    body = Body(request.document("network.CreateRequest"), "CreateRequest")
    name, driver = body.text("Name"), body.text("Driver") or "bridge"
    if not name.strip():
        raise RefusedError("invalid name: name is empty")
    with world.store.edit() as edit:
        now = world.clock.now()
        snapshot = edit.snapshot(now)
        _refuse_creation(snapshot, name, driver, request.profile)
        id = _unused_id(snapshot)
        network = Network(
            id,
            name,
            driver,
            now,
            labels=body.labels("Labels"),
            ingress=body.flag("Ingress"),
            config_only=body.flag("ConfigOnly"),
        )
        edit.add(network, raw={"networks": {"at": _LAST, "is": _said(network, body)}})
        edit.emit(Event("network", "create", world.clock.now(), id, {"name": name, "type": driver}))
    return json_answer({"Id": id, "Warning": ""}, 201)


def delete_network(world: ServedWorld, request: Request) -> Answer:
    """Answer `DELETE /networks/{name}`. Errors: NotFoundError, ForbiddenError."""
    with world.store.edit() as edit:
        network = find_network(edit.snapshot(world.clock.now()), request.names["name"])
        _refuse_removal(world, network)
        _remove(edit, world, network)
    return Answer(204)


def _remove(edit: Edit, world: ServedWorld, network: Network) -> None:
    edit.remove(Step(Kind.NETWORK, network.id, network.name))
    attributes = {"name": network.name, "type": network.driver}
    edit.emit(Event("network", "destroy", world.clock.now(), network.id, attributes))


def find_network(snapshot: Snapshot, text: str) -> Network:
    """Return the network of this id, name, or beginning of an id.

    Errors: NotFoundError; RefusedError where several fit.
    """
    networks = snapshot.networks
    for found in networks:
        if found.id == text:
            return found
    by_name = [n for n in networks if n.name == text]
    by_id = [n for n in networks if text and n.id.startswith(text)]
    for found_there, where in ((by_name, "name"), (by_id, "ID prefix")):
        if len(found_there) == 1:
            return found_there[0]
        if found_there:
            found_on = f"({len(found_there)} matches found based on {where})"
            raise RefusedError(f"network {text} is ambiguous {found_on}")
    raise _no_such_network(text)


def _no_such_network(text: str) -> NotFoundError:
    return NotFoundError(f"network {text} not found")


def _chosen(told: Told, filters: Filters) -> list[Network]:
    names, ids = Pattern.of(filters, "name"), Pattern.of(filters, "id")
    kept = [
        n
        for n in told.snapshot.networks
        if is_exactly(filters, "driver", n.driver)
        and is_exactly(filters, "scope", n.scope)
        and names.fits(n.name)
        and ids.fits(n.id)
        and has_labels(filters, n.labels)
    ]
    if filters.get("dangling"):
        dangling = _dangling(filters)
        kept = [n for n in kept if (n.name in PREDEFINED) != dangling]
    if "type" in filters:
        kept = _of_types(kept, sorted(filters.get("type")))
    return sorted(kept, key=lambda n: (n.name, n.id))


def _dangling(filters: Filters) -> bool:
    """Return what `dangling` asks for. An Engine filters before it knows of endpoints, so these have no say."""
    values = sorted(filters.get("dangling"))
    if len(values) > 1:
        raise FilterError('got more than one value for filter key "dangling"')
    if values[0] not in ("0", "1", "false", "true"):
        raise FilterError('invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")')
    return values[0] in ("1", "true")


def _of_types(networks: list[Network], types: list[str]) -> list[Network]:
    found: list[Network] = []
    for type in types:
        if type not in ("builtin", "custom"):
            raise FilterError(f"invalid filter: 'type'='{type}'", http_status=500)
        found += [n for n in networks if (n.name in PREDEFINED) == (type == "builtin")]
    return found


def _refuse_creation(snapshot: Snapshot, name: str, driver: str, profile: Profile) -> None:
    if name in PREDEFINED:
        raise ForbiddenError(f"operation is not permitted on predefined {name} network ")
    if driver in ("host", "null"):
        raise ForbiddenError(f'only one instance of "{driver}" network is allowed')
    if driver == "overlay":
        raise ForbiddenError(
            'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node '
            "to swarm and try again."
        )
    if driver not in _LOCAL_DRIVERS:
        raise NotFoundError(f'plugin "{driver}" not found')
    del profile  # an Engine of 20.10 takes a second network of a name; a store keeps names apart, for every profile
    if any(n.name == name for n in snapshot.networks):
        raise ConflictError(f"network with name {name} already exists")


def _refuse_removal(world: ServedWorld, network: Network) -> None:
    if network.name in PREDEFINED:
        raise ForbiddenError(f"{network.name} is a pre-defined network and cannot be removed")
    if network.endpoints:
        told: dict[str, Any] = world.told().said.networks.get(network.id, {}).get("Containers") or {}
        ends = [f'name:"{e.get("Name")}" id:"{str(e.get("EndpointID") or "")[:12]}"' for e in told.values()]
        raise ForbiddenError(
            f"error while removing network: network {network.name} has active endpoints ({', '.join(ends)})"
        )


def _unused_id(snapshot: Snapshot) -> str:
    taken = {n.id for n in snapshot.networks}
    while (id := secrets.token_hex(32)) in taken:
        continue
    return id


def _said(network: Network, body: Body) -> Json:
    """Return the inspection of a new network: what was asked for, in the Engine's form."""
    ipam = body.part("IPAM")
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": format_instant(network.created_at),
        "Scope": "local",
        "Driver": network.driver,
        "EnableIPv4": body.flag("EnableIPv4", True),
        "EnableIPv6": body.flag("EnableIPv6"),
        "IPAM": {
            "Driver": ipam.text("Driver") or "default",
            "Options": ipam.labels("Options"),
            "Config": ipam.parts("Config"),
        },
        "Internal": body.flag("Internal"),
        "Attachable": body.flag("Attachable"),
        "Ingress": network.ingress,
        "ConfigFrom": {"Network": body.part("ConfigFrom").text("Network")},
        "ConfigOnly": network.config_only,
        "Containers": {},
        "Options": body.labels("Options"),
        "Labels": dict(network.labels),
    }
