# The public face of this repository: `make help`.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# Elapsed times count from here.
export START := $(shell date +%s)
export PATH := $(CURDIR)/bin:$(PATH)
GO_BUILD := CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -trimpath -ldflags "-s -w"

CLUSTER_TOOLS := bin/helm bin/kubectl bin/kind
LINTERS := bin/golangci-lint bin/gofumpt

.PHONY: up test test-unit test-e2e lint tools build package images packages cluster down clean help FORCE

up: $(CLUSTER_TOOLS) build ## a kind cluster, the operator, and a demo tenant's Redis
	@scripts/up.sh

test: $(LINTERS) $(CLUSTER_TOOLS) bin/helm4 bin/gotestsum build packages ## all that every commit must pass
	@scripts/lint.sh
	@scripts/test.sh unit e2e

test-unit: bin/gotestsum bin/helm bin/helm4 build packages ## tests that need no cluster
	@scripts/test.sh unit

test-e2e: $(CLUSTER_TOOLS) bin/gotestsum build ## tests on the kind cluster
	@scripts/test.sh e2e

lint: $(LINTERS) bin/helm packages ## style of Go, shell and charts
	@scripts/lint.sh

tools: $(CLUSTER_TOOLS) $(LINTERS) bin/helm4 bin/gotestsum ## every pinned tool, into bin/

build: bin/tenant-post bin/await-redis ## bin/tenant-post

package: bin/helm bin/helm4 ## both charts, linted, with their checksums, into dist/
	@scripts/package.sh

images: ## the images of the test cluster, pulled or built
	@scripts/engine.sh
	@scripts/images.sh

cluster: bin/kubectl bin/kind ## the kind cluster alone
	@scripts/cluster.sh

# What lint and the tests of the scripts run.
packages:
	@scripts/packages.sh shellcheck redis-server redis-sentinel redis-tools busybox

down: bin/kind ## remove the kind cluster
	@scripts/down.sh

clean: ## remove bin/, dist/ and .cache/; Go's and Docker's caches stay
	rm -rf bin dist .cache

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

bin/kubectl: ci/sources/kubernetes/go.mod
	@scripts/build-tool.sh kubectl

bin/tenant-post: FORCE
	@$(GO_BUILD) -o $@ ./plugin/cmd/tenant-post

bin/await-redis: FORCE
	@$(GO_BUILD) -o $@ ./test/cmd/await-redis

bin/%: ci/tools/%/go.mod
	@scripts/build-tool.sh $*

FORCE:
