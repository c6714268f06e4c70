package clients

import (
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestSentinelHangs holds that a client which knows the Sentinels' own addresses
// leaves the one that it asks when that no longer answers.
func TestSentinelHangs(t *testing.T) {
	for _, example := range chosen(t) {
		if !example.IsGo() {
			continue
		}
		t.Run(example.Name, func(t *testing.T) {
			program := compile(t, example, t.TempDir())
			i := lab.New(t)
			i.Password = "secret-of-the-lab"
			i.Serve()
			asked := i.Sentinels[0]
			i.Service.Backends.Store(&[]*lab.Process{asked})
			service := serve(t, i, example, program)
			answered := func(within time.Duration) {
				i.Eventually(within, func() string {
					if status := get(t, service.URL+"/none"); status != http.StatusNotFound {
						return fmt.Sprintf("%s does not reach Redis: %d", example.Name, status)
					}
					return ""
				})
			}
			answered(5 * time.Second)
			asked.Signal(syscall.SIGSTOP)
			begin := time.Now()
			i.Do(i.Redis[0], "CLIENT", "KILL", "TYPE", "normal")
			answered(3 * time.Second)
			t.Logf("back after %s", time.Since(begin).Round(10*time.Millisecond))
		})
	}
}
