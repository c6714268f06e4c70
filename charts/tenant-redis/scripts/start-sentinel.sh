#!/bin/sh
# start-sentinel.sh redis-server CONFIGURATION ARGUMENT...: starts a Sentinel that takes
# from whoever does not log in only what clients, exporters and the operator use, which
# speak to it without a password. Its peers and the scripts of this instance log in as
# sentinel-user. SENTINEL MONITOR, REMOVE, RESET and SET stay open: the operator repairs
# with them. It never sends FAILOVER: only its own shutdown.sh does, which stop.sh replaces.
#
# What is allowed is listed, so that a command of a later version is refused. Redis reads
# a file of users and not its arguments: what it is told there it would write into the
# configuration, and not start again with both.
set -e
umask 077
. "${0%/*}/passwords.sh"
folder=${2%/*}
secret=${USERS:-/redis-users}/sentinel-password
content "$secret"
hashes=$(hashes "$secret")

cat >"$folder/users.acl" <<END
user default on nopass resetchannels &* -@all +@connection -@admin -@dangerous +client|list +command +info +role +subscribe +unsubscribe +psubscribe +punsubscribe +sentinel|ckquorum +sentinel|get-master-addr-by-name +sentinel|help +sentinel|info-cache +sentinel|master +sentinel|masters +sentinel|monitor +sentinel|myid +sentinel|remove +sentinel|replicas +sentinel|reset +sentinel|sentinels +sentinel|set +sentinel|slaves
user sentinel-user on $(printf %s "$hashes" | tr "\n" " ") &* +@all
END
cat >"$folder/login.conf" <<END
sentinel sentinel-user sentinel-user
sentinel sentinel-pass $content
END
exec "$@" --aclfile "$folder/users.acl" --include "$folder/login.conf"
