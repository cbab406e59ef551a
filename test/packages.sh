#!/usr/bin/env bash
# Installs, upgrades, removes and purges the packages of a release with the real dpkg and rpm: as root, in an overlay of
# this machine's file system and a network of its own, both of which are thrown away. No systemd runs
# in there; a recorder takes its place where the maintainer scripts speak to it.
#
# usage: test/packages.sh [DIST]      DIST: what tools/dist.sh built; without it, it is built now
set -euo pipefail
self=$(realpath "$0")
if [ $# -gt 0 ] && [ "$1" != --inside ]; then set -- "$(realpath "$1")"; fi
cd "$(dirname "$self")/.."

fail() {
    echo "packages.sh: $*" >&2
    exit 1
}

# --- outside: the packages of the release, and one that is older and otherwise

if [ "${1-}" != --inside ]; then
    [ "$(id -u)" -eq 0 ] || fail "only root may install packages: run it as root, or in a container"
    for program in dpkg-deb rpm man systemd-analyze; do
        command -v "$program" >/dev/null || fail "$program is missing: install the packages dpkg, rpm, man-db and systemd"
    done
    arch=$(dpkg --print-architecture)
    if [ $# -eq 0 ]; then
        tools/dist.sh --arch "$arch" --dirty
    fi
    dist=${1:-$PWD/dist}
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT

    for form in deb rpm; do
        made=("$dist"/autoscaled_*_linux_"$arch.$form")
        [ -f "${made[0]}" ] && [ ${#made[@]} -eq 1 ] || fail "$dist must have one .$form for $arch: run tools/dist.sh"
        cp "${made[0]}" "$work/new.$form"
    done
    mkdir "$work/stage" "$work/old"
    tar -xzf "$dist"/autoscaled_*_linux_"$arch".tar.gz -C "$work/stage" --strip-components=1
    cp -r --parents CONTRIBUTING.md deploy docs configs internal/httpd/openapi.yaml "$work/old"
    sed -i 's/^Description=/Description=Older /' "$work/old/deploy/systemd/autoscaled.service"
    echo '# older' >>"$work/old/deploy/packages/autoscaled.yaml"
    go build -modfile=tools/go.mod -o "$work/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm
    for form in deb rpm; do
        (cd "$work/old" && STAGE=$work/stage VERSION=0.0.0-0 ARCH=$arch SOURCE_DATE_EPOCH=0 "$work/nfpm" package \
            --config deploy/packages/nfpm.yaml --packager "$form" --target "$work/old.$form" >/dev/null)
    done
    unshare --mount --net --pid --fork --mount-proc "$self" --inside "$work"
    exit
fi

# --- inside: an overlay of everything

work=$2
root=/mnt/root
mount -t tmpfs -o mode=0755 tmpfs /mnt
mkdir /mnt/upper /mnt/lowest "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/lowest" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mkdir "$root/run/packages"
mount --bind "$work" "$root/run/packages"
ip link set lo up
# What this machine says about installing must not count, and the index of its manual pages is not rebuilt each time.
rm -rf "$root/usr/sbin/policy-rc.d" "$root"/etc/dpkg/dpkg.cfg.d/* "$root/etc/autoscaled" "$root/var/lib/autoscaled" "$root/usr/bin/autoscaled" "$root/var/lib/man-db/auto-update"

checks=0

# within COMMAND...: runs it in the overlay.
chrooted=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$root")
within() { "${chrooted[@]}" "$@"; }

# holds WHAT COMMAND...: COMMAND succeeds in the overlay.
holds() {
    within "${@:2}" >"$work/said" 2>&1 || fail "not so: $1: ${*:2} says: $(cat "$work/said")"
    checks=$((checks + 1))
}

# fails WHAT COMMAND...
fails() {
    ! within "${@:2}" >"$work/said" 2>&1 || fail "not so: $1: ${*:2} succeeds: $(cat "$work/said")"
    checks=$((checks + 1))
}

# says WHAT WANTED COMMAND...: WANTED is all that COMMAND prints.
says() {
    local said
    said=$(within "${@:3}" 2>&1) || true
    [ "$said" = "$2" ] || fail "not so: $1: ${*:3} says '$said', want '$2'"
    checks=$((checks + 1))
}

# there PATH MODE OWNER:GROUP
there() { says "$1" "$2 $3" stat -c '%a %U:%G' "$1"; }

# gone PATH...
gone() {
    local path
    for path in "$@"; do fails "$path is gone" ls -d "$path"; done
}

# links_hold: what the documentation links to is in the package, too.
links_hold() {
    local page link links=0
    while IFS=: read -r page link; do
        link=${link#"]("}
        links=$((links + 1))
        [[ $link =~ ^[a-z]+: ]] || [ -e "$(dirname "$page")/$link" ] || fail "not so: in the package the link $link of $page leads somewhere"
    done < <(grep -roE --include='*.md' '\]\([^)#[:space:]]+' "$root/usr/share/doc/autoscaled")
    [ $links -ge 200 ] || fail "not so: the documentation in the package has links: $links"
    checks=$((checks + 1))
}

config=/etc/autoscaled/autoscaled.yaml
units=(autoscaled.service autoscaled-traps.socket)

# installed FUNCTIONS: all that both kinds of package bring, and zsh's completion in FUNCTIONS.
installed() {
    local unit
    holds "zsh's completion is there" grep -q '^#compdef autoscaled' "$1/_autoscaled"
    there /usr/bin/autoscaled 755 root:root
    there /etc/autoscaled 755 root:root
    there "$config" 640 root:autoscaled
    there /var/lib/autoscaled 700 autoscaled:autoscaled
    for unit in "${units[@]}"; do
        there "/usr/lib/systemd/system/$unit" 644 root:root # on Debian by way of /lib
    done
    says "the user has a group of its own, no shell and no password" 'autoscaled:autoscaled:/var/lib/autoscaled:/usr/sbin/nologin:!' \
        bash -c 'IFS=: read -r user _ _ _ _ home shell < <(getent passwd autoscaled) && echo "$user:$(id -gn autoscaled):$home:$shell:$(getent shadow autoscaled | cut -d: -f2 | cut -c1)"'
    holds "the user is one of the system's" bash -c 'test "$(id -u autoscaled)" -lt 1000'
    holds "the program says its version" autoscaled version
    holds "the configuration is good as it is" autoscaled check "$config"
    holds "the configuration only recommends" grep -q 'mode: recommend' "$config"
    fails "nothing acts" grep -q '^ *mode: act' "$config"
    holds "the units are good where they are" bash -c 'said=$(systemd-analyze verify --man=no --generators=no "$@" 2>&1) && test -z "$said"' - "${units[@]/#//usr/lib/systemd/system/}"
    holds "man knows the program" bash -c 'man -P cat autoscaled | grep -q "keeps\|servers"'
    holds "man knows its commands" man -w autoscaled-status autoscaled-run autoscaled-exit-codes
    holds "bash completes" bash -c 'source /usr/share/bash-completion/completions/autoscaled && complete -p autoscaled'
    says "fish's completion is there" '# fish completion for autoscaled' bash -c 'head -1 /usr/share/fish/vendor_completions.d/autoscaled.fish | cut -c1-32'
    holds "the completion is that of the program" bash -c 'autoscaled __complete sta | grep -q ^status'
    holds "the schema is there" grep -q '"\$schema"' /usr/share/autoscaled/autoscaled.schema.json
    holds "the configuration names it" grep -q 'schema=/usr/share/autoscaled/autoscaled.schema.json$' "$config"
    holds "licences and parts are there" bash -c 'cd /usr/share/doc/autoscaled && test -s LICENSE -a -s THIRD_PARTY_LICENSES -a -s sbom.spdx.json -a -s copyright'
    links_hold
    fails "nothing of it may be written by others" bash -c 'find /usr/share/doc/autoscaled /usr/share/autoscaled /usr/bin/autoscaled /etc/autoscaled -perm /022 ! -type l | grep .'
}

# runs: the daemon reaches READY with the configuration as installed, started as the unit does.
runs() {
    "${chrooted[@]}" bash -euo pipefail -c '
        umask 077
        printf secret >/etc/autoscaled/gp-access-key
        printf secret >/etc/autoscaled/gp-secret-key
        [ -e /run/id_rsa ] || ssh-keygen -q -t rsa -N "" -f /run/id_rsa
        cp /run/id_rsa.pub /etc/autoscaled/
        install -d -o autoscaled -m 0500 /run/credentials
        install -d -o autoscaled -g autoscaled -m 0750 /run/autoscaled
        unit=/usr/lib/systemd/system/autoscaled.service
        while IFS=: read -r name from; do
            install -o autoscaled -m 0400 "$from" "/run/credentials/$name"
        done < <(sed -n "s/^LoadCredential=//p" "$unit")
        user=$(sed -n s/^User=//p "$unit") group=$(sed -n s/^Group=//p "$unit")
        umask "$(sed -n s/^UMask=//p "$unit")"
        export CREDENTIALS_DIRECTORY=/run/credentials STATE_DIRECTORY=/var/lib/autoscaled RUNTIME_DIRECTORY=/run/autoscaled
        exec setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs --bounding-set=-all $(sed -n s/^ExecStart=//p "$unit")
    ' >"$work/daemon" 2>&1 &
    local daemon=$! tries=0
    until within autoscaled status >"$work/said" 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] && kill -0 $daemon 2>/dev/null || fail "the daemon does not run: $(cat "$work/daemon" "$work/said")"
        sleep 0.1
    done
    checks=$((checks + 1))
    holds "status shows the group" bash -c 'autoscaled status | grep -q "web"'
    holds "it may write its state" bash -c 'test "$(stat -c %U /var/lib/autoscaled/*  | sort -u)" = autoscaled'
    fails "its state is nobody else's" setpriv --reuid nobody --regid nogroup --clear-groups ls /var/lib/autoscaled
    holds "those in its group may ask it" setpriv --reuid nobody --regid nogroup --groups autoscaled autoscaled status
    fails "others may not" setpriv --reuid nobody --regid nogroup --clear-groups autoscaled status
    kill $daemon
    wait $daemon || fail "the daemon ends with status $?: $(tail -3 "$work/daemon")"
    checks=$((checks + 1))
    rm -rf "$root/run/autoscaled" "$root/run/credentials"
}

# systemd: from now on the scripts find one, which records what it is asked for.
systemd() {
    mkdir -p "$root/run/systemd/system"
    rm -f "$root/usr/bin/systemctl"
    printf '#!/bin/sh\necho "$*" >>/run/systemctl\n' >"$root/usr/bin/systemctl"
    chmod 0755 "$root/usr/bin/systemctl"
}

# asked WHAT WANTED: systemd was asked for the lines of WANTED since it was looked at last.
asked() {
    says "$1" "$2" bash -c 'sed "s/--system //; s/--quiet //; s/--no-reload //" /run/systemctl; rm /run/systemctl'
}

dpkg() { within dpkg --force-confold "$@" >"$work/dpkg" 2>&1 || fail "dpkg $*: $(cat "$work/dpkg")"; }
rpm() { within rpm --force-debian --nodeps "$@" >"$work/rpm" 2>&1 || fail "rpm $*: $(cat "$work/rpm")"; }

edit() { echo '# mine' >>"$root$config"; }
edited() { says "the edit is kept" '# mine' tail -1 "$config"; }
# kept: what is the user's is there although the package is not.
kept() {
    holds "the keys are kept" ls /etc/autoscaled/gp-access-key /etc/autoscaled/gp-secret-key
    holds "the state is kept" ls /var/lib/autoscaled/history
    gone /usr/bin/autoscaled /usr/lib/systemd/system/autoscaled.service /usr/lib/systemd/system/autoscaled-traps.socket /usr/share/doc/autoscaled /usr/share/autoscaled
}

# elsewhere: state and configuration lie on disks of their own, the one mounted, with one more inside, and the other linked to.
elsewhere() {
    mount -t tmpfs tmpfs "$root/var/lib/autoscaled"
    mkdir "$root/var/lib/autoscaled/history"
    mount -t tmpfs tmpfs "$root/var/lib/autoscaled/history"
    touch "$root"/var/lib/autoscaled/{state,.hidden,history/segment}
    mv "$root/etc/autoscaled" "$root/srv/"
    ln -s ../srv/autoscaled "$root/etc/autoscaled"
    mkdir "$root/etc/autoscaled/keys"
    touch "$root"/etc/autoscaled/{gp-secret-key,keys/other}
}
# emptied: purging left those places, and nothing in them.
emptied() {
    says "the mounted state is empty" /var/lib/autoscaled/history find /var/lib/autoscaled -mindepth 1
    says "the linked configuration is empty" "" find /srv/autoscaled -mindepth 1
    umount "$root/var/lib/autoscaled/history" "$root/var/lib/autoscaled"
    rm -r "$root/srv/autoscaled" "$root/var/lib/autoscaled"
}

# told FILE: at the first installation it says in four lines what to do next.
told() {
    [ "$(grep -cE '^(autoscaled is installed| [123]\. )' "$1")" -eq 4 ] || fail "not so: it says in four lines what to do next: $(cat "$1")"
    checks=$((checks + 1))
}

# --- dpkg

holds "both kinds of package bring the same" bash -c 'diff \
    <(dpkg-deb --fsys-tarfile /run/packages/new.deb | tar -t | sed "s,^\.,,; s,^/lib/,/usr/lib/,; s,/vendor-completions/,/site-functions/,; /lintian/d; /\/$/d" | sort) \
    <(rpm -qp --qf "[%{FILEMODES:perms} %{FILENAMES}\n]" /run/packages/new.rpm | sed "/^d/d; s/^[^ ]* //" | sort)'
dpkg -i /run/packages/new.deb
told "$work/dpkg"
installed /usr/share/zsh/vendor-completions
says "what the user may edit is a conffile" " $config" bash -c 'dpkg-query -W -f "\${Conffiles}" autoscaled | sed "/^$/d; s/ [0-9a-f]*$//"'
says "all files are as packed" "" dpkg --verify autoscaled
gone /etc/systemd/system/multi-user.target.wants/autoscaled.service /etc/systemd/system/sockets.target.wants/autoscaled-traps.socket
runs
dpkg --purge autoscaled
gone /etc/autoscaled /var/lib/autoscaled /usr/bin/autoscaled /usr/share/autoscaled /usr/share/doc/autoscaled
says "purging leaves nothing in dpkg's records" "" bash -c 'ls /var/lib/dpkg/info/autoscaled.* /var/lib/systemd/deb-systemd-helper-*/*autoscaled* 2>/dev/null'
holds "purging leaves the user" getent passwd autoscaled

systemd
dpkg -i /run/packages/old.deb
asked "installing starts nothing" "daemon-reload"
dpkg -i /run/packages/new.deb
asked "an upgrade restarts what runs" $'daemon-reload\ntry-restart autoscaled.service'
fails "a configuration that nobody edited is replaced" grep -q '^# older' "$config"
fails "nothing is said again" grep -q 'is installed and not started' "$work/dpkg"
elsewhere
dpkg --purge autoscaled
asked "the socket is stopped before the daemon" $'stop autoscaled-traps.socket autoscaled.service\ndaemon-reload'
emptied

dpkg -i /run/packages/old.deb
edit
chmod 0644 "$root$config"
runs
ln -s /lib/systemd/system/autoscaled.service "$root/etc/systemd/system/multi-user.target.wants/" # as systemctl enable does
rm "$root/run/systemctl"
dpkg -i /run/packages/new.deb
edited
there "$config" 644 root:autoscaled # as the administrator has it
holds "the new one lies beside it" ls "$config.dpkg-dist"
fails "the unit is the new one" grep -q Older /usr/lib/systemd/system/autoscaled.service
holds "what was enabled stays so" ls /etc/systemd/system/multi-user.target.wants/autoscaled.service
runs
mv "$root/var/lib/autoscaled" "$root/srv/state"
ln -s ../../srv/state "$root/var/lib/autoscaled"
dpkg --remove autoscaled
edited
kept # by way of the link
dpkg -i /run/packages/new.deb
edited
holds "the state is still where the link leads" ls /var/lib/autoscaled/history
holds "what was enabled is enabled" ls -L /etc/systemd/system/multi-user.target.wants/autoscaled.service
dpkg --purge autoscaled
says "the linked state is empty" "" find /srv/state -mindepth 1
rm "$root/var/lib/autoscaled"
gone /etc/autoscaled /etc/systemd/system/multi-user.target.wants/autoscaled.service

# --- rpm

rm -f "$root/run/systemctl"
within userdel autoscaled
rpm -i /run/packages/new.rpm
told "$work/rpm"
asked "installing starts nothing" "daemon-reload"
installed /usr/share/zsh/site-functions
says "all files are as packed" "" rpm --verify --nodeps autoscaled
runs
rpm -e autoscaled
asked "the socket is stopped before the daemon" $'disable --now autoscaled-traps.socket autoscaled.service\ndaemon-reload'
kept

rpm -i /run/packages/old.rpm
edit
rm "$root/run/systemctl"
rpm -U /run/packages/new.rpm
asked "an upgrade restarts what runs" $'daemon-reload\ndaemon-reload\ntry-restart autoscaled.service'
edited
holds "the new one lies beside it" ls "$config.rpmnew"
fails "the unit is the new one" grep -q Older /usr/lib/systemd/system/autoscaled.service
fails "nothing is said again" grep -q 'is installed and not started' "$work/rpm"
rpm -e autoscaled
holds "the edit is kept" grep -q '^# mine' "$config.rpmsave"
kept

echo "packages: $checks checks passed"
