// Package notes tests what an administrator reads after helm install.
package notes

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
	"github.com/tenant-redis/tenant-redis/test/pages"
)

const (
	monitored            = "--set=monitoring.enabled=true"
	operatorOfPrometheus = "--api-versions=monitoring.coreos.com/v1"
	tenants              = "--set=tenantNamespaces={team-a,team-b}"
)

// copied returns a copy of a chart with NOTES.txt in a ConfigMap, too: helm
// template leaves it out.
func copied(t *testing.T, chart string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), chart)
	require.NoError(t, os.CopyFS(dir, os.DirFS(render.Repository+"/charts/"+chart)))
	text, err := os.ReadFile(filepath.Join(dir, "templates", "NOTES.txt"))
	require.NoError(t, err)
	wrapped := fmt.Sprintf(`{{ define "notes" }}%s{{ end -}}
kind: ConfigMap
metadata: {name: notes}
data: {notes: {{ include "notes" . | toJson }}}
`, text)
	// Without a cluster there is no password to render, nor to ask for.
	for _, path := range []string{"secret.yaml", "validate"} {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "templates", path)))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "templates", "notes.yaml"), []byte(wrapped), 0o600))
	return dir
}

// notes returns what both majors of Helm print of a tenant's release.
func notes(t *testing.T, flags ...string) string {
	t.Helper()
	return notesOf(t, "tenant-redis", flags...)
}

// notesOf is the same of a release of a chart.
func notesOf(t *testing.T, chart string, flags ...string) string {
	t.Helper()
	dir := copied(t, chart)
	var printed [2]string
	for n, helm := range []string{"helm", "helm4"} {
		arguments := append([]string{"template", "cache", dir, "--namespace", "redis-system", "--show-only", "templates/notes.yaml"}, flags...)
		out, err := exec.CommandContext(t.Context(), render.Built(t, helm), arguments...).Output()
		require.NoError(t, err)
		var configMap corev1.ConfigMap
		require.NoError(t, yaml.UnmarshalStrict(out, &configMap))
		printed[n] = strings.TrimSpace(configMap.Data["notes"])
	}
	require.Equal(t, printed[0], printed[1])
	return printed[0]
}

func TestCommands(t *testing.T) {
	printed := notes(t, tenants, operatorOfPrometheus)
	for _, line := range []string{
		`kubectl -n team-a get configmap cache -o 'jsonpath={.data.REDIS_SENTINEL_HOST}'`,
		`kubectl -n team-a get configmap cache -o 'jsonpath={.data.REDIS_SENTINEL_PORT}'`,
		`kubectl -n team-a get configmap cache -o 'jsonpath={.data.REDIS_SENTINEL_MASTER}'`,
		`kubectl -n team-a get secret cache -o 'jsonpath={.data.REDIS_PASSWORD}' | base64 -d`,
		`elastisys.io/redis-cache-access: allow`,
		`helm test cache --namespace redis-system`,
		`kubectl -n redis-system logs job/cache-golive`,
		`kubectl -n redis-system get poddisruptionbudgets rfr-cache rfs-cache`,
	} {
		require.Contains(t, printed+"\n", "\n  "+line+"\n", "a line of its own, ready to paste")
	}
	require.Contains(t, printed, "in redis-system, team-a, team-b:")
	require.Less(t, strings.Count(printed, "\n"), 31)
}

// TestCommandsRun holds that the programs could be called so.
func TestCommandsRun(t *testing.T) {
	t.Setenv("KUBECONFIG", os.DevNull)
	render.Built(t, "kubectl")
	printed := notes(t, tenants, operatorOfPrometheus, "--set=monitoring.enabled=true,proxy.enabled=true")
	commands := regexp.MustCompile(`(?m)^  (?:kubectl|helm) .*$`).FindAllString(printed, -1)
	require.Len(t, commands, 9)
	called, err := pages.Run(t.Context(), render.Repository, strings.Join(commands, "\n"))
	require.NoError(t, err)
	require.Len(t, called, len(commands))
	for _, c := range called {
		require.NoError(t, c.Check(t.Context(), render.Repository))
	}
}

// TestChoices holds that what was chosen can be read at a glance.
func TestChoices(t *testing.T) {
	printed := notes(t, tenants, operatorOfPrometheus)
	for _, line := range []string{
		"purpose     cache: when memory is full, keys that were not used for long are dropped",
		"Redis       3 of 256Mi, each with 80 MiB for the same data",
		"Sentinel    3, which consider a master down after 2000 ms",
		"monitoring  off", "proxy       off",
	} {
		require.Contains(t, printed, "\n  "+line+"\n")
	}
	require.Regexp(t, `\n  image       docker\.io/valkey/valkey:\S+, supported: Valkey 8\.1, of which no end is written\n`, printed)

	printed = notes(t, operatorOfPrometheus, "--set=purpose=session,size=own,redis.memory=2Gi,redis.cpu=500m,redis.replicas=5,image=mirror.example/redis:7.2.4,monitoring.enabled=true,proxy.enabled=true")
	for _, line := range []string{
		"purpose     session: when memory is full, writes are refused",
		"Redis       5 of 2Gi, each with 741 MiB for the same data",
		"image       mirror.example/redis:7.2.4, supported: Redis 7.2, until December 2029",
		"monitoring  PodMonitors and alerts", "proxy       2",
	} {
		require.Contains(t, printed, "\n  "+line+"\n")
	}
}

func TestAttention(t *testing.T) {
	for name, tt := range map[string]struct {
		flags []string
		want  string
	}{
		"no tenant":               {[]string{operatorOfPrometheus, monitored}, "tenantNamespaces is empty: only Pods in redis-system get in."},
		"no password":             {[]string{operatorOfPrometheus, monitored, tenants, "--set=auth.enabled=false"}, "auth.enabled is false: whoever may set the label gets in."},
		"a password of one's own": {[]string{operatorOfPrometheus, monitored, tenants, "--set=auth.existingSecret=mine"}, "auth.existingSecret is set: give the tenant the password of Secret mine yourself."},
		"a tenant's user": {
			[]string{operatorOfPrometheus, monitored, tenants, "--set=auth.existingSecret=mine,auth.tenantUser=app"},
			"auth.existingSecret is set: give the tenant the password under the key tenant-password of Secret mine yourself.",
		},
		"a migration": {
			[]string{operatorOfPrometheus, monitored, tenants, "--set=auth.existingSecret=mine,migrateFrom=10.1.2.3"},
			"auth.existingSecret is set: give the tenant the password of Secret mine yourself.\n" +
				"- migrateFrom is set: each Redis copies 10.1.2.3 and takes no writes, and there are no Sentinels, until it is empty again. See https://github.com/tenant-redis/tenant-redis/blob/main/docs/migration.md.",
		},
		"no monitoring":     {[]string{operatorOfPrometheus, tenants}, "monitoring.enabled is false: no alert says when something is wrong. Set it to true."},
		"an old server":     {[]string{operatorOfPrometheus, monitored, tenants, "--set=image=docker.io/library/redis:7.0.15"}, "image is not supported: Redis 7.0 ended in September 2024. https://github.com/tenant-redis/tenant-redis/blob/main/docs/versions.md has what is supported."},
		"an unknown server": {[]string{operatorOfPrometheus, monitored, tenants, "--set=image=docker.io/valkey/valkey:12.3-alpine"}, "image is Valkey 12.3, of which nothing is known here. https://github.com/tenant-redis/tenant-redis/blob/main/docs/versions.md has what is supported."},
		"a digest alone": {
			[]string{operatorOfPrometheus, monitored, tenants, "--set=image=docker.io/valkey/valkey@sha256:" + strings.Repeat("0", 64)},
			"image is of a version that its name does not tell. https://github.com/tenant-redis/tenant-redis/blob/main/docs/versions.md has what is supported.",
		},
		"no Prometheus Operator": {[]string{tenants, "--set=monitoring.namespace=metrics"}, "Monitoring is off, since the cluster has no Prometheus Operator: have the Prometheus in metrics read the ports 9121 (Redis) and 9355 (Sentinel)."},
	} {
		t.Run(name, func(t *testing.T) {
			printed := notes(t, tt.flags...)
			require.True(t, strings.HasSuffix(printed, "\n\nNeeds attention:\n- "+tt.want), printed)
		})
	}
}

// TestServers holds that files/servers.yaml has the servers of docs/versions.md, each until
// the month that the page has.
func TestServers(t *testing.T) {
	page, err := os.ReadFile(render.Repository + "/docs/versions.md")
	require.NoError(t, err)
	_, page, found := bytes.Cut(page, []byte("\n## Servers\n"))
	require.True(t, found)
	page, _, found = bytes.Cut(page, []byte("\n## "))
	require.True(t, found)
	want := map[string]map[string]string{"redis": {}, "valkey": {}}
	for _, row := range regexp.MustCompile(`(?m)^\| (Redis|Valkey) (\d[^|]*) \| ([^|]+) \|`).FindAllStringSubmatch(string(page), -1) {
		versions, _, _ := strings.Cut(row[2], ", the default")
		ends := strings.Split(row[3], "; ")
		for n, version := range strings.Split(versions, ", ") {
			end := regexp.MustCompile(`[A-Z][a-z]+ \d{4}`).FindString(ends[min(n, len(ends)-1)])
			if month, err := time.Parse("January 2006", end); err == nil {
				end = month.Format("2006-01")
			}
			want[strings.ToLower(row[1])][version] = end
		}
	}
	require.GreaterOrEqual(t, len(want["redis"])+len(want["valkey"]), 8)
	text, err := os.ReadFile(render.Repository + "/charts/tenant-redis/files/servers.yaml")
	require.NoError(t, err)
	var servers map[string]map[string]string
	require.NoError(t, yaml.UnmarshalStrict(text, &servers))
	require.Equal(t, want, servers)
}

// TestProxy holds that its address is told where there is one.
func TestProxy(t *testing.T) {
	const line = "kubectl -n team-a get configmap cache -o 'jsonpath={.data.REDIS_HOST}:{.data.REDIS_PORT}'"
	require.NotContains(t, notes(t, tenants), "REDIS_HOST")
	printed := notes(t, tenants, "--set=proxy.enabled=true")
	require.Contains(t, printed, "\n  "+line+"\n")
	require.Contains(t, printed, "the ports 9121 (Redis), 8404 (proxy) and 9355 (Sentinel)")
}

// TestProxiesAlone holds that nobody is told of Sentinel who does not reach it.
func TestProxiesAlone(t *testing.T) {
	printed := notes(t, tenants, operatorOfPrometheus, "--set=proxy.enabled=true,access.sentinel=false")
	require.NotContains(t, printed, "REDIS_SENTINEL")
	require.Contains(t, printed, "\nHow to log in at the proxies, which are all that clients reach:\n\n  kubectl -n team-a get secret cache -o 'jsonpath={.data.REDIS_PASSWORD}' | base64 -d\n\nA client, which writes to REDIS_PORT")
}

func TestNoPasswordToRead(t *testing.T) {
	require.NotContains(t, notes(t, "--set=auth.enabled=false"), "REDIS_PASSWORD")
	require.NotContains(t, notes(t, "--set=auth.existingSecret=mine"), "REDIS_PASSWORD")
}

func TestAllNamespaces(t *testing.T) {
	printed := notes(t, "--set=access.allNamespaces=true")
	require.NotContains(t, printed, "tenantNamespaces")
	require.Contains(t, printed, "-n redis-system get configmap")
	require.Contains(t, printed, "in all namespaces:")
}

// TestSelected holds that it is told how to find out whether a Prometheus reads
// what is made for it.
func TestSelected(t *testing.T) {
	require.NotContains(t, notes(t, tenants), "golive cache")
	printed := notes(t, tenants, operatorOfPrometheus, "--set=monitoring.enabled=true")
	require.Contains(t, printed, "which may select by label (monitoring.labels is empty):\n\n  helm tenant golive cache --namespace redis-system | grep selected")
	require.NotContains(t, printed, "attention")
	printed = notes(t, tenants, operatorOfPrometheus, "--set=monitoring.enabled=true,monitoring.labels.release=kps")
	require.Contains(t, printed, `(monitoring.labels is {"release":"kps"}):`)
}

// TestOperatorsImage holds that it is told which image of the operator nobody repairs, in one
// line, and that no other is called so.
func TestOperatorsImage(t *testing.T) {
	for _, flags := range [][]string{nil, {"--set=flavour=spotahome-1.2"}, {"--set=image.digest=sha256:" + strings.Repeat("0", 64)}} {
		require.Contains(t, notesOf(t, "redis-operator", flags...), "\nquay.io/spotahome/redis-operator is frozen and has known holes. https://github.com/tenant-redis/tenant-redis/blob/main/docs/operator.md has the three commands that build an image of your own and run it.\n")
	}
	for _, flags := range [][]string{{"--set=image.repository=registry.example/redis/redis-operator"}, {"--set=flavour=freshworks,group=blue,image.repository=ghcr.io/freshworks/redis-operator"}} {
		require.NotContains(t, notesOf(t, "redis-operator", flags...), "frozen")
	}
}
