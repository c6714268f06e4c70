#!/usr/bin/env bash
# docs.sh FOLDER: generates values.schema.json and README.md of every chart in
# FOLDER from the comments of its values.yaml and from README.md.gotmpl, and the
# dashboards of redis-dashboards.
. "$(dirname "$0")/lib.sh"

charts=$1

# Every key of values.yaml is required: Helm takes null for "no such key", and
# templates would find nothing where values.yaml had a default. Where a template looks
# for that, with files/keys.json, the schema does without: editors mark each partial file.
REQUIRE='def require: if .properties then .required = (.properties | keys - ["global"]) | .properties |= map_values(require) else . end; require'

# answer_other_charts CHART lets the schema pass what people bring from other charts, for
# a template to answer: a schema could only say that a key is not allowed.
answer_other_charts() {
  # shellcheck disable=SC2016 # jq's variables
  change_schema "$1" '
    reduce ($others[0] | to_entries[]) as $other (.;
      setpath($other.key | split(".") | map("properties", .); {deprecated: true, description: $other.value}))' \
    --slurpfile others "$1/files/other-charts.json"
}

# change_schema CHART FILTER [FLAG...] runs its schema through jq.
change_schema() {
  local chart=$1 filter=$2
  shift 2
  jq "$@" "$filter" "$chart/values.schema.json" >"$chart/values.schema.json.tmp"
  mv "$chart/values.schema.json.tmp" "$chart/values.schema.json"
}

# list_keys CHART writes the paths of all its values into files/keys.json, and asks for
# none in the schema.
list_keys() {
  jq 'def names(path): .properties // {} | to_entries[] | (path + .key) as $name | $name, (.value | names($name + "."));
    [names("") | select(. != "global")]' "$1/values.schema.json" >"$1/files/keys.json"
  change_schema "$1" 'def ask_none: if .properties then del(.required) | .properties |= map_values(ask_none) else . end; ask_none'
}

for values in "$charts"/*/values.yaml; do
  chart=$(dirname "$values")
  helm-schema --values "$values" --output "$chart/values.schema.json" \
    --draft 7 --indent 2 --no-additional-properties --use-helm-docs
  if [ -f "$chart/files/other-charts.json" ]; then
    list_keys "$chart"
    answer_other_charts "$chart"
  else
    change_schema "$chart" "$REQUIRE"
  fi
done
helm-docs --chart-search-root "$charts" --sort-values-order file --log-level warning

# Dashboards that are no longer generated would stay.
rm -rf "$charts/redis-dashboards/dashboards"
go run ./dashboards "$charts"
