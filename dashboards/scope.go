package main

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// scope writes out what queries have in angle brackets, as the alerts have:
// whose series a selector takes.
var scope = strings.NewReplacer(
	"<instance>", `cluster="$cluster",namespace="$namespace",tenant_redis="$instance"`,
	// The same as the operator calls it.
	"<failover>", `cluster="$cluster",namespace="$namespace",name="$instance"`,
	"<fleet>", `cluster="$cluster",namespace=~"$namespace",tenant_redis!=""`,
	"<operator>", `cluster="$cluster",namespace="$namespace",job="redis-operator"`,
	// The operator's own metrics have the namespace of the Redis they speak of.
	"<operators>", `cluster="$cluster",job="redis-operator"`,
	// Commands that do not wait for something by design, as in RedisCommandsSlow.
	"<commands>", `cmd!~"b.*(pop|move).*|xread.*|wait.*|psync"`,
)

// cluster is the variable for a Prometheus that has several, as kubernetes-mixin has
// it. Where series have no such label it is empty, which is what they have then.
func cluster(metric string) cog.Builder[dashboard.VariableModel] {
	return choice("cluster", "Cluster", "cluster", metric)
}

// oneInstance are the variables of a dashboard about one instance. There is no
// value for several: nobody is to see another tenant's series by accident.
func oneInstance() []cog.Builder[dashboard.VariableModel] {
	return []cog.Builder[dashboard.VariableModel]{
		cluster(`redis_up{tenant_redis!=""}`),
		choice("namespace", "Namespace", "namespace", `redis_up{cluster="$cluster",tenant_redis!=""}`),
		choice("instance", "Instance", "tenant_redis", `redis_up{cluster="$cluster",namespace="$namespace"}`),
	}
}

// allInstances are the variables of a dashboard about many.
func allInstances() []cog.Builder[dashboard.VariableModel] {
	return []cog.Builder[dashboard.VariableModel]{
		cluster(`redis_up{tenant_redis!=""}`),
		choice("namespace", "Namespace", "namespace", `redis_up{cluster="$cluster",tenant_redis!=""}`).
			Multi(true).IncludeAll(true).AllValue(".+").Current(dashboard.VariableOption{
			Text:  dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
			Value: dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
		}),
	}
}
