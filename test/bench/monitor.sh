#!/usr/bin/env bash
# What it costs to poll ten thousand machines from one process: processor time of a poll by
# SNMP and of a page, memory of an agent, queries of Prometheus, and the daemon as a whole,
# beside what others take for the same in the same run. Results and what was measured:
# docs/performance.md.
#
# usage: test/bench/monitor.sh [--quick] [FLAG...]
#   (nothing)  everything; about half an hour on a machine that nobody else uses
#   --quick    less of everything and no other programs, two minutes; to see whether it works
#   FLAG...    of test/bench/monitor: -only PARTS, -repeats, -span, -warm, -agents, -svg FILE; -h tells of all
# SNMP_EXPORTER=FILE names the binary of snmp_exporter. To have one:
#   git clone https://github.com/prometheus/snmp_exporter && cd snmp_exporter && go build -o /tmp/snmp_exporter .
# Prometheus and its node exporter are those in the path; test/setup.sh installs them.
set -euo pipefail
self=$(realpath "$0")
exporter=${SNMP_EXPORTER:+$(realpath "$SNMP_EXPORTER")}
cd "$(dirname "$self")/../.."

flags=()
case ${1:-} in
--quick) flags=(-quick) && shift ;;
-h | --help) sed -n '/^# usage/,/^set/p' "$self" | sed '$d; s/^# //' && exit ;;
esac

make -s build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/monitor" ./test/bench/monitor
ulimit -n "$(ulimit -Hn)" # gosnmp has a socket for each agent
"$work/monitor" -autoscaled bin/autoscaled -snmp-exporter "$exporter" "${flags[@]}" "$@"
if [ -z "$exporter" ]; then
    echo "snmp_exporter was not measured: SNMP_EXPORTER=FILE names its binary; --help says how to have one"
fi
