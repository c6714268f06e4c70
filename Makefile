# The public face of this repository: `make help`.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# Elapsed times count from here.
export START := $(shell date +%s)
export PATH := $(CURDIR)/bin:$(PATH)
GO_BUILD := CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -trimpath -ldflags "-s -w"

CLUSTER_TOOLS := bin/helm bin/kubectl bin/kind
GENERATORS := bin/helm-schema bin/helm-docs
LINTERS := bin/golangci-lint bin/gofumpt $(GENERATORS)

.PHONY: up demo-failover drills bench test test-full test-unit test-lab test-e2e lint docs tools build package images packages cluster down clean help FORCE

up: $(CLUSTER_TOOLS) build ## a kind cluster, the operator, and a demo tenant's Redis
	@scripts/up.sh

demo-failover: bin/kubectl bin/await-redis bin/timeline ## kill that Redis' master under load and draw what clients see
	@scripts/demo-failover.sh

test: $(LINTERS) $(CLUSTER_TOOLS) bin/helm4 bin/gotestsum build packages ## all that every commit must pass
	@scripts/lint.sh
	@scripts/test.sh unit lab e2e

test-full: $(CLUSTER_TOOLS) bin/helm4 bin/gotestsum build packages ## every fault, both operator versions, the soak: hours
	@scripts/test.sh unit lab full

test-unit: bin/gotestsum bin/helm bin/helm4 build packages ## tests that need neither a cluster nor Redis
	@scripts/test.sh unit

test-lab: bin/gotestsum bin/helm bin/helm4 packages ## real Redis and Sentinels as processes, under faults
	@scripts/test.sh lab

test-e2e: $(CLUSTER_TOOLS) bin/helm4 bin/gotestsum build ## tests on the kind cluster
	@scripts/test.sh e2e

drills: $(CLUSTER_TOOLS) bin/gotestsum build ## fire the alerts with real faults; the figures of docs/drills.md
	@scripts/drills.sh

bench: $(CLUSTER_TOOLS) bin/gotestsum build ## the figures of docs/benchmarks.md and of plugin/README.md
	@scripts/bench.sh

lint: $(LINTERS) bin/helm packages ## style of Go, shell and charts
	@scripts/lint.sh

docs: $(GENERATORS) packages ## the charts' schemas, README files and dashboards
	@scripts/docs.sh charts

tools: $(CLUSTER_TOOLS) $(LINTERS) bin/helm4 bin/gotestsum ## every pinned tool, into bin/

build: bin/tenant-post bin/tenant bin/await-redis ## bin/tenant-post, bin/tenant and the Helm plugins in bin/plugins
	@scripts/plugin.sh

package: bin/helm bin/helm4 ## the charts, linted, and the Helm plugins of each platform, with checksums, signed by SIGN_KEY if set, into dist/
	@scripts/package.sh
	@scripts/package-plugins.sh
	@scripts/sign.sh

images: ## the images of the test cluster, pulled or built
	@scripts/engine.sh
	@scripts/images.sh

cluster: bin/kubectl bin/kind ## the kind cluster alone
	@scripts/cluster.sh

# What lint and the tests of the scripts run.
packages:
	@scripts/packages.sh shellcheck jq gpg gpg-agent redis-server redis-sentinel redis-tools busybox haproxy

down: bin/kind ## remove the kind cluster
	@scripts/down.sh

clean: ## remove bin/, dist/ and .cache/; Go's and Docker's caches stay
	rm -rf bin dist .cache

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

bin/kubectl: ci/sources/kubernetes/go.mod
	@scripts/build-tool.sh kubectl

bin/tenant-post: FORCE
	@$(GO_BUILD) -o $@ ./plugin/cmd/tenant-post

bin/tenant: FORCE
	@$(GO_BUILD) -o $@ ./plugin/cmd/tenant

bin/await-redis bin/timeline: FORCE
	@$(GO_BUILD) -o $@ ./test/cmd/$(@F)

bin/%: ci/tools/%/go.mod
	@scripts/build-tool.sh $*

FORCE:
