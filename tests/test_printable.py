"""What is not seen does not pass: text from outside before it reaches a terminal."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import unicodedata

import pytest

from prunecli.cli.formats import contained
from prunecli.complete import find_names
from prunecli.printable import printable
from tests.cli_runs import Cli, cli

__all__ = ["cli"]

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
SEEN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440)}
"""Format characters that are drawn: signs around numbers, and joiners of hieroglyphs."""

PROPERTIES = ("Default_Ignorable_Code_Point", "Bidi_Control", "Cc", "Zl", "Zp", "Join_Control", "Variation_Selector")


def test_every_invisible_category_is_spelt() -> None:
    """Controls, line breaks, surrogates, and all format characters but those that are drawn."""
    unsafe = [c for c in EVERY if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and ord(c) not in SEEN]
    assert [hex(ord(c)) for c in unsafe if printable(c) == c] == []


@pytest.mark.skipif(shutil.which("perl") is None, reason="perl knows the properties of Unicode")
@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_is_spelt(name: str) -> None:
    """What Unicode's own lists call ignorable or a control is spelt out, to the last of them."""
    script = rf'for my $c (0..0x10ffff) {{ print "$c\n" if ($c < 0xd800 || $c > 0xdfff) && chr($c) =~ /\p{{{name}}}/ }}'
    ran = subprocess.run(["perl", "-e", script], capture_output=True, text=True, check=True, timeout=60)
    found = [chr(int(line)) for line in ran.stdout.split()]
    assert found
    assert [hex(ord(c)) for c in found if printable(c) == c] == []


def test_what_is_seen_stays() -> None:
    """Letters, marks, symbols and spaces of any script come back as they are."""
    kept = ("L", "M", "N", "P", "S", "Zs", "Co")
    changed = [c for c in EVERY if unicodedata.category(c).startswith(kept) and printable(c) != c]
    fillers = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u3164", "\uffa0"}
    assert {c for c in changed if "VARIATION SELECTOR" not in unicodedata.name(c)} == fillers


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("web-1.db_2", id="a name"),
        pytest.param("データ-ünïcode", id="other scripts"),
        pytest.param("e\u0301te\u0301", id="combining marks"),
        pytest.param("👩\u200d💻", id="a joined emoji"),
        pytest.param("❤\ufe0f", id="a heart in colour"),
        pytest.param("🏳\ufe0f\u200d🌈", id="a flag, styled and joined"),
        pytest.param("👩🏽\u200d❤\ufe0f\u200d👩", id="two people and a heart"),
    ],
)
def test_names_that_are_read(text: str) -> None:
    """Names come back as they are, emoji included."""
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\nb\tc", r"a\x0ab\x09c", id="a line break"),
        pytest.param("\x1b[2J\x9b1m", r"\x1b[2J\x9b1m", id="orders to the terminal"),
        pytest.param("gpj.exe\u202e", r"gpj.exe\u202e", id="another direction"),
        pytest.param("\u061cx\u00ad\u180e", r"\u061cx\xad\u180e", id="marks that take no room"),
        pytest.param("ok\U000e0041\U000e007f", r"ok\U000e0041\U000e007f", id="a message in tags"),
        pytest.param("a\ufe0f", r"a\ufe0f", id="a style behind a letter"),
        pytest.param("❤\ufe0f\ufe0f", "❤\ufe0f\\ufe0f", id="a second style"),
        pytest.param("❤\ufe0e", r"❤\ufe0e", id="another style"),
        pytest.param("👩\u200da", r"👩\u200da", id="a joiner before a letter"),
        pytest.param("a\u200d👩", r"a\u200d👩", id="and behind one"),
        pytest.param("a\ufe0f\u200d👩", r"a\ufe0f\u200d👩", id="behind a style that is none"),
        pytest.param("👩\u200d\u200d👩", r"👩\u200d\u200d👩", id="two joiners"),
        pytest.param("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\\u200c\u062e", id="the non-joiner of a script"),
    ],
)
def test_names_that_are_spelt(text: str, shown: str) -> None:
    """What is not seen is spelt out, and nothing else is."""
    assert printable(text) == shown


def test_json_stays_json() -> None:
    """What is escaped in JSON is read as what it was, beyond the first plane too."""
    text = "".join(["a\x7f\x9b\u2028", "\U000e0041", "❤\ufe0f", "\ufe0f"])
    shown = contained(json.dumps(text, ensure_ascii=False), "")
    assert shown == '"a\\u007f\\u009b\\u2028\\udb40\\udc41❤\ufe0f\ufe0f"'.replace("❤\ufe0f\ufe0f", "❤\ufe0f\\ufe0f")
    assert json.loads(shown) == text


def test_completion_offers_no_such_name(cli: Cli) -> None:
    """A name that cannot be shown as it is is not offered."""
    for name in ("plain", "größe", "❤\ufe0f", "hidden\u3164", "styled\ufe0f", "tag\U000e0041", "wide\u00a0space"):
        assert cli("state", "add", "network", name).code == 0
    offered = find_names("network", "", str(cli.path))
    assert {"plain", "größe", "❤\ufe0f"} <= set(offered)
    assert not [n for n in offered if n.startswith(("hidden", "styled", "tag", "wide"))]
