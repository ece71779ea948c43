"""What a world cannot hold twice: ids, names of containers, networks and volumes, and tags."""

from __future__ import annotations

from collections.abc import Mapping

from prunecli.backends.contents import records_of
from prunecli.backends.tables import Record, Table
from prunecli.errors import ConflictError
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.network import Network
from prunecli.snapshot import Snapshot


def refuse_conflicts(world: Snapshot, table: Table, record: Record, layers: Mapping[str, int]) -> dict[str, int]:
    """Return the layers that come new with this record.

    Errors: ConflictError when its id, its name or one of its tags is taken, in Docker's words where Docker has some.
    """
    if any(table.id_of(other) == table.id_of(record) for other in records_of(world, table.kind)):
        raise ConflictError(f"{table.kind.value} {table.id_of(record)} already exists")
    if isinstance(record, Container):
        _refuse_container_name(world, record)
    elif isinstance(record, Network):
        if any(other.name == record.name for other in world.networks):
            raise ConflictError(f"network with name {record.name} already exists")
    elif isinstance(record, Image):
        _refuse_tags(world, record)
        return _new_layers(world, record, layers)
    return {}


def _refuse_container_name(world: Snapshot, container: Container) -> None:
    for other in world.containers:
        if other.name == container.name:
            raise ConflictError(
                f'Conflict. The container name "/{container.name}" is already in use by container "{other.id}". '
                "You have to remove (or rename) that container to be able to reuse that name."
            )


def _refuse_tags(world: Snapshot, image: Image) -> None:
    for other in world.images:
        for tag in image.tags:
            if tag in other.tags:
                raise ConflictError(f"tag {tag} is already in use by image {other.id}")


def _new_layers(world: Snapshot, image: Image, layers: Mapping[str, int]) -> dict[str, int]:
    for chain, size in layers.items():
        if world.layers.get(chain, size) != size:
            raise ConflictError(f"layer {chain} is already known, with {world.layers[chain]} bytes instead of {size}")
    for chain in image.layers:
        if chain not in world.layers and chain not in layers:
            raise ConflictError(f"layer {chain} of image {image.id} has no size: give one with the image")
    return {chain: size for chain, size in layers.items() if chain not in world.layers}
