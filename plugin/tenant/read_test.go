package tenant

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
)

const head = `apiVersion: tenant-redis.dev/v1alpha1
kind: Tenant
metadata:
  name: team-a
`

// complete adds what every tenant file must say at the end of its spec.
func complete(text string) string {
	if !strings.Contains(text, "spec:") {
		text += "spec:\n"
	}
	return text + "  namespace: redis-system\n"
}

func TestRead(t *testing.T) {
	text, err := os.ReadFile("testdata/all.yaml")
	require.NoError(t, err)
	got, err := Read("testdata/all.yaml", text)
	require.NoError(t, err)
	require.Equal(t, Metadata{Name: "team-a"}, got.Metadata)
	require.Equal(t, 15, got.Line("spec.images[0]"))
	require.Equal(t, fmt.Sprintf("tenant-post/%s team-a sha256:%x", version.Version, sha256.Sum256(text)), got.RenderedBy())

	spec := got.Spec
	require.Equal(t, "tenant-high", spec.Patches[0].Operations[1].Value.Value)
	spec.Patches[0].Operations[1].Value = nil
	require.Equal(t, Spec{
		Namespace:   "redis-system",
		Namespaces:  []string{"team-a", "team-a-test"},
		Labels:      map[string]string{"team": "a", "empty": ""},
		Annotations: map[string]string{"example.com/note": "any: text\n"},
		Images: []ImageMapping{
			{From: "docker.io/library", To: "registry.example:5000/mirror/library"},
			{From: "localhost:5000", To: "registry.example/local", Optional: true},
		},
		OtherImages: "keep",
		Access: &Access{
			PodLabels:          map[string]string{"elastisys.io/redis-sessions-access": "allow"},
			PlatformNamespaces: []string{"monitoring"},
		},
		Resources: &Resources{OnExcess: "clamp", Limits: ResourceList{"memory": "1Gi"}, Optional: true},
		Alerts:    &Alerts{Labels: map[string]string{"team": "a"}},
		Placement: &Placement{
			NodeSelector: map[string]string{"elastisys.io/node-type": "redis"},
			Tolerations:  []Toleration{{Key: "elastisys.io/node-type", Operator: "Equal", Value: "redis"}},
		},
		Sidecars: []Sidecar{
			{Target: Target{Kind: "Pod"}, Instance: "team-a-cache", Image: "docker.io/library/haproxy:3.2.26"},
			{
				Target: Target{Group: "apps", Kind: "Deployment", Name: "shop"}, Instance: "team-a-session",
				Image: "registry.example:5000/haproxy:3.0.1", Optional: true,
			},
		},
		Patches: []Patch{{
			Target:     Target{Group: "apps", Kind: "Deployment"},
			Operations: []Operation{{Op: "remove", Path: "/spec/a~1b"}, {Op: "add", Path: "/spec/template/spec/priorityClassName"}},
		}},
		Kinds: []ScopedKind{{Group: "example.com", Kind: "Widget", Scope: "Cluster"}},
	}, spec)
}

func TestReadOfTheLeast(t *testing.T) {
	for name, text := range map[string]string{
		"least":       complete(head),
		"empty parts": complete(head + "spec:\n  labels: {}\n  annotations: {}\n  images: []\n"),
		"CRLF":        strings.ReplaceAll(complete(head), "\n", "\r\n"),
		"separator":   "---\n" + complete(head),
		"onto itself": complete(head + "spec:\n  images: [{from: quay.io, to: \"quay.io:443\"}]\n"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read("tenant.yaml", []byte(text))
			require.NoError(t, err)
			require.Equal(t, "team-a", got.Metadata.Name)
		})
	}
}

// TestReadRefuses checks that a message begins with the position and the key,
// and says what is wrong, what is allowed and how to mend it.
func TestReadRefuses(t *testing.T) {
	const (
		labelGrammar = "allowed are up to 63 of A-Z, a-z, 0-9, -, _ and ., with a letter or digit first and last; shorten or change it, or make it an annotation"
		keyGrammar   = "allowed is [DNS name/]NAME, NAME being 1 to 63 of A-Z, a-z, 0-9, -, _ and ., with a letter or digit first and last; write a key such as example.com/team"
		nameGrammar  = "allowed are 1 to 63 of a-z, 0-9 and -, with a letter or digit first and last; write a name such as team-a"
		prefix       = "allowed is HOST[:PORT][/PATH] in small letters, without scheme, tag, digest and final slash; write the full name, such as docker.io/library/redis for redis"
		noMapping    = "is not a mapping; allowed is a mapping with "
		specKeys     = "allowed are namespace, release, namespaces, labels, annotations, images, otherImages, access, resources, alerts, placement, sidecars, patches, exceptions, kinds"
		writeMapping = "; write KEY: VALUE lines below it, or {} for none"
		pinned       = "is not a pinned image; allowed is [HOST[:PORT]/]PATH with a tag other than latest, or with a sha256 digest; add the tag"
	)
	mapping := func(from, to string) string {
		return head + "spec:\n  images:\n    - from: " + from + "\n      to: " + to + "\n"
	}
	operation := func(fields string) string {
		return head + "spec:\n  patches:\n    - {target: {kind: Pod}, operations: [{" + fields + "}]}\n"
	}
	sidecar := func(fields string) string {
		return head + "spec:\n  sidecars:\n    - {target: {kind: Pod}" + fields + "}\n"
	}
	long := strings.Repeat("a", 64)
	tests := map[string]struct{ text, want string }{
		"empty file": {"", "1:1: (file): is empty; allowed is one document of kind Tenant; see tenant-post --help for an example"},
		"comments":   {"# a\n", "1:1: (file): is empty; allowed is one document of kind Tenant; see tenant-post --help for an example"},
		"no YAML": {
			head + "spec: [\n",
			"5:7: (file): is not YAML: did not find expected node content; allowed is one YAML document in UTF-8; look at the indentation and the quotes near this line",
		},
		"no UTF-8": {
			"a: \xff\n",
			"1:4: (file): is not YAML: invalid leading UTF-8 octet; allowed is one YAML document in UTF-8; look at the indentation and the quotes near this line",
		},
		"two documents": {head + "---\n" + head, "5:1: (file): holds a second document; allowed is one document; keep each tenant in a file of its own"},
		"a list":        {"- a\n", "1:1: (file): " + noMapping + "the keys apiVersion, kind, metadata, spec" + writeMapping},

		"unknown key": {
			head + "spec:\n  lables: {}\n",
			"6:3: spec.lables: is not a known key; " + specKeys + "; did you mean \"labels\"?",
		},
		"unknown key, nothing near": {
			head + "spec:\n  replicas: 3\n",
			"6:3: spec.replicas: is not a known key; " + specKeys + "; remove it",
		},
		"unknown key at the top": {
			head + "spec: {namespace: a}\nSpec: {}\n",
			"6:1: Spec: is not a known key; allowed are apiVersion, kind, metadata, spec; did you mean \"spec\"?",
		},
		"duplicate key": {
			head + "spec:\n  labels:\n    team: a\n    \"team\": b\n",
			"8:5: spec.labels.team: is there twice, first on line 7; allowed is each key once; remove one of the two",
		},
		"key that is no string": {
			head + "spec:\n  labels:\n    1: a\n", "7:5: spec.labels.1: is not a string; allowed as a key are strings; put the key in quotes",
		},
		"anchor": {
			head + "spec: &x {}\n", "5:7: spec: carries the anchor &x; allowed are plain values; remove the anchor",
		},
		"anchor on a key": {
			head + "spec:\n  labels:\n    &x team: a\n",
			"7:5: spec.labels.team: carries the anchor &x; allowed are plain values; remove the anchor",
		},
		"merge key": {
			head + "spec:\n  <<: {}\n", "6:3: spec.<<: is not a string; allowed as a key are strings; put the key in quotes",
		},
		"tag": {
			head + "spec:\n  labels:\n    team: !!str 1\n",
			"7:11: spec.labels.team: carries the tag !!str; allowed are plain values; remove the tag; quote a string",
		},

		"missing name": {
			strings.Replace(head, "\n  name: team-a", " {}", 1), "3:11: metadata.name: is missing; required are name; add name",
		},
		"missing kind": {
			strings.Replace(head, "kind: Tenant\n", "", 1), "1:1: kind: is missing; required are apiVersion, kind, metadata, spec; add kind",
		},
		"missing to": {
			head + "spec:\n  images:\n    - from: docker.io\n",
			"7:7: spec.images[0].to: is missing; required are from, to; add to",
		},
		"other apiVersion": {
			strings.Replace(head, "v1alpha1", "v1", 1),
			"1:13: apiVersion: \"tenant-redis.dev/v1\" is not this API; allowed is tenant-redis.dev/v1alpha1; did you mean \"tenant-redis.dev/v1alpha1\"?",
		},
		"other kind": {strings.Replace(head, "Tenant", "tenant", 1), "2:7: kind: \"tenant\" is not this kind; allowed is Tenant; did you mean \"Tenant\"?"},

		"name with a capital": {strings.Replace(head, "team-a", "Team-a", 1), "4:9: metadata.name: \"Team-a\" is not a DNS label; " + nameGrammar},
		"name with a dot":     {strings.Replace(head, "team-a", "team.a", 1), "4:9: metadata.name: \"team.a\" is not a DNS label; " + nameGrammar},
		"long name":           {strings.Replace(head, "team-a", long, 1), "4:9: metadata.name: \"" + long + "\" is not a DNS label; " + nameGrammar},
		"empty name":          {strings.Replace(head, "team-a", `""`, 1), "4:9: metadata.name: \"\" is not a DNS label; " + nameGrammar},
		"name that is a number": {
			strings.Replace(head, "team-a", "7", 1), "4:9: metadata.name: is not a string; allowed is a string; write \"7\", in quotes",
		},
		"name that is a list": {
			strings.Replace(head, "team-a", "[a]", 1), "4:9: metadata.name: is not a string; allowed is a string; write a single value",
		},

		"label that is a boolean": {
			head + "spec:\n  labels:\n    prod: true\n",
			"7:11: spec.labels.prod: is not a string; allowed is a string; write \"true\", in quotes",
		},
		"label without a value": {
			head + "spec:\n  labels:\n    prod:\n", "7:10: spec.labels.prod: is not a string; allowed is a string; write a single value",
		},
		"label value": {
			head + "spec:\n  labels:\n    team: a b\n", "7:11: spec.labels.team: \"a b\" is not the value of a label; " + labelGrammar,
		},
		"label key": {
			head + "spec:\n  labels:\n    a/b/c: d\n", "7:5: spec.labels.a/b/c: \"a/b/c\" is not a key of labels; " + keyGrammar,
		},
		"long label key": {
			head + "spec:\n  labels:\n    " + long + ": d\n", "7:5: spec.labels." + long + ": \"" + long + "\" is not a key of labels; " + keyGrammar,
		},
		"annotation key": {
			head + "spec:\n  annotations:\n    -a: b\n", "7:5: spec.annotations.-a: \"-a\" is not a key of annotations; " + keyGrammar,
		},
		"the tenant's own label": {
			head + "spec:\n  labels:\n    tenant-redis.dev/tenant: b\n",
			"7:5: spec.labels.tenant-redis.dev/tenant: is set from metadata.name; allowed are other labels; remove it",
		},
		"an annotation of Helm": {
			head + "spec:\n  annotations:\n    postrenderer.helm.sh/postrender-filename: a\n",
			"7:5: spec.annotations.postrenderer.helm.sh/postrender-filename: belongs to Helm, which finds an object's file by it; allowed are other annotations; remove it",
		},
		"labels that are a list": {head + "spec:\n  labels: [a]\n", "6:11: spec.labels: " + noMapping + "strings" + writeMapping},
		"labels without a value": {head + "spec:\n  labels:\n", "6:10: spec.labels: " + noMapping + "strings" + writeMapping},

		"boolean in quotes": {
			mapping("docker.io", "a.example") + "      optional: \"true\"\n",
			"9:17: spec.images[0].optional: is not a boolean; allowed are true and false; write true or false, without quotes",
		},
		"quantity": {
			head + "spec:\n  resources:\n    onExcess: refuse\n    limits: {memory: 1GB}\n",
			"8:22: spec.resources.limits.memory: \"1GB\" is not a quantity; allowed is a positive number and m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or nothing; write \"500m\" for half a CPU, 1Gi for memory",
		},
		"no quantity": {
			head + "spec:\n  resources:\n    onExcess: refuse\n    limits: {memory: \"0\"}\n",
			"8:22: spec.resources.limits.memory: \"0\" is not a quantity; allowed is a positive number and m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or nothing; write \"500m\" for half a CPU, 1Gi for memory",
		},
		"a value that is near": {
			head + "spec:\n  resources:\n    onExcess: refuze\n",
			"7:15: spec.resources.onExcess: \"refuze\" is not an answer to excess; allowed are refuse, clamp; did you mean \"refuse\"?",
		},
		"access without labels": {
			head + "spec:\n  namespaces: [a]\n  access: {podLabels: {}}\n",
			"7:23: spec.access.podLabels: is empty, which lets every Pod in; allowed is at least one label; name the label that a client's Pod carries",
		},
		"access of nobody": {
			head + "spec:\n  access: {podLabels: {a: b}}\n",
			"6:11: spec.access: lets Pods of no namespace in; allowed with spec.namespaces; name the tenant's namespaces in spec.namespaces",
		},
		"namespace twice": {
			head + "spec:\n  namespaces: [a, b, a]\n",
			"6:22: spec.namespaces[2]: \"a\" is there twice; allowed is each namespace once; remove one of the two",
		},
		"operation that cannot be repeated": {
			operation("op: move, path: /a"),
			"7:47: spec.patches[0].operations[0].op: \"move\" is not an operation; allowed are add, replace, remove, test; did you mean \"remove\"?",
		},
		"path that is no pointer": {
			operation("op: remove, path: spec.a"),
			"7:61: spec.patches[0].operations[0].path: \"spec.a\" is not a JSON pointer to a field; allowed is /KEY and so on, with ~1 for / and ~0 for ~ in a key; write a path such as /spec/replicas",
		},
		"operation without a value": {
			operation("op: add, path: /a"), "7:42: spec.patches[0].operations[0].value: is missing; required by add; add value",
		},
		"removal with a value": {
			operation("op: remove, path: /a, value: 1"),
			"7:72: spec.patches[0].operations[0].value: means nothing to remove; allowed without a value; remove it",
		},
		"no operations": {
			head + "spec:\n  patches:\n    - {target: {kind: Pod}, operations: []}\n",
			"7:41: spec.patches[0].operations: is empty; allowed is at least one operation; add one, or remove the patch",
		},
		"sidecar without an instance": {
			sidecar(""), "7:7: spec.sidecars[0].instance: is missing; required are target, instance; add instance",
		},
		"sidecar of no instance": {
			sidecar(", instance: " + long),
			"7:39: spec.sidecars[0].instance: \"" + long + "\" is not the name of an instance; allowed are 1 to 48 of a-z, 0-9 and -, with a letter first and no - last; write the REDIS_CLUSTER_NAME of its ConfigMap",
		},
		"image of any version":          {sidecar(", instance: a, image: 'haproxy:latest'"), "7:49: spec.sidecars[0].image: \"haproxy:latest\" " + pinned},
		"image without a version":       {sidecar(", instance: a, image: 'a.example:5000/haproxy'"), "7:49: spec.sidecars[0].image: \"a.example:5000/haproxy\" " + pinned},
		"image that is no image":        {sidecar(", instance: a, image: '-:2'"), "7:49: spec.sidecars[0].image: \"-:2\" " + pinned},
		"image with a capital and more": {sidecar(", instance: a, image: 'a.example/HAProxy:2'"), "7:49: spec.sidecars[0].image: \"a.example/HAProxy:2\" " + pinned},
		"the provenance": {
			head + "spec:\n  annotations:\n    tenant-redis.dev/rendered-by: me\n",
			"7:5: spec.annotations.tenant-redis.dev/rendered-by: is set by tenant-post; allowed are other annotations; remove it",
		},
		"images that are a mapping": {
			head + "spec:\n  images: {}\n",
			"6:11: spec.images: is not a list; allowed is a list; write - and a value a line, or [] for none",
		},
		"image that is a string": {
			head + "spec:\n  images: [a]\n", "6:12: spec.images[0]: " + noMapping + "the keys from, to, optional" + writeMapping,
		},
		"from without a host": {mapping("redis", "a.example"), "7:13: spec.images[0].from: \"redis\" is not an image prefix; " + prefix},
		"from with a tag":     {mapping("docker.io/redis:7", "a.example"), "7:13: spec.images[0].from: \"docker.io/redis:7\" is not an image prefix; " + prefix},
		"from with a slash":   {mapping("docker.io/", "a.example"), "7:13: spec.images[0].from: \"docker.io/\" is not an image prefix; " + prefix},
		"to with a scheme":    {mapping("docker.io", "https://a.example"), "8:11: spec.images[0].to: \"https://a.example\" is not an image prefix; " + prefix},
		"to with capitals":    {mapping("docker.io", "a.example/A"), "8:11: spec.images[0].to: \"a.example/A\" is not an image prefix; " + prefix},
		"empty to":            {mapping("docker.io", `""`), "8:11: spec.images[0].to: \"\" is not an image prefix; " + prefix},
		"to below from": {
			mapping("docker.io", "docker.io/mirror"),
			"7:7: spec.images[0].to: \"docker.io/mirror\" overlaps with \"docker.io\", which spec.images[0] maps; allowed is a place that no mapping is about; choose another place, or a longer from",
		},
		"to above another from": {
			mapping("docker.io", "a.example") + "    - from: a.example/x\n      to: b.example\n",
			"7:7: spec.images[0].to: \"a.example\" overlaps with \"a.example/x\", which spec.images[1] maps; allowed is a place that no mapping is about; choose another place, or a longer from",
		},
		"from twice in other words": {
			mapping("docker.io", "a.example") + "    - from: registry-1.docker.io:443\n      to: b.example\n",
			"9:7: spec.images[1].from: \"registry-1.docker.io:443\" is mapped twice; allowed is each prefix once; remove one of the two",
		},
		"from twice": {
			mapping("docker.io", "a.example") + "    - from: docker.io\n      to: b.example\n",
			"9:7: spec.images[1].from: \"docker.io\" is mapped twice; allowed is each prefix once; remove one of the two",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := test.text
			if strings.HasPrefix(text, "apiVersion") && !strings.Contains(text, "spec: ") && !strings.Contains(text, "Spec") && !strings.Contains(text, "---") {
				text = complete(text)
			}
			got, err := Read("tenant.yaml", []byte(text))
			require.EqualError(t, err, "tenant.yaml:"+test.want)
			require.Nil(t, got)
		})
	}
}

func TestReadReportsAllProblemsByPosition(t *testing.T) {
	_, err := Read("tenant.yaml", []byte("kind: x\nmetadata: {name: A}\nspc: {}\n"))
	var problems Problems
	require.ErrorAs(t, err, &problems)
	var keys []string
	for _, problem := range problems {
		keys = append(keys, problem.Key)
	}
	require.Equal(t, []string{"apiVersion", "spec", "kind", "metadata.name", "spc"}, keys)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(complete(head)))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte(head + "spec: {namespace: a, labels: {a: b}, images: [{from: a.b/c, to: d:1}]}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Read("tenant.yaml", text)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.True(t, Formats["name"].fits(got.Metadata.Name))
		for _, m := range got.Spec.Images {
			once, _ := MapRepository(got.Spec.Images, m.From)
			twice, mapping := MapRepository(got.Spec.Images, once)
			require.Negative(t, mapping, "%s becomes %s", once, twice)
		}
	})
}
