#!/usr/bin/env bash
# docs.sh FOLDER: generates values.schema.json and README.md of every chart in
# FOLDER from the comments of its values.yaml and from README.md.gotmpl, and the
# dashboards of redis-dashboards.
. "$(dirname "$0")/lib.sh"

charts=$1

# Every key of values.yaml is required: Helm takes null for "no such key", and
# templates would find nothing where values.yaml had a default.
REQUIRE='def require: if .properties then .required = (.properties | keys - ["global"]) | .properties |= map_values(require) else . end; require'

# answer_other_charts CHART lets the schema pass what people bring from other charts, for
# a template to answer: a schema could only say that a key is not allowed.
answer_other_charts() {
  jq --slurpfile others "$1/files/other-charts.json" '
    reduce ($others[0] | to_entries[]) as $other (.;
      setpath($other.key | split(".") | map("properties", .); {deprecated: true, description: $other.value}))' \
    "$1/values.schema.json" >"$1/values.schema.json.tmp"
  mv "$1/values.schema.json.tmp" "$1/values.schema.json"
}

for values in "$charts"/*/values.yaml; do
  chart=$(dirname "$values")
  helm-schema --values "$values" --output "$chart/values.schema.json" \
    --draft 7 --indent 2 --no-additional-properties --use-helm-docs
  jq "$REQUIRE" "$chart/values.schema.json" >"$chart/values.schema.json.tmp"
  mv "$chart/values.schema.json.tmp" "$chart/values.schema.json"
  [ ! -f "$chart/files/other-charts.json" ] || answer_other_charts "$chart"
done
helm-docs --chart-search-root "$charts" --sort-values-order file --log-level warning

# Dashboards that are no longer generated would stay.
rm -rf "$charts/redis-dashboards/dashboards"
go run ./dashboards "$charts"
