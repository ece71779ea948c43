"""The script for fish: fixed words from the script itself, names from `prunecli __complete-names`."""

from __future__ import annotations

from collections.abc import Iterable

from prunecli.completion import tables, values
from prunecli.completion.tables import HEADER
from prunecli.completion.tree import Command

_WALK = r"""
# Takes note of one word left of the cursor. Variables with two underscores belong to the running completion.
function __prunecli_pass -a word
    if test -n "$__prunecli_waiting"
        test "$__prunecli_waiting" = --store; and set __prunecli_store $word
        set __prunecli_waiting
    else if test -n "$__prunecli_lost"
        return
    else if test -z "$__prunecli_plain"; and test "$word" = --
        set __prunecli_plain 1
    else if test -z "$__prunecli_plain"; and string match -q -- '-?*' $word
        set -l parts (string split -m 1 = -- $word)
        set -l forms $parts[1]
        string match -q -- '--*' $word; or set forms -(string split '' -- (string sub -s 2 -- $parts[1]))
        for form in $forms
            __prunecli_note $form $parts[2..]
        end
    else
        __prunecli_descend $word
    end
end

# Takes note of an option ($argv[1]); $argv[2] is its value, if one was joined to it.
function __prunecli_note
    set -l option (__prunecli_option "$__prunecli_place" $argv[1])
    test -n "$option"; or return
    set -a __prunecli_given $option[1]
    contains -- $option[1] --host --context --engine; and set __prunecli_live 1
    if set -q argv[2]
        test $option[1] = --store; and set __prunecli_store $argv[2]
    else if test $option[2] = value
        set __prunecli_waiting $option[1]
        set __prunecli_wanted "$option[4]"
    end
end

# Goes to the command that a word names; where there are none, the word is an argument.
function __prunecli_descend -a word
    set -l table (__prunecli_commands "$__prunecli_place")
    test (count $table) -gt 0; or return
    if string match -q -- "$word"\t'*' $table
        set __prunecli_place (string trim -- "$__prunecli_place $word")
        set __prunecli_given
    else
        set __prunecli_lost 1
    end
end
"""

_ANSWER = r"""
# Prints the values of a source for what was typed, behind a prefix.
function __prunecli_values -a source word prefix
    set -l kind (string split -m 1 ' ' -- $source)
    set -l found
    switch "$kind[1]"
        case words
            set found (string split ' ' -- $kind[2])
        case filter
            set -l parts (string split -m 1 = -- $word)
            if set -q parts[2]
                set -l inner (__prunecli_filter "$__prunecli_place" $parts[1])
                test -n "$inner"; and __prunecli_values $inner "$parts[2]" "$prefix$parts[1]="
                return
            end
            set found (__prunecli_filter_keys "$__prunecli_place")
        case size
            set found (string match -r -- '^[0-9][0-9.]*' $word)@SIZE@
        case duration
            set found (string match -r -- '^[0-9][0-9.]*' $word)@DURATION@
        case age
            set found (string match -r -- '^[0-9][0-9.]*' $word)@AGE@
        case names
            test -z "$__prunecli_live" -o "$kind[2]" = context
            and set found ($__prunecli_program __complete-names $kind[2] "$word" "$__prunecli_store" 2>/dev/null \
                </dev/null)
            # fish leaves a tilde at the beginning of a word as it is, and would make a folder of it.
            test -n "$prefix"; or set found (string match -v -- '~*' $found)
        case file
            set found (__fish_complete_path $word)
        case dir
            set found (__fish_complete_directories $word '')
    end
    for one in $found
        echo $prefix$one
    end
end

# Decides what stands at the cursor.
function __prunecli_answer -a word
    test -n "$__prunecli_lost"; and return
    if test -n "$__prunecli_waiting"
        __prunecli_values "$__prunecli_wanted" "$word" ''
    else if test -z "$__prunecli_plain"; and string match -q -- '--*=*' $word
        set -l parts (string split -m 1 = -- $word)
        set -l option (__prunecli_option "$__prunecli_place" $parts[1])
        test -n "$option[4]"; and __prunecli_values $option[4] "$parts[2]" "$parts[1]="
    else if test -z "$__prunecli_plain"; and string match -q -- '-*' $word
        for row in (__prunecli_options "$__prunecli_place")
            set -l form (string split -m 1 \t -- $row)[1]
            set -l option (__prunecli_option "$__prunecli_place" (string trim -r -c = -- $form))
            if test -n "$option[3]"; or not contains -- $option[1] $__prunecli_given
                echo $row
            end
        end
    else
        set -l table (__prunecli_commands "$__prunecli_place")
        if test (count $table) -gt 0
            printf '%s\n' $table
        else
            set -l source (__prunecli_argument "$__prunecli_place")
            test -n "$source"; and __prunecli_values $source "$word" ''
        end
    end
end
"""

_MAIN = r"""
function __prunecli_complete
    set -l before (commandline -opc)
    set -g __prunecli_place ''
    set -g __prunecli_given
    set -g __prunecli_waiting
    set -g __prunecli_wanted
    set -g __prunecli_plain
    set -g __prunecli_lost
    set -g __prunecli_live
    set -g __prunecli_store
    set -g __prunecli_program $before[1]
    type -q -- "$__prunecli_program"; or set __prunecli_program prunecli
    for word in $before[2..]
        __prunecli_pass $word
    end
    __prunecli_answer (string unescape -- (commandline -ct); or commandline -ct)
end

complete -c prunecli -e
complete -c prunecli -f -a '(__prunecli_complete)'
"""


def script(root: Command) -> str:
    """Return the completion script."""
    answer = _ANSWER
    for mark, units in (
        ("@SIZE@", values.SIZE_UNITS),
        ("@DURATION@", values.DURATION_UNITS),
        ("@AGE@", values.AGE_UNITS),
    ):
        answer = answer.replace(mark, "{" + ",".join(units) + "}")
    head = f"# prunecli completion for fish\n{HEADER.format(name='fish')}\n"
    return "\n".join([head, _tables(root) + _WALK + answer + _MAIN])


def quoted(text: str) -> str:
    """Return a word as fish reads it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _tables(root: Command) -> str:
    keys = [(name, [f"{key}=" for key in words]) for names, words in tables.filter_keys(root) for name in names]
    return "\n".join(
        [
            _rows("commands", "Prints the commands of a group.", tables.commands(root)),
            _rows("options", "Prints the options of a command, in all their forms.", tables.options(root)),
            _facts(root),
            _rows("filter_keys", "Prints the filter keys of a command.", keys),
            _filter(root),
            _sources(tables.arguments(root)),
        ]
    )


def _rows(name: str, comment: str, rows: Iterable[tuple[str, list[str]]]) -> str:
    same: dict[tuple[str, ...], list[str]] = {}
    for command, words in rows:
        same.setdefault(tuple(words), []).append(command)
    lines = [f"# {comment}", f"function __prunecli_{name} -a place", "    switch $place"]
    for row, found in same.items():
        lines.append(f"        case {' '.join(map(quoted, found))}")
        lines.append("            printf '%s\\n' \\")
        shown = [quoted(word.replace(":", "\t", 1)).replace("\t", "'\\t'") for word in row]
        lines += [f"                {word}{'' if last else ' ' + chr(92)}" for word, last in _mark_last(shown)]
    return "\n".join([*lines, "    end", "end", ""])


def _mark_last(words: list[str]) -> list[tuple[str, bool]]:
    return [(word, number == len(words)) for number, word in enumerate(words, 1)]


def _facts(root: Command) -> str:
    lines = [
        "# Prints four lines on an option: its long form, if it takes a value, if it may be repeated, what values.",
        "function __prunecli_option -a place form",
        '    switch "$place $form"',
    ]
    for places, fact in tables.facts(root):
        patterns = " ".join(quoted(f"* {form}" if command == "*" else f"{command} {form}") for command, form in places)
        takes = "nothing" if fact.switch else "maybe" if fact.optional else "value"
        lines.append(f"        case {patterns}")
        again = "again" if fact.repeatable else "''"
        lines.append(f"            printf '%s\\n' {fact.long} {takes} {again} {quoted(fact.values)}")
    return "\n".join([*lines, "    end", "end", ""])


def _filter(root: Command) -> str:
    lines = [
        "# Prints what the values of a filter key can be.",
        "function __prunecli_filter -a place key",
        '    switch "$place $key"',
    ]
    for places, source in tables.filter_values(root):
        lines.append(f"        case {' '.join(quoted(f'{command} {key}') for command, key in places)}")
        lines.append(f"            echo {quoted(source)}")
    return "\n".join([*lines, "    end", "end", ""])


def _sources(rows: Iterable[tuple[str, str]]) -> str:
    lines = [
        "# Prints what the words after a command can be.",
        "function __prunecli_argument -a place",
        "    switch $place",
    ]
    for command, source in rows:
        lines += [f"        case {quoted(command)}", f"            echo {quoted(source)}"]
    return "\n".join([*lines, "    end", "end", ""])
