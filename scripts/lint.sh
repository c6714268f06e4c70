#!/usr/bin/env bash
# lint.sh: the style of Go, shell and charts.
. "$(dirname "$0")/lib.sh"

shell_scripts() { git ls-files '*.sh' .ci/run ci/node/files/entrypoint; }

go_files() { git ls-files '*.go'; }

gofumpt_finds_nothing() {
  local found
  # shellcheck disable=SC2046 # one word per file
  found=$(gofumpt -l $(go_files))
  [ -z "$found" ] || die "run gofumpt -w on: $found"
}

shellcheck_all() {
  # shellcheck disable=SC2046 # one word per file
  shellcheck -x $(shell_scripts)
}

helm_lint() {
  local values
  helm lint --strict charts/redis-operator charts/tenant-redis
  for values in examples/tenants/*/values.yaml; do
    helm lint --strict --values "$values" charts/tenant-redis
  done
}

step "gofumpt" gofumpt_finds_nothing
step "go vet" go vet -tags e2e ./...
step "golangci-lint" golangci-lint run --build-tags e2e ./...
# A module of its own.
step "golangci-lint test/alerts" env --chdir test/alerts golangci-lint run ./...
step "shellcheck" shellcheck_all
step "helm lint" helm_lint
