#!/bin/sh
# Shows ask at work on the sample collection: the home directory of a programmer who does not exist.
set -eu
cd "$(dirname "$0")/.."
export ASK_HOME="${ASK_HOME:-$PWD/.demo}"

show() {
    printf '\n$ %s\n' "$*"
    "$@" || [ $? -eq 1 ]
}

show ask index data/sample
show ask "that HTML-structure script I wrote years ago" -n 3
show ask search "the link Petr posted on IRC" -n 2
show ask "kolik stála oprava auta" -n 2
printf '\nThe sample index is in %s. To ask it more: ASK_HOME=%s %s/.venv/bin/ask\n' "$ASK_HOME" "$ASK_HOME" "$PWD"
printf 'To index your own files: .venv/bin/ask index ~/notes ~/src\n'
