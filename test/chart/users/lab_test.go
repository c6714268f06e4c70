// Package users starts Redis with the users that the tenant chart renders, and holds
// what each may do: every command of the server in PATH, which scripts/test.sh has be each
// of ci/servers/list in turn.
package users

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
	"github.com/tenant-redis/tenant-redis/test/lab"
)

const (
	tenantUser   = "app"
	readOnlyUser = "viewer"
	// password is of the tenant's user, readPassword of the one that reads alone, and own of
	// default.
	password     = "secret-of-the-tenant"
	readPassword = "secret-of-the-reader"
	own          = "secret-of-the-instance"
	// mount is where Redis' container has the Secret.
	mount = "/redis-users"
)

var chart = render.Chart{
	Dir: render.Repository + "/charts/tenant-redis", Release: "cache", Namespace: "redis-system",
	Values: render.Values{"auth.existingSecret": `"mine"`, "auth.tenantUser": `"` + tenantUser + `"`, "auth.readOnlyUser": `"` + readOnlyUser + `"`},
}

func TestMain(m *testing.M) {
	render.UsePinnedHelm()
	logging.Disable()
	os.Exit(m.Run())
}

// instance is a lab in which Redis has the chart's users.
type instance struct {
	*lab.Instance
	// arguments are those of the users, as the chart renders them.
	arguments []string
}

func newInstance(t *testing.T) *instance {
	t.Helper()
	i := &instance{Instance: lab.New(t)}
	i.Password = own
	i.keep("tenant-password", password)
	i.keep("read-only-password", readPassword)
	for _, word := range chart.Users(t, nil) {
		i.arguments = append(i.arguments, strings.Replace(word, mount, i.Users, 1))
	}
	return i
}

// keep puts a key into what the Pods have of the Secret.
func (i *instance) keep(key, value string) {
	i.Write(filepath.Join(i.Users, key), value, 0o600)
}

// single starts one Redis, a master.
func single(t *testing.T) (*instance, *lab.Process) {
	t.Helper()
	i := newInstance(t)
	i.Links = nil
	p := i.Redis[0]
	// Nothing but the user's rights is to refuse anything.
	i.Restart(p, slices.Concat(i.arguments, []string{"--enable-debug-command", "yes", "--enable-module-command", "yes"})...)
	i.Do(p, "REPLICAOF", "NO", "ONE")
	return i, p
}

// served starts an instance in which each Redis has been started by the chart's script, and
// returns the master.
func served(t *testing.T) (*instance, *lab.Process) {
	t.Helper()
	i := newInstance(t)
	i.Serve()
	old := i.Redis[0]
	for _, p := range i.Redis[1:] {
		p.Signal(syscall.SIGKILL)
		i.Restart(p, i.arguments...)
	}
	i.Settled(old)
	i.Stop(old)
	master := i.Elected(old, lab.Detection)
	i.Restart(old, i.arguments...)
	i.Settled(master)
	return i, master
}

// as connects to a Redis as the tenant's user. It tries once.
func (i *instance) as(p *lab.Process, password string) *redis.Client {
	return i.login(p, tenantUser, password)
}

func (i *instance) login(p *lab.Process, user, password string) *redis.Client {
	client := redis.NewClient(&redis.Options{
		Addr: net.JoinHostPort(p.IP, lab.RedisPort), Username: user, Password: password,
		DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: -1,
	})
	i.T.Cleanup(func() { _ = client.Close() })
	return client
}
