package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const declaredKinds = "  kinds:\n" +
	"    - {group: argoproj.io, kind: Rollout, scope: Namespaced, pods: [spec.template], images: [spec.agent.image]}\n" +
	"    - {group: example.com, kind: Plain, scope: Namespaced}\n" +
	"    - {group: example.com, kind: None, scope: Namespaced, pods: [], images: []}\n"

// TestNoWayPast holds that what Kubernetes reads decides. Each of these would get
// past a rule if the text alone did.
func TestNoWayPast(t *testing.T) {
	const (
		images  = "  images: [{from: docker.io, to: mirror.test, optional: true}]\n"
		sidecar = "  sidecars: [{target: {kind: Pod}, instance: sess}]\n"
		access  = "  namespaces: [team-a]\n  access: {podLabels: {in: allow}, optional: true}\n"
		clamp   = "  resources: {onExcess: refuse, limits: {memory: 64Mi}, optional: true}\n"
	)
	tests := map[string]struct{ spec, stream, want string }{
		"a merge key in a peer":    {access, networkPolicy + "from: [{<<: {namespaceSelector: {}}, podSelector: {}}]\n", "has a merge key (<<)"},
		"a null rule":              {access, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {ingress: [null]}\n", ".spec.ingress[0]: lets everyone in"},
		"a rule with null":         {access, networkPolicy + "from:\n", "lets everyone in"},
		"a policy of egress alone": {access, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]}\n", "rules of ingress that do not count"},
		"resources of a Pod as a whole": {
			clamp, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {resources: {requests: {memory: 64Gi}}, containers: [{name: a, resources: {limits: {memory: 1Mi}}}]}\n",
			".spec.resources.requests: has memory of the Pod as a whole",
		},
		"a known kind declared as another": {
			"  kinds: [{group: apps, kind: Deployment, scope: Namespaced, pods: [], images: []}]\n", pod + "image: redis\n",
			"tenant.yaml:6:11: spec.kinds[0]: Deployment is known already",
		},
		"a known kind declared as the cluster's": {
			"  kinds: [{group: rbac.authorization.k8s.io, kind: ClusterRoleBinding, scope: Cluster}]\n", pod + "image: redis\n",
			"spec.kinds[0]: ClusterRoleBinding is known already",
		},
		"a field in other letters": {
			access, networkPolicy + "from: [{podSelector: {}, NamespaceSelector: {}}]\n",
			".spec.ingress[0].from[0]: has a key that some readers take for namespaceSelector",
		},
		"a binary key": {"", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, !!binary bmFtZXNwYWNl: kube-system}\n", "is a key with a tag"},
		"an escaped key": {
			"", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: redis-system, \"n\\x61mespace\": kube-system}\n",
			".metadata.namespace: is there twice",
		},
		"a boolean of YAML 1.1":            {sidecar, pod + "image: redis\n  hostNetwork: yes\n", "has hostNetwork"},
		"a boolean in quotes":              {sidecar, pod + "image: redis\n  hostNetwork: 'true'\n", "hostNetwork: must be true or false"},
		"a port in hexadecimal":            {sidecar, pod + "{image: redis, ports: [{containerPort: 0x18EB}]}\n", "must be a whole number in decimal digits"},
		"an exporter that runs":            {clamp, redisFailover + "{resources: {limits: {memory: 1Mi}}, exporter: {enabled: on}}}\n", ".spec.redis.exporter: has no resources.limits.memory"},
		"a limit that is a boolean":        {clamp, pod + "resources: {limits: {memory: yes}}\n", "which is not a quantity"},
		"requests by the limit":            {"  resources: {onExcess: refuse, requests: {cpu: 100m}}\n", pod + "resources: {limits: {cpu: 4}}\n", "has 4 as resources.limits.cpu; the tenant's ceiling is 100m (spec.resources.requests.cpu)"},
		"a null container":                 {clamp, pod + "\n", ".spec.containers[0]: has no resources.limits.memory"},
		"an image that is a boolean":       {images, pod + "image: on\n", "must be a string"},
		"a list that is none":              {"", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nitems: [{kind: Namespace}]\n", "has items, but is no list"},
		"a list in other letters":          {"", "apiVersion: v1\nkind: List\nItems: [{kind: Namespace}]\n", "some readers take for items"},
		"a list in a list":                 {"", "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: kube-system}}]}]\n", ".items[0].items[0]: is in the namespace kube-system"},
		"a list that holds itself":         {"", "apiVersion: v1\nkind: List\nitems: &a [{apiVersion: v1, kind: List, items: *a}]\n", "is an alias of what it is a part of"},
		"a null object":                    {"", "apiVersion: v1\nkind: List\nitems: [null]\n", ".items[0]: is not a Kubernetes object"},
		"Pods of a kind without any":       {declaredKinds, "apiVersion: example.com/v1\nkind: Plain\nmetadata: {name: x}\nspec: {a: [{initContainers: [{}]}]}\n", ".spec.a[0].initContainers: looks like a container of a Pod"},
		"Pods elsewhere":                   {declaredKinds, rollout + "{template: {}, canary: {containers: [{}]}}\n", ".spec.canary.containers: looks like a container of a Pod"},
		"Pods in annotations":              {declaredKinds, rollout + "{annotations: {metadata: {containers: [{}]}}}\n", ".spec.annotations.metadata.containers: looks like a container of a Pod"},
		"an image below metadata":          {declaredKinds, rollout + "{metadata: {a: {image: redis}}}\n", ".spec.metadata.a.image: looks like an image"},
		"Pods in a revision":               {"", "apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {name: x}\ndata: {spec: {containers: [{}]}}\n", ".data.spec.containers: looks like a container of a Pod"},
		"an image elsewhere":               {images + declaredKinds, rollout + "{canary: {proxyImage: redis}}\n", ".spec.canary.proxyImage: looks like an image"},
		"an image of any registry":         {"  otherImages: refuse\n" + declaredKinds, rollout + "{canary: {proxyImage: redis}}\n", ".spec.canary.proxyImage: looks like an image"},
		"an image without a rule":          {declaredKinds, rollout + "{canary: {proxyImage: redis}}\n", ".spec.canary.proxyImage: looks like an image"},
		"images elsewhere":                 {images + declaredKinds, rollout + "{images: [redis]}\n", ".spec.images[0]: looks like an image"},
		"a repository elsewhere":           {images + declaredKinds, rollout + "{image: {repository: redis, tag: 7}}\n", ".spec.image.repository: looks like an image"},
		"an image by its name":             {images + declaredKinds, rollout + "{image: {name: redis, tag: 7}}\n", ".spec.image.name: looks like an image"},
		"a reference elsewhere":            {images + declaredKinds, rollout + "{proxyImage: {ref: redis}}\n", ".spec.proxyImage.ref: looks like an image"},
		"a name of an image":               {declaredKinds, rollout + "{imageName: redis}\n", ".spec.imageName: looks like an image"},
		"a name with a line":               {declaredKinds, rollout + "{a: [{proxy_image_ref: redis}]}\n", ".spec.a[0].proxy_image_ref: looks like an image"},
		"a registry elsewhere":             {declaredKinds, rollout + "{image: {registry: evil.example/a, tag: 7}}\n", ".spec.image.registry: looks like an image"},
		"a repository by itself":           {declaredKinds, rollout + "{imageRepository: evil.example/a}\n", ".spec.imageRepository: looks like an image"},
		"an image by any name":             {declaredKinds, rollout + "{runner: evil.example/a:1}\n", ".spec.runner: looks like an image"},
		"an image by its digest":           {declaredKinds, rollout + "{package: 'evil.example/a@sha256:" + strings.Repeat("a", 64) + "'}\n", ".spec.package: looks like an image"},
		"an image of Docker's":             {declaredKinds, rollout + "{runner: redis:7.2-alpine}\n", ".spec.runner: looks like an image"},
		"an image of a version":            {declaredKinds, rollout + "{runner: [{is: a, by: {it: redis:v7.2}}]}\n", ".spec.runner[0].by.it: looks like an image"},
		"the latest image":                 {declaredKinds, rollout + "{runner: redis:latest}\n", ".spec.runner: looks like an image"},
		"an image among texts":             {declaredKinds, rollout + "{args: [a, evil.example/a:1]}\n", ".spec.args[1]: looks like an image"},
		"an image in parts":                {declaredKinds, rollout + "{runner: {repository: evil.example/a, tag: '7'}}\n", ".spec.runner.repository: looks like an image"},
		"an image in other parts":          {declaredKinds, rollout + "{runner: {hub: evil.example/a, digest: x}}\n", ".spec.runner.hub: looks like an image"},
		"images by people's names":         {declaredKinds, rollout + "{sidecarImages: {main: evil.example/a}}\n", ".spec.sidecarImages.main: looks like an image"},
		"an image at a path":               {declaredKinds, rollout + "{image: {path: 'evil.example:5000/a'}}\n", ".spec.image.path: looks like an image"},
		"an image of another name":         {declaredKinds, rollout + "{imageOverride: evil.example/a}\n", ".spec.imageOverride: looks like an image"},
		"an image by a scheme":             {declaredKinds, rollout + "{runner: 'oci://evil.example/a'}\n", ".spec.runner: looks like an image"},
		"an image by another scheme":       {declaredKinds, rollout + "{proxyImage: 'Docker://evil.example/a:1'}\n", ".spec.proxyImage: looks like an image"},
		"an image of a deeper name":        {declaredKinds, rollout + "{images: {main: {name: evil.example/a}}}\n", ".spec.images.main.name: looks like an image"},
		"an image in a deeper list":        {declaredKinds, rollout + "{sidecarImages: {all: [{is: evil.example/a}]}}\n", ".spec.sidecarImages.all[0].is: looks like an image"},
		"images instead":                   {declaredKinds, rollout + "{imageOverrides: {main: evil.example/a}}\n", ".spec.imageOverrides.main: looks like an image"},
		"an image in other letters":        {declaredKinds, rollout + "{image: {Repository: a/b}}\n", ".spec.image.Repository: looks like an image"},
		"parts in other letters":           {declaredKinds, rollout + "{runner: {Repository: a/b, Tag: c}}\n", ".spec.runner.Repository: looks like an image"},
		"a scheme for an injector":         {"  otherImages: refuse\n", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {x/agent-image: 'oci://evil.example/a:1'}}\n", ".metadata.annotations.x/agent-image: holds \"oci://evil.example/a:1\", whose registry no rule"},
		"an image of a volume alone":       {"  otherImages: refuse\n", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: v, csi: {driver: d, volumeAttributes: {image: evil.example/a}}}]}\n", ".spec.volumes[0].csi.volumeAttributes.image: holds \"evil.example/a\", whose registry no rule"},
		"an image for a driver":            {"  otherImages: refuse\n", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: v, flexVolume: {driver: d, options: {image: evil.example/a}}}]}\n", ".spec.volumes[0].flexVolume.options.image: holds \"evil.example/a\", whose registry no rule"},
		"an image by another name":         {"  otherImages: refuse\n", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: v, csi: {driver: d, volumeAttributes: {imageRef: evil.example/a}}}]}\n", ".volumeAttributes.imageRef: holds \"evil.example/a\", whose registry no rule"},
		"a volume of Redis":                {"  otherImages: refuse\n", redisFailover + "{extraVolumes: [{name: v, csi: {volumeAttributes: {image: evil.example/a}}}]}}\n", "evil.example/a\", whose registry no rule"},
		"an image for an injector":         {"  otherImages: refuse\n", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {metadata: {annotations: {sidecar.istio.io/proxyImage: evil.example/a}}}}\n", ".spec.template.metadata.annotations.sidecar.istio.io/proxyImage: holds"},
		"an injector in a namespace":       {"  namespaces: [team-a]\n  otherImages: refuse\n", "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, annotations: {config.linkerd.io/proxy-image: evil.example/a}}\n", ".metadata.annotations.config.linkerd.io/proxy-image: holds"},
		"an image with a version":          {declaredKinds, rollout + "{driver: {repository: evil.example/a, version: '535'}}\n", ".spec.driver.repository: looks like an image"},
		"an image in three parts":          {strings.Replace(declaredKinds, "spec.agent.image", "spec.image", 1), rollout + "{repository: evil.example/a, image: driver, version: '535'}\n", ".spec.repository: looks like an image"},
		"an image by its port":             {declaredKinds, rollout + "{runner: 'evil.example:5000/a'}\n", ".spec.runner: looks like an image"},
		"a container of no image":          {declaredKinds, rollout + "{container: {name: a, command: [sh]}}\n", ".spec.container: looks like a container of a Pod"},
		"a container in a text":            {declaredKinds, rollout + "{podSpecPatch: 'containers: [{name: main, image: evil.example/a}]'}\n", ".spec.podSpecPatch: is a text that holds what looks like a container or an image"},
		"an image in a text":               {declaredKinds, rollout + "{a: [{patch: '{\"image\": \"evil.example/a\"}'}]}\n", ".spec.a[0].patch: is a text that holds what looks like a container or an image"},
		"a container in a revision":        {"", "apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {name: x}\ndata: {a: 'containers: [{image: a}]'}\n", ".data.a: is a text that holds what looks like a container or an image"},
		"containers behind a line":         {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: \"---\\ncontainers: [{name: a, image: evil.example/x:1}]\"}}\n", ".metadata.annotations.a: holds what looks like a container or an image"},
		"an image in parts alone":          {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: '{\"repository\":\"evil.example/x\",\"tag\":\"1\"}'}}\n", ".metadata.annotations.a: holds what looks like a container or an image"},
		"a list behind a line":             {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: \"---\\n- image: evil.example/x\\n\"}}\n", ".metadata.annotations.a: holds what looks like a container or an image"},
		"an indented list":                 {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: \"  - name: a\\n    image: evil.example/x\\n\"}}\n", ".metadata.annotations.a: holds what looks like a container or an image"},
		"a list behind a comment":          {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: \"# a: b\\n[{image: evil.example/x}]\"}}\n", ".metadata.annotations.a: holds what looks like a container or an image"},
		"an image behind another":          {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: \"a: b\\n---\\nimage: evil.example/x\"}}\n", ".metadata.annotations.a: holds what looks like a container or an image"},
		"an image in what is no YAML":      {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: '{\"image\": \"evil.example/x\"} {}'}}\n", ".metadata.annotations.a: holds what looks like a container or an image"},
		"containers in what is no YAML":    {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: \"a: b: c\\ninitContainers:\\n- name: a\\n\"}}\n", ".metadata.annotations.a: holds what looks like a container or an image"},
		"an image with blanks":             {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: \" evil.example/x:1 \"}}\n", ".metadata.annotations.a: holds what looks like a container or an image"},
		"an image on a line":               {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: \"evil.example/x:1\\n\"}}\n", ".metadata.annotations.a: holds what looks like a container or an image"},
		"a named image on a line":          {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {x/image: \"evil.example/x\\n\"}}\n", ".metadata.annotations.x/image: holds what looks like a container or an image"},
		"an image in a text behind a line": {declaredKinds, rollout + "{a: \"---\\nimage: evil.example/x:1\"}\n", ".spec.a: is a text that holds"},
		"images in a text of documents":    {declaredKinds, rollout + "{a: \"image: evil.example/x:1\\n---\\nimage: evil.example/x:1\"}\n", ".spec.a: is a text that holds"},
		"an image of lines":                {declaredKinds, rollout + "{runner: \"evil.example/x:1\\n\"}\n", ".spec.runner: looks like an image"},
		"a named image of lines":           {declaredKinds, rollout + "{proxyImage: \"evil.example/x\\n\"}\n", ".spec.proxyImage: looks like an image"},
		"an image of this host":            {declaredKinds, rollout + "{runner: \"localhost:5000/a\"}\n", ".spec.runner: looks like an image"},
		"an image in an annotation":        {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {sidecar.x/agent: 'evil.example/a:1'}}\n", ".metadata.annotations.sidecar.x/agent: holds what looks like a container or an image"},
		"a declared image of no text":      {images + declaredKinds, rollout + "{agent: {image: 7}}\n", ".spec.agent.image: must be a string"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Render(teamA(t, test.spec), []byte(test.stream))
			require.ErrorContains(t, err, test.want)
		})
	}
}

const (
	redisFailover = "apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: r}\nspec: {redis: "
	rollout       = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: x}\nspec: "
)

// TestPodsAreFoundEverywhere holds that Pods and images are found in each kind that
// has them, built in or declared.
func TestPodsAreFoundEverywhere(t *testing.T) {
	team := teamA(t, "  namespaces: [team-a]\n  images: [{from: docker.io, to: mirror.test}]\n"+declaredKinds)
	const podSpec = "{containers: [{name: a, image: evil/a}], initContainers: [{name: b, image: evil/b}], " +
		"ephemeralContainers: [{name: c, image: evil/c}], volumes: [{name: d, image: {reference: evil/d}}, {name: e, csi: {volumeAttributes: {image: evil/e}}}, {name: f, flexVolume: {options: {rootImage: evil/g}}}]}"
	const template = "{template: {metadata: {annotations: {sidecar.istio.io/proxyImage: evil/f}}, spec: " + podSpec + "}"
	monitor := func(kind string) string {
		return "apiVersion: monitoring.coreos.com/v1\nkind: " + kind + "\nmetadata: {name: x}\nspec: {image: evil/a, baseImage: evil/b, thanos: {image: evil/c}, volumes: [{name: d, image: {reference: evil/d}}]}\n"
	}
	streams := map[string]string{
		"Pod":             "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: " + podSpec + "\n",
		"PodTemplate":     "apiVersion: v1\nkind: PodTemplate\nmetadata: {name: x}\n" + template[1:] + "\n",
		"CronJob":         "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec: {jobTemplate: {spec: " + template + "}}}\n",
		"a list of lists": "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: " + podSpec + "}]}]\n",
		"Rollout":         rollout + template + ", agent: {image: evil/e}}\n",
		"Prometheus":      monitor("Prometheus"),
		"PrometheusAgent": monitor("PrometheusAgent"),
		"Alertmanager":    monitor("Alertmanager"),
		"ThanosRuler":     monitor("ThanosRuler"),
		"Namespace":       "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, annotations: {config.linkerd.io/proxy-image: evil/a}}\n",
		"annotations":     "apiVersion: v1\nkind: Pod\nmetadata: {name: x, annotations: {linkerd.io/proxy-image: 'evil/a', linkerd.io/proxy-imageType: 'evil', text: 'is a/b'}}\n",
		"annotations that inject nothing": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations:\n    linkerd.io/proxy-image: evil/a\n    kubectl.kubernetes.io/last-applied-configuration: '{\"spec\":{\"containers\":[{\"image\":\"a\"}]}}'\n" +
			"    proxy.istio.io/config: '{\"concurrency\": 2, \"image\": {\"imageType\": \"distroless\"}, \"discoveryAddress\": \"istiod.istio-system.svc:15012\"}'\n" +
			"    a: 'is: a text: of colons'\n    b: '{{ with secret }}: a'\n    c: '{\"a\": [1, null, \"b\"]}'\n    d: '[]'\n    e: ''\n    f: '- '\n    g: 'redis:6379'\n    h: 'HTTP:80/health'\n    i: '2026-11-30T10:20:30Z'\n    j: 'a/b'\n",
		"Redis' own":      redisFailover + "{podAnnotations: {sidecar.istio.io/proxyImage: evil/a}, extraVolumes: [{csi: {volumeAttributes: {image: evil/b}}}]}}\n",
		"monitoring's":    "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: x}\nspec: {podMetadata: {annotations: {sidecar.istio.io/proxyImage: evil/a}}}\n",
		"a scheme":        rollout + "{agent: {image: 'oci://evil/a:1'}}\n",
		"a RedisFailover": redisFailover + "{image: evil/a, exporter: {image: evil/b}, initContainers: [{image: evil/c}], extraContainers: [{image: evil/d}]}}\n",
		"nothing to refuse": "apiVersion: example.com/v1\nkind: None\nmetadata: {name: x}\nspec: {containers: [a], image: 'logo.png', imageName: a, text: 'image: a'}\n---\n" +
			"apiVersion: example.com/v1\nkind: Plain\nmetadata: {name: x, labels: {image: redis, env: a}}\nspec: {imagePullPolicy: Always, imagePullSecrets: [{name: a}], sidecarImage: {pullSecrets: [{name: a}], labels: {a: b.example/c}}, imageTag: a, imageType: image/png, image: {pullPolicy: Always, type: image/png}, metadata: {labels: {image: redis, command: a}, image: redis}, " +
			"at: 'redis:6379', url: 'https://a.example/b:1', group: example.com/v1, arn: 'a:b:c:d/e', v: 'a:v', window: '08:00-18:00', endpoint: 'a:4317', script: 'a: b; c', text: 'is: a text: of colons', container: {name: a}, kafkaContainer: {env: [{name: a}]}, chart: {repo: 'https://a.example', version: '1'}, other: {repository: 'https://a.example', name: a, version: '1'}, zk: 'zk:2181/kafka', db: 'redis:6379/0', help: 'Use the image: nginx', lines: \"a\\nimage: b\", git: {repository: a.example/b, branch: c}}\n---\n" + pod + "image: evil/a\n",
	}
	for apiVersion, kinds := range map[string][]string{
		"apps/v1": {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"}, "batch/v1": {"Job"}, "v1": {"ReplicationController"},
	} {
		for _, kind := range kinds {
			streams[kind] = "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: x}\nspec: " + template + "}\n"
		}
	}
	for name, stream := range streams {
		t.Run(name, func(t *testing.T) {
			got, err := render(team, []byte(stream))
			require.NoError(t, err)
			require.NotRegexp(t, `[ :]evil/`, string(got))
			require.Contains(t, string(got), "mirror.test/evil/a")
		})
	}
}

// TestAnyNetworkAndAllLabels holds what is nobody's business without a rule: the network
// of the node, and a list of the labels to pass on that lets all of them pass.
func TestAnyNetworkAndAllLabels(t *testing.T) {
	const failover = redisFailover + "{hostNetwork: true}, labelWhitelist: []}\n"
	got, err := render(teamA(t, "  labels: {tier: gold}\n"), []byte(failover))
	require.NoError(t, err)
	require.Contains(t, string(got), "{hostNetwork: true}, labelWhitelist: []}")
}

func TestPodMetadataOfMonitoring(t *testing.T) {
	got, err := render(teamA(t, ""), []byte("apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: x}\nspec:\n  replicas: 2\n"))
	require.NoError(t, err)
	require.Contains(t, string(got), "spec:\n  podMetadata:\n    labels:\n      tenant-redis.dev/tenant: team-a\n  replicas: 2\n")
}
