#!/usr/bin/env bash
# Lane pairs: kills the process at a boundary of each workflow, and its successor at a
# boundary after that. Ends within its own bound.
#
# usage: test/proof/pairs.sh [--all]
#   (nothing)  one pair in sixteen, in about half a minute
#   --all      every pair, in some ten minutes
set -euo pipefail
cd "$(dirname "$0")/../.."

one_in=16 bound=180
while [ $# -gt 0 ]; do
    case $1 in
    --all) one_in=1 bound=3600 ;;
    *) sed -n '/^# usage/,/^set/p' "$0" | sed '$d; s/^# //' >&2 && exit 2 ;;
    esac
    shift
done

PROOF_TELLING=$(mktemp -d)
export PROOF_TELLING
after() { # a panic leaves the stories that were being told
    if compgen -G "$PROOF_TELLING/*" >/dev/null; then
        echo "cut short while it told (keep the guilty one in test/seeds as a file of its own):" && cat "$PROOF_TELLING"/*
    fi
    rm -rf "$PROOF_TELLING"
}
trap after EXIT

GOGC=1600 timeout --kill-after=10 "$bound" go test -count=1 -timeout "${bound}s" -v \
    -run '^TestProofPairs$' ./test/proof -proof.pairs "$one_in" | grep -vE '^(=== |    ---|        ---|            ---)'
