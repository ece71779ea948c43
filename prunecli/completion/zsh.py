"""The script for zsh: fixed words from the script itself, names from `prunecli __complete-names`."""

from __future__ import annotations

from prunecli.completion import values
from prunecli.completion.tables import HEADER, all_tables
from prunecli.completion.tree import Command

_WALK = r"""
# Takes note of one word left of the cursor.
__prunecli_pass() {
    local word=$1 letters long takes source again
    if [[ -n $waiting ]]; then
        [[ $waiting == --store ]] && store=$word
        waiting=
    elif [[ -n $lost ]]; then
        :
    elif [[ -z $plain && $word == -- ]]; then
        plain=1
    elif [[ -z $plain && $word == --* ]]; then
        __prunecli_option "$place" "${word%%=*}"
        if [[ $word == *=* ]]; then
            __prunecli_note "${word#*=}"
        else
            __prunecli_note
        fi
    elif [[ -z $plain && $word == -?* ]]; then
        letters=${${word#-}%%=*}
        while [[ -n $letters ]]; do
            __prunecli_option "$place" "-${letters[1]}"
            letters=${letters[2,-1]}
            if [[ $word == *=* ]]; then
                __prunecli_note "${word#*=}"
            else
                __prunecli_note
            fi
        done
    else
        __prunecli_descend "$word"
    fi
}

# Takes note of an option; $1 is its value, if one was joined to it.
__prunecli_note() {
    [[ -z $long ]] && return
    given+="$long "
    case $long in --host|--context|--engine) live=1 ;; esac
    if (( $# )); then
        [[ $long == --store ]] && store=$1
    elif [[ $takes == value ]]; then
        waiting=$long
        wanted=$source
    fi
}

# Goes to the command that a word names; where there are none, the word is an argument.
__prunecli_descend() {
    local -a table
    __prunecli_commands "$place"
    (( $#table )) || return 0
    if (( ${table[(I)${(b)1}:*]} )); then
        place="${place:+$place }$1" given=' '
    else
        lost=1
    fi
}
"""

_ANSWER = r"""
# Adds words; after those that end with `=`, `:` or `/` typing goes on.
__prunecli_add() {
    local -a open=( ${(M)@:#*[=:/]} ) whole=( ${@:#*[=:/]} )
    (( $#whole )) && compadd -- $whole
    (( $#open )) && compadd -S '' -- $open
}

# Adds rows `word:sentence`.
__prunecli_describe() {
    local what=$1
    shift
    local -a open=( ${(M)@:#[^:]#=:*} ) whole=( ${@:#[^:]#=:*} )
    (( $#whole )) && _describe -o -V -t "$what" "$what" whole
    (( $#open )) && _describe -o -V -t "$what" "$what" open -S ''
}

# Adds the values of a source ($1).
__prunecli_values() {
    local kind=${1%% *} rest=${1#* } source number
    local -a table
    case $kind in
        words)
            __prunecli_add ${=rest} ;;
        filter)
            if [[ $PREFIX == *=* ]]; then
                __prunecli_filter "$place" "${(Q)${PREFIX%%=*}}"
                compset -P 1 '*='
                [[ -n $source ]] && __prunecli_values "$source"
            else
                __prunecli_filter_keys "$place"
                __prunecli_add $table
            fi ;;
        size|duration|age)
            number=${(M)PREFIX##[0-9.]#}
            [[ $number == [0-9]* ]] || return 1
            case $kind in
                size) rest='@SIZE@' ;;
                duration) rest='@DURATION@' ;;
                age) rest='@AGE@' ;;
            esac
            compadd -- $number${^=rest} ;;
        names)
            [[ -n $live && $rest != context ]] && return 1
            table=( "${(@f)$($program __complete-names "$rest" "${(Q)PREFIX}" "$store" 2>/dev/null </dev/null)}" )
            table=( $table )
            (( $#table )) && compadd -- $table ;;
        file)
            _files ;;
        dir)
            _files -/ ;;
    esac
}

# Decides what stands at the cursor.
__prunecli_answer() {
    local long takes source again row word
    local -a table offered
    [[ -n $lost ]] && return 1
    if [[ -n $waiting ]]; then
        __prunecli_values "$wanted"
    elif [[ -z $plain && $PREFIX == --*=* ]]; then
        __prunecli_option "$place" "${PREFIX%%=*}"
        compset -P 1 '*='
        __prunecli_values "$source"
    elif [[ -z $plain && $PREFIX == -* ]]; then
        __prunecli_options "$place"
        for row in $table; do
            word=${row%%:*}
            __prunecli_option "$place" "${word%=}"
            [[ -n $again || $given != *" $long "* ]] && offered+=( "$row" )
        done
        __prunecli_describe options $offered
    else
        __prunecli_commands "$place"
        if (( $#table )); then
            __prunecli_describe commands $table
        else
            __prunecli_argument "$place"
            __prunecli_values "$source"
        fi
    fi
}
"""

_MAIN = r"""
_prunecli() {
    local place= given=' ' waiting= wanted= plain= lost= live= store= word program=${(Q)words[1]}
    program=${program/#\~\//$HOME/}
    (( $+commands[$program] )) || [[ -x $program ]] || program=prunecli
    for word in "${(@)words[2,CURRENT-1]}"; do
        __prunecli_pass "${(Q)word}"
    done
    __prunecli_answer
}

if [[ $funcstack[1] == _prunecli ]]; then
    _prunecli "$@"
else
    compdef _prunecli prunecli
fi
"""


def script(root: Command) -> str:
    """Return the completion script: a function to be found in `$fpath`, or sourced after `compinit`."""
    answer = _ANSWER
    for mark, units in (
        ("@SIZE@", values.SIZE_UNITS),
        ("@DURATION@", values.DURATION_UNITS),
        ("@AGE@", values.AGE_UNITS),
    ):
        answer = answer.replace(mark, " ".join(units))
    head = f"#compdef prunecli\n# prunecli completion for zsh\n{HEADER.format(name='zsh')}\n"
    return "\n".join([head, all_tables(root, "__prunecli_") + _WALK + answer + _MAIN])
