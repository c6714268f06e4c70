#!/usr/bin/env bash
# picture.sh DASHBOARD PROMETHEUS FROM TO PNG [VARIABLE=VALUE...]: draws a dashboard
# as one picture, without Grafana but with its components. DASHBOARD is a uid of
# redis-dashboards, PROMETHEUS an address, FROM and TO what date -d understands.
#   scripts/picture.sh tenant-redis http://127.0.0.1:9090 "10 minutes ago" now \
#     out.png namespace=redis-system instance=team-a-cache
# The fleet's namespace is a regular expression: namespace=.+. With several clusters in
# one Prometheus, add cluster=NAME.
caller=$PWD
. "$(dirname "$0")/lib.sh"

[ $# -ge 5 ] || die "usage: picture.sh DASHBOARD PROMETHEUS FROM TO PNG [VARIABLE=VALUE...]"
uid=$1 prometheus=$2 png=$5
from=$(date -d "$3" +%s) || die "FROM: write a time that date -d understands, not $3"
to=$(date -d "$4" +%s) || die "TO: write a time that date -d understands, not $4"
[ "$from" -lt "$to" ] || die "FROM ($3) must be before TO ($4)"
shift 5
[[ $png = /* ]] || png=$caller/$png

json=$(find charts/redis-dashboards/dashboards -name "$uid.json")
[ -n "$json" ] || die "no dashboard is called $uid: $(find charts/redis-dashboards/dashboards -name '*.json' -printf '%f ')"

variables='{}'
for variable; do
  [[ $variable = *=* ]] || die "write $variable as VARIABLE=VALUE"
  variables=$(jq --arg name "${variable%%=*}" --arg value "${variable#*=}" '.[$name] = $value' <<<"$variables")
done

scripts/packages.sh chromium fonts-inter jq
command -v npm >/dev/null || scripts/packages.sh nodejs npm

# Outside of the sources: Go would look into what npm installs.
work=$CACHE/picture
mkdir -p "$work"
cp dashboards/picture/* "$work"
if ! cmp -s "$work/package-lock.json" "$work/installed"; then
  step "installing Grafana's components" npm --prefix "$work" ci --ignore-scripts --no-audit --no-fund
  cp "$work/package-lock.json" "$work/installed"
fi

step "drawing $uid" node "$work/render.mjs" "$(jq -n --arg dashboard "$ROOT/$json" --arg prometheus "$prometheus" \
  --argjson from "$from" --argjson to "$to" --arg png "$png" --argjson variables "$variables" '$ARGS.named')"
say "  $png"
