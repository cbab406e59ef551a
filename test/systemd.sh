#!/usr/bin/env bash
# Checks the systemd unit: nothing that `systemd-analyze verify` would say, and an
# exposure of at most 1.5 out of 10.
#
# usage: test/systemd.sh BINARY      (the built autoscaled, as an absolute path)
set -euo pipefail

binary=${1:?usage: test/systemd.sh BINARY}
unit=$(dirname "$0")/../deploy/systemd/autoscaled.service
max_exposure=1.5

if ! command -v systemd-analyze >/dev/null; then
    echo "systemd.sh: systemd-analyze is missing: install the package systemd" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# verify demands that the program exists, and it is not installed here.
sed "s|^ExecStart=/usr/bin/autoscaled |ExecStart=$binary |" "$unit" >"$work/autoscaled.service"
if ! grep -q "^ExecStart=$binary run --config " "$work/autoscaled.service"; then
    echo "systemd.sh: the unit's ExecStart is not the expected one: $(grep '^ExecStart=' "$unit")" >&2
    exit 1
fi
said=$(systemd-analyze verify --man=no --generators=no "$work/autoscaled.service" 2>&1) || said="$said (exit status $?)"
if [ -n "$said" ]; then
    printf 'systemd.sh: systemd-analyze verify says:\n%s\n' "$said" >&2
    exit 1
fi

exposure=$(systemd-analyze security --offline=true --no-pager "$work/autoscaled.service" |
    sed -n 's/.*Overall exposure level for autoscaled.service: \([0-9.]*\) .*/\1/p')
if [ -z "$exposure" ] || ! awk -v e="$exposure" -v max="$max_exposure" 'BEGIN { exit !(e <= max) }'; then
    echo "systemd.sh: exposure is '$exposure', at most $max_exposure is allowed" >&2
    exit 1
fi
echo "unit verified, exposure $exposure"
