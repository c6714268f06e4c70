package bench

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// tenantFile asks for what all of them can do.
const tenantFile = `apiVersion: tenant-redis.dev/v1alpha1
kind: Tenant
metadata:
  name: team-a
spec:
  namespace: redis-system
  labels:
    team: a
  images:
    - from: docker.io/library/nginx
      to: registry.example/mirror/nginx
      optional: true
`

// manifests returns n Deployments of 34 lines each, as Helm writes them.
func manifests(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `---
# Source: shop/templates/deployment-%[1]d.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-%[1]d
  labels:
    app: web-%[1]d
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web-%[1]d
  template:
    metadata:
      labels:
        app: web-%[1]d
    spec:
      containers:
        - name: web
          image: docker.io/library/nginx:1.27
          ports:
            - containerPort: 80
          resources:
            requests:
              cpu: 100m
              memory: 64Mi
            limits:
              memory: 64Mi
          env:
            - name: LEVEL
              value: info
            - name: WORKERS
              value: "4"
`, i)
	}
	return b.Bytes()
}

func readTenant(tb testing.TB) *tenant.Tenant {
	tb.Helper()
	t, err := tenant.Read("tenant.yaml", []byte(tenantFile))
	require.NoError(tb, err)
	return t
}

// withRules renders as tenant-post does.
func withRules(tb testing.TB, stream []byte) []byte {
	tb.Helper()
	result, err := rules.Render(readTenant(tb), stream)
	require.NoError(tb, err)
	return result.Bytes()
}
