#!/usr/bin/env bash
# Many groups in one process: what an evaluation costs in processor time, and a group in
# memory, beside hashicorp/nomad-autoscaler where its binary is given. Results and what
# was measured: docs/performance.md.
#
# usage: test/bench/groups.sh [--quick] [FLAG...]
#   (nothing)  1,000 and 10,000 groups, each way of asking; about 20 minutes, 30 with the other
#   --quick    200 groups, two minutes; to see whether it works
#   FLAG...    of test/bench/groups: -counts, -modes, -windows, -warm, -measure
# NOMAD_AUTOSCALER=FILE names the binary of nomad-autoscaler. To have one:
#   git clone https://github.com/hashicorp/nomad-autoscaler && cd nomad-autoscaler && go build -o /tmp/nomad-autoscaler .
set -euo pipefail
self=$(realpath "$0")
peer=${NOMAD_AUTOSCALER:+$(realpath "$NOMAD_AUTOSCALER")}
cd "$(dirname "$self")/../.."

flags=()
case ${1:-} in
--quick) flags=(-counts 200 -modes query -windows instant -warm 10s -measure 20s) && shift ;;
-h | --help) sed -n '/^# usage/,/^set/p' "$self" | sed '$d; s/^# //' && exit ;;
esac

make -s build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/groups" ./test/bench/groups
"$work/groups" -autoscaled bin/autoscaled -peer "$peer" "${flags[@]}" "$@"
if [ -z "$peer" ]; then
    echo "nomad-autoscaler was not measured: NOMAD_AUTOSCALER=FILE names its binary; --help says how to have one"
fi
