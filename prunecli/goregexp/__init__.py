r"""Go's regular expressions, and whether a text contains a match: in time that grows with the text and nothing else.

Python's `re` differs from Go in what it accepts and means (`$`, `\b`, `\Z`, back references, look-ahead), and a pattern
such as `(a+)+$` can keep it busy for years. So the pattern becomes a set of states that are followed side by side, with
each step remembered. Only "does it match somewhere" is answered, which makes greed and groups a matter of no interest.

Not supported, and refused in a sentence: Unicode scripts (`\p{Greek}`; general categories work), groups more than 100
deep, and what takes more than its share of work (see `effort`).
Source: Go regexp/syntax with the Perl flags; RE2.

- `classes`: tests for one character
- `syntax`: text to a tree
- `effort`: how much work it may be
- `machine`: a tree to a function that answers
"""

from __future__ import annotations

from prunecli.goregexp.classes import RegexpError
from prunecli.goregexp.effort import Effort
from prunecli.goregexp.machine import Matcher, compile_regexp

__all__ = ["Effort", "Matcher", "RegexpError", "compile_regexp"]
