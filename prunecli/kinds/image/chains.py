"""Chain ids: what a layer is called together with all that lies below it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def chain_ids(diff_ids: Iterable[str]) -> tuple[str, ...]:
    """Return the chain id of each layer, bottom first.

    Source: OCI image specification, "Layer ChainID".
    """
    chains: list[str] = []
    for diff_id in diff_ids:
        chains.append(chain_id(chains[-1], diff_id) if chains else diff_id)
    return tuple(chains)


def chain_id(parent: str, diff_id: str) -> str:
    """Return the chain id of a layer that lies on another one."""
    return "sha256:" + hashlib.sha256(f"{parent} {diff_id}".encode("utf-8", "surrogatepass")).hexdigest()
