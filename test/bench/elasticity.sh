#!/usr/bin/env bash
# Policies that scale by what they see, on real loads: the classic ones beside our own target
# policy, in the engine of capacity planning. Prints the elasticity metrics of each on each
# trace, their means, and the frontier of cost against overload with the settings swept.
# Results and what was measured: docs/elasticity.md.
#
# usage: test/bench/elasticity.sh [--traces DIR] [--quick] [--forecast LIST] [--must]
#   --traces DIR     *.csv of timestamp,value; else $AUTOSCALED_TRACES, else test/bench/elasticity/traces
#   --quick          the three shortest traces alone
#   --forecast LIST  in place of the other tables, those of our policy that forecasts: all, or some of
#                    budget,peers,smooth,leads,odd
#   --must           with --forecast: fail where it is not as good as it must be
# Twelve traces of 2 to 63 days take about two minutes on two cores; --forecast all takes ten, and
# --forecast odd some seconds.
set -euo pipefail
self=$(realpath "$0")
root=$(dirname "$self")/../..
traces=${AUTOSCALED_TRACES:-$root/test/bench/elasticity/traces}
flags=()
while [ $# -gt 0 ]; do
    case $1 in
    --traces) traces=${2:?--traces needs a directory} && shift 2 ;;
    --quick) flags+=(-quick) && shift ;;
    --forecast) flags+=(-forecast "${2:?--forecast needs a list of tables, or all}") && shift 2 ;;
    --must) flags+=(-must) && shift ;;
    -h | --help) sed -n '/^# usage/,/^set/p' "$self" | sed '$d; s/^# //' && exit ;;
    *) echo "elasticity.sh: what is $1? see --help" >&2 && exit 2 ;;
    esac
done
traces=$(realpath "$traces")

cd "$root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/elasticity" ./test/bench/elasticity
"$work/elasticity" -traces "$traces" "${flags[@]}"
