#!/usr/bin/env bash
# Lane mutants: changes the code of internal/actions, internal/fleet and internal/policy
# in many small ways, one at a time, and fails if the tests of the package, of fleet and
# of the proof notice less than 85 % of them in any of the three. Prints the survivors.
# Works on a copy of what it changes, and ends within its own bound.
#
# usage: test/proof/mutants.sh [--all] [--seed N] [--only TEXT] [--verbose]
#   (nothing)    a sample, in a minute and a half
#   --all        every mutant, in more than an hour
#   --seed N     another sample
#   --only TEXT  of the mutants whose names have this text
#   --verbose    tell of each what killed it
set -euo pipefail
cd "$(dirname "$0")/../.."

bound=175 args=(-for 110s -sample 21)
while [ $# -gt 0 ]; do
    case $1 in
    --all) bound=10800 args+=(-all -for 0) ;;
    --seed) args+=(-seed "${2:?}") && shift ;;
    --only) args+=(-only "${2:?}") && shift ;;
    --verbose) args+=(-v) ;;
    *) sed -n '/^# usage/,/^set/p' "$0" | sed '$d; s/^# //' >&2 && exit 2 ;;
    esac
    shift
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tests" "$work/tmp"
go build -o "$work/mutants" ./test/proof/mutants
ulimit -v 8000000 # KB; a mutant may never stop to ask for more
TMPDIR=$work/tmp timeout --kill-after=10 "$bound" "$work/mutants" -work "$work/tests" "${args[@]}"
