#!/usr/bin/env bash
# Lane soak: a fleet lives through a month of virtual time with a load that follows
# the day, faults and crashes, and nothing may grow: heap, goroutines, metrics, store
# and what decisions remember. Signals are read from real agents and pages for long,
# and nothing may grow either. Every package with tests must end them with goleak.
#
# usage: test/proof/soak.sh [--all] [--seed N]
#   (nothing)  30 days, in about a minute
#   --all      180 days, in about five
#   --seed N   repeats the chance of an earlier run
set -euo pipefail
self=$(realpath "$0")
cd "$(dirname "$self")/../.."

days=30 readings=3000 bound=300 seed=0
while [ $# -gt 0 ]; do
    case $1 in
    --all) days=180 readings=30000 bound=1800 ;;
    --seed) seed=$2 && shift ;;
    *) sed -n '/^# usage/,/^set/p' "$self" | sed '$d; s/^# //' >&2 && exit 2 ;;
    esac
    shift
done

timeout --kill-after=10 "$bound" go test -count=1 -timeout 0 -v ./test/proof/soak \
    -soak.days="$days" -soak.readings="$readings" -soak.seed="$seed" | grep -v '^==='
