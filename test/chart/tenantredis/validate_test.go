package tenantredis

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// rules has each mistake that rules find, with the message: key, value, range and fix.
var rules = map[string]struct {
	values values
	says   string
}{
	"name too long":          {values{"name": text(strings.Repeat("n", 49))}, `name: "` + strings.Repeat("n", 49) + `", 49 characters, must be 1 to 48 of a-z, 0-9 and -, begin with a letter and not end with -: set name to such a one`},
	"name with upper case":   {values{"name": `"Cache"`}, `name: "Cache"`},
	"name with a dot":        {values{"name": `"a.b"`}, `name: "a.b"`},
	"label with a space":     {values{"access.label": `"redis access"`}, `access.label: "redis access" is no label key: set it to at most 63 letters`},
	"label with two slashes": {values{"access.label": `"a.example/b/c"`}, `access.label: "a.example/b/c"`},
	"label too long":         {values{"access.label": text("a.example/" + strings.Repeat("n", 64))}, "access.label: "},

	"image without tag":            {values{"image": `"docker.io/library/redis"`}, `image: "docker.io/library/redis" must be an image with a tag other than latest or with a sha256 digest, so that every Pod runs the same: add one`},
	"image of a port, without tag": {values{"image": `"mirror.example:5000/redis"`}, `image: "mirror.example:5000/redis"`},
	"image with tag latest":        {values{"image": `"docker.io/library/redis:latest"`}, `image: "docker.io/library/redis:latest"`},
	"image with half a digest":     {values{"image": text("redis" + digest[:20])}, `image: "redis@sha256:`},
	"image with a space":           {values{"image": `"redis :7"`}, `image: "redis :7"`},
	"Redis that is too old":        {values{"image": `"docker.io/library/redis:6.2.14-alpine"`}, `image: "docker.io/library/redis:6.2.14-alpine" is older than the scripts can do with: use Redis 7.0, Valkey 7.2 or later`},
	"a major that is too old":      {values{"image": text("mirror.example:5000/redis:6" + digest)}, `image: "mirror.example:5000/redis:6@sha256:`},
	"HAProxy that is too old":      {values{"proxy.enabled": "true", "proxy.image": `"haproxy:2.4.0"`}, `proxy.image: "haproxy:2.4.0" is older than the proxy's configuration is written for: use HAProxy 2.6 or later, or set proxy.enabled to false`},
	"exporter image without tag":   {values{"exporter.image": `"redis_exporter"`}, `exporter.image: "redis_exporter" must be`},

	"no way in":            {values{"access.sentinel": "false"}, "access.sentinel: false leaves clients no way in while proxy.enabled is false: set proxy.enabled to true, or access.sentinel to true"},
	"no way for a sidecar": {values{"access.sentinel": "false", "proxy.enabled": "true", "proxy.sidecar": "true"}, "access.sentinel: false shuts out proxy.sidecar, which asks the Sentinels from the application's Pod: set proxy.sidecar to false, or access.sentinel to true"},

	"proxy image with tag latest": {values{"proxy.image": `"haproxy:latest"`}, `proxy.image: "haproxy:latest" must be`},
	"proxy CPU in words":          {values{"proxy.cpu": `"little"`}, `proxy.cpu: "little" must be CPUs, such as 100m or 1: set it`},
	"more clients than Redis has": {values{"proxy.enabled": "true", "proxy.replicas": "3", "proxy.maxConnections": "2000"}, "proxy.maxConnections: 2000 on two ports of 3 proxies are more than the 10000 that Redis has for clients less 100 for the instance itself: set at most 1650, lower proxy.replicas, or raise redis.config.maxclients"},

	"ServiceAccount of no namespace": {values{"tenantSubjects": `[{"kind": "ServiceAccount", "name": "a"}]`}, "tenantSubjects[0].namespace: is missing, and a ServiceAccount has one: add it"},
	"User of a namespace":            {values{"tenantSubjects": `[{"kind": "User", "name": "a", "namespace": "b"}]`}, `tenantSubjects[0].namespace: "b" is set, and a User has none: remove it`},

	"own size, no memory":    {values{"size": `"own"`, "redis.cpu": `"1"`}, `redis.memory: "" must be 128Mi or more in whole Mi or Gi, such as 2Gi, since size is own: set it, or size to small, medium or large`},
	"own size, no CPU":       {values{"size": `"own"`, "redis.memory": `"1Gi"`}, `redis.cpu: "" must be CPUs, such as 250m or 2, since size is own: set it, or size to small, medium or large`},
	"memory of a named size": {values{"redis.memory": `"2Gi"`}, `redis.memory: "2Gi" goes with size own only, and size is small, which has 256Mi: set size to own, or redis.memory to ""`},
	"CPU of a named size":    {values{"size": `"large"`, "redis.cpu": `"2"`}, `redis.cpu: "2" goes with size own only, and size is large, which has 1: set size to own, or redis.cpu to ""`},
	"memory without number":  {ownSize("memory", `"lots"`), `redis.memory: "lots" must be 128Mi or more`},
	"memory with a fraction": {ownSize("memory", `"1.5Gi"`), `redis.memory: "1.5Gi" must be 128Mi or more`},
	"memory in another unit": {ownSize("memory", `"1G"`), `redis.memory: "1G" must be 128Mi or more`},
	"too little memory":      {ownSize("memory", `"127Mi"`), "redis.memory: 127Mi is less than 128Mi, of which Redis needs most for itself: set 128Mi or more"},
	"negative CPU":           {ownSize("cpu", `"-1"`), `redis.cpu: "-1" must be CPUs`},

	"hasty failover":  {values{"sentinel.downAfterMilliseconds": "4000"}, "sentinel.failoverTimeoutMilliseconds: 6000 must be at least 8000, twice sentinel.downAfterMilliseconds, or a failover is given up before the Sentinels agree: set 12000"},
	"hasty hand-over": {values{"sentinel.failoverTimeoutMilliseconds": "40001"}, "redis.terminationGracePeriodSeconds: 60 leaves 40 s to hand over, and must leave at least the 40001 ms of sentinel.failoverTimeoutMilliseconds, since a failover under way comes first: set 61 or more"},

	"1.2 with fewer Sentinels than Redis": {values{"flavour": `"spotahome-1.2"`, "redis.replicas": "4"}, "sentinel.replicas: 3 must be at least redis.replicas, 4, with flavour spotahome-1.2, which never heals fewer: lower redis.replicas, or set flavour to spotahome-1.3"},
	"1.2 with five Sentinels":             {values{"flavour": `"spotahome-1.2"`, "sentinel.replicas": "5"}, "sentinel.replicas: 5 must be 3 with flavour spotahome-1.2, whose PodDisruptionBudget keeps 2, fewer than a majority: set 3, or flavour to spotahome-1.3"},
	"freshworks without group":            {values{"flavour": `"freshworks"`}, `operator.group: "" must be set with flavour freshworks: set it to the operator's OPERATOR_GROUP_ID, without which it ignores this instance`},
	"group of another flavour":            {values{"operator.group": `"a"`}, `operator.group: "a" must be empty with flavour spotahome-1.3: set it to "", or flavour to freshworks`},
	"saremox on an old Kubernetes":        {values{"flavour": `"saremox"`}, "flavour: saremox needs Kubernetes 1.32 or newer, and this is v1.28.0: upgrade Kubernetes, or set another flavour"},

	"Secret without password":  {values{"auth.enabled": "false"}, `auth.existingSecret: "mine" is of no use while auth.enabled is false: set auth.enabled to true, or auth.existingSecret to ""`},
	"Secret of the chart":      {values{"auth.existingSecret": `"cache"`}, `auth.existingSecret: "cache" is the name of the Secret that the chart makes otherwise, which an upgrade to this would delete: give yours another name`},
	"binding to a Secret":      {values{"auth.serviceBinding": "true"}, `auth.serviceBinding: true needs a password that the chart knows, but auth.enabled is true and auth.existingSecret "mine": set auth.serviceBinding to false, or auth.enabled to true and auth.existingSecret to ""`},
	"binding without password": {values{"auth.serviceBinding": "true", "auth.enabled": "false", "auth.existingSecret": `""`}, "auth.serviceBinding: true needs a password that the chart knows, but auth.enabled is false"},
	"tenant as default":        {values{"auth.tenantUser": `"default"`}, `auth.tenantUser: "default" is the name of a user of the instance itself, who must keep its rights (default, pinger, replica-user and sentinel-user are): set another one, such as app`},
	"tenant as Pinger":         {values{"auth.tenantUser": `"Pinger"`}, `auth.tenantUser: "Pinger" is the name of a user of the instance itself`},
	"tenant with a space":      {values{"auth.tenantUser": `"my app"`}, `auth.tenantUser: "my app" must be 1 to 64 letters, digits, _, . and -, and begin with a letter or digit: anything else means something to Redis' ACL or to a configuration: set such a name, or "" for none`},
	"tenant with rights":       {values{"auth.tenantUser": `"+@all"`}, `auth.tenantUser: "+@all" must be`},
	"tenant with a password":   {values{"auth.tenantUser": `">secret"`}, `auth.tenantUser: ">secret" must be`},
	"tenant with a hash":       {values{"auth.tenantUser": `"a#b"`}, `auth.tenantUser: "a#b" must be`},
	"tenant in quotes":         {values{"auth.tenantUser": `"a\"b"`}, `auth.tenantUser: "a\"b" must be`},
	"tenant on two lines":      {values{"auth.tenantUser": `"a\nb"`}, `auth.tenantUser: "a\nb" must be`},
	"tenant of a space":        {values{"auth.tenantUser": `" "`}, `auth.tenantUser: " " must be`},
	"tenant with a line's end": {values{"auth.tenantUser": `"app\n"`}, `auth.tenantUser: "app\n" must be`},
	"tenant with a percent":    {values{"auth.tenantUser": `"a%b"`}, `auth.tenantUser: "a%b" must be`},
	"tenant with a bar":        {values{"auth.tenantUser": `"app|get"`}, `auth.tenantUser: "app|get" must be`},
	"tenant with a selector":   {values{"auth.tenantUser": `"(app)"`}, `auth.tenantUser: "(app)" must be`},
	"tenant with a NUL":        {values{"auth.tenantUser": `"a\u0000b"`}, `auth.tenantUser: "a\x00b" must be`},
	"tenant as an option":      {values{"auth.tenantUser": `"--user"`}, `auth.tenantUser: "--user" must be`},
	"tenant with a long name":  {values{"auth.tenantUser": text(strings.Repeat("n", 65))}, `auth.tenantUser: "nnn`},
	"tenant without password":  {values{"auth.tenantUser": `"app"`, "auth.enabled": "false", "auth.existingSecret": `""`}, `auth.tenantUser: "app" bounds nobody while auth.enabled is false, and everybody is default without a password: set auth.enabled to true, or auth.tenantUser to ""`},
	"password, no cluster":     {values{"auth.existingSecret": `""`}, "auth.existingSecret: name a Secret with a key password here, set auth.enabled to false, or let Helm see the cluster with --dry-run=server: it is empty, and Helm sees no cluster in which redis-system/cache may hold the password already"},
	"reader without tenant":    {values{"auth.readOnlyUser": `"viewer"`}, `auth.readOnlyUser: "viewer" bounds nobody while the tenant logs in as default: set auth.tenantUser too, or auth.readOnlyUser to ""`},
	"reader as the tenant":     {values{"auth.tenantUser": `"app"`, "auth.readOnlyUser": `"app"`}, `auth.readOnlyUser: "app" is auth.tenantUser, too, which writes: set another name`},
	"restricted for default":   {values{"auth.restrictSentinel": "true"}, "auth.restrictSentinel: true bounds nobody while the tenant logs in at Redis as default, and may say there what Sentinels believe: set auth.tenantUser too, or auth.restrictSentinel to false"},
	"reader with a space":      {values{"auth.tenantUser": `"app"`, "auth.readOnlyUser": `"a b"`}, `auth.readOnlyUser: "a b" must be 1 to 64 letters`},
	"reader as default":        {values{"auth.tenantUser": `"app"`, "auth.readOnlyUser": `"default"`}, `auth.readOnlyUser: "default" is the name of a user of the instance itself`},

	"migration from a name":           {values{"migrateFrom": `"redis.example"`}, `migrateFrom: "redis.example" must be the IPv4 address of another Redis, without a port, which is 6379: the NetworkPolicy that lets the replicas out to it knows no names, and the operator no other port: set it to the address, or to ""`},
	"migration from another port":     {values{"migrateFrom": `"10.1.2.3:6380"`}, `migrateFrom: "10.1.2.3:6380" must be`},
	"migration from a range":          {values{"migrateFrom": `"10.1.2.0/24"`}, `migrateFrom: "10.1.2.0/24" must be`},
	"migration from no address":       {values{"migrateFrom": `"10.1.2.256"`}, `migrateFrom: "10.1.2.256" must be`},
	"migration from IPv6":             {values{"migrateFrom": `"fd00::1"`}, `migrateFrom: "fd00::1" must be`},
	"migration from itself":           {values{"migrateFrom": `"127.0.0.1"`}, `migrateFrom: "127.0.0.1" must be`},
	"migration with another password": {values{"migrateFrom": `"10.1.2.3"`, "auth.existingSecret": `""`}, `auth.existingSecret: is empty while migrateFrom is "10.1.2.3", where the replicas log in with the instance's own password: name a Secret with the password of that Redis, or set auth.enabled to false if it has none`},

	"setting of the chart":        {values{"redis.config": `{"maxmemory": "1gb"}`}, "redis.config.maxmemory: is not allowed, since the chart or the operator depends on it, or Redis would not start with it: remove it; allowed are activerehashing, hash-max"},
	"setting that cannot be sent": {values{"redis.config": `{"appendonly": true}`}, "redis.config.appendonly: is not allowed"},
	"renamed command":             {values{"redis.config": `{"rename-command": "CONFIG x"}`}, "redis.config.rename-command: is not allowed"},
	"setting in capitals":         {values{"redis.config": `{"Timeout": 1}`}, "redis.config.Timeout: is not allowed"},
	"setting with a bad value":    {values{"redis.config": `{"timeout": "soon"}`}, `redis.config.timeout: "soon" must be 0 (never) to 999999 seconds`},
	"setting with two values":     {values{"redis.config": `{"timeout": "1\n--appendonly"}`}, "redis.config.timeout: "},
	"cache that never evicts":     {values{"redis.config": `{"maxmemory-policy": "noeviction"}`}, `redis.config.maxmemory-policy: "noeviction" does not fit purpose cache, which would refuse writes when it is full, so all but noeviction do: set purpose to session, or remove the setting`},
	"session that evicts":         {values{"purpose": `"session"`, "redis.config": `{"maxmemory-policy": "volatile-ttl"}`}, `redis.config.maxmemory-policy: "volatile-ttl" does not fit purpose session, of which nothing may vanish, so only noeviction does: set purpose to cache, or remove the setting`},
	"write for all replicas":      {values{"redis.config": `{"min-replicas-to-write": 3}`}, "redis.config.min-replicas-to-write: 3 must be less than redis.replicas, 3, or no write is ever taken: set at most 2"},
}

// ownSize is one in which a key is wrong.
func ownSize(key, value string) values {
	v := values{"size": `"own"`, "redis.memory": `"1Gi"`, "redis.cpu": `"1"`}
	v["redis."+key] = value
	return v
}

func TestRules(t *testing.T) {
	for name, test := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, chart, test.values, test.says)
		})
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	refused(t, chart, values{"name": `"A"`, "image": `"redis"`, "redis.config": `{"dir": "/tmp", "timeout": -1}`},
		`name: "A"`, `image: "redis"`, "redis.config.dir: ", `redis.config.timeout: "-1"`)
	refused(t, chart, values{"redis.replicas": `"3"`, "auth.existingSecret": `""`, "auth.readOnlyUser": `"viewer"`, "proxy.cpu": `"little"`},
		`redis.replicas: "3" must be a whole number`, "auth.existingSecret: name a Secret", "auth.readOnlyUser: ", "proxy.cpu: ")
}

// TestRulesJudgeWhatFits holds that a value of another type leaves the rules that do not read
// it, and silences those that do.
func TestRulesJudgeWhatFits(t *testing.T) {
	const unread = "placement.priorityClassName"
	chart.JudgesWhatFits(t, nil, unread, map[string]values{
		"most topics": {
			"name": `"A"`, "access.label": `"a b"`, "image": `"redis"`, "tenantSubjects": `[{"kind": "ServiceAccount", "name": "a"}]`,
			"redis.memory": `"2Gi"`, "sentinel.downAfterMilliseconds": "4000", "proxy.tls": `{"ca": "x", "only": true}`,
			"flavour": `"spotahome-1.2"`, "redis.replicas": "4", "operator.group": `"a"`, "migrateFrom": `"x"`,
			"auth.enabled": "false", "auth.tenantUser": `"default"`, "auth.readOnlyUser": `"default"`, "auth.serviceBinding": "true",
			"redis.config":  `{"dir": "/tmp", "timeout": "soon", "maxmemory-policy": "noeviction", "min-replicas-to-write": 4}`,
			"proxy.enabled": "true", "proxy.cpu": `"little"`, "proxy.replicas": "3", "proxy.maxConnections": "2000",
			"monitoring.excludedAlerts": `["Nothing"]`, "monitoring.probe.prober": `"b:1"`, "monitoring.probe.writes": "true",
		},
		"the other branches": {
			"size": `"own"`, "purpose": `"session"`, "redis.config": `{"maxmemory-policy": "volatile-ttl"}`, "flavour": `"freshworks"`, "sentinel.replicas": "5",
			"sentinel.failoverTimeoutMilliseconds": "50000", "migrateFrom": `"10.1.2.3"`, "proxy.tls.existingSecret": `"A"`,
			"auth.existingSecret": `""`, "auth.readOnlyUser": `"viewer"`, "auth.restrictSentinel": "true",
			"monitoring.enabled": "true", "exporter.image": `"exporter:v1.0.0"`,
		},
	})
	server := httptest.NewServer(runs(release, with(release, "one"), with("mine", "two")))
	t.Cleanup(server.Close)
	chart.JudgesWhatFits(t, &rest.Config{Host: server.URL}, unread, map[string]values{
		"a running instance": {
			"auth.tenantUser": `"app"`, "auth.readOnlyUser": `"viewer"`, "auth.restrictSentinel": "true",
			"proxy.tls": `{"existingSecret": "none", "clientCASecret": "none"}`,
		},
	})
}

// TestValuesOfOtherCharts holds that what people bring from other charts is answered with
// what to write here, all of it at once, beside other mistakes.
func TestValuesOfOtherCharts(t *testing.T) {
	text, err := os.ReadFile(render.Repository + "/charts/tenant-redis/files/other-charts.json")
	require.NoError(t, err)
	var answers map[string]string
	require.NoError(t, json.Unmarshal(text, &answers))
	brought, says := values{"image": `"redis"`}, []string{`image: "redis"`}
	for key, answer := range answers {
		// Ours is a text, which cannot be there as well.
		if strings.HasPrefix(key, "image.") {
			refused(t, chart, values{key: `"a"`}, key+": is not a value of this chart: "+answer)
			continue
		}
		brought[key] = `{"enabled": true}`
		says = append(says, key+": is not a value of this chart: "+answer)
	}
	for _, key := range []string{"tls", "persistence", "metrics", "replicaCount", "auth.password", "architecture"} {
		require.Contains(t, answers, key)
	}
	refused(t, chart, brought, says...)
	refused(t, chart, values{"redis.replicaCount": "3"}, "redis.replicaCount: is not a value of this chart: write redis.replicas")
	refused(t, chart, values{"image": `{"name": "redis"}`}, "image.name: is not a value of this chart: remove it")
	refused(t, chart, values{"image": "{}"}, "image: {} must be a text: set such a one")
	// The password that somebody brings is not repeated.
	_, err = chart.Template(t, values{"auth.password": `"hunter2"`})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}

// TestPolicyThatIsNone holds that it is answered with those that are, and that its purpose
// is not blamed as well.
func TestPolicyThatIsNone(t *testing.T) {
	for _, policy := range []string{`"noevictoin"`, "1"} {
		_, err := chart.Template(t, values{"purpose": `"session"`, "redis.config": `{"maxmemory-policy": ` + policy + `}`})
		require.ErrorContains(t, err, "must be noeviction for sessions; for a cache allkeys- or volatile-lru")
		require.NotContains(t, err.Error(), "does not fit purpose")
	}
}

// TestNearestNames holds that a slip of the pen is answered with the name that was meant,
// and nothing else with a guess.
func TestNearestNames(t *testing.T) {
	for key, says := range map[string]string{
		"timout": "did you mean timeout?", "timeuot": "did you mean timeout?", "maxmemorypolicy": "did you mean maxmemory-policy?", "maxmemory_policy": "did you mean maxmemory-policy?",
		"Timeout": "did you mean timeout?", "min-replica-to-write": "did you mean min-replicas-to-write?", "maxclient": "did you mean maxclients?",
		"tmeout": "did you mean timeout?", "timeoutt": "did you mean timeout?", "timwout": "did you mean timeout?",
		"maxmemory": "remove it; allowed are", "dir": "remove it; allowed are", "appendonly": "remove it; allowed are",
	} {
		refused(t, chart, values{"redis.config": `{"` + key + `": 1}`}, "redis.config."+key+": is not allowed", says)
	}
	refused(t, chart, values{"monitoring.excludedAlerts": `["RedisMasterMising", "Redisfailoverflaping", "Nothing"]`},
		"did you mean RedisMasterMissing?", "did you mean RedisFailoverFlapping?", `no alert is called "Nothing": take it out; the alerts are RedisCPUSaturated, `)
	for key, says := range map[string]string{"sze": "size", "sizes": "size", "sise": "size", "nme": "name", "na": ""} {
		_, err := chart.Template(t, values{key: `"a"`})
		require.Error(t, err)
		assert.Equal(t, says != "", strings.Contains(err.Error(), "did you mean "+says+"?"), err)
	}
	refused(t, chart, values{"monitoring.probe.writes": "true"}, "monitoring.probe.writes: true is of no use while monitoring.enabled is false")
	refused(t, chart, values{"monitoring.probe.prober": `"blackbox:9115"`}, `monitoring.probe.prober: "blackbox:9115" is of no use while monitoring.enabled is false`)
}

// TestListsAreShort holds that who gets a name to choose gets no list of all.
func TestListsAreShort(t *testing.T) {
	for key, value := range map[string]string{"redis.config": `{"timout": 1}`, "monitoring.excludedAlerts": `["RedisMasterMising"]`} {
		_, err := chart.Template(t, values{key: value})
		require.ErrorContains(t, err, "did you mean ")
		assert.NotRegexp(t, "allowed are|alerts are", err.Error())
	}
}

func TestRefusedReleaseNames(t *testing.T) {
	for name, number := range map[string]string{strings.Repeat("r", 49): "49", "team.cache": "10", "123": "3"} {
		t.Run(name, func(t *testing.T) {
			own := chart
			own.Release = name
			refused(t, own, nil, "name: "+text(name)+", "+number+" characters from the release's name, must be 1 to 48")

			_, err := own.Template(t, values{"name": `"cache"`})
			assert.NoError(t, err, "the message's remedy must help")
		})
	}
}

func TestAcceptedValues(t *testing.T) {
	newer := chart
	newer.Kubernetes = "1.32.0"
	for name, v := range map[string]values{
		"longest name":       {"name": text(strings.Repeat("n", 48))},
		"Valkey":             {"image": `"docker.io/valkey/valkey:7.2.9-alpine"`},
		"a commit":           {"image": `"mirror.example/redis:6fd3a10"`},
		"a low digest":       {"image": text("mirror.example:5000/redis@sha256:" + strings.Repeat("1", 64))},
		"no proxy":           {"proxy.image": `"haproxy:2.4"`},
		"digest":             {"image": text("redis" + digest), "exporter.image": text("mirror.example:5000/redis_exporter" + digest)},
		"tag and digest":     {"image": text("mirror.example/redis:7.0.15" + digest)},
		"mirror with a port": {"image": `"mirror.example:5000/library/redis:7.0.15"`},
		"own access label":   {"access.label": `"redis_access.v1"`},
		"longest label":      {"access.label": text("a.example/" + strings.Repeat("n", 63))},
		"largest":            {"size": `"own"`, "redis": `{"replicas": 9, "memory": "64Gi", "cpu": "0.5", "terminationGracePeriodSeconds": 600}`, "sentinel.replicas": "7"},
		"slowest":            {"redis.terminationGracePeriodSeconds": "200", "sentinel.failoverTimeoutMilliseconds": "180000"},
		"own namespace":      {"tenantNamespaces": `["team-a", "` + namespace + `"]`},
		"subjects":           {"tenantSubjects": `[{"kind": "ServiceAccount", "name": "a", "namespace": "b"}, {"kind": "Group", "name": "oidc:a"}]`},
		"1.2":                {"flavour": `"spotahome-1.2"`},
		"freshworks":         {"flavour": `"freshworks"`, "operator.group": `"a"`, "redis.replicas": "5", "sentinel.replicas": "5"},
		"saremox":            {"flavour": `"saremox"`, "sentinel.replicas": "5"},
		"migration":          {"migrateFrom": `"10.255.0.199"`},
		"migration, open":    {"migrateFrom": `"10.1.2.3"`, "auth.enabled": "false", "auth.existingSecret": `""`},
		"subchart":           {"global": `{"imageRegistry": "mirror.example"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newer.Template(t, v)
			require.NoError(t, err)
		})
	}
}
