package main

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// scope writes out what queries have in angle brackets, as the alerts have:
// whose series a selector takes.
var scope = strings.NewReplacer(
	"<instance>", `namespace="$namespace",tenant_redis="$instance"`,
	// The same as the operator calls it.
	"<failover>", `namespace="$namespace",name="$instance"`,
	"<fleet>", `namespace=~"$namespace",tenant_redis!=""`,
	"<operator>", `namespace="$namespace",job="redis-operator"`,
	// The operator's own metrics have the namespace of the Redis they speak of.
	"<operators>", `job="redis-operator"`,
	// Commands that do not wait for something by design, as in RedisCommandsSlow.
	"<commands>", `cmd!~"b.*(pop|move).*|xread.*|wait.*|psync"`,
)

// oneInstance are the variables of a dashboard about one instance. There is no
// value for several: nobody is to see another tenant's series by accident.
func oneInstance() []cog.Builder[dashboard.VariableModel] {
	return []cog.Builder[dashboard.VariableModel]{
		choice("namespace", "Namespace", "namespace", `redis_up{tenant_redis!=""}`),
		choice("instance", "Instance", "tenant_redis", `redis_up{namespace="$namespace"}`),
	}
}

// allInstances is the variable of a dashboard about many.
func allInstances() cog.Builder[dashboard.VariableModel] {
	return choice("namespace", "Namespace", "namespace", `redis_up{tenant_redis!=""}`).
		Multi(true).IncludeAll(true).AllValue(".+").Current(dashboard.VariableOption{
		Text:  dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
		Value: dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
	})
}
