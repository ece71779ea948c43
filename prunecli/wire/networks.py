"""Networks: `GET /networks/{id}`, to a record and back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from prunecli.kinds.network import Network
from prunecli.units import format_instant
from prunecli.wire.fields import Json, Reader, patched


def read_network(inspect: Reader) -> Network:
    """Return the record of one network; its endpoints are in the order of their names."""
    return Network(
        id=inspect.name("Id"),
        name=inspect.name("Name"),
        driver=inspect.text("Driver", ""),
        created_at=inspect.dated("Created"),
        labels=inspect.labels("Labels"),
        scope=inspect.text("Scope", "local"),
        endpoints=tuple(sorted(endpoint.text("Name", "") for endpoint in inspect.values("Containers"))),
        ingress=inspect.flag("Ingress"),
        config_only=inspect.flag("ConfigOnly"),
    )


def write_network(network: Network, said: Json | None, container_ids: Mapping[str, str]) -> Json:
    """Return the inspection of a network; `container_ids` maps the names of containers to their ids."""
    document = said if said is not None else _new(network)
    endpoints: Json = document.get("Containers") or {}
    if sorted(str((e or {}).get("Name") or "") for e in endpoints.values()) != sorted(network.endpoints):
        kept = {id: e for id, e in endpoints.items() if e.get("Name") in network.endpoints}
        names = {e["Name"] for e in kept.values()}
        added = {
            container_ids.get(name, f"ep-{name}"): _endpoint(network, name)
            for name in network.endpoints
            if name not in names
        }
        return patched(document, Containers={**kept, **added})
    return document


def _endpoint(network: Network, name: str) -> Json:
    id = _endpoint_id(network, name)
    return {"Name": name, "EndpointID": id, "MacAddress": "", "IPv4Address": "", "IPv6Address": ""}


def _endpoint_id(network: Network, name: str) -> str:
    return hashlib.sha256(f"{network.id} {name}".encode()).hexdigest()


def write_attachment(network: Network, name: str) -> Json:
    """Return what the container of this name says of its endpoint in a network."""
    return {
        "IPAMConfig": None,
        "Links": None,
        "Aliases": None,
        "MacAddress": "",
        "DriverOpts": None,
        "NetworkID": network.id,
        "EndpointID": _endpoint_id(network, name),
        "Gateway": "",
        "IPAddress": "",
        "IPPrefixLen": 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "DNSNames": None,
    }


def _new(network: Network) -> Json:
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": format_instant(network.created_at),
        "Scope": network.scope,
        "Driver": network.driver,
        "EnableIPv4": True,
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": None},
        "Internal": False,
        "Attachable": False,
        "Ingress": network.ingress,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": network.config_only,
        "Containers": {},
        "Options": {},
        "Labels": dict(network.labels),
    }
