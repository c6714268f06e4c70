# The public face of this repository: `make help`.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# Elapsed times count from here, also in the make that makes what a target needs.
ifndef START
export START := $(shell date +%s)
endif
export PATH := $(CURDIR)/bin:$(PATH)
# As scripts/lib.sh has it: the Go of everything.
export GOTOOLCHAIN := $(shell sed -n 's/^toolchain //p' go.mod)
GO_BUILD := CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -trimpath -ldflags "-s -w"

CLUSTER_TOOLS := bin/kubectl bin/helm bin/kind
GENERATORS := bin/helm-schema bin/helm-docs
LINTERS := bin/golangci-lint bin/gofumpt $(GENERATORS)
TESTERS := bin/gotestsum bin/helm4
SCANNERS := bin/govulncheck bin/cyclonedx-gomod

# What targets need is made side by side: two compile while one waits for the network.
NEED := source scripts/lib.sh; phase tools; $(MAKE) --no-print-directory --jobs=3

.PHONY: up demo-failover record-demo drills bench scale test test-full test-unit test-lab test-versions test-e2e lint vulnerabilities docs tools build package operator-image images engine packages cluster down clean help FORCE

up: ## a kind cluster, the operator, and a demo tenant's Redis
	@$(NEED) engine $(CLUSTER_TOOLS) build
	@scripts/up.sh

demo-failover: bin/kubectl bin/await-redis bin/timeline ## kill that Redis' master under load and draw what clients see
	@scripts/demo-failover.sh

record-demo: bin/kubectl bin/await-redis bin/timeline bin/record ## demo-failover, recorded as docs/images/demo-failover.svg
	@bin/record -as 'make demo-failover' -out docs/images/demo-failover.svg scripts/demo-failover.sh

test: ## all that every commit must pass
	@$(NEED) engine packages $(CLUSTER_TOOLS) $(SCANNERS) $(TESTERS) build
	@scripts/test.sh unit lab versions checks e2e

test-full: ## every fault, all servers, both operator versions, the soak: hours
	@$(NEED) engine packages $(CLUSTER_TOOLS) $(TESTERS) build
	@scripts/packages.sh musl-tools nginx-light
	@scripts/test.sh unit lab versions servers full

test-unit: ## tests that need neither a cluster nor Redis
	@$(NEED) packages bin/helm bin/kubectl $(SCANNERS) $(TESTERS) build
	@scripts/test.sh unit

test-lab: ## real Redis and Sentinels as processes, under faults
	@$(NEED) packages bin/helm $(TESTERS)
	@scripts/test.sh lab

test-versions: ## a few of those on each version of the servers
	@$(NEED) packages bin/helm $(TESTERS)
	@scripts/test.sh versions

test-e2e: ## tests on the kind cluster
	@$(NEED) engine packages $(CLUSTER_TOOLS) $(TESTERS) build
	@scripts/test.sh e2e

drills: ## fire the alerts with real faults; the figures of docs/drills.md
	@$(NEED) engine packages $(CLUSTER_TOOLS) $(TESTERS) build
	@scripts/drills.sh

bench: ## the figures of docs/benchmarks.md, and of the post-renderer in docs/design/notes.md
	@$(NEED) engine packages $(CLUSTER_TOOLS) $(TESTERS) build
	@scripts/bench.sh

scale: ## what one operator carries, on a real API server: docs/scale.md, or INSTANCES="10 50" of it; INSTANCES=shards, reality or dashboards
	@$(NEED) packages bin/kubectl bin/helm
	@scripts/scale.sh $(INSTANCES)

lint: ## style of Go, shell and charts
	@$(NEED) packages $(LINTERS) bin/helm
	@scripts/lint.sh

vulnerabilities: ## known vulnerabilities that what ships can reach, by the pinned database, or VULNDB=latest
	@$(NEED) packages $(SCANNERS)
	@scripts/vulnerabilities.sh

docs: $(GENERATORS) packages ## the charts' schemas, README files and dashboards, and the picture of the architecture
	@scripts/docs.sh charts
	@go run ./test/cmd/diagram docs/images/architecture.yaml docs/images/architecture.svg

tools: $(CLUSTER_TOOLS) $(LINTERS) $(SCANNERS) $(TESTERS) ## every pinned tool, into bin/

build: bin/tenant-post bin/tenant bin/await-redis ## bin/tenant-post, bin/tenant and the Helm plugins in bin/plugins
	@scripts/plugin.sh

package: bin/helm bin/helm4 bin/cyclonedx-gomod packages ## the charts, linted, and the Helm plugins of each platform, with bills of materials, licences and checksums, signed by SIGN_KEY if set, into dist/, all as an OCI layout into dist/oci, and dist/INSTALL.md with the commands to install them from REGISTRY
	@scripts/package.sh
	@scripts/package-plugins.sh
	@scripts/sign.sh
	@scripts/layout.sh
	@scripts/install-page.sh

operator-image: bin/cyclonedx-gomod packages ## the operator's image from source for FLAVOUR and PLATFORMS, an OCI layout in dist/operator-image, pushed to REGISTRY if set
	@scripts/operator-image.sh dist/operator-image $(PLATFORMS)

images: ## the images of the test cluster, pulled or built
	@scripts/engine.sh
	@scripts/images.sh

cluster: bin/kubectl bin/kind ## the kind cluster alone
	@scripts/cluster.sh

engine:
	@scripts/engine.sh

# What lint and the tests of the scripts run.
packages:
	@scripts/packages.sh shellcheck jq patch gpg gpg-agent redis-server redis-sentinel redis-tools busybox haproxy iptables iproute2 nodejs

down: bin/kind ## remove the kind cluster
	@scripts/down.sh

clean: ## remove bin/, dist/ and .cache/; Go's and Docker's caches stay
	rm -rf bin dist .cache

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

bin/kubectl: ci/sources/kubernetes/go.mod
	@scripts/build-tool.sh kubectl

bin/tenant-post bin/tenant: FORCE
	@scripts/build-program.sh $(@F) $@

bin/await-redis bin/record bin/timeline: FORCE
	@$(GO_BUILD) -o $@ ./test/cmd/$(@F)

# They are made of the same packages for the most part, which Go then has.
bin/helm: | $(filter bin/kubectl,$(MAKECMDGOALS))
bin/helm4: | bin/helm

bin/%: ci/tools/%/go.mod
	@scripts/build-tool.sh $*

FORCE:
