#!/usr/bin/env bash
# up.sh: from nothing to a tenant's client that writes to and reads from its
# own Redis. What is there already is used; nothing is done twice.
. "$(dirname "$0")/lib.sh"

TENANT=team-a
RELEASE=team-a-cache

show_contract() {
  local key
  echo
  echo "What $TENANT sees:"
  for key in REDIS_CLUSTER_NAME REDIS_SENTINEL_HOST REDIS_SENTINEL_PORT REDIS_SENTINEL_MASTER; do
    echo "  \$ kubectl -n $TENANT get configmap $RELEASE -o 'jsonpath={.data.$key}'"
    echo "  $(kubectl -n "$TENANT" get configmap "$RELEASE" -o "jsonpath={.data.$key}")"
  done
}

finished() { kubectl -n "$TENANT" get job "$1" -o 'jsonpath={.status.conditions[*].type}' | grep -qE 'Complete|Failed'; }

# client NAME runs the Job on standard input to its end, and prints its output. The
# nodes have its image under a name of this cluster's.
client() {
  kubectl -n "$TENANT" delete job "$1" --ignore-not-found --cascade=foreground >/dev/null
  sed "s|image: .*|image: $CLIENT_IMAGE|" | kubectl -n "$TENANT" create -f - >/dev/null
  wait_until 90 finished "$1"
  kubectl -n "$TENANT" logs "job/$1" | sed 's/^/  /'
  kubectl -n "$TENANT" get job "$1" -o 'jsonpath={.status.succeeded}' >"$CACHE/succeeded"
  kubectl -n "$TENANT" delete job "$1" >/dev/null
}

show_clients() {
  echo
  echo "A Pod labelled elastisys.io/redis-$RELEASE-access=allow, with the ConfigMap and the Secret:"
  client redis-client <examples/go/job.yaml
  [ "$(<"$CACHE/succeeded")" = 1 ] || die "the labelled client did not get in"
  echo "The same Pod without the label:"
  sed -e '/redis-team-a-cache-access/d; s/^ *labels:$/&  {}/; s/name: redis-client/name: stranger/' examples/go/job.yaml | client stranger
  [ "$(<"$CACHE/succeeded")" != 1 ] || die "a client without the label got in"
}

scripts/operator.sh
phase instance
scripts/namespace.sh "$TENANT"
scripts/release.sh redis-system "$RELEASE" charts/tenant-redis "examples/tenants/$TENANT" \
  --values "examples/tenants/$TENANT/values.yaml" \
  --post-renderer "$BIN/tenant-post" --post-renderer-args "--tenant=examples/tenants/$TENANT/tenant.yaml"
step "waiting until $RELEASE serves" await-redis --namespace redis-system --name "$RELEASE"
sed 's/^/  /' "$(step_log "waiting until $RELEASE serves")" | tail -n 6
show_contract
show_clients
scripts/times.sh 120 1000
say "$RELEASE serves. Use the cluster with: export KUBECONFIG=.cache/kubeconfig PATH=\$PWD/bin:\$PATH"
