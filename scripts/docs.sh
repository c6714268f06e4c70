#!/usr/bin/env bash
# docs.sh FOLDER: generates values.schema.json and README.md of every chart in
# FOLDER from the comments of its values.yaml and from README.md.gotmpl, and the
# dashboards of redis-dashboards.
. "$(dirname "$0")/lib.sh"

charts=$1

# Every key of values.yaml is required: Helm takes null for "no such key", and
# templates would find nothing where values.yaml had a default.
REQUIRE='def require: if .properties then .required = (.properties | keys - ["global"]) | .properties |= map_values(require) else . end; require'

for values in "$charts"/*/values.yaml; do
  chart=$(dirname "$values")
  helm-schema --values "$values" --output "$chart/values.schema.json" \
    --draft 7 --indent 2 --no-additional-properties --use-helm-docs
  jq "$REQUIRE" "$chart/values.schema.json" >"$chart/values.schema.json.tmp"
  mv "$chart/values.schema.json.tmp" "$chart/values.schema.json"
done
helm-docs --chart-search-root "$charts" --sort-values-order file --log-level warning

# Dashboards that are no longer generated would stay.
rm -rf "$charts/redis-dashboards/dashboards"
go run ./dashboards "$charts"
