#!/usr/bin/env bash
# Checks what is for systemd: nothing that `systemd-analyze verify` would say of the units and drop-ins, an
# exposure of at most 1.5 out of 10, and nothing that lowers it at the cost of what the daemon is to say. Then has
# systemd's own tool open port 162 and start the daemon at the first trap, looks at its metrics, and listens to what
# it tells systemd when it reloads.
#
# usage: test/systemd.sh BINARY      (the built autoscaled, as an absolute path)
set -euo pipefail

binary=${1:?usage: test/systemd.sh BINARY}
units=$(realpath "$(dirname "$0")/../deploy/systemd")
max_exposure=1.5
reloading_since=253 # the version of systemd that knows Type=notify-reload

fail() {
    echo "systemd.sh: $*" >&2
    exit 1
}

# --- in a network of its own: the daemon, started by a trap

# eventually WHAT COMMAND...: waits for COMMAND to succeed, 20 s at most.
eventually() {
    local deadline=$((SECONDS + 20))
    until "${@:2}"; do
        [ $SECONDS -lt $deadline ] || fail "never: $1. The daemon says: $(cat "$work/log")"
        sleep 0.1
    done
}

# trap_by ADDRESS: sends one of v2c.
trap_by() { snmptrap -v2c -c public "$1" '' 1.3.6.1.4.1.8072.4.0.2; }
# came FROM: the daemon tells of one from there, which no group waits for.
came() { grep -q "that no group waits for.*\"from\":\"$1\"" "$work/log"; }
# started: the metrics have what the alert on restarts and the dashboard look at.
started() { curl -sSf --noproxy '*' http://127.0.0.1:9469/metrics 2>&1 | grep '^process_start_time_seconds [1-9]' >/dev/null; }
told() { tr '\n' ' ' <"$work/told" | grep -qE "$1"; }

if [ "$binary" = --live ]; then
    work=$2 binary=$3
    ip link set lo up
    # /proc as the unit shows it
    mount -t proc -o "hidepid=$(sed -n s/^ProtectProc=//p "$units/autoscaled.service")" proc /proc
    mkdir -m 0700 "$work/state" "$work/run"
    (umask 077 && echo secret >"$work/key")
    cat >"$work/autoscaled.yaml" <<END
traps: {listen: "systemd:$(sed -n s/^FileDescriptorName=//p "$units/autoscaled-traps.socket")", senders: [{from: 127.0.0.1, community: public}, {from: "::1", community: public}]}
providers: {gio: {type: gp, gp_service_code: gp00000001, access_key: "file:$work/key", secret_key: "file:$work/key"}}
groups:
  web:
    provider: gio
    min: 1
    max: 2
    template: {source: gc00000001, type: V40}
    signals: {cpu: {snmp: {profile: cpu_busy}}}
    policies: [{target: {signal: cpu, value: 60%}}]
END
    touch "$work/told" "$work/log" "$work/log.notify"
    systemd-socket-activate --datagram -l "$work/notify" sh -c 'exec cat <&3 >>"$0"' "$work/told" 2>>"$work/log.notify" &
    systemd-socket-activate --datagram -l "$(sed -n s/^ListenDatagram=//p "$units/autoscaled-traps.socket")" --fdname=traps \
        -E NOTIFY_SOCKET="$work/notify" -E STATE_DIRECTORY="$work/state" -E RUNTIME_DIRECTORY="$work/run" \
        "$binary" run --config "$work/autoscaled.yaml" --log-format json 2>>"$work/log" &
    daemon=$!
    eventually "both sockets are open" grep -q Listening "$work/log" "$work/log.notify"
    trap_by 127.0.0.1
    eventually "the trap that starts the daemon reaches it" came 127.0.0.1
    trap_by 'udp6:[::1]'
    eventually "traps by IPv6 reach the same socket" came ::1
    eventually "the metrics say when the daemon started, with what it sees of /proc" started
    eventually "systemd is told that the daemon is ready" told '^READY=1'
    : >"$work/told"
    kill -HUP $daemon
    eventually "systemd is told of the reload, by the clock, and of its end" told 'RELOADING=1 MONOTONIC_USEC=[0-9]+ ?READY=1'
    kill $daemon
    wait $daemon || fail "the daemon ends with status $?: $(cat "$work/log")"
    exit
fi

# --- the units

for program in systemd-analyze systemd-socket-activate snmptrap curl; do
    command -v "$program" >/dev/null || fail "$program is missing: install the packages systemd, snmp and curl"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# verify demands that the program exists, and it is not installed here.
cp "$units"/*.service "$units"/*.socket "$work"
sed -i "s|^ExecStart=/usr/bin/autoscaled |ExecStart=$binary |" "$work/autoscaled.service"
grep -q "^ExecStart=$binary run --config " "$work/autoscaled.service" ||
    fail "the unit's ExecStart is not the expected one: $(grep '^ExecStart=' "$units/autoscaled.service")"

# verified: is all that systemd-analyze verify says of the units.
verified() { systemd-analyze verify --man=no --generators=no "$work"/*.service "$work"/*.socket 2>&1 || echo "(exit status $?)"; }

said=$(verified)
[ -z "$said" ] || fail "systemd-analyze verify says: $said"

version=$(systemd-analyze --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
for dropin in "$units"/*.conf; do
    mkdir "$work/autoscaled.service.d"
    cp "$dropin" "$work/autoscaled.service.d"
    said=$(verified)
    if [ "$version" -lt $reloading_since ]; then
        said=$(grep -v 'notify-reload.conf:[0-9]*: Failed to parse service type, ignoring: notify-reload$' <<<"$said" || true)
    fi
    [ -z "$said" ] || fail "systemd-analyze verify says with $(basename "$dropin"): $said"
    rm -r "$work/autoscaled.service.d"
done

exposure=$(systemd-analyze security --offline=true --no-pager "$work/autoscaled.service" |
    sed -n 's/.*Overall exposure level for autoscaled.service: \([0-9.]*\) .*/\1/p')
if [ -z "$exposure" ] || ! awk -v e="$exposure" -v max="$max_exposure" 'BEGIN { exit !(e <= max) }'; then
    fail "exposure is '$exposure', at most $max_exposure is allowed"
fi

# refused KEY WHY
refused() { ! grep -n "^ *$1=" "$units"/*.service "$units"/*.conf >&2 || fail "$1= is in what is for systemd: $2"; }
refused PrivateUsers "the daemon cannot tell operators apart: SO_PEERCRED gives nobody's number for all but root and its own user"
refused ProcSubset "without /proc/stat the metrics lack process_start_time_seconds, which the alert on restarts needs"

alone=(--mount --net --pid --fork)
[ "$(id -u)" -eq 0 ] || alone+=(--map-root-user)
unshare "${alone[@]}" "$0" --live "$work" "$binary"

echo "units verified, exposure $exposure; traps reach the daemon by systemd's socket; reloads are told"
