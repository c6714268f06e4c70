package scripts

import (
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A master that is told to end before a hook has run hands over by itself, also if the hook
// begins at the same time, as when its Pod is deleted by force. One of the two scripts does.
func TestMasterIsToldToEndWithoutHook(t *testing.T) {
	for name, hook := range map[string]bool{"no hook": false, "a hook at the same time": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, old := parented(t, withPassword)
			before := i.promotions()
			writers := i.writers()
			script, err := strconv.Atoi(old.PID())
			require.NoError(t, err)
			require.NoError(t, syscall.Kill(script, syscall.SIGTERM))
			if hook {
				require.NoError(t, i.Hook(old))
			}
			require.Zero(t, old.Wait())
			master := i.Elected(old, i.Detection)
			require.Equal(t, 1, i.said("stop.sh: handed over to "+master.IP))
			i.writersReturn(writers, master, handOverGap, 0)
			require.Equal(t, before+1, i.promotions())
			i.Restart(old)
			i.Settled(master)
			require.NoFileExists(t, filepath.Join(old.Dir, "data", "stopping"), "what was noted of its last container counts no more")
		})
	}
}

// One whose hook could not hand over is told to end at once.
func TestMasterIsToldToEndAfterItsHook(t *testing.T) {
	t.Parallel()
	i, old := parented(t)
	for _, s := range i.Sentinels {
		s.Signal(syscall.SIGSTOP)
	}
	require.Error(t, i.Hook(old, "1"))
	tries := i.said("stop.sh: handing over")
	old.Signal(syscall.SIGTERM)
	require.Zero(t, old.Wait())
	require.Equal(t, tries, i.said("stop.sh: handing over"))
	for _, s := range i.Sentinels {
		s.Signal(syscall.SIGCONT)
	}
}
