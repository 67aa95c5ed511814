#!/bin/sh
# Run by make, in the checkout.
#
#   environment.sh venv [PYTHON]   a .venv that works: kept, or made with PYTHON, else with the first Python that will do
#   environment.sh pip WORDS       pip in it; killed half-way, the next `venv` makes it anew
set -eu
needed="3.11"
unfinished=.venv/.unfinished

fail() {
    echo "$1" >&2
    exit 1
}

# "3.11.9 /usr": version and home of a Python; nothing where it does not start.
told() {
    "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3], getattr(sys, "base_prefix", sys.prefix))' 2> /dev/null
}

# What is to be said of a Python that will not do.
said() {
    version=$(told "$1" | cut -d ' ' -f 1)
    if [ -n "$version" ]; then echo "$1 is $version"; else echo "$1 does not start"; fi
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null
}

# The Python to make .venv with.
chosen() {
    if [ -n "${1:-}" ]; then
        command -v "$1" > /dev/null || fail "$1: no such Python; say \`make install PYTHON=...\` with $needed or newer"
        new_enough "$1" || fail "Python $needed or newer is needed, $(said "$1"); say \`make install PYTHON=...\`"
        echo "$1"
        return
    fi
    for name in python3 python3.11 python3.12 python3.13 python3.14 python; do
        if command -v "$name" > /dev/null && new_enough "$name"; then
            echo "$name"
            return
        fi
    done
    if command -v python3 > /dev/null; then found=$(said python3); else found="there is none on the PATH"; fi
    fail "Python $needed or newer is needed, $found; say \`make install PYTHON=...\`"
}

# Why the .venv that is there cannot be used; nothing where it can.
fault() {
    python=.venv/bin/python
    if [ -e "$unfinished" ]; then echo "its installation was cut off"
    elif ! told "$python" > /dev/null; then echo "its Python does not start"
    elif ! new_enough "$python"; then echo "it is of Python $(told "$python" | cut -d ' ' -f 1)"
    elif [ -n "${1:-}" ] && [ "$(told "$1")" != "$(told "$python")" ]; then echo "it is of another Python than $1"
    elif ! head -n 2 .venv/bin/pip 2> /dev/null | grep -qF "$(pwd -P)/.venv/bin/"; then echo "it was made in another folder"
    fi
}

venv() {
    python=$(chosen "${1:-}") || exit 1
    if [ -e .venv ] || [ -L .venv ]; then
        why=$(fault "${1:-}")
        [ -n "$why" ] || return 0
        echo ".venv is made anew: $why"
        rm -rf .venv
    fi
    mkdir .venv && touch "$unfinished"
    "$python" -m venv .venv
    rm "$unfinished"
}

# An error of pip's own leaves what was there before it; a signal leaves anything.
pip() {
    touch "$unfinished"
    status=0
    .venv/bin/pip "$@" || status=$?
    [ "$status" -ge 128 ] || rm "$unfinished"
    return "$status"
}

"$@"
