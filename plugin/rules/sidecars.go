package rules

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/image"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

//go:embed sidecar.yaml
var sidecarText string

// sidecarPorts are where the configuration that the chart makes listens.
var sidecarPorts = []string{"6379", "6380", "8404"}

// sidecar is what a Pod gets for HAProxy of its own.
type sidecar struct {
	Labels, Container, Volume manifest.Fields
	Env                       []manifest.Fields

	rule  string
	cause manifest.Cause
}

func sidecarRule(i int) string { return fmt.Sprintf("spec.sidecars[%d]", i) }

// attachSidecars puts sidecars into a document, and commits them: they are under the rules
// for images and resources like every container.
func (e *engine) attachSidecars(doc *manifest.Document, matched matches) error {
	if len(e.tenant.Spec.Sidecars) == 0 {
		return nil
	}
	objects, err := e.objects(doc, matched)
	if err != nil {
		return err
	}
	for _, o := range objects {
		s, err := e.sidecarOf(o)
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		if err := e.attachSidecar(o, *s); err != nil {
			return err
		}
	}
	return doc.Commit()
}

// sidecarOf returns an object's sidecar, or nothing.
func (e *engine) sidecarOf(o *object) (*sidecar, error) {
	var s *sidecar
	for i, wanted := range e.tenant.Spec.Sidecars {
		if !e.isTarget(o, wanted.Target) {
			continue
		}
		rule := sidecarRule(i)
		if s != nil {
			return nil, o.node.Errorf("is the target of %s and of %s; allowed is one sidecar for each Pod; narrow one of the targets", s.rule, rule)
		}
		o.matched.noteRule(rule)
		s = &sidecar{rule: rule, cause: e.cause(rule)}
		text := strings.NewReplacer("INSTANCE", wanted.Instance, "IMAGE", wanted.Image).Replace(sidecarText)
		if err := yaml.Unmarshal([]byte(text), s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (e *engine) attachSidecar(o *object, s sidecar) error {
	template, pod, err := o.podTemplate()
	if err != nil {
		return err
	}
	if pod == nil {
		return o.node.Errorf("has no Pod template for the sidecar of %s; let its target be a Deployment or the like", s.rule)
	}
	if err := s.checkNetwork(*pod); err != nil {
		return err
	}
	for _, list := range []string{"initContainers", "containers"} {
		if err := s.tellContainers(*pod, list); err != nil {
			return err
		}
	}
	// The first: other init containers may need Redis too.
	if err := s.addItems(*pod, "initContainers", []manifest.Fields{s.Container}, e.isSidecar); err != nil {
		return err
	}
	if err := s.addItems(*pod, "volumes", []manifest.Fields{s.Volume}, equals); err != nil {
		return err
	}
	return template.Merge(metadata("labels", s.Labels), s.cause)
}

// podTemplate returns what holds the metadata and the spec of an object's Pods,
// and that spec; nothing if there is none.
func (o *object) podTemplate() (template, pod *manifest.Node, err error) {
	if len(o.kind.Pods) == 0 || o.kind.StandIn {
		return nil, nil, nil
	}
	path := o.kind.Pods[0]
	pods, err := o.node.Find(path)
	if err != nil || len(pods) == 0 {
		return nil, nil, err
	}
	templates, err := o.node.Find(strings.TrimSuffix(strings.TrimSuffix(path, "spec"), "."))
	if err != nil {
		return nil, nil, err
	}
	return &templates[0], &pods[0], nil
}

// checkNetwork refuses a Pod whose 127.0.0.1 is the node's.
func (s sidecar) checkNetwork(pod manifest.Node) error {
	shared, err := pod.Bool("hostNetwork")
	if err == nil && shared {
		err = pod.Errorf("has hostNetwork, with which the sidecar of %s would answer whatever runs on the node; remove hostNetwork, or connect to the shared proxy", s.rule)
	}
	return err
}

// tellContainers gives the other containers of a list the address.
func (s sidecar) tellContainers(pod manifest.Node, list string) error {
	containers, err := pod.Find(list + "[]")
	if err != nil {
		return err
	}
	for _, c := range containers {
		name, err := c.Value("name")
		if err != nil {
			return err
		}
		if name == s.Container["name"] {
			// Among the init containers, addItems judges it.
			if list == "containers" {
				return s.refuse(c, name)
			}
			continue
		}
		if err := s.checkPorts(c); err != nil {
			return err
		}
		if err := s.addItems(c, "env", s.Env, equals); err != nil {
			return err
		}
	}
	return nil
}

// checkPorts refuses a container that listens where the sidecar does.
func (s sidecar) checkPorts(c manifest.Node) error {
	ports, err := c.Find("ports[]")
	if err != nil {
		return err
	}
	for _, port := range ports {
		number, err := port.Number("containerPort")
		if err != nil {
			return err
		}
		protocol, err := port.Value("protocol")
		if err != nil {
			return err
		}
		if slices.Contains(sidecarPorts, strconv.Itoa(number)) && (protocol == "" || protocol == "TCP") {
			return port.Errorf("is %d, where the sidecar of %s listens; allowed are ports but %s; change it in the chart's values, or connect to the shared proxy",
				number, s.rule, strings.Join(sidecarPorts, ", "))
		}
	}
	return nil
}

// addItems adds the items that a list of named ones lacks to its head. One that is there
// must be the same.
func (s sidecar) addItems(place manifest.Node, list string, wanted []manifest.Fields, same func(there manifest.Node, want manifest.Fields) (bool, error)) error {
	var missing []any
	for _, want := range wanted {
		there, err := named(place, list, want["name"])
		if err != nil {
			return err
		}
		if there == nil {
			missing = append(missing, want)
			continue
		}
		if ok, err := same(*there, want); err != nil {
			return err
		} else if !ok {
			return s.refuse(*there, want["name"])
		}
	}
	lists, err := place.Find(list)
	switch {
	case err != nil || len(missing) == 0:
		return err
	case len(lists) == 0:
		return place.Merge(manifest.Fields{list: missing}, s.cause)
	}
	for i, item := range missing {
		if err := lists[0].Insert(i, item, s.cause); err != nil {
			return err
		}
	}
	return nil
}

func (s sidecar) refuse(there manifest.Node, name any) error {
	return there.Errorf("has the name %s, but is not what %s puts there; rename or remove it in the chart's values, or replace it by spec.patches", name, s.rule)
}

// named returns the item of a list that has a name, or nothing.
func named(place manifest.Node, list string, name any) (*manifest.Node, error) {
	items, err := place.Find(list + "[]")
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		if has, err := item.Value("name"); err != nil {
			return nil, err
		} else if has == name {
			return &item, nil
		}
	}
	return nil, nil
}

func equals(there manifest.Node, want manifest.Fields) (bool, error) {
	return there.Equals(want), nil
}

// isSidecar tells whether a container is what was wanted, apart from what the rules
// for images and resources have made of it.
func (e *engine) isSidecar(there manifest.Node, want manifest.Fields) (bool, error) {
	runs, err := there.Value("image")
	if err != nil || e.mapped(runs) != e.mapped(want["image"].(string)) {
		return false, err
	}
	for key, value := range want {
		fields, err := there.Find(key)
		if err != nil || len(fields) == 0 {
			return false, err
		}
		if key != "image" && key != "resources" && !fields[0].Equals(value) {
			return false, nil
		}
	}
	return len(there.Keys()) == len(want), nil
}

// mapped returns the full name of the image that a reference is to become.
func (e *engine) mapped(text string) string {
	read, _ := image.Parse(text)
	name, _ := tenant.MapRepository(e.tenant.Spec.Images, read.Repository())
	return name + read.Rest
}
