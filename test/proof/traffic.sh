#!/usr/bin/env bash
# Lane traffic: scales a pool out and in at random under load, kills the program
# between and meanwhile, and fails if that costs a request. Ends with a table of what
# became of the requests, and within its own bound.
#
# usage: test/proof/traffic.sh [--all] [--seed N]
#   (nothing)  100 scalings, in about a minute
#   --all      1,000 scalings, in five to ten
#   --seed N   repeats the chance of an earlier run
set -euo pipefail
self=$(realpath "$0")
cd "$(dirname "$self")/../.."

scalings=100 scenes=3 bound=300 seed=0
while [ $# -gt 0 ]; do
    case $1 in
    --all) scalings=1000 scenes=4 bound=1800 ;;
    --seed) seed=$2 && shift ;;
    *) sed -n '/^# usage/,/^set/p' "$self" | sed '$d; s/^# //' >&2 && exit 2 ;;
    esac
    shift
done

timeout --kill-after=10 "$bound" go test -count=1 -timeout 0 -v ./test/proof/traffic \
    -traffic.scalings="$scalings" -traffic.scenes="$scenes" -traffic.seed="$seed" | grep -v '^==='
