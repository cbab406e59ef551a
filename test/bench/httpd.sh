#!/usr/bin/env bash
# Whether those who look at the daemon keep it from its work: how late groups' evaluations
# begin while 200 dashboards are open and 1,000 pages are read in a second, beside how late
# they begin while nobody looks. Results and what was measured: docs/performance.md.
#
# usage: test/bench/httpd.sh [--quick] [FLAG...]
#   (nothing)  100 groups that decide every second; two minutes
#   --quick    half a minute; to see whether it works
#   FLAG...    of test/bench/httpd: -groups, -dashboards, -reads, -stream, -warm, -measure, -ratio
set -euo pipefail
self=$(realpath "$0")
cd "$(dirname "$self")/../.."

flags=()
case ${1:-} in
--quick) flags=(-warm 3s -measure 10s) && shift ;;
-h | --help) sed -n '/^# usage/,/^set/p' "$self" | sed '$d; s/^# //' && exit ;;
esac

make -s build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/httpd" ./test/bench/httpd
"$work/httpd" -autoscaled bin/autoscaled "${flags[@]}" "$@"
