#!/usr/bin/env bash
# Tries the dashboard in a real browser: a real daemon before a simulated cloud, Debian's
# Chromium, and axe-core for what people need who do not see or point.
#
# usage: test/browser.sh [BINARY]      BINARY: an autoscaled that is built already
#        SHOTS=DIRECTORY test/browser.sh    also takes the pictures for docs/dashboard.md
set -euo pipefail
shots=${SHOTS:+$(realpath -m "$SHOTS")}
binary=${1:+$(realpath "$1")}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

test/setup.sh
if ! command -v npm >/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "browser.sh: npm is missing: install it, for example: sudo apt-get install --no-install-recommends npm" >&2
        exit 1
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm </dev/null
fi

if [ -z "$binary" ]; then
    binary=$work/autoscaled
    CGO_ENABLED=0 go build -trimpath -o "$binary" ./cmd/autoscaled
fi
cp test/browser/axe/package.json test/browser/axe/package-lock.json "$work"
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --silent) # the lock has axe-core's digest

cd test/browser
AUTOSCALED_BIN=$binary AXE=$work/node_modules/axe-core/axe.min.js SHOTS=$shots \
    go test -count=1 -timeout 120s -v .
