"""Commands that are killed, starved and robbed of their store while they work: what is left has to be whole and true.

`python -m tests.crash --seconds 60 --seed 1` works in a folder of its own and touches nothing else. It needs strace, by
which system calls fail or kill. What it asks for, whatever happened:

- the store opens and checks, and what is gone is told by events, each exactly once, and the other way round
- an import leaves the old world or the new one, a plan file the old plan or the new one
- what a server answered is so
- a full or broken disk ends as one sentence, exit 1
- the next command finds nothing in its way
"""

from __future__ import annotations

from tests.crash.rounds import Figures, run_rounds
from tests.crash.strace import STRACE

__all__ = ["STRACE", "Figures", "run_rounds"]
