r"""Text from outside, made safe for a terminal: names and labels are data, never commands.

Unsafe is what a terminal obeys (C0, C1, DEL), what breaks lines (U+2028, U+2029), what is no character (surrogates),
and every character that is not seen itself and may change or hide what is seen: Unicode's Default_Ignorable_Code_Point,
in which Bidi_Control is contained, and the interlinear annotations.

Two of them make an emoji what it is, and stay where they do that and nothing else: one emoji style (U+FE0F) behind a
symbol, and one joiner (U+200D) between two symbols. There they neither touch their neighbours nor can carry a message.
Anywhere else they are spelt out, and so are the joiners of some scripts: a name stays legible with them, and names that
only look alike can be told apart.
Source: DerivedCoreProperties.txt and PropList.txt of Unicode; tests ask perl, which has them, for each property.
"""

from __future__ import annotations

import re
from typing import Final

_INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_SYMBOL: Final = "[\u2190-\u2bff\U0001f000-\U0001faff]"  # arrows to dingbats, and the blocks of emoji: no letters
_IN_EMOJI: Final = rf"(?<={_SYMBOL})\ufe0f|(?:(?<={_SYMBOL})|(?<={_SYMBOL}\ufe0f))\u200d(?={_SYMBOL})"

BEYOND_C0: Final = re.compile(f"(?!{_IN_EMOJI})[\x7f-\x9f\u2028\u2029\ud800-\udfff{_INVISIBLE}]")
"""What is unsafe and no C0 control: what JSON leaves as it is."""

_UNSAFE: Final = re.compile(f"[\x00-\x1f]|{BEYOND_C0.pattern}")


def printable(text: str) -> str:
    r"""Return the text with every unsafe character spelt out (`\x1b`, `\u202e`, `\U000e0041`), else as it is."""
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub(_spell, text)


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
