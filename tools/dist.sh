#!/usr/bin/env bash
# Builds into dist/ all that a release consists of, from the commit that is checked out: whoever
# builds the same commit with the same Go, wherever and whenever, gets the same bits.
#
# For each architecture: an archive (program, manual pages, completions, licences), a .deb, an .rpm, a
# container image as an OCI archive, and an SBOM (SPDX). Beside them the JSON Schema of the
# configuration, and SHA256SUMS.
#
# usage: tools/dist.sh [--arch amd64|arm64] [--dirty]
#        tools/dist.sh --version      print what the release is called, and build nothing
#
#   --arch     only this architecture (may be repeated)
#   --dirty    also when something was changed after the commit: for trying out, not for others
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "dist.sh: $*" >&2
    exit 1
}

command -v git >/dev/null || fail "git is missing: it says which commit this is"

# The same bits come from any user's settings.
umask 022
export LC_ALL=C TZ=UTC
export CGO_ENABLED=0 GOAMD64=v1 GOARM64=v8.0 GOFLAGS=-trimpath GOWORK=off
unset GOOS GOARCH GOEXPERIMENT GODEBUG

# release_version is X.Y.Z on a tag vX.Y.Z. After a tag it is a pre-release of what may come next, and
# without a tag one of 0.0.0: as Go counts, so that versions sort.
release_version() {
    local tag commit
    if tag=$(git describe --tags --exact-match --match 'v[0-9]*.*.*' 2>/dev/null); then
        echo "${tag#v}"
        return
    fi
    commit=$(git log -1 --format=%cd --date=format-local:%Y%m%d%H%M%S).$(git rev-parse HEAD | cut -c1-12)
    tag=$(git describe --tags --abbrev=0 --match 'v[0-9]*.*.*' 2>/dev/null) || tag=
    case $tag in
    '') echo "0.0.0-$commit" ;;
    *-*) echo "${tag#v}.0.$commit" ;;
    *) echo "$(sed 's/^v//; s/[0-9]*$//' <<<"$tag")$((${tag##*.} + 1))-0.$commit" ;;
    esac
}

archs=() dirty=false only_version=false
while [ $# -gt 0 ]; do
    case $1 in
    --arch)
        [[ ${2-} =~ ^(amd64|arm64)$ ]] || fail "--arch takes amd64 or arm64"
        archs+=("$2")
        shift
        ;;
    --dirty) dirty=true ;;
    --version) only_version=true ;;
    *) fail "'$1' is unknown: usage: tools/dist.sh [--arch amd64|arm64] [--dirty] | --version" ;;
    esac
    shift
done
[ ${#archs[@]} -gt 0 ] || archs=(amd64 arm64)

version=$(release_version)
changed=$(git status --porcelain --untracked-files=normal)
[ -z "$changed" ] || version+=+dirty
if $only_version; then
    echo "$version"
    exit
fi
if [ -n "$changed" ] && ! $dirty; then
    fail "the tree differs from its commit, so nobody could build the same (--dirty builds it nevertheless):"$'\n'"$changed"
fi
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dist=$work/dist
mkdir "$dist"

# program ARCH: builds $work/program_ARCH
program() {
    GOOS=linux GOARCH=$1 go build -trimpath -buildvcs=true -ldflags "-s -w -X main.version=$version" -o "$work/program_$1" ./cmd/autoscaled
}

# common DIRECTORY: what is the same for all architectures; the program of this machine's writes it.
common() {
    local here=$work/program_$host
    mkdir -p "$1/completions"
    "$here" man "$1/man"
    gzip -9n "$1"/man/*
    "$here" completion bash >"$1/completions/autoscaled.bash"
    "$here" completion zsh >"$1/completions/_autoscaled"
    "$here" completion fish >"$1/completions/autoscaled.fish"
    "$here" config schema >"$1/autoscaled.schema.json"
    install -m 0644 LICENSE README.md CHANGELOG.md "$1"
}

# archive NAME: packs the folder of that name below $work, always alike.
archive() {
    tar --sort=name --format=ustar --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        -C "$work" -cf - "$1" | gzip -n >"$dist/$1.tar.gz"
}

# release ARCH
release() {
    local name=autoscaled_${version}_linux_$1 stage form said
    stage=$work/$name
    cp -r "$work/common" "$stage"
    cp "$work/program_$1" "$stage/autoscaled"
    go run -C tools ./sbom -version "$version" "$stage/autoscaled" >"$stage/sbom.spdx.json"
    go run -C tools ./licences "$stage/autoscaled" >"$stage/THIRD_PARTY_LICENSES"
    archive "$name"
    for form in deb rpm; do
        said=$(STAGE=$stage VERSION=$version ARCH=$1 go tool -modfile=tools/go.mod nfpm package \
            --config deploy/packages/nfpm.yaml --packager "$form" --target "$dist/$name.$form") || fail "nfpm makes no .$form: $said"
    done
    mkdir "$work/image_$1"
    go run -C tools ./sbom -image -version "$version" "$stage/autoscaled" >"$work/image_$1/sbom.spdx.json"
    go run -C tools ./oci -o "$dist/$name.oci.tar" -version "$version" -created "$created" \
        -document "$stage/LICENSE" -document "$stage/THIRD_PARTY_LICENSES" -document "$work/image_$1/sbom.spdx.json" "$1=$stage/autoscaled"
    cp "$stage/sbom.spdx.json" "$dist/$name.spdx.json"
}

host=$(go env GOHOSTARCH)
for arch in $(printf '%s\n' "$host" "${archs[@]}" | sort -u); do
    program "$arch"
done
created=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
common "$work/common"
for arch in "${archs[@]}"; do
    release "$arch"
done
cp "$work/common/autoscaled.schema.json" "$dist/autoscaled_$version.schema.json"
(cd "$dist" && sha256sum -- * >SHA256SUMS)

rm -rf dist
cp -r "$dist" dist
echo "dist: $(find dist -type f | wc -l) files of autoscaled $version"
