#!/usr/bin/env bash
# Holds the JSON Schema of the configuration against the loader, by somebody else's validator,
# which the daemon does not link: on every example, every bad file, and changes to good ones.
#
# usage: test/schema.sh [--all]      --all: every change, and not a sample (minutes)
set -euo pipefail
cd "$(dirname "$0")/schema"
every=()
[ "${1:-}" != --all ] || every=(-every)
said=$(go test -count=1 -v . "${every[@]}") || { echo "$said" >&2; exit 1; }
echo "schema: $(sed -nE 's/^(files|changes): ([0-9]+).*/\2/p' <<<"$said" | awk '{ n += $1 } END { print n + 0 }') documents judged alike"
