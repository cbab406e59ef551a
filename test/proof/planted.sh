#!/usr/bin/env bash
# Lane planted: plants each of the bugs in test/proof/planted/bugs.go in the product,
# one at a time, and fails if the quick lanes of the proof do not find one of them, or
# fail without any. Prints which test found which bug, and after how long. Works on a
# copy of what it changes, and ends within its own bound.
#
# usage: test/proof/planted.sh [--only EXPRESSION]
#   (nothing)          all bugs, in about two minutes
#   --only EXPRESSION  the bugs whose names match
set -euo pipefail
cd "$(dirname "$0")/../.."

bound=230 args=()
while [ $# -gt 0 ]; do
    case $1 in
    --only) args+=(-only "${2:?}") && shift ;;
    *) sed -n '/^# usage/,/^set/p' "$0" | sed '$d; s/^# //' >&2 && exit 2 ;;
    esac
    shift
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tests" "$work/tmp"
go build -o "$work/planted" ./test/proof/planted
TMPDIR=$work/tmp timeout --kill-after=10 "$bound" "$work/planted" -work "$work/tests" "${args[@]}"
