package golive

import (
	"context"

	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
)

// Check is one item of the checklist.
type Check struct {
	Name string
	// Holds is what must hold, and Why the reason.
	Holds, Why string
	// Fix is what to do if it does not hold.
	Fix string
	// Tenant says whether helm test makes it, too, as far as a tenant's Pod can see.
	Tenant bool
	// look returns what it saw, or an error that says what is wrong.
	look func(context.Context, *instance) (string, error)
}

// Checks is the checklist, in its order.
var Checks = []Check{
	{
		Name: "size", Holds: "at least three Redis and an odd number of Sentinels, three or more, are asked for",
		Why: "one may be lost while another is updated, and the Sentinels that are left can agree",
		Fix: "set redis.replicas and sentinel.replicas of the chart to 3", look: checkSize,
	},
	{
		Name: "definition", Holds: "the CRD has kept all that the chart gives the RedisFailover",
		Why: "without it a change leaves the new Sentinel Pending for good, and the operator updates no Redis",
		Fix: "apply the CRD of charts/redis-operator, then the RedisFailover again: " + version.Page("docs/operator.md") + " says how", look: checkDefinition,
	},
	{
		Name: "pods", Holds: "every Pod that is asked for is there and ready",
		Why: "the operator heals nothing while one is missing",
		Fix: "look at kubectl describe pods: is there a node that they fit on? One that ended with 126 to 128 has an image without its program or a shell, or of a Redis before 7.0: its log tells", look: checkPods,
	},
	{
		Name: "spread", Holds: "no two Redis and no two proxies share a node, and without any one node most Sentinels are left",
		Why: "a node that fails or reboots must not take the data or the majority",
		Fix: "add nodes, or look at the placement values of the chart", look: checkSpread,
	},
	{
		Name: "resources", Holds: "every container requests CPU and memory, and Redis has a memory limit",
		Why: "the platform refuses Pods without requests; without a limit the node's memory is the limit",
		Fix: "set size, or redis.memory and redis.cpu, of the chart", look: checkResources,
	},
	{
		Name: "images", Holds: "no image is of an unmaintained branch of Redis, Valkey or HAProxy, or has a known hole that a newer patch closes",
		Why: "nobody repairs what is found next, and whoever has the password may use what was found",
		Fix: "set image or proxy.image of the chart to a version that " + version.Page("docs/versions.md") + " has", look: checkImages,
	},
	{
		Name: "budgets", Holds: "exactly one PodDisruptionBudget covers each Pod, and it allows an eviction",
		Why: "nodes are drained one Pod at a time, and can be drained at all",
		Fix: "repeat helm upgrade, which makes the budgets; delete others that select the same Pods; wait until all Pods are ready", look: checkBudgets,
	},
	{
		Name: "connection", Tenant: true, Holds: "the ConfigMap that the tenant reads leads to this instance",
		Why: "applications find Redis only by it",
		Fix: "repeat helm upgrade, which makes it; is the instance running, and does the operator run?", look: checkConnection,
	},
	{
		Name: "master", Tenant: true, Holds: "exactly one Redis is master",
		Why: "with none nothing is written, with two writes are lost",
		Fix: "a failover may be going on: repeat; is the password right? Else read the operator's log", look: checkMaster,
	},
	{
		Name: "replicas", Tenant: true, Holds: "every other Redis is linked to the master",
		Why: "what is not replicated is lost with the master",
		Fix: "look at the Redis that is named: is it running and in sync?", look: checkReplicas,
	},
	{
		Name: "sentinels", Tenant: true, Holds: "every Sentinel names the master and knows all others and all replicas",
		Why: "clients ask any of them, and a failover needs what they know",
		Fix: "the operator repairs them within a minute: repeat, then read its log", look: checkSentinels,
	},
	{
		Name: "quorum", Tenant: true, Holds: "every Sentinel wants a majority of those that are asked for, no more and no less, and sees it",
		Why: "with less a lost master is not replaced",
		Fix: "look at the Sentinel that is named: is it running, and do NetworkPolicies let it through? The operator sets its quorum within a minute: read its log. Delete all Sentinel Pods at once if one has voted at an epoch after which there are none", look: checkQuorum,
	},
	{
		Name: "proxies", Tenant: true, Holds: "every proxy leads writes to the master and reads to this instance, if there are any",
		Why: "applications without Sentinel know nothing else",
		Fix: "a failover may be going on: repeat; else read the log of the proxy that is named, and restart it", look: checkProxies,
	},
	{
		Name: "password", Tenant: true, Holds: "Redis answers nobody without the password, if there is one",
		Why: "the password is what the tenant was promised",
		Fix: "is the Secret the one that the RedisFailover names in auth.secretPath? Restart the Redis Pods one by one", look: checkPassword,
	},
	{
		Name: "user", Tenant: true, Holds: "every Redis knows the tenant's users, and refuses them what is not for applications, and writes to the one that only reads",
		Why: "an application that is broken into must not become the instance's administrator",
		Fix: "each Redis must have been started with auth.tenantUser: has the operator replaced them all?", look: checkUser,
	},
	{
		Name: "memory", Holds: "maxmemory is set, below the container's limit, and less than nine tenths used",
		Why: "Redis must evict before the kernel kills it",
		Fix: "set size or redis.memory of the chart to what the load test has shown", look: checkMemory,
	},
	{
		Name: "metrics", Holds: "the exporter beside every Redis and Sentinel gets its answers, and every proxy measures",
		Why: "no alert fires on what is not measured",
		Fix: "read the exporter's log in the Pod that is named; is the Secret the one that the operator reads?", look: checkMetrics,
	},
	{
		Name: "selected", Holds: "a Prometheus selects the PodMonitors, the Probe and the PrometheusRule, if the chart makes any",
		Why: "what none selects is neither scraped nor alerted on, and nobody is told",
		Fix: "set monitoring.labels of the chart to what the selectors of the Prometheus want", look: checkSelected,
	},
	{
		Name: "policies", Tenant: true, Holds: "a NetworkPolicy closes each Pod, and none that selects it lets in every Pod, of its namespace or of all, or the addresses of Pods",
		Why: "nobody but the tenant gets in, and two instances cannot merge",
		Fix: "repeat helm upgrade, which makes the policies; narrow or delete others that select the same Pods; are NetworkPolicies enforced?", look: checkPolicies,
	},
	{
		Name: "data", Tenant: true, Holds: "a key can be written, reaches every replica, and can be read and removed",
		Why: "all of the above says that it should",
		Fix: "is Redis full, or without replicas?", look: checkData,
	},
}
