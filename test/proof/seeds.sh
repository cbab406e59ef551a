#!/usr/bin/env bash
# Lane seeds: random worlds, drawn from seeds, until each is at rest. Prints how often
# each step was struck by each fault, and of what fails a shrunk schedule. Ends within
# its own bound.
#
# usage: test/proof/seeds.sh [--all] [--seed N] [--count N] [--trace] [--save]
#   (nothing)   10,000 seeds from 1 on, in about two minutes
#   --all       1,000,000 seeds
#   --seed N    the first seed
#   --count N   so many seeds
#   --trace     prints everything that happens in them
#   --save      keeps what is found in test/seeds, to be told again by every test run
set -euo pipefail
cd "$(dirname "$0")/../.."

count=10000 bound=600 args=()
while [ $# -gt 0 ]; do
    case $1 in
    --all) count=1000000 bound=43200 ;;
    --seed) args+=(-proof.seed "${2:?}") && shift ;;
    --count) count=${2:?} && shift ;;
    --trace) args+=(-proof.trace) ;;
    --save) args+=(-proof.save) ;;
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
    -run '^TestProofSeeds$' ./test/proof -proof.seeds "$count" "${args[@]}" | grep -vE '^(=== |    ---|        ---)'
