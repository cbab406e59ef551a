#!/usr/bin/env bash
# Lane bursts: a thousand machines out and in again, while one call in twenty fails.
# Ends within its own bound.
#
# usage: test/proof/bursts.sh [--all]
#   (nothing)  1,000 machines, in about half a minute
#   --all      the same
set -euo pipefail
cd "$(dirname "$0")/../.."

bound=300
while [ $# -gt 0 ]; do
    case $1 in
    --all) ;;
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
    -run '^TestProofBursts$' ./test/proof -proof.burst 1000 | grep -vE '^=== '
