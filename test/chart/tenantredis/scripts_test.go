package tenantredis

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// TestScripts holds that the Pods get the scripts as they are tested, under the
// names by which the operator and the scripts look for them.
func TestScripts(t *testing.T) {
	objects := chart.Objects(t, nil)
	name := render.Get[redisFailover](t, objects, chart.ID("RedisFailover")).Spec.Redis.ShutdownConfigMap
	scripts := render.Get[corev1.ConfigMap](t, objects, "ConfigMap/"+namespace+"/"+name).Data

	files, err := filepath.Glob(chart.Dir + "/scripts/*.sh")
	require.NoError(t, err)
	files = slices.DeleteFunc(files, func(file string) bool {
		// A change of what other Pods run must not replace Redis'.
		return slices.Contains([]string{"golive.sh", "probe.sh"}, filepath.Base(file))
	})
	require.Len(t, scripts, len(files)+1, "shutdown.sh, and the scripts")
	for _, file := range files {
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		// Helm may drop the last line's end.
		assert.Equal(t, strings.TrimSpace(string(want)), strings.TrimSpace(scripts[filepath.Base(file)]))
	}
}

func TestStopScriptEndsBeforeTheGracePeriod(t *testing.T) {
	for grace, command := range map[string]string{
		"60":  "exec /bin/sh /redis-shutdown/stop.sh 40",
		"120": "exec /bin/sh /redis-shutdown/stop.sh 100",
	} {
		objects := chart.Objects(t, values{"redis.terminationGracePeriodSeconds": grace})
		scripts := render.Get[corev1.ConfigMap](t, objects, "ConfigMap/"+namespace+"/"+release+"-scripts").Data
		assert.Equal(t, command, scripts["shutdown.sh"])
	}
}
