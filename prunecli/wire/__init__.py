"""Engine JSON to records and back.

- `text`: the bytes of a file to the JSON object of a dump
- `fields`: typed access to that JSON, with the path in each error
- `shapes`: the types of what is kept beside the records; nulls are settled here
- `places`: where each object occurs in a dump, taken apart and put together
- `containers`, `networks`, `volumes`, `images`, `build_cache`, `header`: JSON and record, both ways
- `control`: the usage records of BuildKit's control service, both ways
- `layers`, `holders`, `content`: what an Engine knows and does not say, inferred
- `derived`: what an Engine counts over all its objects
- `notes`: what a dump cannot express in the Engine's words
- `dump`: all of it together
"""

from __future__ import annotations

from prunecli.wire.dump import Dump, read_dump, retell, write_dump
from prunecli.wire.text import FORMAT, parse_dump

__all__ = ["FORMAT", "Dump", "parse_dump", "read_dump", "retell", "write_dump"]
