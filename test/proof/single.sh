#!/usr/bin/env bash
# Lane single: strikes every workflow with every fault at every boundary, one at a
# time; lets orders take effect later than anybody looks for them; kills between any two
# decisions; and tells again what was once found. Ends within its own bound.
#
# usage: test/proof/single.sh [--all]
#   (nothing)  all of it, in less than a minute
#   --all      the same
set -euo pipefail
cd "$(dirname "$0")/../.."

bound=180
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
    -run '^TestProof(Single|Late|Timers|Found)$|^TestAStory' ./test/proof -proof.every 1 | grep -vE '^(=== |    ---|        ---)'
