package clients

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
	"github.com/tenant-redis/tenant-redis/test/lab"
)

// chart is one whose tenant has a user.
var chart = render.Chart{
	Dir: repository + "/charts/tenant-redis", Release: "cache", Namespace: "redis-system",
	Values: render.Values{"auth.existingSecret": `"mine"`, "auth.tenantUser": `"app"`},
}

// TestTenantUser holds that each example logs in by the name that the Secret has beside
// the password, which nobody else has, and that neither Redis, with the rights of the
// chart, nor Sentinel, with auth.restrictSentinel, refuses it anything on the way.
func TestTenantUser(t *testing.T) {
	const user, password = "app", "secret-of-the-tenant"
	i := lab.New(t)
	i.Password = "secret-of-the-lab"
	i.Restrict()
	i.Serve()
	setUser := []any{"ACL", "SETUSER", user, "on", ">" + password}
	for _, right := range chart.Users(t, nil)[4:] {
		setUser = append(setUser, right)
	}
	for _, p := range i.Redis {
		i.Do(p, setUser...)
	}
	for _, example := range chosen(t) {
		t.Run(example.Name, func(t *testing.T) {
			var program string
			if example.IsGo() {
				program = compile(t, example, t.TempDir())
			}
			service := serve(t, i, example, program, "REDIS_USERNAME="+user, "REDIS_PASSWORD="+password)
			i.Eventually(5*time.Second, func() string {
				if status := get(t, service.URL+"/none"); status != http.StatusNotFound {
					return fmt.Sprintf("%s does not reach Redis: %d", example.Name, status)
				}
				return ""
			})
			for _, p := range i.Redis {
				require.Empty(t, i.Do(p, "ACL", "LOG"))
			}
			for _, s := range i.Sentinels {
				require.Empty(t, i.TellAsPeer(s, "ACL", "LOG"))
			}
		})
	}
}
