#!/usr/bin/env bash
# Holds openapi.yaml against its specification, and every answer of the API against openapi.yaml, by
# somebody else's validator, which the daemon does not link.
#
# usage: test/api.sh
set -euo pipefail
cd "$(dirname "$0")/api"
go test -count=1 -v ./...
