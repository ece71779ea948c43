"""An Engine changed object by object: what a plan shows and nothing else, never by force.

Each object is looked at once more right before it goes. Between that look and the request the Engine's own refusals
stand guard: nothing that runs or is used goes without force.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from prunecli.backends.engine.connection import Connection, segment
from prunecli.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from prunecli.events import Event
from prunecli.filters import Filters
from prunecli.kinds.image import Image
from prunecli.report import Cause, Failure
from prunecli.snapshot import Snapshot
from prunecli.units import Instant
from prunecli.verdict import Kind, Row, Step
from prunecli.wire.containers import read_container
from prunecli.wire.fields import Reader
from prunecli.wire.images import read_image
from prunecli.wire.networks import read_network
from prunecli.wire.volumes import read_volume

Outcome = tuple[Step, Failure | None]
"""A step as it was carried out, and None; or a step that was not, and why."""
Photograph = Callable[[Instant], Snapshot]

_DANGLING = "moby-dangling@"


class EngineChange(ABC):
    """What both ways of changing share. No two generations are equal: an Engine keeps no count of its changes."""

    generation = 0

    def __init__(self, connection: Connection, photograph: Photograph) -> None:
        self._connection = connection
        self._photograph = photograph
        self.removed: list[Step] = []

    def snapshot(self, now: Instant) -> Snapshot:
        """Return the Engine as it was read before the first change, without what was removed since."""
        return self._photograph(now)

    def emit(self, event: Event) -> None:  # noqa: B027 - nothing to do is the answer for all
        """Do nothing: the Engine itself tells of what it does."""

    def remove(self, step: Step) -> Failure | None:
        """Carry out one step; returns why it could not be done."""
        return next(outcome for _, outcome in self.carry_out([step]))

    @abstractmethod
    def carry_out(self, steps: Sequence[Step], stop: Callable[[], bool] = lambda: False) -> Iterator[Outcome]:
        """Carry out steps in their order, and yield each as it turned out; `stop` is asked before each act."""


class ObjectChange(EngineChange):
    """Containers, networks, volumes and images, one request for each."""

    def __init__(self, connection: Connection, photograph: Photograph) -> None:
        super().__init__(connection, photograph)
        self._going: frozenset[str] = frozenset()
        self._answered: dict[str, list[Row]] = {}
        """What an image took along when its last name went: rows by image id, and no rows for a reference."""

    def carry_out(self, steps: Sequence[Step], stop: Callable[[], bool] = lambda: False) -> Iterator[Outcome]:
        """Carry out steps one by one."""
        self._going = frozenset(step.id for step in steps if not step.untags)
        for step in steps:
            if stop():
                return
            done, failure = self._attempt(step)
            if failure is None:
                self.removed.append(done)
            yield done, failure

    def _attempt(self, step: Step) -> Outcome:
        try:
            if step.kind is Kind.IMAGE:
                return self._untag(step) if step.untags else self._delete_image(step)
            return step, self._delete(step)
        except NotFoundError:
            return step, absent(step)
        except (ConflictError, ForbiddenError) as error:
            return step, kept(step, error.message)
        except RefusedError as error:
            return step, Failure(step, error.message)

    def _delete(self, step: Step) -> Failure | None:
        path, witness = _LOOKS[step.kind]
        target = path.format(segment(step.id))
        said = Reader(self._connection.get(target + ("/json" if step.kind is Kind.CONTAINER else "")), "", step.name)
        if witness(said) != step.witness:
            return kept(step, "it changed after the plan was made")
        self._connection.delete(target)
        return None

    # Images: the last name takes its image along, at once

    def _untag(self, step: Step) -> Outcome:
        if not step.rows or step.ref in self._answered:
            return step, None  # nobody tells of it, or it fell with another reference
        dangling = step.ref.startswith(_DANGLING) or step.ref == step.id
        image = self._image(step.id)
        references = {*image.tags, *image.digests}
        if dangling:
            if references:
                return step, kept(step, "it was given a name after the plan was made")
        elif step.ref not in references:
            return step, Failure(step, "the image does not have this reference any more", True, Cause.GONE)
        if step.id not in self._going and not references - _fall_together(step.ref, image) and not self._held(step.id):
            return step, kept(step, "what kept its image is gone, and taking its last name would remove it")
        answer = self._connection.delete(f"/images/{segment(step.id if dangling else step.ref)}", noprune="1")
        self._note(step.id, answer or [])
        return step, None

    def _delete_image(self, step: Step) -> Outcome:
        if step.id not in self._answered:
            image = self._image(step.id)
            if image.tags or image.digests:
                return step, kept(step, "its names changed after the plan was made")
            self._note(step.id, self._connection.delete(f"/images/{segment(step.id)}", noprune="1") or [])
        rows = tuple(self._answered.get(step.id, ()))
        if not rows:
            return step, kept(step, "the Engine kept it: something uses it or builds on it")
        return self._as_it_went(step, rows), None

    def _as_it_went(self, step: Step, rows: tuple[Row, ...]) -> Step:
        """Return the step with the layers that did vanish; the containerd store does not tell of them."""
        sizes = self._photograph(0).layers
        if not sizes:
            return step
        layers = tuple(row.text for row in rows if row.text in sizes)
        return replace(step, rows=rows, layers=layers, reclaims=sum(sizes[chain] for chain in layers))

    def _image(self, id: str) -> Image:
        return read_image(Reader(self._connection.get(f"/images/{segment(id)}/json"), "", id), None)

    def _note(self, id: str, answer: list[Mapping[str, str]]) -> None:
        for item in answer:
            if "Untagged" in item:
                self._answered.setdefault(item["Untagged"], [])
            else:
                self._answered.setdefault(id, []).append(Row(item["Deleted"], "deleted"))

    def _held(self, id: str) -> bool:
        """Say whether a container or another image still needs an image."""
        using = Filters({"ancestor": frozenset({id})}).to_json()
        if self._connection.get("/containers/json", all="1", filters=using):
            return True
        return any(row.get("ParentId") == id for row in self._connection.get("/images/json", all="1") or ())


def absent(step: Step) -> Failure:
    """Return the failure of a step whose object is not there any more."""
    return Failure(step, "it is already gone", True, Cause.GONE)


def kept(step: Step, why: str) -> Failure:
    """Return the failure of a step whose object stays by a rule."""
    return Failure(step, why, True, Cause.KEPT)


def _fall_together(ref: str, image: Image) -> set[str]:
    """Return a reference with the digests that fall with it: those of its repository, when that has no other tag."""
    repository = _repository(ref)
    if any(_repository(tag) == repository for tag in image.tags if tag != ref):
        return {ref}
    return {ref, *(digest for digest in image.digests if _repository(digest) == repository)}


def _repository(ref: str) -> str:
    from prunecli.kinds.image.references import listed

    return listed(ref).repository


def _container_witness(said: Reader) -> str:
    return read_container(said, None, {}).witness


def _network_witness(said: Reader) -> str:
    return read_network(said).witness


def _volume_witness(said: Reader) -> str:
    return read_volume(said, None).witness


_LOOKS: Mapping[Kind, tuple[str, Callable[[Reader], str]]] = {
    Kind.CONTAINER: ("/containers/{}", _container_witness),
    Kind.NETWORK: ("/networks/{}", _network_witness),
    Kind.VOLUME: ("/volumes/{}", _volume_witness),
}
