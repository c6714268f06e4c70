#!/bin/sh
# linger.sh COMMAND...: runs a server that serves for 3 s more when it is told to end. A
# Sentinel is told so together with the master on its node, when that is drained: it can
# vote, and says who is master next. Nobody waits for an answer that does not come, and
# nodes get to know that its Service leads elsewhere.
server=''
trap 'sleep 3; [ -z "$server" ] || kill "$server"' TERM
"$@" &
server=$!
# The signal interrupts the wait.
while
	wait "$server"
	status=$?
	kill -0 "$server" 2>/dev/null
do :; done
exit "$status"
