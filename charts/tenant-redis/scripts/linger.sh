#!/bin/sh
# linger.sh COMMAND...: runs a server that serves for 3 s more when it is told to end. Until
# then nodes still send it new connections to its Service, which would be refused.
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
