#!/usr/bin/env bash
# Executes every command and judges every configuration of the documentation; test/docs has the rules.
# Needs root, since each page gets a file system and a network of its own.
#
# usage: test/docs.sh [BINARY [PAGE...]]      BINARY: an autoscaled that is built already
#                                             PAGE: only these, as in docs/snmp.md
set -euo pipefail
binary=${1:+$(realpath "$1")}
pages=("${@:2}")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ "$(id -u)" -ne 0 ]; then
    echo "docs.sh: only root may give each page a file system of its own: run it as root, or in a container" >&2
    exit 1
fi
test/setup.sh
if [ -z "$binary" ]; then
    binary=$work/autoscaled
    CGO_ENABLED=0 go build -trimpath -o "$binary" ./cmd/autoscaled
fi
go test -c -o "$work/docs.test" ./test/docs
tests='^TestTheDocumentation'
[ ${#pages[@]} -eq 0 ] || tests='^TestTheDocumentationDoesWhatItSays$'
cd test/docs
AUTOSCALED_BIN=$binary AUTOSCALED_PAGES="${pages[*]}" "$work/docs.test" -test.run "$tests" -test.timeout 5m -test.parallel 8 ${VERBOSE:+-test.v}
