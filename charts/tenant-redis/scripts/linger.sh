#!/bin/sh
# linger.sh COMMAND...: runs a Sentinel that serves for 3 s more when it is told to end. It
# is told so together with the master on its node, when that is drained: it can vote, and
# says who is master next. Nobody waits for an answer that does not come, and nodes get to
# know that its Service leads elsewhere.
server=''
trap 'sleep 3; [ -z "$server" ] || kill "$server"' TERM
"$@" &
server=$!
/bin/sh "${0%/*}/pace.sh" &
# The signal interrupts the wait.
while
	wait "$server"
	status=$?
	kill -0 "$server" 2>/dev/null
do :; done
exit "$status"
