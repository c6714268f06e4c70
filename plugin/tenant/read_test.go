package tenant

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const head = `apiVersion: tenant-redis.dev/v1alpha1
kind: Tenant
metadata:
  name: team-a
`

func TestRead(t *testing.T) {
	got, err := Read("tenant.yaml", []byte(head+`spec:
  labels: {team: a, "empty": ""}
  annotations:
    example.com/note: "any: text\n"
  images:
    - from: docker.io/library
      to: registry.example:5000/mirror/library
    - from: localhost:5000
      to: registry.example/local
`))
	require.NoError(t, err)
	require.Equal(t, Tenant{
		Name:        "team-a",
		Labels:      map[string]string{"team": "a", "empty": ""},
		Annotations: map[string]string{"example.com/note": "any: text\n"},
		Images: []ImageMapping{
			{From: "docker.io/library", To: "registry.example:5000/mirror/library"},
			{From: "localhost:5000", To: "registry.example/local"},
		},
	}, got)
}

func TestReadOfTheLeast(t *testing.T) {
	for name, text := range map[string]string{
		"no spec":     head,
		"empty spec":  head + "spec: {}\n",
		"empty parts": head + "spec: {labels: {}, annotations: {}, images: []}\n",
		"CRLF":        strings.ReplaceAll(head, "\n", "\r\n"),
		"separator":   "---\n" + head,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read("tenant.yaml", []byte(text))
			require.NoError(t, err)
			require.Equal(t, "team-a", got.Name)
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
		writeMapping = "; write KEY: VALUE lines below it, or {} for none"
	)
	mapping := func(from, to string) string {
		return head + "spec:\n  images:\n    - from: " + from + "\n      to: " + to + "\n"
	}
	long := strings.Repeat("a", 64)
	tests := map[string]struct{ text, want string }{
		"empty file": {"", "1:1: (file): is empty; allowed is one document of kind Tenant; see tenant-post --help for an example"},
		"comments":   {"# a\n", "1:1: (file): is empty; allowed is one document of kind Tenant; see tenant-post --help for an example"},
		"no YAML": {
			head + "spec: [\n",
			"5:1: (file): is not YAML: did not find expected node content; allowed is one YAML document in UTF-8; look at the indentation and the quotes near this line",
		},
		"no UTF-8": {
			"a: \xff\n",
			"1:1: (file): is not YAML: invalid leading UTF-8 octet; allowed is one YAML document in UTF-8; look at the indentation and the quotes near this line",
		},
		"two documents": {head + "---\n" + head, "5:1: (file): holds a second document; allowed is one document; keep each tenant in a file of its own"},
		"a list":        {"- a\n", "1:1: (file): " + noMapping + "the keys apiVersion, kind, metadata, spec" + writeMapping},

		"unknown key": {
			head + "spec:\n  lables: {}\n",
			"6:3: spec.lables: is not a known key; allowed are labels, annotations, images; did you mean \"labels\"?",
		},
		"unknown key, nothing near": {
			head + "spec:\n  replicas: 3\n",
			"6:3: spec.replicas: is not a known key; allowed are labels, annotations, images; remove it",
		},
		"unknown key at the top": {
			head + "Spec: {}\n",
			"5:1: Spec: is not a known key; allowed are apiVersion, kind, metadata, spec; did you mean \"spec\"?",
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
			strings.Replace(head, "kind: Tenant\n", "", 1), "1:1: kind: is missing; required are apiVersion, kind, metadata; add kind",
		},
		"missing to": {
			head + "spec:\n  images:\n    - from: docker.io\n",
			"7:7: spec.images[0].to: is missing; required are from, to; add to",
		},
		"other apiVersion": {
			strings.Replace(head, "v1alpha1", "v1", 1),
			"1:13: apiVersion: is \"tenant-redis.dev/v1\"; allowed is tenant-redis.dev/v1alpha1; write tenant-redis.dev/v1alpha1",
		},
		"other kind": {strings.Replace(head, "Tenant", "tenant", 1), "2:7: kind: is \"tenant\"; allowed is Tenant; write Tenant"},

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
			head + "spec:\n  labels:\n    team: a b\n", "7:11: spec.labels.team: \"a b\" cannot be a label's value; " + labelGrammar,
		},
		"label key": {
			head + "spec:\n  labels:\n    a/b/c: d\n", "7:5: spec.labels.a/b/c: is not a key of labels or annotations; " + keyGrammar,
		},
		"long label key": {
			head + "spec:\n  labels:\n    " + long + ": d\n", "7:5: spec.labels." + long + ": is not a key of labels or annotations; " + keyGrammar,
		},
		"annotation key": {
			head + "spec:\n  annotations:\n    -a: b\n", "7:5: spec.annotations.-a: is not a key of labels or annotations; " + keyGrammar,
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

		"images that are a mapping": {
			head + "spec:\n  images: {}\n",
			"6:11: spec.images: is not a list; allowed is a list of from and to; write - from: PREFIX and to: PREFIX, or [] for none",
		},
		"image that is a string": {
			head + "spec:\n  images: [a]\n", "6:12: spec.images[0]: " + noMapping + "the keys from, to" + writeMapping,
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
		"from twice": {
			mapping("docker.io", "a.example") + "    - from: docker.io\n      to: b.example\n",
			"9:7: spec.images[1].from: \"docker.io\" is mapped twice; allowed is each prefix once; remove one of the two",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Read("tenant.yaml", []byte(test.text))
			require.EqualError(t, err, "tenant.yaml:"+test.want)
			require.Equal(t, Tenant{}, got)
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
	require.Equal(t, []string{"apiVersion", "kind", "metadata.name", "spc"}, keys)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(head))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte(head + "spec: {labels: {a: b}, images: [{from: a.b/c, to: d:1}]}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Read("tenant.yaml", text)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.True(t, isName(got.Name))
		for _, m := range got.Images {
			once, _ := MapRepository(got.Images, m.From)
			twice, mapped := MapRepository(got.Images, once)
			require.False(t, mapped, "%s becomes %s", once, twice)
		}
	})
}
