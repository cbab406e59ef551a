#!/usr/bin/env bash
# Lane binary: the real daemon against the real simulator, process against process. It
# is killed at random moments and in the middle of calls, frozen, cut off, run out of
# disk, and started on damaged state files; a lost state is made anew from the labels.
# Ends within its own bound, and prints what it has seen.
#
# usage: test/proof/binary.sh [--all] [--seed N]
#   (nothing)  100 kills, in about a minute
#   --all      2,000 kills, in about ten
#   --seed N   repeats the chance of an earlier run
set -euo pipefail
self=$(realpath "$0")
cd "$(dirname "$self")/../.."

kills=100 bound=300 seed=0
while [ $# -gt 0 ]; do
    case $1 in
    --all) kills=2000 bound=2400 ;;
    --seed) seed=${2:?} && shift ;;
    *) sed -n '/^# usage/,/^set/p' "$self" | sed '$d; s/^# //' >&2 && exit 2 ;;
    esac
    shift
done

timeout --kill-after=10 "$bound" go test -count=1 -timeout "${bound}s" -v ./test/proof/binary -proof.kills "$kills" -proof.seed "$seed" |
    grep -vE '^=== |: kill [0-9]+, with load|^ +--- PASS'
