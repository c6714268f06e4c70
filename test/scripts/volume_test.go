package scripts

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestFilesFitTheVolume holds how much disk a Redis takes at its worst moment, when it has
// saved, saves again and gets all data of its master, each as large as memory allows and no
// compression makes smaller: three times maxmemory at most. The chart's volume has room for
// four, and sessions request three.
func TestFilesFitTheVolume(t *testing.T) {
	t.Parallel()
	const (
		maxmemory = 32 << 20
		save      = 3 * time.Second
	)
	i := newInstance(t)
	i.Links = nil
	master, replica := i.Redis[0], i.Redis[1]
	for _, p := range []*lab.Process{master, replica} {
		i.Restart(p, "--maxmemory", strconv.Itoa(maxmemory), "--enable-debug-command", "yes")
	}
	i.Do(master, "REPLICAOF", "NO", "ONE")
	keys := i.fill(master)
	i.Do(replica, "REPLICAOF", master.IP, lab.RedisPort)
	i.reaches(replica, 10*time.Second, lab.ReplicaOf(master))
	i.Do(replica, "SAVE")

	// Both take so long that they are there at the same time, the save a little longer.
	i.Do(replica, "CONFIG", "SET", "rdb-key-save-delay", (save / time.Duration(keys)).Microseconds())
	i.Do(master, "CONFIG", "SET", "rdb-key-save-delay", (save / time.Duration(keys) / 2).Microseconds())
	i.Do(replica, "BGSAVE")
	time.Sleep(save / 3)
	i.Do(master, "DEBUG", "CHANGE-REPL-ID")
	i.Do(master, "CLIENT", "KILL", "TYPE", "replica")
	most := int64(0)
	i.Eventually(4*save, func() string {
		most = max(most, size(t, filepath.Join(replica.Dir, "data")))
		if copies := strings.Count(i.Logged(replica), "Finished with success"); copies < 2 {
			return fmt.Sprintf("%d copies of the master", copies)
		}
		return ""
	})
	t.Logf("%.2f times maxmemory", float64(most)/maxmemory)
	require.LessOrEqual(t, most, int64(3*maxmemory))
	require.Greater(t, most, int64(2*maxmemory), "the three files were not there at the same time")
}

// fill writes to a Redis until it takes no more, and returns how many keys it has.
func (i *instance) fill(p *lab.Process) int64 {
	i.T.Helper()
	client := i.Client(p, lab.RedisPort)
	defer func() { _ = client.Close() }()
	value := make([]byte, 256<<10-64)
	_, _ = rand.Read(value)
	for n := 0; ; n++ {
		if err := client.Set(i.T.Context(), strconv.Itoa(n), value, 0).Err(); err != nil {
			require.ErrorContains(i.T, err, "OOM")
			return int64(n)
		}
	}
}

// size is that of all files in a folder, of which some may go away meanwhile.
func size(t *testing.T, folder string) int64 {
	t.Helper()
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	total := int64(0)
	for _, file := range files {
		if info, err := file.Info(); err == nil {
			total += info.Size()
		}
	}
	return total
}
