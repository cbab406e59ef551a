SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

FUZZTIME ?= 30s
LINT := go tool -modfile=tools/go.mod golangci-lint

.PHONY: help build dist test e2e proof fuzz bench lint fmt demo check clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  %-7s %s\n", $$1, $$2 }' Makefile

build: ## Build bin/autoscaled
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$$(tools/dist.sh --version)" -o bin/autoscaled ./cmd/autoscaled

dist: ## Build packages, archives and container images of a release into dist/, with checksums
	@tools/dist.sh

# Packages that start no goroutine: the race detector, which takes ten times as long, has nothing
# to find in them.
SEQUENTIAL := /(internal/(config|policy|policy/schedule|policy/forecast|record|plan/(billing|elasticity|report|tune))|test/bench/elasticity)$$

# The end-to-end tests, which are first, mostly wait: hence one package more at once than there
# are processors.
test: ## Install what the tests need (Debian packages, when root and missing) and run all of them, with the race detector
	@test/setup.sh
	@export AUTOSCALED_REQUIRE_TOOLS=1 GOGC=1600 GOMEMLIMIT=1GiB; \
	flags="-p $$(($$(nproc) + 1)) -vet=off -timeout 8m -json"; \
	{ go test -race $$flags ./test/e2e $$(go list ./... | grep -vE '$(SEQUENTIAL)'); \
	  go test $$flags $$(go list ./... | grep -E '$(SEQUENTIAL)'); } | go run ./test/summary

e2e: ## Run the end-to-end tests alone, against the real snmpd and Prometheus
	@test/setup.sh
	@AUTOSCALED_REQUIRE_TOOLS=1 go test -race -timeout 8m -json ./test/... | go run ./test/summary

proof: ## Run every lane of the proof whole, one after the other (hours)
	@for lane in test/proof/*.sh; do echo "== $$lane"; "$$lane" --all; done

fuzz: ## Run every fuzz target for FUZZTIME (30s)
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' "$$package" | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$package"; \
		done; \
	done

bench: ## Run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

lint: ## Run golangci-lint, built at the version that tools/go.mod pins (minutes the first time)
	$(LINT) run

fmt: ## Format all Go files
	$(LINT) fmt

demo: ## Watch a simulated cloud being scaled, for two minutes
	go run ./cmd/autoscaled demo

check: ## Run all that decides about a change (15 minutes at most)
	.ci/run

clean: ## Remove what was built
	rm -rf bin dist
