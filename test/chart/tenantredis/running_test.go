package tenantredis

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// runs returns a cluster in which the instance of the release runs with the
// password of a Secret, with none if that is empty, and all else of others.
func runs(secret string, others ...cluster) cluster {
	c := cluster{}
	for _, other := range others {
		maps.Copy(c, other)
	}
	container := corev1.Container{Name: "redis", Env: []corev1.EnvVar{{Name: "REDIS_ADDR", Value: "redis://127.0.0.1:6379"}}}
	if secret != "" {
		container.Env = append(container.Env, corev1.EnvVar{Name: "REDIS_PASSWORD", ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: "password"},
		}})
	}
	set := appsv1.StatefulSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"}}
	set.Spec.Template.Spec.Containers = []corev1.Container{container, {Name: "redis-exporter"}}
	c[sets+"rfr-"+release] = set
	c[accounts] = corev1.ServiceAccountList{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccountList"},
		Items:    []corev1.ServiceAccount{account("default", "", ""), account(release, release, "tenant-redis")},
	}
	return c
}

// account is the ServiceAccount of an instance that a chart of this name has made,
// as a dependency or alone.
func account(name, release, chart string) corev1.ServiceAccount {
	a := corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}
	if release != "" {
		a.Labels = map[string]string{"app.kubernetes.io/name": "tenant-redis", "helm.sh/chart": chart + "-0.1.0"}
		a.Annotations = map[string]string{"meta.helm.sh/release-name": release}
	}
	return a
}

// TestPasswordOfARunningInstance holds that Redis is never told of another
// password, or of none, while it runs with one.
func TestPasswordOfARunningInstance(t *testing.T) {
	own, mine, other := with(release, "one"), with("mine", "one"), with("other", "two")
	for name, test := range map[string]struct {
		cluster cluster
		set     string
		// says is empty where it is allowed.
		says string
	}{
		"unchanged":                    {runs(release, own), "auth.enabled=true", ""},
		"unchanged, own Secret":        {runs("mine", mine), "auth.existingSecret=mine", ""},
		"unchanged, none":              {runs(""), "auth.enabled=false", ""},
		"to a Secret with the same":    {runs(release, own, mine), "auth.existingSecret=mine", ""},
		"back from a Secret":           {runs("mine", mine), "auth.enabled=true", ""},
		"to a Secret with another":     {runs(release, own, other), "auth.existingSecret=other", `auth.existingSecret: "other" has another password than Secret redis-system/cache, with which this instance runs, and would shut the operator out: give it the same password first`},
		"from a Secret to another":     {runs("mine", mine, other), "auth.existingSecret=other", `auth.existingSecret: "other" has another password than Secret redis-system/mine`},
		"switched off":                 {runs(release, own), "auth.enabled=false", "auth.enabled: false, but this instance runs with a password, and the operator could never repair or replace its Redis again: set auth.enabled to true; for the other, install another release, have the applications use it, and uninstall this one"},
		"switched on":                  {runs(""), "auth.enabled=true", "auth.enabled: true, but this instance runs without a password"},
		"switched on with a Secret":    {runs("", mine), "auth.existingSecret=mine", "auth.enabled: true, but this instance runs without a password"},
		"its Secret is gone":           {runs(release), "auth.enabled=true", "auth: this instance runs with the password of Secret redis-system/cache, which is gone, and another password would shut the operator out: make the Secret again, with a key password that has what this prints: kubectl -n redis-system exec rfr-cache-0 -c redis -- printenv REDIS_PASSWORD"},
		"a Secret of its own is gone":  {runs("mine"), "auth.existingSecret=mine", "auth: this instance runs with the password of Secret redis-system/mine, which is gone"},
		"to another, and that is gone": {runs("mine", other), "auth.existingSecret=other", "auth: this instance runs with the password of Secret redis-system/mine, which is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, helm := range helms {
				out, err := test.cluster.template(t, helm, "--set", test.set)
				if test.says == "" {
					require.NoError(t, err, out)
					for _, password := range passwords(t, out) {
						assert.Equal(t, "one", password)
					}
					continue
				}
				require.Error(t, err)
				assert.Contains(t, out, test.says)
				assert.NotContains(t, out, "two")
			}
		})
	}
}

// TestImageOfARunningInstance holds that no upgrade asks for a server which could never
// read the data: the closed ways of docs/versions.md, and what the tags do not tell.
func TestImageOfARunningInstance(t *testing.T) {
	const (
		refused = "image: %q cannot read what %q writes, with which this instance runs, so that no replica would ever have its data again: set image to "
		valkey  = refused + "Redis 7.2 or later, or Valkey; for this one, install another release"
		redis   = refused + "Redis 7.4 or later; for this one, install another release"
		redis86 = refused + "Redis 8.6 or later; for this one, install another release"
		digest  = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		redis70 = "docker.io/library/redis:7.0.15"
	)
	for _, test := range []struct{ from, to, says string }{
		{"docker.io/valkey/valkey:8.1.11", "docker.io/valkey/valkey:9.1.3", ""},
		{"docker.io/valkey/valkey:9.1.3", "docker.io/valkey/valkey:8.1.11", ""},
		{"docker.io/valkey/valkey:8.1.11", "docker.io/library/redis:8.2.9", ""},
		{"docker.io/valkey/valkey:8.1.11", "docker.io/library/redis:7.2.16", ""},
		{redis70, "registry.example:5000/mirror/valkey/valkey:8.1.11-alpine" + digest, ""},
		{redis70, "docker.io/library/redis:8.0.6", ""},
		{"docker.io/library/redis:7.2.16", "docker.io/valkey/valkey:8.1.11", ""},
		{"docker.io/library/redis:8.2.9", "docker.io/library/redis:8.0.6", ""},
		{"docker.io/library/redis:8.2.9", "docker.io/library/redis:7", ""},
		{"docker.io/library/redis:8.2.9", "docker.io/library/redis:8.6.3", ""},
		{"docker.io/library/redis:8", "docker.io/library/redis:8.2.9", ""},
		{"docker.io/library/redis:8.6.3", "docker.io/library/redis:8", ""},
		{"docker.io/valkey/valkey:8.1.11", "docker.io/library/other:9.0", ""},
		{"docker.io/library/redis" + digest, redis70, ""},
		{"", redis70, ""},
		{"docker.io/valkey/valkey:8.1.11", redis70, valkey},
		{"docker.io/valkey/valkey:9.1.3" + digest, redis70, valkey},
		{"docker.io/library/redis:7.2.16", redis70, valkey},
		{"docker.io/library/redis:8.0.6", redis70, redis},
		{"docker.io/library/redis:8.0.6", "docker.io/valkey/valkey:9.1.3", redis},
		{"docker.io/library/redis:8", "docker.io/valkey/valkey:8.1.11", redis},
		{"docker.io/library/redis:7.4.11", "docker.io/library/redis:7.2.16", redis},
		{"docker.io/library/redis:8.6.3", "docker.io/library/redis:8.4.3", redis86},
		{"docker.io/library/redis:8.6.3", "docker.io/library/redis:7", redis86},
		{"docker.io/library/redis:8.8.0", "docker.io/valkey/valkey:9.1.3", redis86},
	} {
		t.Run(test.from+" to "+test.to, func(t *testing.T) {
			c := runs("")
			set := c[sets+"rfr-"+release].(appsv1.StatefulSet)
			set.Spec.Template.Spec.Containers[0].Image = test.from
			c[sets+"rfr-"+release] = set
			for _, helm := range helms {
				out, err := c.template(t, helm, "--set", "auth.enabled=false,image="+test.to)
				if test.says == "" {
					require.NoError(t, err, out)
					continue
				}
				require.Error(t, err)
				assert.Contains(t, out, fmt.Sprintf(test.says, test.to, test.from))
			}
			// While the operator replaces one Redis after the other the master may still be
			// the old one, and the way back must be open.
			set.Spec.Replicas = new(int32(3))
			c[sets+"rfr-"+release] = set
			out, err := c.template(t, "helm", "--set", "auth.enabled=false,image="+test.to)
			require.NoError(t, err, out)
		})
	}
}

// TestUninstalledInstanceIsNoHindrance holds that one may be installed anew while
// Kubernetes still removes the last.
func TestUninstalledInstanceIsNoHindrance(t *testing.T) {
	c := runs(release)
	delete(c, accounts)
	out, err := c.template(t, "helm", "--set", "auth.enabled=true")
	require.NoError(t, err, out)
	assert.NotEmpty(t, passwords(t, out))
}

// TestNewNameOfARelease holds that an upgrade never removes an instance by
// another name, and that instances of other releases and charts are none of ours.
func TestNewNameOfARelease(t *testing.T) {
	const says = `name: "new" would delete the instance "cache" of this release, with all its data: set name to "cache"; for another instance, install another release. If its data may go, first kubectl -n redis-system delete redisfailover,serviceaccount cache`
	for _, helm := range helms {
		out, err := runs("").template(t, helm, "--set", "auth.enabled=false,name=new")
		require.Error(t, err)
		assert.Contains(t, out, says)

		out, err = cluster{}.template(t, helm, "--set", "auth.enabled=false,name=new")
		require.NoError(t, err, out)

		for title, neighbour := range map[string]corev1.ServiceAccount{
			"of another release":     account("other", "other", "tenant-redis"),
			"of another dependency":  account("other", release, "sessions"),
			"of a longer dependency": account("other", release, "tenant-redis-2nd"),
			"of nobody":              account("other", "", ""),
		} {
			c := cluster{accounts: corev1.ServiceAccountList{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccountList"}, Items: []corev1.ServiceAccount{neighbour},
			}}
			out, err = c.template(t, helm, "--set", "auth.enabled=false")
			require.NoError(t, err, "%s: %s", title, out)
		}
	}
}

// TestCrowdedNamespace holds that the last instance that fits is the last that is
// installed, and that those which are there go on.
func TestCrowdedNamespace(t *testing.T) {
	crowd := corev1.ServiceAccountList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccountList"}}
	for n := range 400 {
		crowd.Items = append(crowd.Items, account("n"+strconv.Itoa(n), "other", "tenant-redis"))
	}
	out, err := cluster{accounts: crowd}.template(t, "helm", "--set", "auth.enabled=false")
	require.Error(t, err)
	assert.Contains(t, out, "namespace: redis-system has 400 instances, and may have 400: each adds up to 4 KiB")
	out, err = cluster{accounts: crowd}.template(t, "helm", "--set", "auth.enabled=false,name=n7")
	require.NoError(t, err, out)
	crowd.Items = crowd.Items[1:]
	out, err = cluster{accounts: crowd}.template(t, "helm", "--set", "auth.enabled=false")
	require.NoError(t, err, out)
}

// TestServiceLinksFit holds the figure that the limit rests on: what Kubernetes
// puts into the environment for the Services of an instance with the longest name
// and a proxy, beside another 256 KiB, stays below what Linux allows.
func TestServiceLinksFit(t *testing.T) {
	name := strings.Repeat("N", 48)
	// Each Service's prefix, and its ports by name.
	bytes := 0
	for prefix, ports := range map[string]map[string]string{
		"RFS_" + name: {"SENTINEL": "26379"}, "RFRM_" + name: {"REDIS": "6379"}, "RFRS_" + name: {"REDIS": "6379"},
		name + "_SENTINEL": {"SENTINEL": "26379"}, name + "_PROXY": {"REDIS": "6379", "REDIS_READ": "6380"},
	} {
		const address = "255.255.255.255"
		variables := []string{"_SERVICE_HOST=" + address, "_SERVICE_PORT=26379", "_PORT=tcp://" + address + ":26379"}
		for port, number := range ports {
			tcp := "_PORT_" + number + "_TCP"
			variables = append(variables, "_SERVICE_PORT_"+port+"="+number, tcp+"=tcp://"+address+":"+number, tcp+"_PROTO=tcp", tcp+"_PORT="+number, tcp+"_ADDR="+address)
		}
		for _, variable := range variables {
			// A zero byte at its end, and a pointer to it.
			bytes += len(prefix) + len(variable) + 1 + 8
		}
	}
	require.Less(t, 400*bytes, (2<<20)-(256<<10), "%d bytes each", bytes)
}

// TestCRDOfARunningInstance holds that the fork is not given an instance whose RedisFailover
// has lost what a CRD of the fork's chart drops, and that nobody else is bothered with it.
func TestCRDOfARunningInstance(t *testing.T) {
	const says = "flavour: freshworks with a CRD that has dropped matchLabelKeys from the RedisFailover of this instance, so that an update would hang for good: " +
		"apply the CRD of charts/redis-operator, then the RedisFailover again: https://github.com/tenant-redis/tenant-redis/blob/main/docs/operator.md has the commands"
	failover := func(keys ...any) map[string]any {
		byNode := map[string]any{"topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}
		if len(keys) > 0 {
			byNode["matchLabelKeys"] = keys
		}
		byZone := map[string]any{"topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
		return map[string]any{
			"apiVersion": "databases.spotahome.com/v1", "kind": "RedisFailover", "metadata": map[string]any{"name": release, "namespace": namespace},
			"spec": map[string]any{"sentinel": map[string]any{"topologySpreadConstraints": []any{byNode, byZone}}},
		}
	}
	for name, test := range map[string]struct {
		there  map[string]any
		flags  string
		wanted bool
	}{
		"dropped":               {failover(), "flavour=freshworks,operator.group=a", true},
		"kept":                  {failover("pod-template-hash"), "flavour=freshworks,operator.group=a", false},
		"not there":             {nil, "flavour=freshworks,operator.group=a", false},
		"dropped, and not read": {failover(), "flavour=spotahome-1.2", false},
	} {
		t.Run(name, func(t *testing.T) {
			c := runs("", cluster{
				"/apis/databases.spotahome.com/v1": metav1.APIResourceList{GroupVersion: "databases.spotahome.com/v1", APIResources: []metav1.APIResource{
					{Name: "redisfailovers", Kind: "RedisFailover", Namespaced: true},
				}},
			})
			if test.there != nil {
				c["/apis/databases.spotahome.com/v1/namespaces/"+namespace+"/redisfailovers/"+release] = test.there
			}
			for _, helm := range helms {
				out, err := c.template(t, helm, "--set", "auth.enabled=false,"+test.flags)
				if !test.wanted {
					require.NoError(t, err, out)
					continue
				}
				require.Error(t, err)
				assert.Contains(t, out, says)
			}
		})
	}
}
