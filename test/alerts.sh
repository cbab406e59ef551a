#!/usr/bin/env bash
# Checks the rules, the scrape example and the dashboard's expressions with Prometheus' own
# promtool, and runs the rules' tests.
#
# usage: test/alerts.sh
set -euo pipefail
cd "$(dirname "$0")/../deploy/prometheus"

if ! command -v promtool >/dev/null; then
    echo "alerts.sh: promtool is missing: install the package prometheus" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# quietly COMMAND...: runs it, and prints what it says if it fails.
quietly() {
    "$@" >"$work/said" 2>&1 || {
        cat "$work/said" >&2
        echo "alerts.sh: $* failed" >&2
        exit 1
    }
}

quietly promtool check rules --lint=all --lint-fatal autoscaled.rules.yaml
rules=$(sed -n 's/.*SUCCESS: \([0-9]*\) rules found.*/\1/p' "$work/said")

# The files that the example names are not here: these stand in for them.
sed "s|/etc/prometheus/|$work/|" scrape.yaml >"$work/prometheus.yml"
cp autoscaled.rules.yaml "$work/"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test -days 1 -keyout "$work/key.pem" -out "$work/autoscaled-ca.pem" 2>/dev/null
echo 0123456789abcdef0123456789abcdef >"$work/autoscaled-token"
quietly promtool check config --lint=all --lint-fatal "$work/prometheus.yml"

# The dashboard's expressions, as if they were rules; the variables are Grafana's.
{
    printf 'groups:\n  - name: dashboard\n    rules:\n'
    sed -n 's/^ *"expr": "\(.*\)",\{0,1\}$/\1/p' ../grafana/autoscaled.json |
        sed -e 's/\\"/"/g' -e 's/\$__rate_interval/5m/g' -e 's/\$group/.*/g' |
        awk '{ printf "      - {record: \"panel:%d\", expr: \x27%s\x27}\n", NR, $0 }'
} >"$work/dashboard.yaml"
quietly promtool check rules "$work/dashboard.yaml"
panels=$(sed -n 's/.*SUCCESS: \([0-9]*\) rules found.*/\1/p' "$work/said")

quietly promtool test rules autoscaled.rules.test.yaml autoscaled.rules.long.test.yaml
echo "alerts: $rules rules, $(cat autoscaled.rules*.test.yaml | grep -c 'eval_time:') cases passed, ${panels:?} expressions of the dashboard parsed"
