"""Which layer each build cache record holds: what the Engine knows and its API does not say.

Records carry no layer id. But a record and its ancestors retrace, layer by layer, the steps in the history of the
images that were made from it, and they share their instants: BuildKit writes a record's creation time into the history.
So the forest of records is laid onto the tree of layers: a record's parent holds its layer's parent. Steps (`RUN`,
`COPY`, `WORKDIR`) find their layer by text, second and size, and tie down the base records (`from local`) below them.
A base without steps is told by its siblings, no two of which are the same, and by the images that others were built on.

The Engine's flag `Shared` is evidence. With graph drivers a record that is not shared holds no layer of any image, and
a shared one holds a layer, or is the ancestor of one that does, which is the same thing: a layer's parent is a layer.
The containerd store compares a record's list of blobs with the complete lists of images; a record that was never
exported has no blob of its own, and so goes by its parent's list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prunecli.kinds.build_cache import CacheRecord
from prunecli.units import SECOND
from prunecli.wire.layers import HistoryRow, Node, step_of_text

_EXEC = "mount / from exec "
_FILE_OP = "fileop target"
_BASES = ("from local", "pulled from")
_MANY = 64  # so many layers that fit equally well say nothing

Scores = dict[str, int]


@dataclass(frozen=True, slots=True)
class Holders:
    """Which records hold which layers, by record id; what cannot be told is absent.

    `layers` are the chain ids that decide whether a record is shared. `own` are those of the layers that records made
    or unpacked themselves; with graph drivers both are the same.
    """

    layers: Mapping[str, str]
    own: Mapping[str, str]


def find_holders(records: Iterable[CacheRecord], nodes: Mapping[str, Node], *, containerd: bool) -> Holders:
    """Say which records hold a layer of some image."""
    return _Match([r for r in records if r.reported_shared], nodes, containerd=containerd).run()


def step_of(record: CacheRecord) -> tuple[str, str]:
    """Return the step that made a record, in the form of `step_of_text`; ("base", "") for a layer of an image."""
    text = record.description
    if text.startswith(_EXEC):
        return "run", text.removeprefix(_EXEC)
    if text == _FILE_OP:
        return "file", ""
    if text.startswith("["):
        return step_of_text(text.partition("] ")[2])
    if not text or text.startswith(_BASES):
        return "base", ""
    return "other", ""


class _Match:
    """The forest of shared records on one side, the tree of layers on the other."""

    def __init__(self, records: Sequence[CacheRecord], tree: Mapping[str, Node], *, containerd: bool) -> None:
        self.containerd = containerd
        self.tree = tree
        self.records = {r.id: r for r in records}
        self.steps = {r.id: step_of(r) for r in records}
        self.children: dict[str, list[str]] = defaultdict(list)
        for r in sorted(records, key=lambda r: (r.created_at, r.id)):
            self.children[self._parent(r)].append(r.id)
        self.branches: dict[str, list[Node]] = defaultdict(list)
        self.by_step: dict[tuple[str, str, int], list[Node]] = defaultdict(list)
        for node in tree.values():
            self.branches[node.parent].append(node)
            for kind, text, created in {(*row.step, row.created) for row in node.rows}:
                self.by_step[kind, text, created].append(node)
                self.by_step[kind, text, -1].append(node)
        self.tops: dict[int, list[Node]] = defaultdict(list)
        for node in tree.values():
            if node.top:
                self.tops[node.depth].append(node)
        self.order, self.depth = self._walk()
        self.height: dict[str, int] = {}
        self.scores: dict[str, Scores] = {}
        self.found: dict[str, str] = {}

    def _parent(self, record: CacheRecord) -> str:
        return record.parents[0] if len(record.parents) == 1 and record.parents[0] in self.records else ""

    def _walk(self) -> tuple[list[str], dict[str, int]]:
        """Return all records, parents first, and the depth of each; 0 where something below it is not known."""
        order: list[str] = []
        depth: dict[str, int] = {}
        ready = list(self.children[""])
        for id in ready:
            depth[id] = 0 if self.records[id].parents else 1
        while ready:
            id = ready.pop()
            order.append(id)
            for child in self.children.get(id, ()):
                depth[child] = depth[id] + 1 if depth[id] else 0
                ready.append(child)
        return order, depth

    def run(self) -> Holders:
        for id in reversed(self.order):
            self.height[id] = 1 + max((self.height[child] for child in self.children.get(id, ())), default=0)
            self.scores[id] = self._evidence(id)
        self._place(self.children[""], None)
        for id in self.order:
            self._place(self.children.get(id, ()), self.found.get(id, ""))
        return Holders(self._shared_lists() if self.containerd else self.found, self.found)

    def _evidence(self, id: str) -> Scores:
        """Score the layers that the record's own step and those built on it speak for, as one sum."""
        record = self.records[id]
        scores: Scores = {node.chain: self._fit(record, node) for node in self._alike(id)}
        votes: dict[str, int] = defaultdict(int)
        for child in self.children.get(id, ()):
            best: Scores = {}
            for chain, score in self.scores[child].items():
                parent = self.tree[chain].parent
                if parent and score > 0:
                    best[parent] = max(score, best.get(parent, 0))
            for parent, score in best.items():
                votes[parent] += score
        for chain, score in votes.items():
            if not self.depth[id] or self.tree[chain].depth == self.depth[id]:
                scores[chain] = score + (scores[chain] if chain in scores else self._fit(record, self.tree[chain]))
        return scores

    def _alike(self, id: str) -> list[Node]:
        """Return the layers that were made by a step like the record's, at its second if there are any."""
        kind, text = self.steps[id]
        if kind == "base" and id not in self.children:
            tops = self.tops[self.depth[id]]
            return tops if len(tops) <= _MANY else []
        if kind not in ("run", "file"):
            return []
        second = self.records[id].created_at // SECOND
        depth = self.depth[id]
        for created in (second, -1):
            nodes = [n for n in self.by_step.get((kind, text, created), ()) if not depth or n.depth == depth]
            if nodes:
                return nodes if created >= 0 or len(nodes) <= _MANY else []
        return []

    def _fit(self, record: CacheRecord, node: Node) -> int:
        """Score how well one record and one layer go together; 0 is neither for nor against."""
        kind, text = self.steps[record.id]
        second = record.created_at // SECOND
        if kind == "base":
            late = bool(node.rows) and all(row.created > second for row in node.rows)
            low = not self.containerd and node.height < self.height[record.id]
            if self._is_last_base(record.id):  # what a build began with: a whole image, which was there
                late |= bool(node.finished) and all(at > record.created_at for at in node.finished)
                return -8 if late or low else node.top + node.tagged + 2 * (node.based >= second)
            return -8 if late or low else 0
        score = max((_step_fit(kind, text, second, row) for row in node.rows), default=0)
        if record.created_at in node.finished:
            score += 6
        if self.containerd:
            return score if node.size <= record.size else score - 8
        return score + (2 if node.size == record.size else -8)

    def _is_last_base(self, id: str) -> bool:
        return all(self.steps[child][0] != "base" for child in self.children.get(id, ()))

    def _place(self, siblings: Sequence[str], below: str | None) -> None:
        """Give each of these records, whose parent holds `below`, its layer; no two bases get the same one."""
        if below == "":
            for id in siblings:
                if not self.depth[id]:
                    self._settle(id, self.scores[id])
            return
        branches = self.branches[below or ""]
        bases: list[tuple[int, int, int, str, str]] = []
        for place, id in enumerate(siblings):
            if not self.depth[id]:
                self._settle(id, self.scores[id])
            elif self.steps[id][0] != "base":
                self._settle(id, self._options(id, branches))
            else:
                options = self._options(id, branches)
                bases += [(-score, place, n, id, chain) for n, (chain, score) in enumerate(options.items())]
        taken: set[str] = set()
        for score, _, _, id, chain in sorted(bases):
            if id not in self.found and chain not in taken and score < 8:
                self.found[id] = chain
                taken.add(chain)

    def _options(self, id: str, branches: Sequence[Node]) -> Scores:
        """Score every layer that the record could hold, given where its parent stands."""
        scores = self.scores[id]
        likely = {n.chain: scores[n.chain] for n in branches if n.chain in scores} if scores else {}
        if likely and max(likely.values()) > 4:
            return likely
        record = self.records[id]
        return {n.chain: scores.get(n.chain) or self._fit(record, n) for n in branches}

    def _settle(self, id: str, options: Scores) -> None:
        least = 4 if self.containerd else -4
        if options:
            chain, score = max(options.items(), key=lambda option: (option[1], option[0]))
            if score >= least:
                self.found[id] = chain

    def _shared_lists(self) -> dict[str, str]:
        """Map each record to the list of blobs it goes by; drop those where that contradicts the Engine's flag."""
        lists: dict[str, str] = {}
        for id in self.order:
            chain = self.found.get(id) or lists.get(self._parent(self.records[id]), "")
            if chain:
                lists[id] = chain
        shared: set[str] = set()
        for id in reversed(self.order):
            if (id in lists and self.tree[lists[id]].top) or any(c in shared for c in self.children.get(id, ())):
                shared.add(id)
        return {id: chain for id, chain in lists.items() if id in shared}


def _step_fit(kind: str, text: str, second: int, row: HistoryRow) -> int:
    its_kind, its_text = row.step
    if not its_kind:
        return -6  # a commit or an import: no step of a build made it
    if its_kind != kind:
        return -6
    same_text = text == its_text
    if row.created == second:
        return 9 if same_text else 5 if not text else 2
    return 1 if same_text or not text else -1
