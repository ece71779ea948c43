"""`--explain=NAME`: what a name, a repository, a tag, an id or the beginning of one means, and all there is to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TextIO

from prunecli.cli.explain import shown_size, why
from prunecli.cli.explain_cache import cache_facts
from prunecli.cli.order import Order, in_order
from prunecli.cli.suggest import did_you_mean
from prunecli.cli.text import WORDS, listed
from prunecli.errors import PrunecliError
from prunecli.filters import natural_key
from prunecli.kinds.image.references import listed as as_reference
from prunecli.plan import KindPlan
from prunecli.printable import printable
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind, Verdict

_MOST_NAMES = 3
"""How many near names are told for one that nothing has."""


class Known(NamedTuple):
    """An object, and every name that it answers to; an image also to its `repositories`, whatever the tag."""

    kind: Kind
    id: str
    names: frozenset[str]
    repositories: frozenset[str] = frozenset()

    @property
    def references(self) -> frozenset[str]:
        """Its names and repositories."""
        return self.names | self.repositories

    @property
    def said(self) -> frozenset[str]:
        """What people call it: no ids, and no second form of a name."""
        ids = self.id if self.kind is not Kind.VOLUME else ""
        return frozenset(n for n in self.references if not n.startswith("/") and n not in ids)


def explain_one(
    plans: Sequence[KindPlan], world: Snapshot, wanted: str, command: str, out: TextIO, order: Order = in_order
) -> None:
    """Write everything about what has this name; several, such as the tags of a repository, one after the other.

    Errors: PrunecliError when there is none, when an id's beginning fits several, or when the command does not look at
    its kind.
    """
    found = {(k.kind, k.id): k for k in _find(wanted, world, [plan.kind for plan in plans], command)}
    verdicts = [v for plan in plans for v in order(v for v in plan.verdicts if (v.kind, v.id) in found)]
    for number, verdict in enumerate(verdicts):
        if number:
            out.write("\n")
        facts = _facts(verdict, found[verdict.kind, verdict.id], plans, world)
        out.write("".join(f"{printable(line)}\n" for line in facts))
    out.flush()


def _find(wanted: str, world: Snapshot, kinds: Sequence[Kind], command: str) -> list[Known]:
    if not wanted:
        raise PrunecliError("--explain= needs a name or an id; without the = it explains everything")
    everything = list(known_objects(world))
    reference = as_reference(wanted).familiar
    found = [k for k in everything if wanted in k.names or (k.kind is Kind.IMAGE and reference in k.references)]
    if not found:
        found = [k for k in everything if k.id.startswith(wanted) or k.id.partition(":")[2].startswith(wanted)]
        if len(found) > 1:
            raise PrunecliError(f'"{wanted}" is the beginning of {len(found)} ids: give more of the one that is meant')
    if not found:
        names = (name for k in everything if k.kind in kinds for name in sorted(k.said))
        raise PrunecliError(
            f'nothing here is called "{wanted}": give a name, a tag, an id or the beginning of one'
        ).hinting(did_you_mean(wanted, names, most=_MOST_NAMES))
    looked_at = [k for k in found if k.kind in kinds]
    if not looked_at:
        what = listed(list(dict.fromkeys(f"a {WORDS[k.kind][0]}" for k in found))).replace("a image", "an image")
        raise PrunecliError(f'"{wanted}" is {what}, which {command} does not look at')
    return looked_at


def known_objects(world: Snapshot) -> Iterator[Known]:
    """Yield every object with the names by which a person may ask for it."""
    for c in world.containers:
        yield Known(Kind.CONTAINER, c.id, frozenset({c.id, c.name, f"/{c.name}"}))
    for n in world.networks:
        yield Known(Kind.NETWORK, n.id, frozenset({n.id, n.name}))
    for v in world.volumes:
        yield Known(Kind.VOLUME, v.name, frozenset({v.name}))
    for i in world.images:
        parsed = [as_reference(ref) for ref in (*i.tags, *i.digests)]
        references = {*i.tags, *i.digests, *(ref.familiar for ref in parsed)}
        names = frozenset({i.id, i.id.partition(":")[2], *references} - {""})
        yield Known(Kind.IMAGE, i.id, names, frozenset(ref.familiar_repository for ref in parsed))
    for r in world.build_cache:
        yield Known(Kind.BUILD_CACHE, r.id, frozenset({r.id, r.description} - {""}))


def _facts(verdict: Verdict, found: Known, plans: Sequence[KindPlan], world: Snapshot) -> Iterator[str]:
    yield f"{WORDS[verdict.kind][0].capitalize()} {verdict.name}"
    if verdict.id != verdict.name:
        yield f"  id: {verdict.id}"
    others = sorted((n for n in found.names if n not in (verdict.id, verdict.name) and ":" in n), key=natural_key)
    if verdict.kind is Kind.IMAGE and others:
        yield f"  also known as: {', '.join(others)}"
    if verdict.kind is not Kind.NETWORK:
        yield f"  size: {shown_size(verdict)}"
    yield f"  {'remove' if verdict.removed else 'keep'}: {why(verdict)}"
    if verdict.kind is Kind.BUILD_CACHE:
        plan = next(p for p in plans if p.kind is Kind.BUILD_CACHE)
        yield from (f"  {line}" for line in cache_facts(verdict, plan, world.build_cache))
