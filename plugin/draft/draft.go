// Package draft writes a first tenant file from what a chart renders, for people to
// go on from.
package draft

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/image"
	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// file is what a draft says of a tenant file.
type file struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       spec     `yaml:"spec"`
}

type metadata struct {
	Name string `yaml:"name"`
}

type spec struct {
	Namespace   string            `yaml:"namespace"`
	Namespaces  []string          `yaml:"namespaces,omitempty,flow"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Images      []mapping         `yaml:"images,omitempty"`
	OtherImages yaml.Node         `yaml:"otherImages"`
	Exceptions  []target          `yaml:"exceptions,omitempty"`
	Kinds       []kind            `yaml:"kinds,omitempty"`
}

type mapping struct {
	From string `yaml:"from"`
	To   string `yaml:"to"`
}

type target struct {
	Group string `yaml:"group,omitempty"`
	Kind  string `yaml:"kind"`
	Name  string `yaml:"name,omitempty"`
}

type kind struct {
	Group string `yaml:"group"`
	Kind  string `yaml:"kind"`
	Scope string `yaml:"scope"`
	// Pods is an empty list, and not nil, if containers stand where no path leads.
	Pods   *[]string `yaml:"pods,omitempty,flow"`
	Images []string  `yaml:"images,omitempty,flow"`

	objects []manifest.Node
}

const (
	// maxExceptions is how many exceptions a draft makes.
	maxExceptions = 1000
	// maxNames is how many labels, namespaces and the like a draft names. Rules look at
	// each for each object, so that more, which no chart has, would take hours.
	maxNames = 100
)

// Tenant returns a tenant file with which the stream can be rendered: its kinds,
// namespaces and registries, the labels that all objects share, and an exception for
// each object that would be refused. What name and namespace are empty for follows
// from the stream. The error is that of rules.Render for what no tenant file mends.
func Tenant(stream []byte, name, namespace string) ([]byte, error) {
	f, err := read(stream, name, namespace)
	if err != nil {
		return nil, err
	}
	// Each exception may show what else is wrong, but no object needs two.
	for {
		if len(f.Spec.Exceptions) > maxExceptions {
			return nil, fmt.Errorf("cannot write a tenant file for these manifests: more than %d exceptions", maxExceptions)
		}
		text, err := f.text()
		if err != nil {
			return nil, err
		}
		t, err := tenant.Read("tenant.yaml", text)
		if err != nil {
			return nil, fmt.Errorf("cannot write a tenant file for these manifests; say --name and --namespace: %w", err)
		}
		result, err := rules.Output(t, stream)
		if err == nil {
			return text, result.CheckSome()
		}
		switch {
		case f.except(err):
		case f.Spec.OtherImages.Value == refuse:
			// Perhaps an image is left to an operator, or is from where no rule can name.
			reason, _, _ := strings.Cut(err.Error(), "\n")
			f.Spec.OtherImages = otherImages("keep")
			f.Spec.OtherImages.LineComment = "with refuse: " + reason
		default:
			return nil, err
		}
	}
}

// refuse is what a draft says of images that no rule is about, if that can be rendered.
const refuse = "refuse"

func otherImages(value string) yaml.Node { return yaml.Node{Kind: yaml.ScalarNode, Value: value} }

// except adds the exceptions that an error asks for. It is false if there is none.
func (f *file) except(err error) bool {
	seen := map[target]bool{}
	for _, refusal := range rules.Refusals(err) {
		e := refusal.Exception
		exception := target{Group: e.Group, Kind: e.Kind, Name: e.Name}
		if !seen[exception] {
			f.Spec.Exceptions = append(f.Spec.Exceptions, exception)
		}
		seen[exception] = true
	}
	return len(seen) > 0
}

func (f *file) text() ([]byte, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	err := encoder.Encode(f)
	return b.Bytes(), errors.Join(err, encoder.Close())
}

// seen is what a stream holds.
type seen struct {
	kinds      map[string]*kind
	namespaces map[string]int
	instances  map[string]int
	registries map[string]bool
	// labels are those that all objects so far share; nil before the first.
	labels map[string]string
}

func read(stream []byte, name, namespace string) (*file, error) {
	s := seen{kinds: map[string]*kind{}, namespaces: map[string]int{}, instances: map[string]int{}, registries: map[string]bool{}}
	for _, piece := range manifest.Split(stream) {
		doc, err := manifest.Parse(piece)
		if err != nil {
			return nil, err
		}
		objects, err := doc.Objects()
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if err := s.add(o); err != nil {
				return nil, err
			}
		}
	}
	if err := s.checkCounts(); err != nil {
		return nil, err
	}
	declared, err := s.declare()
	if err != nil {
		return nil, err
	}
	namespace = cmp.Or(namespace, most(s.namespaces), "default")
	delete(s.namespaces, namespace)
	f := &file{
		APIVersion: tenant.APIVersion, Kind: tenant.Kind,
		Metadata: metadata{Name: cmp.Or(name, most(s.instances), "team-a")},
		Spec:     spec{Namespace: namespace, Namespaces: slices.Sorted(maps.Keys(s.namespaces)), Labels: s.labels, OtherImages: otherImages(refuse), Kinds: declared},
	}
	for _, registry := range slices.Sorted(maps.Keys(s.registries)) {
		f.Spec.Images = append(f.Spec.Images, mapping{From: registry, To: registry})
	}
	return f, checkCount(len(f.Spec.Images), "registries")
}

// checkCounts refuses what a draft would name too many of.
func (s *seen) checkCounts() error {
	return errors.Join(checkCount(len(s.kinds), "unknown kinds"), checkCount(len(s.namespaces), "namespaces"), checkCount(len(s.labels), "labels that all objects have"))
}

func checkCount(count int, of string) error {
	if count <= maxNames {
		return nil
	}
	return fmt.Errorf("cannot write a tenant file for these manifests: they have more than %d %s; make one for each chart", maxNames, of)
}

// most returns the key that counts most, the first of them by name; empty if there
// is none.
func most(counts map[string]int) string {
	best := ""
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		if best == "" || counts[key] > counts[best] {
			best = key
		}
	}
	return best
}

func (s *seen) add(o manifest.Node) error {
	apiVersion, err := o.Value("apiVersion")
	if err != nil {
		return err
	}
	name, err := o.Value("kind")
	if err != nil {
		return err
	}
	if apiVersion == "" || name == "" {
		return o.Errorf("is not a Kubernetes object; each document needs apiVersion and kind")
	}
	group, _, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		group = ""
	}
	namespace, err := s.addMetadata(o)
	if err != nil {
		return err
	}
	id := group + "/" + name
	if kinds.IsKnown(id) {
		return s.addImages(o, kinds.Of(nil, id))
	}
	k := s.kinds[id]
	if k == nil {
		k = &kind{Group: group, Kind: name, Scope: "Cluster"}
		s.kinds[id] = k
	}
	// Most kinds are in namespaces, and those of the cluster have names that are
	// for it as a whole.
	if namespace != "" || !strings.HasPrefix(name, "Cluster") && !strings.HasPrefix(name, "Global") {
		k.Scope = "Namespaced"
	}
	k.objects = append(k.objects, o)
	return nil
}

// addMetadata notes an object's labels and namespace, and returns the latter.
func (s *seen) addMetadata(o manifest.Node) (string, error) {
	found, err := o.Find("metadata")
	if err != nil || len(found) == 0 {
		return "", err
	}
	namespace, err := found[0].Value("namespace")
	if err != nil {
		return "", err
	}
	if namespace != "" {
		s.namespaces[namespace]++
	}
	var labels map[string]string
	places, err := found[0].Find("labels")
	if err != nil {
		return "", err
	}
	for _, place := range places {
		if labels, err = place.Entries(); err != nil {
			return "", err
		}
	}
	if instance := labels["app.kubernetes.io/instance"]; instance != "" {
		s.instances[instance]++
	}
	maps.DeleteFunc(labels, func(key, _ string) bool { return isCharts(key) })
	if s.labels == nil {
		s.labels = labels
	}
	maps.DeleteFunc(s.labels, func(key, value string) bool { other, found := labels[key]; return !found || other != value })
	return namespace, nil
}

// isCharts tells whether a label says what a chart is, and not whose.
func isCharts(key string) bool {
	prefix, _, prefixed := strings.Cut(key, "/")
	return prefixed && slices.Contains([]string{"app.kubernetes.io", "helm.sh", "tenant-redis.dev"}, prefix) ||
		slices.Contains([]string{"app", "chart", "release", "heritage"}, key)
}

// addImages notes the registries of an object's images, with those that annotations of
// Pods name.
func (s *seen) addImages(o manifest.Node, k kinds.Kind) error {
	for _, path := range k.Names() {
		places, err := o.Find(path)
		if err != nil {
			return err
		}
		for _, place := range places {
			text, err := place.Text()
			if err != nil {
				return err
			}
			s.addRegistry(text)
		}
	}
	for _, path := range slices.Concat(k.Annotations, k.DriversTexts()) {
		places, err := o.Find(path)
		if err != nil {
			return err
		}
		for _, place := range places {
			_ = place.Walk(func(key string, value manifest.Node) (bool, error) {
				if text, err := value.Text(); err == nil && kinds.IsImage(key, text) {
					s.addRegistry(text)
				}
				return false, nil
			})
		}
	}
	return nil
}

// addRegistry notes the registry of an image, if a rule can name it: it can not name an
// address in brackets.
func (s *seen) addRegistry(text string) {
	_, name := image.CutScheme(text)
	read, ok := image.Parse(name)
	if registry, _, _ := strings.Cut(read.Repository(), "/"); ok && namedByRules.MatchString(registry) {
		s.registries[registry] = true
	}
}

var namedByRules = regexp.MustCompile(tenant.Formats["imagePrefix"].Pattern)

// declare returns the kinds that are not known, with the places of their Pods and
// images.
func (s *seen) declare() ([]kind, error) {
	var all []kind
	for _, id := range slices.Sorted(maps.Keys(s.kinds)) {
		k := s.kinds[id]
		templates, err := k.findTemplates()
		if err != nil {
			return nil, err
		}
		if err := k.findImages(templates); err != nil {
			return nil, err
		}
		declared := tenant.ScopedKind{Group: k.Group, Kind: k.Kind, Pods: templates, Images: k.Images}
		known := kinds.Of([]tenant.ScopedKind{declared}, id)
		for _, o := range k.objects {
			if err := s.addImages(o, known); err != nil {
				return nil, err
			}
		}
		all = append(all, *k)
	}
	return all, nil
}

// findTemplates finds the Pod templates of the objects. There are none if one of these
// has containers anywhere else: no path leads there, and only their images can be named.
func (k *kind) findTemplates() ([]string, error) {
	templates, elsewhere := []string{}, false
	for _, o := range k.objects {
		err := kinds.Walk(o, func(key string, value manifest.Node) (bool, error) {
			template, found := strings.CutSuffix(fieldPath(value), ".spec."+key)
			switch areContainers := kinds.LooksLikeContainers(key, value); {
			case areContainers && found:
				templates = with(templates, template)
				return false, checkCount(len(templates), "places of Pods in a "+k.Kind)
			case areContainers || kinds.LooksLikeContainer(key, value):
				elsewhere = true
			default:
				return true, nil
			}
			return false, nil
		})
		if err != nil {
			return nil, err
		}
	}
	if elsewhere {
		templates = nil
	}
	if elsewhere || len(templates) > 0 {
		k.Pods = &templates
	}
	return templates, nil
}

// findImages finds what looks like an image, but in Pod templates.
func (k *kind) findImages(templates []string) error {
	for _, o := range k.objects {
		err := kinds.Walk(o, func(key string, value manifest.Node) (bool, error) {
			if template, found := strings.CutSuffix(fieldPath(value), ".spec"); found && slices.Contains(templates, template) {
				return false, nil
			}
			for _, place := range kinds.ImagesIn(key, value) {
				k.Images = with(k.Images, fieldPath(place))
			}
			return true, checkCount(len(k.Images), "places of images in a "+k.Kind)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var index = regexp.MustCompile(`\[[0-9]+\]`)

// fieldPath is where a place is as a tenant file says it.
func fieldPath(place manifest.Node) string {
	return strings.TrimPrefix(index.ReplaceAllString(place.Path(), "[]"), ".")
}

// with adds an item that a list lacks.
func with(list []string, item string) []string {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}
