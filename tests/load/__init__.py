"""Many clients at once on the socket of an Engine API: prunes, lists, creations and event streams.

`python -m tests.load --socket PATH` drives a server that runs already, for half a minute with 64 clients. It speaks to
the socket and touches nothing else. What it asks for:

- no answer is an error, but for the Engine's own 409 while another prune of the kind runs
- every prune that was answered is told once to every listener, with the bytes that the answer told
"""

from __future__ import annotations

from tests.load.clients import Outcome, run_load

__all__ = ["Outcome", "run_load"]
