#!/usr/bin/env bash
# Checks the container image: its layout by another's reader, what is in its file system, and that this file
# system runs as a container engine would run it: read-only, as nobody in particular, without capabilities and with
# nothing around it, against the simulated cloud. There is no container engine, so it needs to be root.
#
# usage: test/container.sh [ARCHIVE]      (without: one is made of bin/autoscaled)
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
export TZ=UTC LC_ALL=C

fail() {
    echo "container.sh: $*" >&2
    exit 1
}

passed=0
# check WHAT COMMAND...: the command must succeed.
check() {
    local what=$1
    shift
    "$@" >"$work/said" 2>&1 || fail "$what: $(cat "$work/said")"
    passed=$((passed + 1))
}

# is WHAT GOT WANT
is() {
    [ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"
    passed=$((passed + 1))
}

[ "$(id -u)" -eq 0 ] || fail "run it as root: it mounts, and becomes another user"
for tool in skopeo jq curl openssl unshare setpriv; do
    command -v "$tool" >/dev/null || fail "$tool is missing: install the package that has it (test/setup.sh does)"
done

# Mounts and networks are this script's own: it begins once more among them, and they end with it.
if [ "${1:-}" != --inside ]; then
    exec unshare --mount --net --propagation private "$repository/test/container.sh" --inside "$@"
fi
shift
ip link set lo up
work=$(mktemp -d)
# end ends what this script started, also when it fails.
end() {
    [ -z "${daemon:-}" ] || kill -KILL "$(first_child "$daemon")" 2>/dev/null || true
    [ -z "${simulator:-}" ] || kill "$simulator" 2>/dev/null || true
    wait
    mountpoint -q "$work/root" && umount --recursive "$work/root"
    rm -rf "$work"
}
trap end EXIT

# first_child PID: that of `unshare --fork`, which is the first process of a namespace and not ended by ours.
first_child() {
    tr -d ' ' <"/proc/$1/task/$1/children"
}

# --- The layout ---------------------------------------------------------------

if [ $# -gt 0 ]; then
    archive=$(realpath "$1")
else
    [ -x bin/autoscaled ] || make -s build
    archive=$work/autoscaled.oci.tar
    mkdir "$work/documents"
    SOURCE_DATE_EPOCH=1767323045 go run -C tools ./sbom -image -version 0.0.0-test "$repository/bin/autoscaled" >"$work/documents/sbom.spdx.json"
    go run -C tools ./licences "$repository/bin/autoscaled" >"$work/documents/THIRD_PARTY_LICENSES"
    make_archive() {
        go run -C tools ./oci -o "$1" -version 0.0.0-test -created 2026-01-02T03:04:05Z -document "$repository/LICENSE" \
            -document "$work/documents/THIRD_PARTY_LICENSES" -document "$work/documents/sbom.spdx.json" "$(go env GOARCH)=$repository/bin/autoscaled"
    }
    check "making an archive" make_archive "$archive"
    check "making it once more" make_archive "$work/again.oci.tar"
    check "an archive has the same bytes each time" cmp "$archive" "$work/again.oci.tar"
fi

mkdir "$work/layout"
tar -xf "$archive" -C "$work/layout"
is "the version of the layout" "$(jq -r .imageLayoutVersion "$work/layout/oci-layout")" 1.0.0
for blob in "$work"/layout/blobs/sha256/*; do
    is "the hash of a blob" "$(sha256sum <"$blob" | cut -d' ' -f1)" "$(basename "$blob")"
done
is "members of the archive that are dated otherwise than the first" "$(tar --full-time -tvf "$archive" | awk '{ print $4, $5 }' | sort -u | wc -l)" 1
check "another's reader copies all of it" skopeo copy --quiet --all "oci-archive:$archive" "dir:$work/copy"

# blob DIGEST
blob() { cat "$work/layout/blobs/sha256/${1#sha256:}"; }

# images prints the descriptor of each architecture's image, whether or not there is an index of them.
images() {
    local first
    first=$(jq -c '.manifests[0]' "$work/layout/index.json")
    if [ "$(jq -r .mediaType <<<"$first")" = application/vnd.oci.image.index.v1+json ]; then
        blob "$(jq -r .digest <<<"$first")" | jq -c '.manifests[]'
    else
        echo "$first"
    fi
}

is "images at the top" "$(jq '.manifests | length' "$work/layout/index.json")" 1
version=$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' "$work/layout/index.json")
case $(uname -m) in x86_64) here=amd64 ;; aarch64) here=arm64 ;; *) here=none ;; esac
while read -r descriptor; do
    architecture=$(jq -r .platform.architecture <<<"$descriptor")
    manifest=$(blob "$(jq -r .digest <<<"$descriptor")")
    config=$(blob "$(jq -r .config.digest <<<"$manifest")")
    is "the size of the manifest" "$(jq -r .size <<<"$descriptor")" "$(blob "$(jq -r .digest <<<"$descriptor")" | wc -c)"
    is "the kind of a manifest" "$(jq -r .mediaType <<<"$manifest")" application/vnd.oci.image.manifest.v1+json
    is "the kind of a configuration" "$(jq -r .config.mediaType <<<"$manifest")" application/vnd.oci.image.config.v1+json
    is "the kinds of layers" "$(jq -r '.layers[].mediaType' <<<"$manifest" | sort -u)" application/vnd.oci.image.layer.v1.tar+gzip
    n=0
    while read -r digest size; do
        is "the size of a layer" "$size" "$(blob "$digest" | wc -c)"
        is "the hash of a layer's files" "sha256:$(blob "$digest" | gzip -dc | sha256sum | cut -d' ' -f1)" "$(jq -r ".rootfs.diff_ids[$n]" <<<"$config")"
        n=$((n + 1))
    done < <(jq -r '.layers[] | "\(.digest) \(.size)"' <<<"$manifest")
    is "the platform" "$(jq -r '.os + "/" + .architecture' <<<"$config")" "linux/$architecture"
    is "what another's reader says of it" \
        "$(skopeo inspect --override-arch "$architecture" "oci-archive:$archive" | jq -r '.Os + "/" + .Architecture + " " + .Labels["org.opencontainers.image.version"]' | tr + -)" \
        "linux/$architecture $version"
    is "the user" "$(jq -r .config.User <<<"$config")" 65532:65532
    is "the program" "$(jq -c .config.Entrypoint <<<"$config")" '["/autoscaled"]'
    is "its arguments" "$(jq -c .config.Cmd <<<"$config")" '["run","--config","/etc/autoscaled/autoscaled.yaml"]'
    is "its health check" "$(jq -c .config.Healthcheck.Test <<<"$config")" '["CMD","/autoscaled","health"]'
    is "what is kept" "$(jq -c .config.Volumes <<<"$config")" '{"/var/lib/autoscaled":{}}'
    is "the port" "$(jq -c .config.ExposedPorts <<<"$config")" '{"9469/tcp":{}}'
    is "how it is stopped" "$(jq -r .config.StopSignal <<<"$config")" SIGTERM
    for label in version created source licenses; do
        check "the label $label" jq -e ".config.Labels[\"org.opencontainers.image.$label\"] | length > 0" <<<"$config"
    done
    [ "$architecture" != "$here" ] || printf '%s' "$manifest" >"$work/manifest"
done < <(images)
[ -s "$work/manifest" ] || fail "there is no image for $here in $archive"
manifest=$(cat "$work/manifest")
config=$(blob "$(jq -r .config.digest <<<"$manifest")")

# --- The file system ----------------------------------------------------------

mkdir "$work/root"
while read -r digest; do
    blob "$digest" | tar -xzp --numeric-owner --same-owner -C "$work/root"
done < <(jq -r '.layers[].digest' <<<"$manifest")
cd "$work/root"

is "what is not a file or a directory" "$(find . ! -type f ! -type d)" ""
is "programs" "$(find . -type f -perm /111)" ./autoscaled
is "files with other files' owners or rights" "$(find . -mindepth 1 \( -perm /7022 -o ! -user 0 -o ! -group 0 \) ! -path ./var/lib/autoscaled)" ""
is "the place of the state" "$(stat -c '%u:%g %a' var/lib/autoscaled)" "65532:65532 700"
is "files" "$(find . -type f ! -path './usr/share/doc/*' | sort | tr '\n' ' ')" "./autoscaled ./etc/group ./etc/passwd ./etc/ssl/certs/ca-certificates.crt "
authorities=$(grep -c 'BEGIN CERTIFICATE' etc/ssl/certs/ca-certificates.crt)
[ "$authorities" -ge 100 ] || fail "there are $authorities certificate authorities, expected at least 100"
passed=$((passed + 1))

is "documents" "$(find usr -type f | sort | tr '\n' ' ')" \
    "usr/share/doc/autoscaled/LICENSE usr/share/doc/autoscaled/THIRD_PARTY_LICENSES usr/share/doc/autoscaled/sbom.spdx.json "
check "the licence is ours" cmp usr/share/doc/autoscaled/LICENSE "$repository/LICENSE"
# of_sbom FILTER: what it says of the package that the filter selects
of_sbom() { jq -r "[.packages[] | select($1)] | \"\\(length) \\(.[0].checksums[0].checksumValue)\"" usr/share/doc/autoscaled/sbom.spdx.json; }
sum_of() { sha256sum <"$1" | cut -d' ' -f1; }
is "the program of the SBOM" "$(of_sbom '.name == "autoscaled"')" "1 $(sum_of autoscaled)"
is "the authorities of the SBOM" "$(of_sbom '.packageFileName == "etc/ssl/certs/ca-certificates.crt"')" "1 $(sum_of etc/ssl/certs/ca-certificates.crt)"
is "what the SBOM is about" "$(jq -r '.relationships[] | select(.relationshipType == "DESCRIBES") | .relatedSpdxElement' usr/share/doc/autoscaled/sbom.spdx.json)" SPDXRef-image
third_party=0
while read -r name and; do
    check "the licence of $name" grep -qF "    $name $and: " usr/share/doc/autoscaled/THIRD_PARTY_LICENSES
    third_party=$((third_party + 1))
done < <(jq -r '.packages[] | select(.primaryPackagePurpose == "LIBRARY" and (.sourceInfo // "" | startswith("go.sum"))) | "\(.name) \(.versionInfo)"' usr/share/doc/autoscaled/sbom.spdx.json)
[ "$third_party" -ge 15 ] || fail "the SBOM lists $third_party modules, expected at least 15"
cd "$repository"

# --- How it runs --------------------------------------------------------------

mapfile -t environment < <(jq -r '.config.Env[]' <<<"$config")
mapfile -t command < <(jq -r '(.config.Entrypoint + .config.Cmd)[]' <<<"$config")

# Entering the root takes capabilities; another user does not keep them, and no program gives them back.
# The tools are named with their places, since the image's PATH leads elsewhere.
as_engine=(env -i "${environment[@]}" "$(command -v setpriv)" --no-new-privs --inh-caps=-all --bounding-set=-all,+sys_admin,+sys_chroot,+setuid,+setgid)
into_root=("$(command -v chroot)" --userspec=65532:65532 --groups= "$work/root")
unshare=$(command -v unshare)

# contained COMMAND...: runs it with the image's root, environment and user.
contained() { "${as_engine[@]}" "${into_root[@]}" "$@"; }

# start runs the image's command as the first process of a namespace, and waits until it is healthy.
start() {
    local tries
    "${as_engine[@]}" "$unshare" --pid --fork "${into_root[@]}" "${command[@]}" 2>"$work/log" &
    daemon=$!
    for tries in {1..200}; do
        if contained /autoscaled health >/dev/null 2>&1; then
            passed=$((passed + 1))
            return
        fi
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    fail "the daemon is not healthy after $tries tries: $(contained /autoscaled health 2>&1 || true)
$(cat "$work/log")"
}

# stop SIGNAL: ends the daemon; if it was asked, with status 0.
stop() {
    local status=0
    kill -"$1" "$(first_child "$daemon")"
    wait "$daemon" || status=$?
    daemon=
    [ "$1" = KILL ] || is "the daemon's exit status after SIG$1" "$status" 0
    status=0
    contained /autoscaled health >/dev/null 2>"$work/health" || status=$?
    is "the exit status of health after SIG$1" "$status" 1
    check "what health says then" grep -q "is it running" "$work/health"
}

# The configuration that is shipped, for a cloud that is simulated, and in haste.
mkdir "$work/config" "$work/secrets"
rehearsed() { sed 's|^    type: gp$|&\n    endpoint: http://127.0.0.1:8013/json|; s|^    mode: recommend$|&\n    interval: 1s|'; }
rehearsed <deploy/container/autoscaled/autoscaled.yaml >"$work/config/autoscaled.yaml"
printf AKEY >"$work/secrets/gp-access-key"
printf SECRET >"$work/secrets/gp-secret-key"
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f nobody' >"$work/secrets/id_rsa.pub"
chown 65532:65532 "$work/secrets"/*
chmod 0400 "$work/secrets"/*
chmod 0755 "$work" "$work/config" "$work/secrets"
"$work/root/autoscaled" simulator --speed 300 --snmp-port 161 --app-port 80 --account AKEY:SECRET:gp00000001 >"$work/simulator" 2>&1 &
simulator=$!

mount --bind "$work/root" "$work/root"
mount -t tmpfs -o size=64m,uid=65532,gid=65532,mode=0700,nosuid,nodev,noexec state "$work/root/var/lib/autoscaled"
mount --bind "$work/config" "$work/root/etc/autoscaled"
mount --bind "$work/secrets" "$work/root/run/secrets"
for place in / /etc/autoscaled /run/secrets; do
    mount -o remount,bind,ro,nosuid,nodev "$work/root$place"
done
check "nobody can write beside the state" test ! -w "$work/root/etc"

check "the configuration is good" contained /autoscaled check /etc/autoscaled/autoscaled.yaml
check "the image's program says its version" contained /autoscaled version
start
process=/proc/$(first_child "$daemon")
is "who runs it" "$(awk '/^[UG]id:/ { print $2, $3, $4, $5 }' "$process/status" | sort -u)" "65532 65532 65532 65532"
is "its other groups" "$(awk '/^Groups:/ { print $2 }' "$process/status")" ""
is "its capabilities" "$(awk '/^Cap(Inh|Prm|Eff|Amb):/ { print $2 }' "$process/status" | sort -u)" 0000000000000000
is "whether it can get others" "$(awk '/^NoNewPrivs:/ { print $2 }' "$process/status")" 1
is "its root" "$(readlink "$process/root")" "$work/root"
for tries in {1..150}; do # the load is what happens between two answers of an agent
    decided=$(contained /autoscaled status -o json | jq -r '.groups[0] | "\(.name) \(.mode) \(.decision.reason | if . == "" then "nothing" else . end)"')
    [[ $decided =~ (nothing|unknown)$ ]] || break
    sleep 0.1
done
[[ $decided =~ ^web\ recommend\ [a-z_]+$ && ! $decided =~ (nothing|unknown)$ ]] ||
    fail "after $tries tries the group's name, mode and reason are '$decided': $(cat "$work/log")"
passed=$((passed + 1))
is "what health says of a process" "$(contained /autoscaled health --live)" ok
stop KILL
start # what was killed left its socket
stop TERM

# As in Kubernetes: volumes belong to root and are open to a group, and other pods reach the port, so it speaks
# TLS, and tells who shows a token.
entry() { # of the map in the manifest
    awk -v begin="  $1: |" '$0 == begin { on = 1; next } on && /^ ? ?[^ ]/ { exit } on { sub(/^    /, ""); print }' deploy/container/kubernetes/deployment.yaml
}
"$work/root/autoscaled" config token prometheus --role read >"$work/token"
entry autoscaled.yaml | rehearsed | sed "s/sha256: [0-9a-f]*/sha256: $(grep -oE 'sha256: [0-9a-f]{64}' "$work/token" | cut -d' ' -f2)/" >"$work/config/autoscaled.yaml"
entry web.yaml >"$work/secrets/web.yaml"
check "making a certificate" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=autoscaled \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$work/secrets/tls.key" -out "$work/secrets/tls.crt"
chown 0:65532 "$work/secrets"/*
chmod 0440 "$work/secrets"/*
chown -R 0:65532 "$work/root/var/lib/autoscaled"
chmod -R g+rwX "$work/root/var/lib/autoscaled"
chmod 2770 "$work/root/var/lib/autoscaled"

# metrics ARGUMENT...: the status of an answer of /metrics
metrics() { curl --silent --cacert "$work/secrets/tls.crt" --output "$work/metrics" --write-out '%{http_code}' "$@" https://127.0.0.1:9469/metrics; }
start
is "metrics without a token" "$(metrics)" 401
is "metrics with one" "$(metrics --header "Authorization: Bearer $(head -1 "$work/token")")" 200
check "they are metrics" grep -q '^autoscaled_' "$work/metrics"
is "what health says over TLS" "$("$work/root/autoscaled" health --url https://127.0.0.1:9469 --ca "$work/secrets/tls.crt")" ok
stop TERM

echo "container: $passed checks passed"
