#!/usr/bin/env bash
# Builds the release of the commit that is checked out twice, in two clones, as two people would who
# have nothing in common but the commit and Go, and compares every bit. Then holds what was built
# to what it says of itself: checksums, SBOM, licences, and the program's own account.
#
# usage: test/release.sh [--all] [--keep DIRECTORY]
#
#   --all    both architectures, and nothing compiled for the first build is used for the second (minutes)
#   --keep   leave what the first of them has built in the directory, in place of an earlier release there
set -euo pipefail

fail() {
    echo "release.sh: $*" >&2
    exit 1
}

archs=(--arch "$(go env GOHOSTARCH)") least=7 all=false keep=
while [ $# -gt 0 ]; do
    case $1 in
    --all) archs=() least=12 all=true ;;
    --keep)
        keep=$(realpath -m -- "${2:?--keep needs a directory}")
        [ ! -e "$keep" ] || [ -e "$keep/SHA256SUMS" ] || fail "$keep is there already, and is no release"
        shift
        ;;
    *) fail "'$1' is unknown: usage: test/release.sh [--all] [--keep DIRECTORY]" ;;
    esac
    shift
done
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT

git clone --quiet . "$work/one"
two="$work/another folder/two"
(umask 077 && git clone --quiet . "$two")

# What was fetched and compiled serves both, so that the second build costs seconds.
GOMODCACHE=$(go env GOMODCACHE) GOCACHE=$(go env GOCACHE)
export GOMODCACHE GOCACHE

"$work/one/tools/dist.sh" "${archs[@]}"
(
    umask 077
    if $all; then export GOCACHE=$work/cache; fi
    mkdir "$work/home" "$work/tmp"
    elsewhere=(bash -c "cd / && '$two/tools/dist.sh' ${archs[*]}")
    if [ "$(id -u)" -eq 0 ]; then # a host name of its own
        elsewhere=(unshare --uts bash -c "hostname elsewhere && ${elsewhere[2]}")
    fi
    HOME=$work/home TMPDIR=$work/tmp USER=somebody LOGNAME=somebody TZ=Asia/Tokyo LANG=ja_JP.UTF-8 \
        GOFLAGS=-buildvcs=false GOAMD64=v3 "${elsewhere[@]}"
)

one=$work/one/dist two=$two/dist
files=$(find "$one" -type f | wc -l)
[ "$files" -ge "$least" ] || fail "saw $files files, expected at least $least"
diff -rq "$one" "$two" || fail "two builds of $(git rev-parse --short HEAD) differ (diffoscope shows where, when given both files)"
(cd "$one" && sha256sum --quiet --check SHA256SUMS) || fail "SHA256SUMS is not that of the files"
[ "$(wc -l <"$one/SHA256SUMS")" -eq $((files - 1)) ] || fail "SHA256SUMS does not have all files"

DIST=$one go test -C test/release -count=1 .
go test -C tools -count=1 ./internal/linked ./licences ./sbom

# called VERSION AFTER...: what the release is called after this git command.
called() {
    local want=$1 got
    shift
    git -C "$work/one" -c user.name=test -c user.email=test@example.jp -c commit.gpgsign=false -c tag.gpgsign=false "$@" >/dev/null
    got=$("$work/one/tools/dist.sh" --version)
    [[ $got =~ ^$want$ ]] || fail "after git $* a release is called $got, want $want"
}
commit='[0-9]{14}\.[0-9a-f]{12}'
called ".*$commit" commit --quiet --allow-empty -m more
called '9\.8\.7' tag v9.8.7
called "9\.8\.8-0\.$commit" commit --quiet --allow-empty -m more
called '9\.9\.0-rc\.1' tag v9.9.0-rc.1
called "9\.9\.0-rc\.1\.0\.$commit" commit --quiet --allow-empty -m more
touch "$work/one/stray"
called ".*$commit\+dirty" status
said=$("$work/one/tools/dist.sh" "${archs[@]}" 2>&1) && fail "dist.sh releases what is in no commit"
grep -q '?? stray' <<<"$said" || fail "dist.sh does not say what is in no commit: $said"

if [ -n "$keep" ]; then
    rm -rf "$keep"
    cp -r "$one" "$keep"
fi
echo "release: $files files identical"
