#!/usr/bin/env bash
# operator.sh: installs the Redis operator into redis-system of the test cluster.
. "$(dirname "$0")/lib.sh"

scripts/cluster.sh
scripts/namespace.sh redis-system
scripts/release.sh redis-system redis-operator charts/redis-operator charts/redis-operator \
  --set image.repository=tenant-redis.local/spotahome/redis-operator --set instances=20
