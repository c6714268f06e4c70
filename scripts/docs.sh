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

# answer_mistakes CHART has a template answer what does not fit the schema, in words: it reads
# files/schema.json, whose references are resolved. Helm would refuse first and say less, so
# values.schema.json has what is wrong refused by editors alone: Helm always sees every key,
# with the defaults. A schema that requires keys would have editors mark every partial file.
answer_mistakes() {
  local chart=$1
  mkdir -p "$chart/files"
  # shellcheck disable=SC2016 # jq's variables
  jq '
    . as $root |
    def inline: walk(if type == "object" and has("$ref") then ."$ref" as $at | $root | getpath($at | ltrimstr("#/") | split("/")) else . end);
    def merge: walk(if type == "object" and has("allOf") then del(.allOf) * (.allOf | add) else . end);
    def ask_none: if type == "object" and .properties then del(.required) | .properties |= map_values(ask_none) else . end;
    def brief: walk(if type == "object" and (has("deprecated") | not) then del(.description | strings) | del(."$comment") else . end);
    inline | merge | ask_none | brief | del(."$schema") | .properties.global = true' \
    "$chart/values.schema.json" >"$chart/files/schema.json"
  # shellcheck disable=SC2016
  change_schema "$chart" '
    def own: with_entries(select(.value | type == "object" and (.deprecated | not)));
    def texts: {description} + (if .properties then {properties: .properties | own | map_values(texts)} else {} end) | del(.. | nulls);
    {"$schema", "$comment": "Editors check what is written. Helm adds the defaults, so that all keys are there, and a template answers."} + texts +
      {if: {required: $strict[0].properties | own | keys}, else: $strict[0]}' \
    --slurpfile strict "$chart/files/schema.json"
  sed "s/CHART/$(basename "$chart")/g" scripts/schema.tpl >"$chart/templates/_schema.tpl"
}

for values in "$charts"/*/values.yaml; do
  chart=$(dirname "$values")
  helm-schema --values "$values" --output "$chart/values.schema.json" \
    --draft 7 --indent 2 --no-additional-properties --use-helm-docs
  [ ! -f "$chart/files/other-charts.json" ] || answer_other_charts "$chart"
  answer_mistakes "$chart"
done
helm-docs --chart-search-root "$charts" --sort-values-order file --log-level warning

# Dashboards that are no longer generated would stay.
rm -rf "$charts/redis-dashboards/dashboards"
go run ./dashboards "$charts"
