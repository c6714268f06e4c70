package draft

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/internal/costtest"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

const stream = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels: {app.kubernetes.io/instance: web-1, team: a, tier: front}
spec:
  template: {spec: {containers: [{name: a, image: nginx:1}]}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: r, labels: {team: a}}
spec:
  workloads:
    - template: {spec: {containers: [{name: a, image: quay.io/a/b:1}]}}
  agent: {image: ghcr.io/a/b:1}
---
apiVersion: example.com/v1
kind: ClusterThing
metadata: {name: t, labels: {team: a}}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: c, labels: {team: a}}}
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: other, labels: {team: a}}}
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: shop, labels: {team: a}}}
`

const want = `apiVersion: tenant-redis.dev/v1alpha1
kind: Tenant
metadata:
  name: web-1
spec:
  namespace: shop
  namespaces: [other]
  labels:
    team: a
  images:
    - from: docker.io
      to: docker.io
    - from: ghcr.io
      to: ghcr.io
    - from: quay.io
      to: quay.io
  otherImages: refuse
  exceptions:
    - group: rbac.authorization.k8s.io
      kind: ClusterRole
      name: c
    - kind: ResourceQuota
      name: q
  kinds:
    - group: argoproj.io
      kind: Rollout
      scope: Namespaced
      pods: ['spec.workloads[].template']
      images: [spec.agent.image]
    - group: example.com
      kind: ClusterThing
      scope: Cluster
`

func TestTenant(t *testing.T) {
	got, err := Tenant([]byte(stream), "", "")
	require.NoError(t, err)
	require.Equal(t, want, string(got))

	got, err = Tenant([]byte("apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: c}\nspec: {redis: {}, sentinel: {}}\n"), "", "")
	require.NoError(t, err)
	require.Contains(t, string(got), "  otherImages: keep # with refuse: manifests: line ", "an image is left to the operator")

	got, err = Tenant([]byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"), "team-b", "space-b")
	require.NoError(t, err)
	require.Contains(t, string(got), "  name: team-b\nspec:\n  namespace: space-b\n")
}

// TestImagesAnywhere holds that images are found where rules map them, and that it is told
// why others are kept.
func TestImagesAnywhere(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {%s}}\nspec: {containers: [{name: a, image: %q}]}\n"
	got, err := Tenant(fmt.Appendf(nil, pod, "vault.hashicorp.com/agent-image: 'evil.example/a:1'", "quay.io/a/b:1"), "", "")
	require.NoError(t, err)
	require.Contains(t, string(got), "    - from: evil.example\n      to: evil.example\n    - from: quay.io\n      to: quay.io\n  otherImages: refuse\n")

	got, err = Tenant(fmt.Appendf(nil, pod, "", "[::1]:5000/x"), "", "")
	require.NoError(t, err)
	require.NotContains(t, string(got), "from:")
	require.Contains(t, string(got), `  otherImages: keep # with refuse: manifests: line 4: Pod p: .spec.containers[0].image: holds "[::1]:5000/x", whose registry no rule of spec.images names`)
}

// TestContainersAnywhere holds that a kind whose containers are in no Pod template can be
// rendered, with its images mapped, and that nobody takes it for one without Pods.
func TestContainersAnywhere(t *testing.T) {
	const container = "{name: a, image: quay.io/a/b:1, command: [a]}"
	for name, test := range map[string]struct{ spec, images string }{
		"steps":      {"{steps: [" + container + "]}", "[spec.steps[].image]"},
		"containers": {"{containers: [" + container + "]}", "[spec.containers[].image]"},
		"a step":     {"{driver: " + container + "}", "[spec.driver.image]"},
		"beside Pod templates": {
			"{template: {spec: {containers: [" + container + "]}}, steps: [" + container + "]}",
			"[spec.template.spec.containers[].image, spec.steps[].image]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			manifests := []byte("apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: x}\nspec: " + test.spec + "\n")
			text, err := Tenant(manifests, "", "")
			require.NoError(t, err)
			require.Contains(t, strings.ReplaceAll(string(text), "'", ""), "      pods: []\n      images: "+test.images+"\n")
			require.Contains(t, string(text), "- from: quay.io\n")
			file, err := tenant.Read("tenant.yaml", bytes.ReplaceAll(text, []byte("to: quay.io"), []byte("to: mirror.test")))
			require.NoError(t, err)
			rendered, err := rules.Render(file, manifests)
			require.NoError(t, err)
			require.NotContains(t, string(rendered.Bytes()), "quay.io/")
		})
	}
}

// TestRefusals holds that nobody gets a file with which nothing can be rendered.
func TestRefusals(t *testing.T) {
	for text, problem := range map[string]string{
		"":                           "there is no Kubernetes object",
		"kind: x\n":                  "is not a Kubernetes object",
		"apiVersion: v1\nkind: *x\n": "is not valid YAML",
	} {
		_, err := Tenant([]byte(text), "", "")
		require.ErrorContains(t, err, problem)
	}
}

// manyOf are manifests with n different ones of what a draft names.
var manyOf = map[string]func(n int) string{
	"labels that all objects have": func(n int) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  labels:\n" + numbered(n, "    k%d: a\n")
	},
	"namespaces": func(n int) string {
		return numbered(n, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: n%d}\n")
	},
	"unknown kinds": func(n int) string {
		return numbered(n, "---\napiVersion: example.com/v1\nkind: K%d\nmetadata: {name: c}\n")
	},
	"registries": func(n int) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n" + numbered(n, "  - image: r%d.test/a\n")
	},
	"places of images in a Plain": func(n int) string {
		return "apiVersion: example.com/v1\nkind: Plain\nmetadata: {name: p}\nspec:\n" + numbered(n, "  k%d: {image: a}\n")
	},
	"places of Pods in a Plain": func(n int) string {
		return "apiVersion: example.com/v1\nkind: Plain\nmetadata: {name: p}\nspec:\n" + numbered(n, "  k%d: {spec: {containers: [{}]}}\n")
	},
}

func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestCounts holds that a draft names many things, and refuses too many before it takes
// the square of their number to look at them.
func TestCounts(t *testing.T) {
	for of, manifests := range manyOf {
		t.Run(of, func(t *testing.T) {
			_, err := Tenant([]byte(manifests(100)), "a", "")
			require.NoError(t, err)
			costtest.Linear(t, 2500, func(n int) {
				_, err := Tenant([]byte(manifests(n)), "a", "")
				require.ErrorContains(t, err, "cannot write a tenant file for these manifests: ")
				require.ErrorContains(t, err, "0 "+of)
			})
		})
	}
}

// TestManyExceptions holds that all that is refused is found in a few rounds, also in a
// List that is read as a whole, and that there is an end to it.
func TestManyExceptions(t *testing.T) {
	refused := func(n int) error {
		_, err := Tenant([]byte("{apiVersion: v1, kind: List, items: ["+
			numbered(n, "{apiVersion: v1, kind: Pod, metadata: {name: p%d}, spec: {serviceAccountName: a}},")+
			numbered(n, "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: c%d}},")+"]}\n"), "a", "")
		return err
	}
	costtest.Linear(t, 50, func(n int) { require.NoError(t, refused(n)) })
	require.NoError(t, refused(500))
	require.EqualError(t, refused(501), "cannot write a tenant file for these manifests: more than 1000 exceptions")
}

// TestOfExamples makes a file of each golden example of the rules, and renders it.
func TestOfExamples(t *testing.T) {
	names, err := filepath.Glob("../rules/testdata/*.in.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		manifests, err := os.ReadFile(name)
		require.NoError(t, err)
		text, err := Tenant(manifests, "", "")
		require.NoError(t, err, name)
		file, err := tenant.Read("tenant.yaml", text)
		require.NoError(t, err, name)
		_, err = rules.Render(file, manifests)
		require.NoError(t, err, name)
	}
}
