#!/usr/bin/env bash
# Makes sure that the programs which the tests need are there: a C compiler for the race detector, and
# net-snmp's agent and tools, Prometheus with its Alertmanager and node exporter, a browser, what sets
# manual pages, reads packages and images, and lays cables between networks. Installs what is missing
# when it may (root on Debian or Ubuntu), and says what to install when not.
# No service is left running by it.
set -euo pipefail

declare -A package_of=(
    [gcc]="gcc libc6-dev"
    [git]=git
    [snmpd]=snmpd
    [snmpget]=snmp
    [tc]=iproute2
    [prometheus]=prometheus
    [prometheus-node-exporter]=prometheus-node-exporter
    [prometheus-alertmanager]=prometheus-alertmanager
    [groff]=groff
    [chromium]=chromium
    [man]=man-db
    [rpm]=rpm
    [skopeo]=skopeo
    [jq]=jq
    [curl]=curl
    [openssl]=openssl
    [python3]=python3
    [pgrep]=procps
    [ssh-keygen]=openssh-client
    [systemd-analyze]=systemd
)

missing_packages() {
    local program
    for program in "${!package_of[@]}"; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || echo "${package_of[$program]}"
    done | xargs -rn1 | sort -u
}

mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "setup.sh: the tests need these Debian packages: ${missing[*]}" >&2
    echo "setup.sh: install them, for example: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

# Debian starts the services of what it installs unless this file forbids it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 0755 "$policy"
fi

echo "setup.sh: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null
apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null

# What was not here before is not to run after the next boot either.
if command -v systemctl >/dev/null; then
    for package in "${missing[@]}"; do
        case $package in
        snmpd | prometheus*) systemctl --quiet disable "$package" 2>/dev/null || true ;;
        esac
    done
fi

mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -ne 0 ]; then
    echo "setup.sh: still missing after the installation: ${missing[*]}" >&2
    exit 1
fi
