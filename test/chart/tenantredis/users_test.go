package tenantredis

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

const instanceSecret = release + "-instance"

// secrets returns the data of the rendered Secrets by namespace and name.
func secrets(t *testing.T, manifest string) map[string]map[string]string {
	t.Helper()
	found := map[string]map[string]string{}
	for _, o := range render.Split(t, manifest) {
		data, _, err := unstructured.NestedStringMap(o.Object, "data")
		require.NoError(t, err)
		for key, value := range data {
			decoded, err := base64.StdEncoding.DecodeString(value)
			require.NoError(t, err)
			data[key] = string(decoded)
		}
		found[o.GetNamespace()+"/"+o.GetName()] = data
	}
	return found
}

// keeps returns a cluster in which the namespace has a Secret with these keys.
func keeps(name string, data map[string]string) cluster {
	c := with(name, "")
	for path, object := range c {
		secret := object.(corev1.Secret)
		secret.Data = map[string][]byte{}
		for key, value := range data {
			secret.Data[key] = []byte(value)
		}
		c[path] = secret
	}
	return c
}

// runsWith returns a cluster in which the instance of the release runs with a Secret and
// with these arguments of users, and so many of its three Pods have been started so.
func runsWith(secret string, updated int32, users []string, others ...cluster) cluster {
	c := runs(secret, others...)
	set := c[sets+"rfr-"+release].(appsv1.StatefulSet)
	three := int32(3)
	set.Generation, set.Spec.Replicas = 2, &three
	set.Status = appsv1.StatefulSetStatus{ObservedGeneration: 2, UpdatedReplicas: updated}
	set.Spec.Template.Spec.Containers[0].Command = append([]string{"/bin/sh", "start.sh", "redis-server"}, users...)
	c[sets+"rfr-"+release] = set
	return c
}

var (
	tenantUser = []string{"--set", "tenantNamespaces={team-a},auth.serviceBinding=true,auth.tenantUser=app"}
	usersOfApp = []string{"--user", "app", "on", "~*"}
)

// TestTenantUserHasItsOwnSecret holds that what the tenant may read has neither the
// password of default nor the operator's key, whatever the instance had before.
func TestTenantUserHasItsOwnSecret(t *testing.T) {
	own := keeps(instanceSecret, map[string]string{"password": "one", "tenant-password": "two", "sentinel-password": "three"})
	named := keeps(release, map[string]string{"REDIS_USERNAME": "app", "REDIS_PASSWORD": "two"})
	for name, c := range map[string]cluster{
		"new":                      {},
		"back, with its Secret":    own,
		"runs":                     runsWith(instanceSecret, 3, usersOfApp, own, named),
		"is updated":               runsWith(instanceSecret, 1, usersOfApp, own, named),
		"has just been given one":  runsWith(instanceSecret, 3, usersOfApp, own, with(release, "one")),
		"with other users as well": runsWith(instanceSecret, 3, append([]string{"--user", "app"}, "--user", "other"), own, with(release, "one")),
	} {
		t.Run(name, func(t *testing.T) {
			for _, helm := range helms {
				out, err := c.template(t, helm, tenantUser...)
				require.NoError(t, err, out)
				found := secrets(t, out)
				instance := found[namespace+"/"+instanceSecret]
				require.Len(t, instance, 3)
				if len(c) > 0 {
					assert.Equal(t, map[string]string{"password": "one", "tenant-password": "two", "sentinel-password": "three"}, instance)
				}
				assert.NotContains(t, []string{instance["password"], instance["tenant-password"]}, instance["sentinel-password"])
				assert.Regexp(t, "^[A-Za-z0-9]{3,32}$", instance["tenant-password"])
				assert.NotEqual(t, instance["password"], instance["tenant-password"])
				delete(found, namespace+"/"+instanceSecret)
				require.Len(t, found, 4)
				for id, data := range found {
					want := map[string]string{"REDIS_USERNAME": "app", "REDIS_PASSWORD": instance["tenant-password"]}
					if strings.HasSuffix(id, "-binding") {
						want = map[string]string{"username": "app", "password": instance["tenant-password"]}
					}
					for key, value := range want {
						assert.Equal(t, value, data[key], "%s %s", id, key)
					}
					for key, value := range data {
						assert.NotContains(t, value, instance["password"], "%s %s", id, key)
						assert.NotContains(t, value, instance["sentinel-password"], "%s %s", id, key)
					}
				}
				assert.NotContains(t, found[namespace+"/"+release], "password")
			}
		})
	}
}

// TestReadOnlyUser holds that its login is added to the tenant's, and that its password is
// kept.
func TestReadOnlyUser(t *testing.T) {
	c := runsWith(instanceSecret, 3, usersOfApp,
		keeps(instanceSecret, map[string]string{"password": "one", "tenant-password": "two", "read-only-password": "three", "sentinel-password": "four"}),
		keeps(release, map[string]string{"REDIS_USERNAME": "app", "REDIS_PASSWORD": "two"}))
	out, err := c.template(t, "helm", append(tenantUser, "--set", "auth.readOnlyUser=viewer")...)
	require.NoError(t, err, out)
	found := secrets(t, out)
	assert.Equal(t, map[string]string{"password": "one", "tenant-password": "two", "read-only-password": "three", "sentinel-password": "four"}, found[namespace+"/"+instanceSecret])
	want := map[string]string{"REDIS_USERNAME": "app", "REDIS_PASSWORD": "two", "REDIS_READ_USERNAME": "viewer", "REDIS_READ_PASSWORD": "three"}
	assert.Equal(t, want, found["team-a/"+release])
	assert.Equal(t, want, found[namespace+"/"+release])
	assert.Equal(t, "two", found["team-a/"+release+"-binding"]["password"])
}

// TestTenantUserIsHandedOverLast holds that the tenant goes on to log in as default while
// there is a Redis that does not know its user.
func TestTenantUserIsHandedOverLast(t *testing.T) {
	old := with(release, "one")
	between := keeps(instanceSecret, map[string]string{"password": "one", "tenant-password": "two"})
	for name, c := range map[string]cluster{
		"before":              runsWith(release, 3, nil, old),
		"no Pod replaced":     runsWith(instanceSecret, 0, usersOfApp, old, between),
		"a Pod left":          runsWith(instanceSecret, 2, usersOfApp, old, between),
		"Pods of another one": runsWith(instanceSecret, 3, []string{"--user", "application"}, old, between),
	} {
		t.Run(name, func(t *testing.T) {
			out, err := c.template(t, "helm", tenantUser...)
			require.NoError(t, err, out)
			found := secrets(t, out)
			assert.Equal(t, "one", found[namespace+"/"+instanceSecret]["password"])
			assert.Equal(t, map[string]string{"REDIS_PASSWORD": "one", "password": "one"}, found[namespace+"/"+release], "a container that restarts reads this")
			assert.Equal(t, map[string]string{"REDIS_PASSWORD": "one"}, found["team-a/"+release])
			assert.NotContains(t, found["team-a/"+release+"-binding"], "username")
		})
	}
}

// TestTenantUserIsSwitchedOff holds that Redis keeps its password.
func TestTenantUserIsSwitchedOff(t *testing.T) {
	c := runsWith(instanceSecret, 3, usersOfApp,
		keeps(instanceSecret, map[string]string{"password": "one", "tenant-password": "two"}),
		keeps(release, map[string]string{"REDIS_USERNAME": "app", "REDIS_PASSWORD": "two"}))
	out, err := c.template(t, "helm", tenantWithBinding...)
	require.NoError(t, err, out)
	assert.Equal(t, everywhere("one"), passwords(t, out))
	assert.NotContains(t, out, "REDIS_USERNAME")
}

// TestUserWhilePasswordChanges holds that no Secret goes, or is left, that says which password
// is to end.
func TestUserWhilePasswordChanges(t *testing.T) {
	const says = ", but the password is being changed, and what Secret redis-system/%s knows of that would be lost, so that the old one would never end: " +
		"first run helm tenant rotate cache --namespace redis-system, have the applications start again, and run it with --finish"
	own := func(key string) cluster {
		return runsWith(release, 3, nil,
			keeps(release, map[string]string{"REDIS_PASSWORD": "one", "password": "one", key: "zero"}),
			keeps("mine", map[string]string{"password": "one"}))
	}
	of := func(key string) cluster {
		return runsWith(instanceSecret, 3, usersOfApp,
			keeps(instanceSecret, map[string]string{"password": "one", "tenant-password": "two", "sentinel-password": "three", key: "zero"}),
			keeps(release, map[string]string{"REDIS_USERNAME": "app", "REDIS_PASSWORD": "two"}))
	}
	for name, test := range map[string]struct {
		cluster
		values, says string
	}{
		"switched on":            {own("previous-password"), "auth.tenantUser=app", fmt.Sprintf(`auth.tenantUser: "app"`+says, release)},
		"before it is known":     {own("next-password"), "auth.tenantUser=app", fmt.Sprintf(`auth.tenantUser: "app"`+says, release)},
		"switched off":           {of("previous-password"), "auth.tenantUser=", fmt.Sprintf(`auth.tenantUser: ""`+says, instanceSecret)},
		"a Secret of one's own":  {own("previous-password"), "auth.existingSecret=mine", fmt.Sprintf(`auth.existingSecret: "mine"`+says, release)},
		"nothing else":           {own("previous-password"), "size=medium", ""},
		"nothing else of a user": {of("previous-password"), "auth.tenantUser=app", ""},
		"done":                   {own("other-password"), "auth.tenantUser=app", ""},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := test.template(t, "helm", "--set", test.values)
			if test.says == "" {
				require.NoError(t, err, out)
				return
			}
			require.Error(t, err)
			require.Contains(t, out, test.says)
		})
	}
}

func TestTenantUserOfOwnSecret(t *testing.T) {
	own := []string{"--set", "auth.existingSecret=mine,auth.tenantUser=app"}
	for name, test := range map[string]struct {
		data map[string]string
		says string
	}{
		"both":          {map[string]string{"password": "one", "tenant-password": "two"}, ""},
		"no key":        {map[string]string{"password": "one"}, `auth.tenantUser: Secret redis-system/mine must have its password under the key tenant-password, of ASCII characters without spaces, line breaks, quotes and \: add it first, or set auth.tenantUser to ""`},
		"a space":       {map[string]string{"password": "one", "tenant-password": "t wo"}, "auth.tenantUser: Secret redis-system/mine must have"},
		"a line's end":  {map[string]string{"password": "one", "tenant-password": "two\n"}, "auth.tenantUser: Secret redis-system/mine must have"},
		"twice the one": {map[string]string{"password": "one", "tenant-password": "one"}, "auth.tenantUser: Secret redis-system/mine has the same password under the keys tenant-password and password, so that who has it could log in as default: give tenant-password another one"},
		"a reader's":    {map[string]string{"password": "one", "tenant-password": "two", "read-only-password": "three"}, ""},
		"who writes":    {map[string]string{"password": "one", "tenant-password": "two", "read-only-password": "two"}, "auth.readOnlyUser: Secret redis-system/mine has the same password under the keys read-only-password and tenant-password, so that who has it could log in as app: give read-only-password another one"},
	} {
		t.Run(name, func(t *testing.T) {
			flags := own
			if test.data["read-only-password"] != "" {
				flags = append(slices.Clone(own), "--set", "auth.readOnlyUser=viewer")
			}
			out, err := keeps("mine", test.data).template(t, "helm", flags...)
			if test.says == "" {
				require.NoError(t, err, out)
				assert.Empty(t, secrets(t, out)[namespace+"/"+release])
				return
			}
			require.Error(t, err)
			assert.Contains(t, out, test.says)
		})
	}
}

// TestTenantUserOfForeignSecret holds that a Secret of the tenant's that others make names the
// user, as soon as Redis knows that.
func TestTenantUserOfForeignSecret(t *testing.T) {
	mine := keeps("mine", map[string]string{"password": "one", "tenant-password": "two"})
	foreign := func(data map[string]string) cluster {
		c := keeps(release, data)
		for path, object := range c {
			secret := object.(corev1.Secret)
			secret.Annotations = nil
			c[path] = secret
		}
		return c
	}
	both := func(tenants cluster) cluster {
		c := maps.Clone(mine)
		maps.Copy(c, tenants)
		return c
	}
	const says = `auth.tenantUser: "app", but Secret redis-system/cache has REDIS_PASSWORD, and as REDIS_USERNAME %q, so that applications would not log in as that user: give it REDIS_USERNAME "app", or set auth.tenantUser to what it has`
	nameless, named := map[string]string{"REDIS_PASSWORD": "two"}, map[string]string{"REDIS_USERNAME": "app", "REDIS_PASSWORD": "two"}
	for name, test := range map[string]struct {
		cluster
		says string
	}{
		"none":                  {mine, ""},
		"named":                 {both(foreign(named)), ""},
		"nameless":              {both(foreign(nameless)), fmt.Sprintf(says, "")},
		"another name":          {both(foreign(map[string]string{"REDIS_USERNAME": "shop", "REDIS_PASSWORD": "two"})), fmt.Sprintf(says, "shop")},
		"for something else":    {both(foreign(map[string]string{"license": "two"})), ""},
		"the chart's":           {both(keeps(release, nameless)), ""},
		"no Redis knows it yet": {runsWith("mine", 3, nil, mine, foreign(nameless)), ""},
		"one does not yet":      {runsWith("mine", 2, usersOfApp, mine, foreign(nameless)), ""},
		"all Redis know it":     {runsWith("mine", 3, usersOfApp, mine, foreign(nameless)), fmt.Sprintf(says, "")},
	} {
		t.Run(name, func(t *testing.T) {
			for _, helm := range helms {
				out, err := test.template(t, helm, "--set", "auth.existingSecret=mine,auth.tenantUser=app")
				require.Equal(t, test.says != "", err != nil, out)
				require.Contains(t, out, test.says)
			}
		})
	}
}

// TestTenantUserKeepsItsName holds that no application is left with a name that Redis
// forgets.
func TestTenantUserKeepsItsName(t *testing.T) {
	c := runsWith(instanceSecret, 3, usersOfApp,
		keeps(instanceSecret, map[string]string{"password": "one", "tenant-password": "two"}),
		keeps(release, map[string]string{"REDIS_USERNAME": "app", "REDIS_PASSWORD": "two"}))
	out, err := c.template(t, "helm", "--set", "auth.tenantUser=shop")
	require.Error(t, err)
	assert.Contains(t, out, `auth.tenantUser: "shop", but the applications log in as "app", whom no Redis would know any more: set it to "app"; for another name set it to "" first, and to that name when the operator has replaced all Pods`)
}

// TestRestrictSentinel holds that Sentinel asks for a password only when every Redis has
// it, or no Pod could hand over any more.
func TestRestrictSentinel(t *testing.T) {
	set := []string{"--set", "auth.tenantUser=app,auth.restrictSentinel=true"}
	const early = "auth.restrictSentinel: true, but not every Redis that runs has the password of Sentinel's user yet"
	before := keeps(instanceSecret, map[string]string{"password": "one", "tenant-password": "two"})
	knows := keeps(instanceSecret, map[string]string{"password": "one", "tenant-password": "two", "sentinel-password": "three"})
	for name, test := range map[string]struct {
		cluster
		says string
	}{
		"new":                     {cluster{}, ""},
		"runs":                    {runsWith(instanceSecret, 3, usersOfApp, knows), ""},
		"runs, and rolls":         {runsWith(instanceSecret, 1, usersOfApp, knows, keeps(release, map[string]string{"REDIS_USERNAME": "app"})), ""},
		"runs without a tenant":   {runs(release, with(release, "one")), early},
		"runs without the key":    {runsWith(instanceSecret, 3, usersOfApp, before), early},
		"a Pod is to have a user": {runsWith(instanceSecret, 2, usersOfApp, knows), early},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := test.template(t, "helm", set...)
			if test.says != "" {
				require.Error(t, err)
				require.Contains(t, out, test.says)
				return
			}
			require.NoError(t, err, out)
		})
	}

	own := []string{"--set", "auth.existingSecret=mine,auth.tenantUser=app,auth.restrictSentinel=true"}
	for key, says := range map[string]string{
		"three": "",
		"":      `auth.restrictSentinel: Secret redis-system/mine must have a password under the key sentinel-password, of ASCII characters without spaces, line breaks, quotes and \: add it first, or set auth.restrictSentinel to false`,
		"t\"o":  "auth.restrictSentinel: Secret redis-system/mine must have",
		"two":   "auth.restrictSentinel: Secret redis-system/mine has the same password under the keys sentinel-password and tenant-password",
	} {
		out, err := keeps("mine", map[string]string{"password": "one", "tenant-password": "two", "sentinel-password": key}).template(t, "helm", own...)
		require.Equal(t, says != "", err != nil, out)
		require.Contains(t, out, says)
	}

	sentinel := failover(t, values{"auth.tenantUser": `"app"`, "auth.restrictSentinel": "true"}).Spec.Sentinel
	open := failover(t, nil).Spec.Sentinel.Command
	assert.Equal(t, slices.Concat(open[:2], []string{"/bin/sh", "/redis-shutdown/start-sentinel.sh"}, open[2:]), sentinel.Command)
	users := sentinel.ExtraVolumes[1].Secret
	assert.Equal(t, "mine", users.SecretName)
	var keys []string
	for _, item := range users.Items {
		assert.Equal(t, item.Key, item.Path)
		keys = append(keys, item.Key)
	}
	assert.Equal(t, []string{"sentinel-password", "previous-sentinel-password", "next-sentinel-password"}, keys, "no other password")
	assert.True(t, *users.Optional, "two are there during a rotation alone")
}

// TestUsersOfOwnSecretAreTakenOver holds that no user gets another password when the chart
// makes the Secret that was made elsewhere.
func TestUsersOfOwnSecretAreTakenOver(t *testing.T) {
	data := map[string]string{"password": "one", "tenant-password": "two", "read-only-password": "three", "sentinel-password": "four"}
	c := runsWith("mine", 3, usersOfApp, keeps("mine", data))
	out, err := c.template(t, "helm", append(slices.Clone(tenantUser), "--set", "auth.readOnlyUser=viewer,auth.restrictSentinel=true")...)
	require.NoError(t, err, out)
	found := secrets(t, out)
	assert.Equal(t, data, found[namespace+"/"+instanceSecret])
	assert.Equal(t, "two", found["team-a/"+release]["REDIS_PASSWORD"])
	assert.Equal(t, "three", found["team-a/"+release]["REDIS_READ_PASSWORD"])
}

// TestNoSecretInTheInstance holds that what the operator and the Pods are given names
// Secrets, and that without a user nothing of it is there.
func TestNoSecretInTheInstance(t *testing.T) {
	rf := failover(t, values{"auth.tenantUser": `"app"`})
	assert.Equal(t, "mine", rf.Spec.Auth.SecretPath)
	require.Len(t, rf.Spec.Redis.ExtraVolumes, 1)
	assert.Equal(t, "mine", rf.Spec.Redis.ExtraVolumes[0].Secret.SecretName)
	require.Len(t, rf.Spec.Redis.ExtraVolumeMounts, 1)
	mount := rf.Spec.Redis.ExtraVolumeMounts[0]
	assert.True(t, mount.ReadOnly)
	assert.Contains(t, rf.Spec.Redis.Command, "#"+mount.MountPath+"/tenant-password")

	without := failover(t, nil)
	assert.Empty(t, without.Spec.Redis.ExtraVolumes)
	assert.NotContains(t, without.Spec.Redis.Command, "--user")
}
