package clients

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestTenantUser holds that each example logs in by the name that the Secret has beside
// the password: nobody else has that password.
func TestTenantUser(t *testing.T) {
	const user, password = "app", "secret-of-the-tenant"
	i := lab.New(t)
	i.Password = "secret-of-the-lab"
	i.Serve()
	for _, p := range i.Redis {
		i.Do(p, "ACL", "SETUSER", user, "on", ">"+password, "~*", "&*", "+@all", "-@admin", "-@dangerous", "+info", "+role")
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
		})
	}
}
