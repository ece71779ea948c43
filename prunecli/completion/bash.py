"""The script for bash: fixed words from the script itself, names from `prunecli __complete-names`."""

from __future__ import annotations

from prunecli.completion import values
from prunecli.completion.tables import HEADER, all_tables
from prunecli.completion.tree import Command

_WALK = r"""
# Takes note of one word left of the cursor.
__prunecli_pass() {
    local word=$1 name letters long takes source again
    if [[ -n $waiting ]]; then
        [[ $waiting == --store ]] && store=$word
        waiting=
    elif [[ -n $lost ]]; then
        :
    elif [[ -z $plain && $word == -- ]]; then
        plain=1
    elif [[ -z $plain && $word == --* ]]; then
        __prunecli_option "$path" "${word%%=*}"
        if [[ $word == *=* ]]; then
            __prunecli_note "${word#*=}"
        else
            __prunecli_note
        fi
    elif [[ -z $plain && $word == -?* ]]; then
        letters=${word#-}
        letters=${letters%%=*}
        while [[ -n $letters ]]; do
            __prunecli_option "$path" "-${letters:0:1}"
            letters=${letters:1}
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
    if [[ $# -gt 0 ]]; then
        [[ $long == --store ]] && store=$1
    elif [[ $takes == value ]]; then
        waiting=$long
        wanted=$source
    fi
}

# Goes to the command that a word names, or counts the word as an argument.
__prunecli_descend() {
    local table row
    __prunecli_commands "$path"
    if [[ ${#table[@]} -eq 0 ]]; then
        arguments=$((arguments + 1))
        return
    fi
    for row in "${table[@]}"; do
        if [[ ${row%%:*} == "$1" ]]; then
            path="${path:+$path }$1" given=' '
            return
        fi
    done
    lost=1
}
"""

_ANSWER = r"""
# Offers a word if it continues what was typed.
__prunecli_offer() {
    [[ $1 == "$2"* ]] && found+=("$3$1")
}

# Offers the values of a source ($1) for what was typed ($2), behind a prefix ($3).
__prunecli_values() {
    local kind=${1%% *} rest=${1#* } word table source number
    case $kind in
        words)
            for word in $rest; do __prunecli_offer "$word" "$2" "$3"; done ;;
        filter)
            if [[ $2 == *=* ]]; then
                __prunecli_filter "$path" "${2%%=*}"
                [[ -n $source ]] && __prunecli_values "$source" "${2#*=}" "$3${2%%=*}="
            else
                __prunecli_filter_keys "$path"
                for word in "${table[@]}"; do __prunecli_offer "$word" "$2" "$3"; done
            fi ;;
        size|duration|age)
            number=${2%%[!0-9.]*}
            [[ $number == [0-9]* ]] || return
            case $kind in
                size) rest='@SIZE@' ;;
                duration) rest='@DURATION@' ;;
                age) rest='@AGE@' ;;
            esac
            for word in $rest; do __prunecli_offer "$number$word" "$2" "$3"; done ;;
        names)
            [[ -n $live && $rest != context ]] && return
            while IFS= read -r word; do __prunecli_offer "$word" "$2" "$3"; done \
                < <("$program" __complete-names "$rest" "$2" "$store" 2>/dev/null </dev/null) ;;
        file|dir)
            __prunecli_paths "$kind" "$2" "$3" ;;
    esac
}

# Offers names of files or directories; where bash itself cuts the word at its `=`, it knows best how.
__prunecli_paths() {
    local word
    if [[ -z $3 || $trim == "$3"* ]]; then
        if [[ $1 == dir ]]; then
            compopt -o dirnames 2>/dev/null
        else
            compopt -o default 2>/dev/null
        fi
        return
    fi
    while IFS= read -r word; do found+=("$3$word"); done < <(compgen -"${1:0:1}" -- "$2")
    compopt -o nospace 2>/dev/null
}

# Decides what stands at the cursor.
__prunecli_answer() {
    local long takes source again table row word
    [[ -n $lost ]] && return
    if [[ -n $waiting ]]; then
        __prunecli_values "$wanted" "$cur" ''
    elif [[ -z $plain && $cur == --*=* ]]; then
        __prunecli_option "$path" "${cur%%=*}"
        __prunecli_values "$source" "${cur#*=}" "${cur%%=*}="
    elif [[ -z $plain && $cur == -* ]]; then
        __prunecli_options "$path"
        for row in "${table[@]}"; do
            word=${row%%:*}
            __prunecli_option "$path" "${word%=}"
            [[ -n $again || $given != *" $long "* ]] && __prunecli_offer "$word" "$cur" ''
        done
    else
        __prunecli_commands "$path"
        for row in "${table[@]}"; do __prunecli_offer "${row%%:*}" "$cur" ''; done
        if [[ ${#table[@]} -eq 0 ]]; then
            __prunecli_argument "$path"
            __prunecli_values "$source" "$cur" ''
        fi
    fi
}
"""

_MAIN = r"""
# Puts together what COMP_WORDBREAKS took apart: `--filter=type=` is one word, wherever bash cuts it.
__prunecli_words() {
    local i rest=$COMP_LINE gap start=0
    line_words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        gap=${rest%%[![:space:]]*}
        rest=${rest#"$gap"}
        start=$((start + ${#gap}))
        if ((i == COMP_CWORD)); then
            raw=${COMP_LINE:start:COMP_POINT - start}
            ((COMP_POINT < start)) && raw=
        else
            raw=${COMP_WORDS[i]}
        fi
        if [[ $i -gt 0 && -z $gap ]]; then
            line_words[${#line_words[@]} - 1]+=$raw
        else
            line_words+=("$raw")
        fi
        rest=${rest#"${COMP_WORDS[i]}"}
        start=$((start + ${#COMP_WORDS[i]}))
    done
}

# Takes the quotes off a word.
__prunecli_plain() {
    cur=${1//[\"\']/}
    cur=${cur//\\/}
}

# Finds out which quote is open at the end of a word ($1), and how much of the word stands before it, itself included.
__prunecli_quotes() {
    local i char
    quote= quote_at=0
    for ((i = 0; i < ${#1}; i++)); do
        char=${1:i:1}
        if [[ $char == \\ && $quote != \' ]]; then
            i=$((i + 1))
        elif [[ -z $quote && $char == [\"\'] ]]; then
            quote=$char quote_at=$((i + 1))
        elif [[ $char == "$quote" ]]; then
            quote=
        fi
    done
}

# Writes a candidate ($1) into `word` so that the shell reads it as it is; fails for what an open quote does not hold.
__prunecli_quoted() {
    local i char before== special='[]["'\''\\`$ *?{}()<>;|&#^]'
    [[ $1 == *[[:cntrl:]]* ]] && return 1
    case $quote in
        \') [[ $1 == *\'* ]] && return 1; special= ;;
        \") [[ $1 == *\"* || ${1//!=/} == *!* ]] && return 1; special='[\\`$]' ;;
    esac
    word=
    for ((i = 0; i < ${#1}; i++)); do
        char=${1:i:1}
        if [[ -n $special && $char == $special ]]; then
            word+=\\
        elif [[ -z $quote && $char == '!' && ${1:i+1:1} != = ]]; then
            word+=\\
        elif [[ -z $quote && $char == '~' && $before == [=:] ]]; then
            word+=\\
        fi
        word+=$char before=$char
    done
}

_prunecli() {
    local IFS=$' \t\n'
    local line_words=() raw cur path= given=' ' arguments=0 waiting= wanted= plain= lost= live= store= trim= i word
    local found=() quote quote_at name program=${1/#\~\//$HOME/}
    COMPREPLY=()
    command -v -- "$program" >/dev/null || program=prunecli
    __prunecli_words
    for ((i = 1; i < ${#line_words[@]} - 1; i++)); do
        __prunecli_plain "${line_words[i]}"
        __prunecli_pass "$cur"
    done
    raw=${line_words[${#line_words[@]} - 1]}
    # bash replaces only what follows an open quote, or the last of its word breaks.
    __prunecli_quotes "$raw"
    if [[ -n $quote ]]; then
        trim=${raw:0:quote_at}
    else
        local breaks=${COMP_WORDBREAKS//[!\"\'@=:]/}
        [[ -n $breaks ]] && trim=${raw%"${raw##*[$breaks]}"}
    fi
    __prunecli_plain "$trim"
    trim=$cur
    __prunecli_plain "$raw"
    __prunecli_answer
    for name in "${found[@]}"; do
        __prunecli_quoted "${name#"$trim"}" && COMPREPLY+=("$word")
    done
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}

complete -F _prunecli prunecli
"""


def script(root: Command) -> str:
    """Return the completion script."""
    answer = _ANSWER
    for mark, units in (
        ("@SIZE@", values.SIZE_UNITS),
        ("@DURATION@", values.DURATION_UNITS),
        ("@AGE@", values.AGE_UNITS),
    ):
        answer = answer.replace(mark, " ".join(units))
    head = f"# prunecli completion for bash\n{HEADER.format(name='bash')}\n"
    return "\n".join([head, all_tables(root, "__prunecli_") + _WALK + answer + _MAIN])
