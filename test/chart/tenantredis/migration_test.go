package tenantredis

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// source is the Redis whose data is copied.
const source = "10.1.2.3"

var migrating = values{"migrateFrom": text(source)}

// TestMigration holds that it changes what the operator is told and the network,
// and no Pod, whose restart at its end would cost a failover.
func TestMigration(t *testing.T) {
	before, serving := chart.Objects(t, migrating), chart.Objects(t, nil)
	id := chart.ID("RedisFailover")
	rf := render.Get[redisFailover](t, before, id)
	assert.Equal(t, &bootstrapNode{source, "6379"}, rf.Spec.BootstrapNode)
	rf.Spec.BootstrapNode = nil
	assert.Equal(t, render.Get[redisFailover](t, serving, id), rf)

	for id, o := range serving {
		if id != chart.ID("RedisFailover") && id != chart.ID("NetworkPolicy")+"-redis" {
			assert.Equal(t, o.Object, before[id].Object, id)
		}
	}
	assert.Len(t, before, len(serving))
}

// TestMigrationAccess holds that Redis alone gets out, to the source's port alone,
// whether that is a Pod or not, and nobody in.
func TestMigrationAccess(t *testing.T) {
	strange := pod("elsewhere", nil)
	for address, peers := range map[string][]*api.PodInfo{source: {nil, strange}, "10.1.2.4": {nil, strange}} {
		for _, peer := range peers {
			for _, port := range []int{22, 53, 6379, 6380, 26379} {
				for _, component := range []string{"redis", "sentinel"} {
					packet := &network.Packet{
						SrcIP: net.IPv4(10, 0, 0, 1), SrcPort: 40000,
						DstIP: net.ParseIP(address), DstPort: port, Proto: corev1.ProtocolTCP,
					}
					leaves := func(v values) bool {
						verdict, err := engineOf(t, chart.Objects(t, v)).EvaluateEgress(t.Context(), packet, pod(namespace, labelsOf(component)), peer)
						require.NoError(t, err)
						return verdict != api.VerdictDeny
					}
					assert.Equal(t, address == source && port == 6379 && component == "redis", leaves(migrating), "%s to %s:%d", component, address, port)
					assert.False(t, leaves(nil), "%s to %s:%d", component, address, port)
				}
			}
		}
	}
	assert.Empty(t, reach(t, engineOf(t, chart.Objects(t, migrating)), strange))
}

// TestMigrationOfAServingInstance holds that it is refused: the operator would
// replace its data and leave the Sentinels to fail over meanwhile.
func TestMigrationOfAServingInstance(t *testing.T) {
	copying := []string{"--set", "auth.existingSecret=mine,migrateFrom=" + source}
	for _, helm := range helms {
		t.Run(helm, func(t *testing.T) {
			t.Parallel()
			c := with("mine", "secret")
			out, err := c.template(t, helm, copying...)
			require.NoError(t, err, out)

			c["/apis/apps/v1/namespaces/"+namespace+"/deployments/rfs-"+release] = appsv1.Deployment{
				TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
			}
			out, err = c.template(t, helm, copying...)
			require.Error(t, err)
			assert.Contains(t, out, `migrateFrom: "10.1.2.3" is set, but this instance serves, for it has the Sentinels redis-system/rfs-cache: its data would be replaced while they fail over: set migrateFrom to "", or uninstall the instance first`)
			out, err = c.template(t, helm, copying[0], "auth.existingSecret=mine")
			require.NoError(t, err, out)
		})
	}
}
