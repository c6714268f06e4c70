#!/usr/bin/env bash
# scale.sh [INSTANCES...]: measures what one operator carries: all settings of MATRIX
# (test/scale/matrix.yaml), or those with these numbers of instances. What it measures
# goes into the file beside the matrix that ends in .json, one row after the other, so
# that what was interrupted or has other numbers can follow, and docs/scale.md shows what
# stands in the files of matrix.yaml and silent.yaml. Instead of numbers, shards
# tries two operators side by side, reality compares with real Redis and Sentinels, and
# dashboards asks Prometheus what the administrators' dashboards ask.
. "$(dirname "$0")/lib.sh"

run() { # NAME FOLDER
  say "$1"
  go -C "$2" test -tags scale -count=1 -timeout 120m -v -run "^$1\$" . | tee "$CACHE/log/scale-$1.txt"
}

SCALE_MATRIX=$(realpath -m "${MATRIX:-test/scale/matrix.yaml}")
[ -f "$SCALE_MATRIX" ] || die "MATRIX: no file is called $SCALE_MATRIX: name one such as test/scale/matrix.yaml"
export SCALE_MATRIX SCALE_INSTANCES=$* SCALE_ROWS=${SCALE_MATRIX%.yaml}.json

case $* in
  dashboards)
    run TestFleet test/alerts
    exit
    ;;
  shards) test=TestShards ;;
  reality) test=TestReality ;;
  *[!0-9\ ]*) die "INSTANCES: \"$*\" must be numbers such as \"10 50\", or one of shards, reality and dashboards" ;;
  *) test=TestScale ;;
esac
scripts/build-source.sh etcd
scripts/build-source.sh kubernetes k8s.io/kubernetes/cmd/kube-apiserver
scripts/build-source.sh redis-operator-1.3
scripts/build-source.sh redis-operator-1.2
status=0
run "$test" test/scale || status=$?
# What was measured goes into the page also where a check of it fails.
[ "$test" != TestScale ] || go test -count=1 ./test/scale/figures -run '^TestPage$' -update || status=$?
exit $status
