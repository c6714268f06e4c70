// Package redisoperator tests the chart charts/redis-operator as Helm renders
// it, without a cluster.
package redisoperator

import (
	"testing"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

const (
	release   = "redis-operator"
	namespace = "redis-system"
)

var chart = render.Chart{
	Dir:       render.Repository + "/charts/redis-operator",
	Release:   release,
	Namespace: namespace,
}

type values = render.Values

func TestMain(m *testing.M) {
	render.UsePinnedHelm()
	m.Run()
}
