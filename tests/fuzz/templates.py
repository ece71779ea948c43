"""Random Go templates over random data: `python -m tests.fuzz.templates --seconds 60 --seed 1`.

Whatever stands in a template, it gives text or a TemplateError, of a bounded length and in a bounded number of steps.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from prunecli.errors import TemplateError
from prunecli.gotemplate import Struct, parse, typed
from prunecli.gotemplate.budget import weigh
from prunecli.gotemplate.values import MAX_TEXT

_VALUES = [
    ".",
    "$",
    ".Name",
    ".List",
    ".Map",
    ".Size",
    ".Nil",
    "$x",
    "$x.a",
    '"<a>"',
    '"%s%d"',
    "1",
    "-3",
    "2.5e10",
    "nil",
]
_WIDTHS = [
    "",
    "9",
    "-20",
    "0999",
    "+999999",
    "999999999999",
    "*",
    "[1]*",
    ".3",
    ".999999",
    "." + "0" * 5_000 + "7",
    "#",
]
_CALLS = [
    "len",
    "index",
    "slice",
    "html",
    "js",
    "urlquery",
    "json",
    "upper",
    "title",
    "print",
    "println",
    "not",
    "and",
    "eq",
]
_SHAPES = [
    "{{%v}}",
    "{{%f}}",
    "{{range %v}}%t{{end}}",
    "{{range $i, $x := %v}}%t{{else}}%t{{end}}",
    "{{range 100000}}%t{{end}}",
    "{{if %v}}%t{{else}}%t{{end}}",
    "{{with %f}}%t{{end}}",
    "{{$x := %f}}%t",
    "{{$x = %f}}%t",
    '{{define "t"}}%t{{end}}{{template "t" %v}}',
    "%t%t",
    "text",
]


@dataclass(frozen=True)
class Case:
    """A template and what it is filled in with."""

    text: str
    data: object


def cases(seed: int) -> Iterator[Case]:
    """Yield cases without end; the same seed gives the same ones."""
    dice = random.Random(seed)
    while True:
        text = "{{$x := .Map}}" + _fill(dice, "%t", dice.randrange(1, 6))
        if dice.random() < 0.2:
            at = dice.randrange(len(text))
            text = text[:at] + dice.choice(["{{", "}}", '"', "(", "|", "", "\0", "\ud800"]) + text[at + 1 :]
        yield Case(text, _data(dice))


def _fill(dice: random.Random, text: str, depth: int) -> str:
    while (at := text.find("%")) >= 0 and text[at + 1 : at + 2] in ("t", "v", "f"):
        letter = text[at + 1]
        if letter == "t":
            made = _fill(dice, dice.choice(_SHAPES), depth - 1) if depth else "{{.}}"
        else:
            made = dice.choice(_VALUES) if letter == "v" or not depth else _call(dice, depth - 1)
        text = f"{text[:at]}{made.replace('%', chr(1))}{text[at + 2 :]}"
    return text.replace(chr(1), "%") if depth else text


def _call(dice: random.Random, depth: int) -> str:
    def value() -> str:
        return f"({_call(dice, depth - 1)})" if depth > 0 and dice.random() < 0.5 else dice.choice(_VALUES)

    if dice.random() < 0.5:
        form = "".join(f"%{dice.choice(_WIDTHS)}{dice.choice('vsdqxTfeUc%')}" for _ in range(dice.randrange(1, 6)))
        return f'printf "{form}" {value()} {value()}'
    return f"{dice.choice(_CALLS)} {value()}" + dice.choice(
        ["", f" {value()}", " | js", f' | printf "%{dice.choice(_WIDTHS)}s"']
    )


def _data(dice: random.Random) -> object:
    name = "".join(dice.choices("ab<&\u4e16\x1b\udcff", k=dice.randrange(20)))
    many = typed([name] * dice.randrange(60), "[]string")
    fields = {
        "Name": name,
        "List": many,
        "Map": {"a": name, "b": dice.randrange(9)},
        "Size": 10 ** dice.randrange(18),
        "Nil": None,
    }
    return Struct("formatter.Context", fields, methods=dice.random() < 0.5)


def longest(data: object) -> int:
    """Return how many characters a template may make of these data."""
    return MAX_TEXT + 8 * weigh(data)


def check(case: Case) -> str:
    """Return what is wrong with a case, empty when nothing is."""
    try:
        text = parse(case.text).execute(case.data)
    except TemplateError:
        return ""
    return f"{len(text)} characters" if len(text) > longest(case.data) else ""


def main() -> int:
    """Fill in templates until the time is over; a mistake of ours ends it with the case that shows it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    end = time.monotonic() + options.seconds
    done, slowest, wrong = 0, (0.0, ""), 0
    for case in cases(options.seed):
        if time.monotonic() > end:
            break
        before = time.process_time()
        try:
            complaint = check(case)
        except Exception as error:  # any at all is a finding
            complaint = f"{type(error).__name__}: {error}"
        slowest = max(slowest, (time.process_time() - before, case.text))
        done += 1
        if complaint:
            wrong += 1
            print(f"{complaint[:200]} of {case.text[:300]!r} over {case.data!r}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{done} templates, {wrong} wrong; the slowest took {slowest[0]:.1f} s, at most {peak} MB: {slowest[1][:300]!r}"
    )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
