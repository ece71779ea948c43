"""Bad clients of a served store, in random mixes: half-closed, slow, vanishing, unreading, and garbage-speaking ones.

`python -m tests.fuzz.clients --seconds 60 --seed 1` serves an example in a folder of its own and lets them loose. In
rounds, and at the end, it asks that

- a well-behaved client is answered
- every prune whose answer came is told once in the journal, and no prune is told that nobody asked for
- a half-closed client gets the answers to all that it sent whole
- `state check` finds nothing, and the server says nothing on stderr
- the server's memory stays within bounds
"""

from __future__ import annotations

import argparse
import json
import random
import select
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.serving import A_LONG_WAIT, Served, plain_socket, serving

AT_A_TIME = 12
MOST_MEMORY = 200 * 1024  # kB
ROUND = 5.0

PRUNES = ("containers", "networks", "volumes", "images", "build")
_READS = ("/_ping", "/version", "/volumes", "/containers/json?all=1", "/images/json", "/system/df", "/networks")
_GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST /volumes/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /volumes/create HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /grpc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n\x00\x00\xff\x04",
    b"GET /events HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n",
    b"\r\n" * 50,
)


@dataclass
class Outcome:
    """What a run gave: how often each kind of client came, prunes that were asked for and answered, and faults."""

    clients: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    memory: int = 0
    """The most that the server held, in kB."""


def run(seconds: float, seed: int, *, folder: Path) -> Outcome:
    """Let bad clients loose on a server of their own for some seconds; what was wrong is in the outcome."""
    outcome = Outcome()
    with serving(folder, now=None, check=False) as served:
        with served.store() as store:
            begin = store.last_event()
        until, number = time.monotonic() + seconds, 0
        while number == 0 or time.monotonic() < until:
            _round(served, outcome, seed, number, min(ROUND, max(until - time.monotonic(), 0.5)))
            number += 1
        _judge_events(served, outcome, begin)
        code, said = served.stop()
    if (code, said) != (0, ""):
        outcome.faults.append(f"the server ended with {code} and said {said!r}")
    return outcome


def _round(served: Served, outcome: Outcome, seed: int, number: int, seconds: float) -> None:
    """Let several clients loose at a time, and look at the server after them."""
    guard, until = threading.Lock(), time.monotonic() + seconds

    def visit(which: int) -> None:
        dice, turn = random.Random(f"{seed}-{number}-{which}"), 0
        while turn == 0 or time.monotonic() < until:
            turn += 1
            kind = dice.choice(list(CLIENTS))
            visitor = _Visitor(served, dice)
            try:
                CLIENTS[kind](visitor)
            except (ConnectionError, TimeoutError) as error:
                visitor.faults += [f"{kind}: {type(error).__name__}: {error}"] * (kind in _PATIENT)
            with guard:
                outcome.clients[kind] += 1
                outcome.asked.update(visitor.asked)
                outcome.answered.update(visitor.answered)
                outcome.faults += [f"seed {seed}, round {number}, client {which}: {text}" for text in visitor.faults]

    threads = [threading.Thread(target=visit, args=(which,)) for which in range(AT_A_TIME)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _look(served, outcome, f"seed {seed}, round {number}")


def _look(served: Served, outcome: Outcome, when: str) -> None:
    reply = served.ask("GET", "/system/df")
    if reply.status != 200:
        outcome.faults.append(f"{when}: a well-behaved client got {reply.status}")
    with served.store() as store:
        outcome.faults += [f"{when}: {text}" for text in store.check()]
    status = Path(f"/proc/{served.process.pid}/status")
    if status.exists():
        held = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
        outcome.memory = max(outcome.memory, held)
        if held > MOST_MEMORY:
            outcome.faults.append(f"{when}: the server holds {held} kB")


def _judge_events(served: Served, outcome: Outcome, begin: int) -> None:
    """Compare the journal with what was asked and answered, once everything that was begun is done."""
    deadline = time.monotonic() + A_LONG_WAIT
    while True:
        with served.store() as store:
            told: Counter[str] = Counter()
            after = begin
            while page := store.events_after(after, None, None):
                after = page[-1][0]
                told.update(_KIND_OF[event.type] for _, event in page if event.action == "prune")
        short = [kind for kind in PRUNES if told[kind] < outcome.answered[kind]]
        if not short or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    for kind in PRUNES:
        if not outcome.answered[kind] <= told[kind] <= outcome.asked[kind]:
            asked, answered = outcome.asked[kind], outcome.answered[kind]
            outcome.faults.append(f"{kind}: {asked} prunes asked, {answered} answered, {told[kind]} told")


_KIND_OF = {
    "container": "containers",
    "network": "networks",
    "volume": "volumes",
    "image": "images",
    "builder": "build",
}


class _Visitor:
    """One client: what it asked for, what came, and what should not have happened."""

    def __init__(self, served: Served, dice: random.Random) -> None:
        self.served, self.dice = served, dice
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.faults: list[str] = []

    def connect(self) -> socket.socket:
        return plain_socket(self.served.socket)

    def prune(self) -> tuple[str, bytes]:
        """Return a prune and what it is called; once sent it may be done."""
        kind = self.dice.choice(PRUNES)
        return kind, b"POST /v1.47/%b/prune HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" % kind.encode()

    def read(self) -> bytes:
        return b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % self.dice.choice(_READS).encode()

    def create(self) -> bytes:
        body = json.dumps({"Name": f"fuzz-{self.dice.getrandbits(48):x}"}).encode()
        head = (
            b"POST /volumes/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        )
        return head % len(body) + body

    def requests(self, most: int) -> list[tuple[str | None, bytes]]:
        """Return some requests, each with the kind that it prunes."""
        made: list[tuple[str | None, bytes]] = []
        for _ in range(self.dice.randint(1, most)):
            made.append(
                self.prune() if self.dice.random() < 0.4 else (None, self.dice.choice((self.read, self.create))())
            )
        return made


def half_closed(visitor: _Visitor) -> None:
    """Send requests at once and nothing more; every one is answered, in order."""
    requests = visitor.requests(6)
    visitor.asked.update(kind for kind, _ in requests if kind)
    with visitor.connect() as client:
        client.sendall(b"".join(text for _, text in requests))
        client.shutdown(socket.SHUT_WR)
        statuses = _statuses(_read(client))
    if len(statuses) != len(requests):
        visitor.faults.append(f"{len(requests)} requests before the end of input, {len(statuses)} answers")
    _note(visitor, requests, statuses)


def cut_short(visitor: _Visitor) -> None:
    """Stop in the middle of the last request; those before it are answered."""
    requests, last = visitor.requests(3), visitor.create()
    visitor.asked.update(kind for kind, _ in requests if kind)
    with visitor.connect() as client:
        client.sendall(b"".join(text for _, text in requests) + last[: visitor.dice.randrange(1, len(last))])
        client.shutdown(socket.SHUT_WR)
        statuses = _statuses(_read(client))
    if len(statuses) < len(requests):
        visitor.faults.append(f"{len(requests)} whole requests before a cut one, {len(statuses)} answers")
    _note(visitor, requests, statuses)


def slow(visitor: _Visitor) -> None:
    """Send a request in small pieces, with pauses."""
    requests = visitor.requests(1)
    visitor.asked.update(kind for kind, _ in requests if kind)
    with visitor.connect() as client:
        rest = requests[0][1]
        while rest:
            size = visitor.dice.randint(1, 12)
            client.sendall(rest[:size])
            rest = rest[size:]
            time.sleep(0.002)
        client.shutdown(socket.SHUT_WR)
        statuses = _statuses(_read(client))
    if len(statuses) != 1:
        visitor.faults.append(f"a slow request got {len(statuses)} answers")
    _note(visitor, requests, statuses)


def vanishing(visitor: _Visitor) -> None:
    """Send something, whole or not, and hang up at once or after a moment."""
    requests = visitor.requests(4)
    visitor.asked.update(kind for kind, _ in requests if kind)
    text = b"".join(text for _, text in requests)
    with visitor.connect() as client:
        client.sendall(text[: visitor.dice.randint(1, len(text))])
        if visitor.dice.random() < 0.5:
            select.select([client], [], [], visitor.dice.random() * 0.02)


def unreading(visitor: _Visitor) -> None:
    """Ask for much, read nothing for a while, and hang up."""
    with visitor.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.setblocking(False)
        try:
            for _ in range(200):
                client.sendall(visitor.read() * 5)
        except BlockingIOError:
            pass
        time.sleep(visitor.dice.random() * 0.2)


def listening(visitor: _Visitor) -> None:
    """Listen to events, and stop sending or hang up."""
    with visitor.connect() as client:
        client.sendall(b"GET /events%b HTTP/1.1\r\nHost: x\r\n\r\n" % visitor.dice.choice((b"", b"?since=1")))
        client.recv(1024)
        if visitor.dice.random() < 0.5:
            client.shutdown(socket.SHUT_WR)
            if not _read(client).endswith(b"0\r\n\r\n"):
                visitor.faults.append("an event stream did not end with its client's input")


def garbage(visitor: _Visitor) -> None:
    """Say what is no HTTP, or nearly is."""
    with visitor.connect() as client:
        piece = visitor.dice.choice(_GARBAGE)
        if visitor.dice.random() < 0.5:
            piece = visitor.dice.randbytes(visitor.dice.randint(1, 2000))
        client.sendall(piece)
        if visitor.dice.random() < 0.7:
            client.shutdown(socket.SHUT_WR)
            _read(client)


CLIENTS: dict[str, Callable[[_Visitor], None]] = {
    "half-closed": half_closed,
    "cut short": cut_short,
    "slow": slow,
    "vanishing": vanishing,
    "unreading": unreading,
    "listening": listening,
    "garbage": garbage,
}
_PATIENT = frozenset({"half-closed", "cut short", "slow", "listening"})
"""Clients that wait for what they are owed: they are never cut off."""


def _read(client: socket.socket) -> bytes:
    pieces = []
    while piece := client.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def _statuses(answers: bytes) -> list[int]:
    """Return the status of each answer that came whole."""
    found: list[int] = []
    while answers:
        head, end, rest = answers.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        length = next((int(line[16:]) for line in lines if line.lower().startswith(b"content-length: ")), len(rest))
        if not end or len(rest) < length:
            break
        found.append(int(lines[0].split()[1]))
        answers = rest[length:]
    return found


def _note(visitor: _Visitor, requests: list[tuple[str | None, bytes]], statuses: list[int]) -> None:
    for (kind, text), status in zip(requests, statuses, strict=False):
        if kind and status == 200:
            visitor.answered[kind] += 1
        elif status not in (200, 201) and not (kind and status == 409):
            visitor.faults.append(f"{text.partition(b' HTTP')[0].decode()} got {status}")


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.clients", description="Let bad clients loose on serve.")
    parser.add_argument("--seconds", type=float, default=60, help="how long (60)")
    parser.add_argument("--seed", type=int, default=0, help="of the clients' dice (0)")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="prunecli-") as folder:
        outcome = run(options.seconds, options.seed, folder=Path(folder))
    took = time.monotonic() - begun
    print(f"{outcome.clients.total()} clients in {took:.0f}s: ", end="")
    print(", ".join(f"{kind} {count}" for kind, count in sorted(outcome.clients.items())))
    print(f"{outcome.asked.total()} prunes sent, {outcome.answered.total()} of them answered with 200")
    print(f"the server held {outcome.memory / 1024:.0f} MB at the most")
    for text in outcome.faults[:20]:
        print(text, file=sys.stderr)
    return int(bool(outcome.faults))


if __name__ == "__main__":
    sys.exit(main())
