package rules

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// TestWaysToWrite holds that a Pod is under the rules, or refused, however its text is
// written: what the API server reads of the output decides.
func TestWaysToWrite(t *testing.T) {
	team := teamA(t, mighty)
	const plain = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:\n  containers:\n  - name: a\n    image: docker.io/evil/a\n"
	const json = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"name":"a","image":"docker.io/evil/a"}]}}`
	replaced := func(old, with string) string { return strings.Replace(plain, old, with, 1) }
	tests := map[string]struct{ stream, want string }{
		"plain":                            {plain, ""},
		"Windows' line ends":               {strings.ReplaceAll(plain, "\n", "\r\n"), ""},
		"a Mac's old line ends":            {strings.ReplaceAll(plain, "\n", "\r"), ""},
		"a mark of the byte order":         {"\ufeff" + plain, ""},
		"a mark behind a separator":        {"---\n\ufeff" + plain, "is not a Kubernetes object"},
		"UTF-16":                           {utf16Of(binary.LittleEndian, "\ufeff"+plain), "is not UTF-8"},
		"UTF-16, the other order":          {utf16Of(binary.BigEndian, "\ufeff"+plain), "is not UTF-8"},
		"UTF-16 without a mark":            {utf16Of(binary.LittleEndian, plain), "is not valid YAML"},
		"Latin-1":                          {replaced("name: x", "name: \xe4"), "is not UTF-8"},
		"a zero byte":                      {replaced("name: x", "name: x\x00"), "is not valid YAML"},
		"a zero byte, escaped":             {replaced("kind: Pod", `kind: "Pod\0"`), "whose scope is not known"},
		"an escaped kind":                  {replaced("kind: Pod", `kind: "\x50od"`), ""},
		"an escaped key":                   {replaced("image:", `"im\u0061ge":`), ""},
		"a key twice":                      {replaced("  containers", "  containers: []\n  containers"), "is there twice"},
		"a key twice, escaped":             {replaced("  containers", "  \"c\\x6fntainers\": []\n  containers"), "is there twice"},
		"a kind twice":                     {replaced("kind: Pod", "kind: ConfigMap\nkind: Pod"), "is there twice"},
		"a key in other letters":           {replaced("  containers", "  Containers: []\n  containers"), "some readers take for containers"},
		"a field in other letters alone":   {replaced("containers", "Containers"), "some readers take for containers"},
		"a merge key":                      {replaced("metadata:", "x: &x {a: b}\n<<: *x\nmetadata:"), "has a merge key"},
		"a key that is null":               {replaced("metadata:", "~: a\nmetadata:"), "reads as another"},
		"a key that is a number":           {replaced("metadata:", "0x1: a\nmetadata:"), "reads as another"},
		"a key that is a list":             {replaced("metadata:", "? [a]\n: b\nmetadata:"), "a key must be a plain word"},
		"an anchored image":                {replaced("image: ", "image: &i "), "carries an anchor"},
		"an aliased image":                 {replaced("metadata:", "x: &i docker.io/evil/a\nmetadata:") + "  - {name: b, image: *i}\n", "is an alias"},
		"an aliased Pod":                   {replaced("spec:", "x: &s\n  containers: [{image: docker.io/evil/a}]\nspec: *s\nz:"), "is an alias"},
		"a binary image":                   {replaced("image: docker.io/evil/a", "image: !!binary ZG9ja2VyLmlvL2V2aWwvYQ=="), "carries a tag"},
		"a tag of somebody's":              {"%TAG ! tag:yaml.org,2002:\n---\n" + replaced("image: ", "image: !str "), "carries a tag"},
		"a tagged mapping":                 {replaced("spec:", "spec: !!map"), "carries a tag"},
		"a folded image":                   {replaced("image: docker.io/evil/a", "image: >-\n      docker.io/evil/a"), ""},
		"a literal image":                  {replaced("image: docker.io/evil/a", "image: |\n      docker.io/evil/a"), "is not an image reference"},
		"an image over two lines":          {replaced("image: docker.io/evil/a", "image: docker.io/evil\n      /a"), "is not an image reference"},
		"a separator in a text":            {replaced("metadata:", "x: |\n  a\n---\nmetadata:"), "is not a Kubernetes object"},
		"a separator that is indented":     {replaced("  name: x", "  name: x\n  annotations:\n    a: |\n      b\n      ---\n      kind: Namespace"), ""},
		"a separator in quotes":            {replaced("metadata:", "x: \"a\n---\nb\"\nmetadata:"), "is not valid YAML"},
		"a glued separator":                {"kind: x\n---apiVersion: v1\n", "glued to something"},
		"a document behind its separator":  {"--- " + json + "\n", "begins on the line of its separator"},
		"a document behind an end":         {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n...\n" + plain, "is not valid YAML"},
		"a separator of another break":     {replaced("metadata:", "x: a\u2028---\nmetadata:"), "is not valid YAML"},
		"a separator behind a lone return": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\r---\r" + strings.ReplaceAll(plain, "\n", "\r"), "without a separator line"},
		"JSON":                             {json, ""},
		"JSON with a key twice":            {strings.Replace(json, `"kind"`, `"kind":"ConfigMap","kind"`, 1), "is there twice"},
		"JSON with a key twice, escaped":   {strings.Replace(json, `"kind"`, `"k\u0069nd":"ConfigMap","kind"`, 1), "is there twice"},
		"JSON behind JSON":                 {json + json, "is not valid YAML"},
		"JSON behind JSON on a line":       {json + "\n" + json, "is not valid YAML"},
		"a comment of JSON":                {"//\n" + json, "each document must be a Kubernetes object"},
		"a null document":                  {"null\n---\n~\n---\n" + plain, ""},
		"a text":                           {"--- |\n  a\n", "each document must be a Kubernetes object"},
		"a list of Pods without a kind":    {"- " + strings.ReplaceAll(plain, "\n", "\n  "), "each document must be a Kubernetes object"},
		"a list of nothing":                {"apiVersion: v1\nkind: List\nitems: null\n---\n" + plain, ""},
		"a list of a list":                 {`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"PodList","items":[` + json + `]}]}`, ""},
		"items of no list":                 {replaced("spec:", "items: []\nspec:"), "has items, but is no list"},
		"null items of no list":            {replaced("spec:", "items:\nspec:"), "has items, but is no list"},
		"a list of typed items":            {"apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: x}\n", "it has no apiVersion"},
		"a list with a Pod of its own":     {"apiVersion: v1\nkind: List\nmetadata: {name: x}\nspec: {containers: [{image: docker.io/evil/a}]}\nitems: []\n---\n" + plain, ""},
		"a kind in other letters":          {replaced("kind: Pod", "kind: pod"), "whose scope is not known"},
		"a kind with a blank":              {replaced("kind: Pod", "kind: 'Pod '"), "whose scope is not known"},
		"a kind that is a list":            {replaced("kind: Pod", "kind: [Pod]"), "must be a string"},
		"no version":                       {replaced("apiVersion: v1", "apiVersion: ''"), "it has no apiVersion"},
		"a null version":                   {replaced("apiVersion: v1", "apiVersion: ~"), "it has no apiVersion"},
		"a version that is a number":       {replaced("apiVersion: v1", "apiVersion: 1"), "must be a string"},
		"a version with a slash":           {replaced("apiVersion: v1", "apiVersion: /v1"), ""},
		"a version with a blank":           {replaced("apiVersion: v1", "apiVersion: ' /v1'"), "whose scope is not known"},
		"a version with two slashes":       {replaced("apiVersion: v1", "apiVersion: apps/v1/x"), "whose scope is not known"},
		"a generated name":                 {replaced("  name: x", "  generateName: x-"), ""},
		"metadata that is a list":          {replaced("metadata:\n  name: x", "metadata: [a]"), "must be a mapping"},
		"a namespace with a blank":         {replaced("  name: x", "  name: x\n  namespace: 'redis-system '"), "which is not the tenant's"},
		"a namespace over two lines":       {replaced("  name: x", "  name: x\n  namespace: \"redis-system\\n\""), "which is not the tenant's"},
		"a namespace that is a number":     {replaced("  name: x", "  name: x\n  namespace: 1"), "must be a string"},
		"a namespace that is null":         {replaced("  name: x", "  name: x\n  namespace: ~"), ""},
		"labels that are null":             {replaced("  name: x", "  name: x\n  labels: ~"), ""},
		"a label that is a number":         {replaced("  name: x", "  name: x\n  labels: {team: 1}"), ""},
		"a label that is null":             {replaced("  name: x", "  name: x\n  labels: {team: }"), ""},
		"a label that is a mapping":        {replaced("  name: x", "  name: x\n  labels: {team: {a: b}}"), "must be a single value"},
		"annotations of kubectl":           {replaced("  name: x", "  name: x\n  annotations: {kubectl.kubernetes.io/last-applied-configuration: '"+json+"'}"), ""},
		"fields of somebody else":          {replaced("  name: x", "  name: x\n  managedFields: [{manager: kubectl, operation: Apply, fieldsV1: {'f:spec': {}}}]"), ""},
		"a provenance that is there":       {replaced("  name: x", "  name: x\n  annotations: {tenant-redis.dev/rendered-by: anybody}"), ""},
		"a hook":                           {replaced("  name: x", "  name: team-a-x\n  annotations: {helm.sh/hook: test}"), ""},
		"an ephemeral container":           {plain + "  ephemeralContainers: [{name: e, image: evil.example/a}]\n", "whose registry no rule"},
		"an image volume":                  {plain + "  volumes: [{name: v, image: {reference: evil.example/a}}]\n", "whose registry no rule"},
		"containers that are a mapping":    {replaced("  containers:\n  - name: a\n    image: docker.io/evil/a", "  containers: {a: {image: evil.example/a}}"), "must be a list"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Render(team, []byte(test.stream))
			if test.want != "" {
				require.ErrorContains(t, err, test.want)
				return
			}
			require.NoError(t, err)
			require.True(t, holdRules(t, team, []byte(test.stream)), "Kubernetes does not read it")
		})
	}
}

func utf16Of(order binary.AppendByteOrder, text string) string {
	var encoded []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		encoded = order.AppendUint16(encoded, unit)
	}
	return string(encoded)
}

// TestKindsOfOthers holds that a kind of somebody else that makes Pods is refused, be it
// not declared, or declared without saying where they are.
func TestKindsOfOthers(t *testing.T) {
	const (
		template  = "{metadata: {}, spec: {containers: [{name: a, image: evil/a}]}}"
		container = "{name: a, image: evil/a, command: [a]}"
	)
	for name, test := range map[string]struct{ apiVersion, spec string }{
		"Deployment":       {"extensions/v1beta1", "{template: " + template + "}"},
		"DeploymentConfig": {"apps.openshift.io/v1", "{template: " + template + "}"},
		"Rollout":          {"argoproj.io/v1alpha1", "{template: " + template + "}"},
		"Workflow":         {"argoproj.io/v1alpha1", "{templates: [{name: a, container: " + container + "}]}"},
		"CronWorkflow":     {"argoproj.io/v1alpha1", "{workflowSpec: {templates: [{name: a, script: " + container + "}]}}"},
		"Service":          {"serving.knative.dev/v1", "{template: " + template + "}"},
		"Task":             {"tekton.dev/v1", "{steps: [" + container + "], sidecars: [" + container + "]}"},
		"Kafka":            {"kafka.strimzi.io/v1beta2", "{kafka: {image: evil/a, resources: {}, template: {pod: {}}}}"},
		"KafkaConnect":     {"kafka.strimzi.io/v1beta2", "{template: {pod: {volumes: []}, initContainers: [" + container + "]}}"},
		"ScaledJob":        {"keda.sh/v1alpha1", "{jobTargetRef: {template: " + template + "}}"},
		"JobSet":           {"jobset.x-k8s.io/v1alpha2", "{replicatedJobs: [{template: {spec: {template: " + template + "}}}]}"},
		"RayCluster":       {"ray.io/v1", "{headGroupSpec: {template: " + template + "}}"},
		"SparkApplication": {"sparkoperator.k8s.io/v1beta2", "{driver: {image: evil/a, env: []}}"},
		"CloneSet":         {"apps.kruise.io/v1alpha1", "{template: " + template + "}"},
		"SidecarSet":       {"apps.kruise.io/v1alpha1", "{containers: [" + container + "]}"},
		"Revision":         {"example.com/v1", "{data: {spec: {extraContainers: [{}]}}}"},
	} {
		t.Run(name, func(t *testing.T) {
			stream := []byte("apiVersion: " + test.apiVersion + "\nkind: " + name + "\nmetadata: {name: x}\nspec: " + test.spec + "\n")
			_, err := Render(teamA(t, ""), stream)
			require.ErrorContains(t, err, "is of a kind whose scope is not known")
			group, _, _ := strings.Cut(test.apiVersion, "/")
			_, err = Render(teamA(t, "  kinds: [{group: "+group+", kind: "+name+", scope: Namespaced}]\n"), stream)
			require.ErrorContains(t, err, "looks like a container of a Pod, which no rule is about")
		})
	}
	for _, kind := range []string{"Eviction", "Scale", "TokenRequest", "PodExecOptions", "DeleteOptions", "Patch", "Status"} {
		_, err := Render(teamA(t, ""), []byte("apiVersion: policy/v1\nkind: "+kind+"\nmetadata: {name: x}\n"))
		require.ErrorContains(t, err, "is of a kind whose scope is not known")
	}
	_, err := Render(teamA(t, ""), []byte("apiVersion: v1\nkind: Pods\nmetadata: {name: x}\n"))
	require.ErrorContains(t, err, `{group: "", kind: Pods, scope: Namespaced}`)
}

// TestExceptionOfNoName holds that what an error says is an exception is one, of an
// object, too, that gets its name from the API server.
func TestExceptionOfNoName(t *testing.T) {
	const claim = "apiVersion: v1\nkind: Namespace\nmetadata: {generateName: x-}\n"
	_, err := Render(teamA(t, ""), []byte(claim))
	const exception = `{group: "", kind: Namespace}`
	require.ErrorContains(t, err, "add it to spec.exceptions of the tenant file: "+exception)
	_, err = Render(teamA(t, "  exceptions: ["+exception+"]\n"), []byte(claim))
	require.NoError(t, err)
}
