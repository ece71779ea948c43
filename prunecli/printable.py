"""Text from outside, made safe for a terminal: names and labels are data, never commands."""

from __future__ import annotations

import re

# C0 and C1 controls, DEL, and the characters that reorder or hide what stands around them.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Return the text with every control character spelt out (`\x1b`, `\u202e`); other text comes back as it is."""
    return _UNSAFE.sub(_spell, text) if _UNSAFE.search(text) else text


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
