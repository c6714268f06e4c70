// Package bench compares tenant-post with the tools that platforms use for the
// same edits: kustomize (krusty) and kyaml's stream of objects (kio).
package bench

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

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

const kustomization = `resources: [manifests.yaml]
namespace: redis-system
labels:
  - pairs: {team: a, tenant-redis.dev/tenant: team-a}
    includeTemplates: true
images:
  - name: docker.io/library/nginx
    newName: registry.example/mirror/nginx
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

// withKrusty renders as kustomize build does.
func withKrusty(tb testing.TB, stream []byte) []byte {
	tb.Helper()
	files := filesys.MakeFsInMemory()
	require.NoError(tb, files.WriteFile("kustomization.yaml", []byte(kustomization)))
	require.NoError(tb, files.WriteFile("manifests.yaml", stream))
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, ".")
	require.NoError(tb, err)
	text, err := built.AsYaml()
	require.NoError(tb, err)
	return text
}

// withKio reads the objects, sets the same fields and prints them.
func withKio(tb testing.TB, stream []byte) []byte {
	tb.Helper()
	objects, err := kio.ParseAll(string(stream))
	require.NoError(tb, err)
	for _, object := range objects {
		require.NoError(tb, object.SetNamespace("redis-system"))
		for _, path := range [][]string{{}, {"spec", "template"}} {
			place, err := object.Pipe(yaml.Lookup(path...))
			require.NoError(tb, err)
			for key, value := range map[string]string{"team": "a", "tenant-redis.dev/tenant": "team-a"} {
				require.NoError(tb, place.PipeE(yaml.SetLabel(key, value)))
			}
		}
		containers, err := object.Pipe(yaml.Lookup("spec", "template", "spec", "containers"))
		require.NoError(tb, err)
		require.NoError(tb, containers.VisitElements(func(container *yaml.RNode) error {
			image := yaml.GetValue(container.Field("image").Value)
			image = strings.Replace(image, "docker.io/library/nginx", "registry.example/mirror/nginx", 1)
			return container.PipeE(yaml.SetField("image", yaml.NewStringRNode(image)))
		}))
	}
	text, err := kio.StringAll(objects)
	require.NoError(tb, err)
	return []byte(text)
}
