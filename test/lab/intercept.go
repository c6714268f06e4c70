package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/stretchr/testify/require"
)

// Step is a command that a Pod's script sends by redis-cli, and what happens at it.
// The words of the script itself know nothing of it.
type Step struct {
	// Name is for the reader, Command a pattern of the shell's for the command.
	Name, Command string
	// Before is shell that runs before the first such command, After after it.
	Before, After string
}

// Die ends the script that sent the command, and all that it has started. It is
// the leader of its process group, which its redis-cli is not: timeout made its own.
const Die = `read -r _ _ _ script _ </proc/$PPID/stat
read -r _ _ _ _ group _ </proc/$script/stat
kill -KILL "-$group"
`

// DieWithRedis ends the Pod's Redis with it.
const DieWithRedis = "kill -KILL $MAIN_PROCESS\n" + Die

// Intercept has something happen at a step. Where several such commands are sent
// at the same time, only the first one is.
func (i *Instance) Intercept(p *Process, step Step) (reached func() bool) {
	i.T.Helper()
	mark := filepath.Join(p.Dir, "reached")
	require.NoError(i.T, os.RemoveAll(mark))
	i.Write(filepath.Join(p.Dir, "redis-cli"), fmt.Sprintf(`#!/bin/sh
PATH=${PATH#*:}
[ $# -gt 4 ] || input=$(cat)
send() { if [ $# -gt 4 ]; then redis-cli "$@"; else echo "$input" | redis-cli "$@"; fi; }
case "$* ${input-}" in
%s)
	if mkdir %s 2>/dev/null; then
		: ; %s
		send "$@"
		: ; %s
		touch %[2]s/done
	else
		until [ -e %[2]s/done ]; do sleep 0.01; done
		send "$@"
	fi ;;
*) send "$@" ;;
esac
`, step.Command, mark, step.Before, step.After), 0o755)
	return func() bool {
		_, err := os.Stat(mark)
		return err == nil
	}
}

// Reached waits until a step is.
func (i *Instance) Reached(reached func() bool, within time.Duration) {
	i.T.Helper()
	i.Eventually(within, func() string {
		if !reached() {
			return "the step is not reached"
		}
		return ""
	})
}
