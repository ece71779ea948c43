"""The knowledge of the tree as `case` statements, which bash and zsh both read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby

from prunecli.completion import values
from prunecli.completion.tree import Command, Option

HEADER = (
    "# Written by the program itself (`prunecli completion {name}`) from its table of commands: change that instead."
)


def quoted(text: str) -> str:
    """Return a word as POSIX shells and zsh read it."""
    return "'" + text.replace("'", "'\\''") + "'"


def commands(root: Command) -> list[tuple[str, list[str]]]:
    """Return for each group the rows `word:sentence` of the commands below it."""
    return [(c.name, [f"{sub.path[-1]}:{sub.summary}" for sub in c.commands]) for c in root.walk() if c.commands]


def options(root: Command) -> list[tuple[str, list[str]]]:
    """Return for each command the rows `form:sentence` of its options."""
    return [(c.name, [f"{form}:{o.summary}" for o in c.options for form in forms(o)]) for c in root.walk()]


def forms(option: Option) -> tuple[str, ...]:
    """Return how an option is offered: long, short, and with `=` where a value may follow but need not."""
    return (*option.names, f"{option.long}=") if option.optional else option.names


def facts(root: Command) -> list[tuple[list[tuple[str, str]], Option]]:
    """Return what is to know of each option, with the places `(command, form)` for which it holds.

    Where an option is the same for most commands, one place has the command `*` and stands after the exceptions.
    """
    by_form: dict[str, dict[Option, list[str]]] = {}
    for command in root.walk():
        for option in command.options:
            known = Option(option.long, "", option.metavar and "value", option.optional, option.repeatable)
            fact = _with_source(known, option.values)
            for form in option.names:
                by_form.setdefault(form, {}).setdefault(fact, []).append(command.name)
    special: dict[Option, list[tuple[str, str]]] = {}
    general: dict[Option, list[tuple[str, str]]] = {}
    for form, found in sorted(by_form.items()):
        common = Counter({fact: len(names) for fact, names in found.items()}).most_common(1)[0][0]
        for fact, names in found.items():
            if fact != common:
                special.setdefault(fact, []).extend((name, form) for name in names)
        general.setdefault(common, []).append(("*", form))
    return [(places, fact) for group in (special, general) for fact, places in group.items()]


def _with_source(option: Option, source: str) -> Option:
    # The filter keys follow the command that was typed, and so the same words do for all commands.
    known = "filter" if source.startswith("filter ") else source
    return Option(option.long, "", option.metavar, option.optional, option.repeatable, values=known)


def arguments(root: Command) -> list[tuple[str, str]]:
    """Return the commands that take words of a known kind, with the source of each word."""
    return [(c.name, " ".join(c.arguments)) for c in root.walk() if c.arguments]


def filter_keys(root: Command) -> list[tuple[list[str], list[str]]]:
    """Return the filter keys of commands, those with the same keys together."""
    rows = [(list(values.FILTERS[values.canonical(name)]), name) for name in _filtering(root)]
    rows.sort(key=lambda row: (row[0], row[1]))
    return [([name for _, name in found], keys) for keys, found in groupby(rows, key=lambda row: row[0])]


def filter_values(root: Command) -> list[tuple[list[tuple[str, str]], str]]:
    """Return the sources of filter values, each with its places `(command, key)`."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in _filtering(root):
        for key, source in values.FILTERS[values.canonical(name)].items():
            if source:
                found.setdefault(source, []).append((name, key))
    return [(places, source) for source, places in found.items()]


def _filtering(root: Command) -> list[str]:
    return [c.name for c in root.walk() if values.canonical(c.name) in values.FILTERS]


def array_case(name: str, comment: str, rows: Iterable[tuple[str, list[str]]]) -> str:
    """Return a function that fills the array `table` for the command `$1`; commands with equal rows stand together."""
    same: dict[tuple[str, ...], list[str]] = {}
    for command, words in rows:
        same.setdefault(tuple(words), []).append(command)
    lines = [f"# {comment}", f"{name}() {{", "    table=()", '    case "$1" in']
    for row, found in same.items():
        lines.append(f"        {'|'.join(map(quoted, found))}) table=(")
        lines += [f"            {quoted(word)}" for word in row]
        lines.append("        ) ;;")
    return "\n".join([*lines, "    esac", "}", ""])


def facts_case(name: str, root: Command) -> str:
    """Return a function that says of the option `$2` of the command `$1` what it is."""
    lines = [
        "# What an option of a command is: its long form, what can be its value, and whether it may be repeated.",
        f"{name}() {{",
        "    long= takes= source= again=",
        '    case "$1 $2" in',
    ]
    for places, fact in facts(root):
        patterns = "|".join(f"*{quoted(' ' + f)}" if c == "*" else quoted(f"{c} {f}") for c, f in places)
        takes = "nothing" if fact.switch else "maybe" if fact.optional else "value"
        parts = [f"takes={takes}"]
        if fact.values:
            parts.append(f"source={quoted(fact.values)}")
        if fact.repeatable:
            parts.append("again=1")
        parts.insert(0, f"long={fact.long}")
        lines.append(f"        {patterns}) {' '.join(parts)} ;;")
    return "\n".join([*lines, "    esac", "}", ""])


def source_case(name: str, comment: str, subject: str, rows: Mapping[str, str]) -> str:
    """Return a function that sets `source` by a `case` over patterns."""
    lines = [f"# {comment}", f"{name}() {{", "    source=", f'    case "{subject}" in']
    lines += [f"        {pattern}) source={quoted(source)} ;;" for pattern, source in rows.items()]
    return "\n".join([*lines, "    esac", "}", ""])


def all_tables(root: Command, prefix: str) -> str:
    """Return every table as functions whose names begin with `prefix`."""
    keys = [(name, [f"{key}=" for key in words]) for names, words in filter_keys(root) for name in names]
    patterns = {"|".join(quoted(f"{c} {k}") for c, k in places): source for places, source in filter_values(root)}
    sources = {quoted(name): source for name, source in arguments(root)} or {"' '": ""}
    return "\n".join(
        [
            array_case(f"{prefix}commands", "The commands of a group.", commands(root)),
            array_case(f"{prefix}options", "The options of a command, in all their forms.", options(root)),
            facts_case(f"{prefix}option", root),
            array_case(f"{prefix}filter_keys", "The filter keys of a command.", keys),
            source_case(f"{prefix}filter", "What the values of a filter key can be.", "$1 $2", patterns),
            source_case(f"{prefix}argument", "What the words after a command can be.", "$1", sources),
        ]
    )
