#!/bin/sh
# Shows ask at work on the sample collection: the home directory of a programmer who does not exist.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
export ASK_HOME="${ASK_HOME:-$root/.demo/index}"
home="$root/.demo/vendelin"

show() {
    printf '\n$ %s\n' "$*"
    "$@" || [ $? -eq 1 ]
}

mkdir -p "$home"
python "$root/scripts/sample.py" "$home"
cd "$home"
show ask index .
show ask "that HTML-structure script I wrote years ago" -n 3
show ask search "the link Petr posted on IRC" -n 2
show ask "kolik stála oprava auta" -n 2
printf '\nThe sample files are in %s. To ask more about them:\n    ASK_HOME=%s %s/.venv/bin/ask\n' "$home" "$ASK_HOME" "$root"
printf 'To index your own files: .venv/bin/ask index ~/notes ~/src\n'
