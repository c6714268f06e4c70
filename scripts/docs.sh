#!/usr/bin/env bash
# docs.sh FOLDER: generates values.schema.json and README.md of every chart in
# FOLDER from the comments of its values.yaml and from README.md.gotmpl, and the
# dashboards of redis-dashboards.
. "$(dirname "$0")/lib.sh"

charts=$1

# answer_other_charts CHART lets the schema pass what people bring from other charts, for
# a template to answer: a schema could only say that a key is not allowed. A text of ours
# may be a map of theirs.
answer_other_charts() {
  # shellcheck disable=SC2016 # jq's variables
  change_schema "$1" '
    def at: map("properties", .);
    reduce ($others[0] | to_entries[]) as $other (.; ($other.key | split(".")) as $path | ($path[:-1] | at) as $above |
      if $path[1] and getpath($above).type == "string" then setpath($above; getpath($above) + {type: ["string", "object"], additionalProperties: false, minProperties: 1}) else . end |
      setpath($path | at; {deprecated: true, description: $other.value}))' \
    --slurpfile others "$1/files/other-charts.json"
}

# change_schema CHART FILTER [FLAG...] runs its schema through jq.
change_schema() {
  local chart=$1 filter=$2
  shift 2
  jq "$@" "$filter" "$chart/values.schema.json" >"$chart/values.schema.json.tmp"
  mv "$chart/values.schema.json.tmp" "$chart/values.schema.json"
}

# list_keys CHART writes the paths of all its values into files/keys.json, for a template
# that looks for null: Helm takes that for "no such key", and other templates would find
# nothing. A schema that requires the keys would have editors mark every partial file.
list_keys() {
  mkdir -p "$1/files"
  jq 'def names(path): .properties // {} | to_entries[] | (path + .key) as $name | $name, (.value | names($name + "."));
    [names("") | select(. != "global")]' "$1/values.schema.json" >"$1/files/keys.json"
  change_schema "$1" 'def ask_none: if .properties then del(.required) | .properties |= map_values(ask_none) else . end; ask_none'
}

for values in "$charts"/*/values.yaml; do
  chart=$(dirname "$values")
  helm-schema --values "$values" --output "$chart/values.schema.json" \
    --draft 7 --indent 2 --no-additional-properties --use-helm-docs
  list_keys "$chart"
  [ ! -f "$chart/files/other-charts.json" ] || answer_other_charts "$chart"
done
helm-docs --chart-search-root "$charts" --sort-values-order file --log-level warning

# Dashboards that are no longer generated would stay.
rm -rf "$charts/redis-dashboards/dashboards"
go run ./dashboards "$charts"
