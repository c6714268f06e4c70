#!/bin/sh
# pace.sh: has the Sentinel of this Pod send its PINGs twice a second, as soon as it
# answers. It waits for the answer to the first that is lost, so that it detects a silent
# master by half of such a period later than it is told to, and by all of it at most. Its
# own period is a second. A shorter one would have more Sentinels detect it at the same
# moment, and each vote for itself. No configuration has this, and none keeps it.
. "${0%/*}/sentinel.sh"

# One that does not know the command says so, and goes on as it is.
until [ -n "$(sentinel "$self:2$port" SENTINEL DEBUG PING-PERIOD 500)" ] || ! kill -0 "$PPID" 2>/dev/null; do
	sleep 0.2
done
