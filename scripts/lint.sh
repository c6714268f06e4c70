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
  helm lint --strict charts/*
  for values in examples/tenants/*/values.yaml; do
    helm lint --strict --values "$values" charts/tenant-redis
  done
}

# ci/words has what readers stumble over. The field says: reports, again, has, considers
# down, peers, disconnect, reconcile.
words_are_plain() {
  ! git grep -nEi -f ci/words -- '*.md' '*.gotmpl' 'charts/*/values.yaml' 'charts/*/templates/*' 'charts/*/proxy/*' \
    'charts/*/alerts/*' 'charts/*/records/*' 'plugin/*.txt' 'plugin/*.go' 'dashboards/*.go' || die "write the lines above in other words: ci/words has which to leave out"
  # In what users read it stands for two words.
  ! git grep -nwi alone -- '*.md' ':!docs/design' '*.gotmpl' 'charts/*/values.yaml' 'charts/*/templates/NOTES.txt' \
    'charts/*/alerts/*' 'charts/*/records/*' || die "write only, or by itself, in the place of alone in the lines above"
}

# What make docs generates must be what is committed.
docs_are_current() {
  rm -rf "$CACHE/docs"
  mkdir "$CACHE/docs"
  cp -r charts "$CACHE/docs/charts"
  scripts/docs.sh "$CACHE/docs/charts"
  diff -r charts "$CACHE/docs/charts" || die "run make docs: what it generates differs as shown"
}

phase lint
step "gofumpt" gofumpt_finds_nothing
# Modules that golangci-lint, which vets the others, does not see.
step "go vet, test/operator" go -C test/operator vet ./...
step "go vet, examples/clients/rueidis" go -C examples/clients/rueidis vet ./...
step "golangci-lint" golangci-lint run --allow-serial-runners --build-tags e2e,fork,full,scale,versions ./...
# A module of its own.
step "golangci-lint test/alerts" env --chdir test/alerts golangci-lint run --allow-serial-runners ./...
step "shellcheck" shellcheck_all
step "words" words_are_plain
step "helm lint" helm_lint
step "generated docs" docs_are_current
