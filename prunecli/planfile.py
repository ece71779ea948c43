"""A plan as the text of a file: made now, carried out later, by the same rules and on the same world.

The file holds what was asked, what was shown, and what each object looked like. Its digest covers every byte, so that
neither an editor nor a broken copy goes unnoticed; it is no protection against somebody who forges files, whose plan
could still remove nothing that the rules would not let go.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prunecli.documents import (
    PLAN_FORMAT,
    REPORT_FORMAT,
    Circumstances,
    plan_document,
    request_document,
    world_document,
)
from prunecli.errors import PlanFileError
from prunecli.filters import Filters
from prunecli.info import PruneRequest, make_infos
from prunecli.plan import KindPlan, Plan
from prunecli.profile import ImageStore, Profile, format_api, parse_api
from prunecli.snapshot import Snapshot
from prunecli.units import Instant
from prunecli.verdict import Kind, Reason, Selection, Step, Verdict
from prunecli.worlds import WorldName

FORMAT = "prunecli-plan-file/v1"
EXPECTED = f"expected a plan file ({FORMAT})"
_NO_DIGEST = "sha256:" + 64 * "0"
_BEGINNING = b'{\n "format": "prunecli-plan-file/'
_MOST = 1 << 127  # more than any instant or size comes to, and still a float


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a plan file says. `verdicts` and `selections` are those of the plan, kind by kind.

    `world` is the one that the plan was made for, with its Engine's version and image store; `api` is the version that
    was spoken. `utc_offset` is how many seconds the maker's zone was ahead of UTC, for dates without a zone.
    """

    command: str
    request: PruneRequest
    world: WorldName
    engine: str
    image_store: ImageStore
    api: tuple[int, int]
    taken_at: Instant
    utc_offset: int
    verdicts: Mapping[Kind, tuple[Verdict, ...]]
    selections: Mapping[Kind, Selection]

    @classmethod
    def of(
        cls,
        plan: Plan,
        request: PruneRequest,
        command: str,
        world: WorldName,
        *,
        api: tuple[int, int],
        utc_offset: int,
    ) -> PlanFile:
        """Return what a file says of this plan. Errors: PlanFileError for a world that cannot be told from others."""
        if not world.id:
            raise PlanFileError(f"{world} does not tell its id, to which a plan file is bound: prune it without one")
        return cls(
            command,
            request,
            world,
            plan.profile.engine,
            plan.profile.image_store,
            api,
            plan.taken_at,
            utc_offset,
            {k.kind: k.verdicts for k in plan.kinds},
            {k.kind: k.selection for k in plan.kinds},
        )

    def plan(self, profile: Profile) -> Plan:
        """Return the plan that was shown, to be held to (`promise.hold_plan`).

        Its steps say what goes and what that looked like, not how: they are not carried out themselves. No generation
        is that of a world, so that everything is decided again.
        Errors: FilterError for conditions that the profile refuses.
        """
        spoken = profile.speaking(self.api)
        infos = make_infos(self.request, spoken, self.taken_at, utc_offset=self.utc_offset)
        kinds = (
            KindPlan(kind, infos[kind], self.verdicts[kind], _steps(self.verdicts[kind], self.selections[kind]))
            for kind in self.request.kinds
        )
        return Plan(self.taken_at, profile, -1, tuple(kinds))


def _steps(verdicts: Iterable[Verdict], selection: Selection) -> tuple[Step, ...]:
    steps: list[Step] = []
    for v in verdicts:
        witness = selection.witnesses.get(v.id, "")
        refs = sorted(selection.references.get(v.id, ()))
        steps.extend(Step(v.kind, v.id, ref, ref=ref, witness=witness) for ref in refs)
        if v.removed:
            steps.append(Step(v.kind, v.id, v.name, reclaims=v.reclaims, witness=witness))
    return tuple(steps)


def check_world(file: PlanFile, world: WorldName, profile: Profile, *, source: str) -> None:
    """Raise PlanFileError unless a plan was made for this world; what its objects look like is asked one by one.

    Its id decides, not its address: two Engines can follow each other on one socket, and one can move.
    """
    if not file.world.is_same(world):
        other = "another one, " if str(file.world) == str(world) else ""
        raise PlanFileError(f"{source} was made for {file.world}, not for {other}{world}: make a new plan")
    if (file.engine, file.image_store) != (profile.engine, profile.image_store):
        raise PlanFileError(
            f"{source} was made for Engine {file.engine} with the {file.image_store.value} image store, but here is "
            f"Engine {profile.engine} with the {profile.image_store.value} image store: make a new plan"
        )


def write_plan(file: PlanFile, plan: Plan, about: Circumstances, snapshot: Snapshot | None = None) -> bytes:
    """Return the file's bytes, ASCII.

    `plan` is the one that the file was made of, `about` tells of its making, `snapshot` is what it was made on.
    """
    document = {
        "format": FORMAT,
        "digest": _NO_DIGEST,
        "taken_at": file.taken_at,
        "utc_offset": file.utc_offset,
        "exact_until": file.request.exact_until,
        "world": {
            "identity": str(file.world),
            **world_document(file.world),
            "engine": file.engine,
            "image_store": file.image_store.value,
            "api": format_api(file.api),
        },
        "plan": plan_document(plan, request_document(file.request, file.command), about, snapshot),
        "selections": {kind.value: _selection_document(chosen) for kind, chosen in file.selections.items()},
    }
    text = json.dumps(document, ensure_ascii=True, indent=1).encode() + b"\n"
    return text.replace(_NO_DIGEST.encode(), _digest(text).encode(), 1)


def read_plan(data: bytes, *, source: str) -> PlanFile:
    """Read a plan file; `source` is what messages call it.

    Errors: PlanFileError for a file that is none, was cut short, or was changed after it was written.
    """
    document = _load(data, source)
    found = document.get("format")
    if found in (PLAN_FORMAT, REPORT_FORMAT):
        raise PlanFileError(
            f"{source} is what --format json prints, which cannot be applied: write one with --plan-out"
        )
    if found != FORMAT:
        shown = f'the format "{found}"' if isinstance(found, str) else "no format"
        raise PlanFileError(f"{source} is no plan file, it has {shown}: {EXPECTED}")
    digest = document.get("digest")
    blank = data.replace(digest.encode(), _NO_DIGEST.encode(), 1) if isinstance(digest, str) else b""
    if digest != _digest(blank):
        raise PlanFileError(f"{source} was changed after it was written: its digest does not match; make a new plan")
    if isinstance(document.get("world"), dict) and "id" not in document["world"]:
        raise PlanFileError(
            f"{source} is from an older prunecli, which did not write down by its id which world a plan was made for: "
            "make a new plan"
        )
    try:
        return _read(document)
    except (KeyError, TypeError, ValueError) as e:
        raise PlanFileError(f"{source} holds a plan that does not fit together ({e}): make a new plan") from None


def begins_plan(data: bytes) -> bool:
    """Return whether a file that begins like this was written by `write_plan`, of whatever version."""
    return data.startswith(_BEGINNING)


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _load(data: bytes, source: str) -> dict[str, Any]:
    if not data.strip():
        raise PlanFileError(f"{source} is empty: {EXPECTED}")
    try:
        document = json.loads(data)
    except json.JSONDecodeError as e:
        rest = e.doc[e.pos :].rstrip()  # at a cut there is nothing left, or the beginning of a word
        ended = any(word.startswith(rest) for word in ("true", "false", "null", "-"))
        if data.lstrip().startswith(b"{") and (ended or e.msg.startswith("Unterminated")):
            raise PlanFileError(f"{source} is cut short at byte {len(data)}: {EXPECTED}") from None
        raise PlanFileError(f"{source} is not JSON at line {e.lineno}, column {e.colno}: {EXPECTED}") from None
    except (ValueError, RecursionError):
        raise PlanFileError(f"{source} is no plan file: {EXPECTED}") from None
    if not isinstance(document, dict):
        raise PlanFileError(f"{source} is no plan file: {EXPECTED}")
    return document


def _selection_document(chosen: Selection) -> dict[str, Any]:
    return {
        "witnesses": dict(chosen.witnesses),
        "references": {id: sorted(refs) for id, refs in chosen.references.items()},
    }


def _read(document: Mapping[str, Any]) -> PlanFile:
    world, plan = _table(document["world"]), _table(document["plan"])
    asked = _table(plan["request"])
    request = _request(asked, exact_until=document["exact_until"] is True)
    kinds = _table(plan["kinds"])
    selections = _table(document["selections"])
    return PlanFile(
        command=_text(asked["command"]),
        request=request,
        world=WorldName(
            _text(world["kind"]),
            _text(world["address"]),
            _text(world["id"]),
            _text(world["version"]),
            None if world["host"] is None else _text(world["host"]),
        ),
        engine=_text(world["engine"]),
        image_store=ImageStore(world["image_store"]),
        api=parse_api(_text(world["api"])),
        taken_at=_number(document["taken_at"]),
        utc_offset=_number(document["utc_offset"]),
        verdicts={kind: _verdicts(kind, _table(kinds[kind.value])) for kind in request.kinds},
        selections={kind: _selection(_table(selections[kind.value])) for kind in request.kinds},
    )


def _request(asked: Mapping[str, Any], *, exact_until: bool) -> PruneRequest:
    filters = {_text(key): frozenset(_texts(values)) for key, values in _table(asked["filters"]).items()}
    kinds = frozenset(Kind(kind) for kind in asked["kinds"])
    return PruneRequest(
        tuple(kind for kind in Kind if kind in kinds),
        all=asked["all"] is True,
        filters=Filters(filters),
        reserved_space=_maybe_number(asked["reserved_space"]),
        max_used_space=_maybe_number(asked["max_used_space"]),
        min_free_space=_maybe_number(asked["min_free_space"]),
        exact_until=exact_until,
    )


def _verdicts(kind: Kind, rows: Mapping[str, Any]) -> tuple[Verdict, ...]:
    both = ((True, rows["removed"]), (False, rows["kept"]))
    return tuple(_verdict(kind, _table(row), removed) for removed, part in both for row in part)


def _verdict(kind: Kind, row: Mapping[str, Any], removed: bool) -> Verdict:
    return Verdict(
        kind,
        _text(row["id"]),
        _text(row["name"]),
        removed,
        Reason(row["reason"]),
        _text(row["detail"]),
        _number(row["size"]),
        _number(row["reclaims"]),
        tuple(_texts(row.get("untagged", []))),
    )


def _selection(chosen: Mapping[str, Any]) -> Selection:
    witnesses = {_text(id): _text(witness) for id, witness in _table(chosen["witnesses"]).items()}
    references = {_text(id): frozenset(_texts(refs)) for id, refs in _table(chosen["references"]).items()}
    return Selection(witnesses, references)


def _table(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.40} is no object")
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} is no list")
    return [_text(item) for item in value]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r:.40} is no number")
    if abs(value) >= _MOST:
        raise ValueError("a number is too large")
    return value


def _maybe_number(value: object) -> int | None:
    return None if value is None else _number(value)
