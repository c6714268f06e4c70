#!/usr/bin/env bash
# scale.sh INSTANCES...: measures what one operator carries, for each number of
# instances; the environment can say more, as test/scale tells. Each gives a row of
# the table in docs/scale.md.
. "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || set -- 10 50
scripts/build-source.sh etcd
scripts/build-source.sh kubernetes k8s.io/kubernetes/cmd/kube-apiserver
scripts/build-source.sh "redis-operator-${SCALE_OPERATOR:-1.3}"
for instances; do
  say "one operator and $instances instances"
  SCALE_INSTANCES=$instances go test -tags scale -count=1 -timeout 60m -v -run '^TestScale$' ./test/scale |
    tee "$CACHE/log/scale-$instances.txt"
done
