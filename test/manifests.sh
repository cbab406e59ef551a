#!/usr/bin/env bash
# Holds the manifests of deploy/container against the schemas that Compose and Kubernetes publish, and the
# configurations within them against the daemon's own.
#
# usage: test/manifests.sh
set -euo pipefail
cd "$(dirname "$0")/manifests"
go test -count=1 -v ./...
