#!/usr/bin/env bash
# scale.sh INSTANCES...: measures what one operator carries, for each number of
# instances; the environment can say more, as test/scale tells. Each gives a row of
# figures. "shards" instead of a number tries two operators side by side.
. "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || set -- 10 50
for instances; do
  [[ $instances =~ ^([1-9][0-9]*|shards)$ ]] || die "$instances is no number of instances: write one, such as 50, or shards"
done
scripts/build-source.sh etcd
scripts/build-source.sh kubernetes k8s.io/kubernetes/cmd/kube-apiserver
scripts/build-source.sh "redis-operator-${SCALE_OPERATOR:-1.3}"
for instances; do
  test=TestScale
  [ "$instances" != shards ] || test=TestShards
  say "$test, $instances"
  SCALE_INSTANCES=$instances go test -tags scale -count=1 -timeout 60m -v -run "^$test\$" ./test/scale |
    tee "$CACHE/log/scale-$instances.txt"
done
