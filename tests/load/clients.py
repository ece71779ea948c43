"""The clients, and what they found."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import aiohttp

PRUNES = {
    "container": "/containers/prune",
    "network": "/networks/prune",
    "volume": f"/volumes/prune?filters={quote(json.dumps({'all': ['true']}))}",
    "image": f"/images/prune?filters={quote(json.dumps({'dangling': ['true']}))}",
    "builder": "/build/prune?all=1",
}
READS = (
    *("/containers/json?all=1&size=1", "/images/json", "/volumes", "/networks", "/system/df", "/info", "/version"),
    *("/_ping", "/events?since=1&until=2"),
)
LAST = "load-is-over"
_LONGEST = 60  # seconds after which a request counts as lost


@dataclass
class Outcome:
    """What a run gave: answers by status, what went wrong, and what prunes and listeners say of each other."""

    answers: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    prunes: list[tuple[str, int]] = field(default_factory=list)
    """Kind and bytes of each prune that was answered with 200."""
    heard: list[list[tuple[str, int, int]]] = field(default_factory=list)
    """Each listener's prune events: kind, bytes and instant (ns)."""
    slowest: float = 0.0

    def judge(self) -> list[str]:
        """Return one sentence for each thing that is not as it should be."""
        found = list(self.faults)
        told = Counter(self.prunes)
        for number, events in enumerate(self.heard):
            if len(set(events)) != len(events):
                found.append(f"listener {number} heard a prune twice")
            if Counter((kind, size) for kind, size, _ in events) != told:
                found.append(f"listener {number} heard {len(events)} prunes, {len(self.prunes)} were answered")
            if events != self.heard[0]:
                found.append(f"listener {number} heard another order than the first one")
        return found


async def run_load(socket: Path, *, clients: int, seconds: float, seed: int) -> Outcome:
    """Drive the server on a socket; a quarter of the clients listen, half of them change things, the rest read."""
    outcome, listeners = Outcome(), max(clients // 4, 1)
    changers = max(clients // 2, 1)
    readers = max(clients - listeners - changers, 1)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_LONGEST)
    connector = aiohttp.UnixConnector(str(socket), limit=0)
    async with aiohttp.ClientSession("http://localhost", connector=connector, timeout=timeout) as session:
        ready = [asyncio.Event() for _ in range(listeners)]
        hearing = [asyncio.create_task(_listen(session, outcome, event)) for event in ready]
        await asyncio.gather(*(event.wait() for event in ready))
        until = time.monotonic() + seconds
        working = [_change(session, outcome, until, f"{seed}-{n}") for n in range(changers)]
        working += [_read(session, outcome, until, f"{seed}-r{n}") for n in range(readers)]
        await asyncio.gather(*working)
        await _ask(session, outcome, "POST", "/volumes/create", {"Name": LAST})
        outcome.heard = await asyncio.wait_for(asyncio.gather(*hearing), _LONGEST)
    return outcome


async def _ask(
    session: aiohttp.ClientSession, outcome: Outcome, method: str, target: str, body: dict[str, object] | None = None
) -> dict[str, object] | None:
    """Send one request and note what came; returns the document of a 200 or 201."""
    begun = time.monotonic()
    try:
        async with asyncio.timeout(_LONGEST), session.request(method, target, json=body) as answer:
            text = await answer.text()
    except (TimeoutError, aiohttp.ClientError) as error:
        outcome.faults.append(f"{method} {target}: {type(error).__name__}: {error}")
        return None
    outcome.slowest = max(outcome.slowest, time.monotonic() - begun)
    outcome.answers[answer.status] += 1
    if answer.status in (200, 201, 204):
        document = json.loads(text) if text.startswith("{") else None
        return document if isinstance(document, dict) else None
    if answer.status != 409 or "a prune operation is already running" not in text:
        outcome.faults.append(f"{method} {target}: {answer.status} {text.strip()}")
    return None


async def _change(session: aiohttp.ClientSession, outcome: Outcome, until: float, seed: str) -> None:
    """Make volumes and networks, and prune."""
    dice, number = random.Random(seed), 0
    while time.monotonic() < until:
        number += 1
        if dice.random() < 0.6:
            kind = dice.choice(("volumes", "networks"))
            await _ask(session, outcome, "POST", f"/{kind}/create", {"Name": f"load-{seed}-{number}"})
            continue
        kind = dice.choice(list(PRUNES))
        document = await _ask(session, outcome, "POST", PRUNES[kind])
        if document is not None:
            outcome.prunes.append((kind, int(str(document.get("SpaceReclaimed", 0)))))


async def _read(session: aiohttp.ClientSession, outcome: Outcome, until: float, seed: str) -> None:
    dice = random.Random(seed)
    while time.monotonic() < until:
        await _ask(session, outcome, "GET", dice.choice(READS))


async def _listen(session: aiohttp.ClientSession, outcome: Outcome, ready: asyncio.Event) -> list[tuple[str, int, int]]:
    """Hear the events until the last one, and return the prunes among them."""
    heard: list[tuple[str, int, int]] = []
    async with session.get("/events") as answer:
        ready.set()
        async for line in answer.content:
            event = json.loads(line)
            actor = event["Actor"]
            if event["Action"] == "prune":
                heard.append((event["Type"], int(actor["Attributes"]["reclaimed"]), event["timeNano"]))
            elif actor["ID"] == LAST:
                return heard
    outcome.faults.append("an event stream ended before the load did")
    return heard
