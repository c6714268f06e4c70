// Package batch renders one chart for many tenants in one process.
package batch

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"

	"github.com/tenant-redis/tenant-redis/plugin/input"
	"github.com/tenant-redis/tenant-redis/plugin/internal/yamltext"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// Tenant is one tenant's rendered release.
type Tenant struct {
	File   *tenant.Tenant
	Result rules.Result

	folder string
	// passwords are the Secrets that hold those of its instances.
	passwords []string
}

// Name is the tenant's name.
func (t Tenant) Name() string { return t.File.Metadata.Name }

// release is the name of the tenant's release.
func (t Tenant) release() string { return cmp.Or(t.File.Spec.Release, t.Name()) }

// source is a chart's files, read once. Rendering changes a chart, so each
// tenant gets one of its own, made of them.
type source struct {
	files []*loader.BufferedFile
	// schema is that of the values, compiled once, or nil if Helm has to do it:
	// for a chart without one, and where other files have a say, too.
	schema *jsonschema.Schema
	// tests tells whether the hooks of helm test are rendered.
	tests bool
}

// Options are what is the same for all tenants.
type Options struct {
	// Values is the name of a file of values, which a tenant's own come before;
	// none if empty.
	Values string
	// KubeVersion is the Kubernetes that is rendered for, such as "1.37".
	KubeVersion string
	// Tests tells whether the hooks of helm test are rendered: whoever applies the
	// manifests without Helm runs them.
	Tests bool
}

// Render renders the chart for each folder of tenants that has a tenant.yaml,
// with the values.yaml beside it if there is one, and over that the batch.yaml, in the
// order of the folders.
// The error names all tenant files that cannot be read and all that two of them claim, or
// all tenants that cannot be rendered and all objects that two of them have.
func Render(chart, tenants string, options Options) ([]Tenant, error) {
	source, err := load(chart)
	if err != nil {
		return nil, err
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	source.tests = options.Tests
	version, err := chartutil.ParseKubeVersion(options.KubeVersion)
	if err != nil {
		return nil, fmt.Errorf("--kube-version %q: %w; write a version such as 1.37", options.KubeVersion, err)
	}
	capabilities.KubeVersion = *version
	all, err := find(tenants)
	if err != nil {
		return nil, err
	}
	// What the files claim is known long before a thousand tenants are rendered.
	if err := errors.Join(each(all, read), collisions(all, Tenant.claims)); err != nil {
		return nil, err
	}
	render := func(t *Tenant) error { return source.render(t, options.Values, capabilities) }
	if err := errors.Join(each(all, render), collisions(all, Tenant.objects)); err != nil {
		return nil, err
	}
	return all, nil
}

// find returns the tenants of a folder's folders, in their order, but for hidden ones.
func find(tenants string) ([]Tenant, error) {
	entries, err := os.ReadDir(tenants)
	if err != nil {
		return nil, fmt.Errorf("cannot read the folder of tenants: %w; check --tenants", err)
	}
	var all []Tenant
	var bare []error
	for _, entry := range entries {
		folder := filepath.Join(tenants, entry.Name())
		info, err := os.Stat(folder)
		if err != nil {
			return nil, fmt.Errorf("cannot read the folder of a tenant: %w", err)
		}
		if !info.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, "tenant.yaml")); err != nil {
			bare = append(bare, fmt.Errorf("%s has no tenant.yaml; each tenant has one; move what is no tenant elsewhere", folder))
		}
		all = append(all, Tenant{folder: folder})
	}
	if len(bare) == len(all) {
		return nil, fmt.Errorf("%s has no folder with a tenant.yaml; each tenant has one", tenants)
	}
	return all, errors.Join(bare...)
}

// each does something to all tenants side by side: none depends on another. The error
// names their folders, in their order.
func each(all []Tenant, do func(*Tenant) error) error {
	failed := make([]error, len(all))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range all {
		group.Go(func() error {
			if err := do(&all[i]); err != nil {
				failed[i] = fmt.Errorf("%s: %w", all[i].folder, err)
			}
			return nil
		})
	}
	_ = group.Wait()
	return errors.Join(failed...)
}

// read reads the tenant's file.
func read(t *Tenant) (err error) {
	t.File, err = input.Tenant(filepath.Join(t.folder, "tenant.yaml"))
	return err
}

func load(name string) (source, error) {
	chart, err := loader.Load(name)
	if err != nil {
		return source{}, fmt.Errorf("cannot load the chart %s: %w", name, err)
	}
	var s source
	for _, raw := range chart.Raw {
		s.files = append(s.files, &loader.BufferedFile{Name: raw.Name, Data: raw.Data})
	}
	if len(chart.Dependencies()) == 0 {
		s.schema = compile(chart.Schema)
	}
	return s, nil
}

// compile returns a schema, or nil if it does not stand alone.
func compile(text []byte) *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	const name = "file:///values.schema.json"
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	if err := compiler.AddResource(name, document); err != nil {
		return nil
	}
	schema, err := compiler.Compile(name)
	if err != nil {
		return nil
	}
	return schema
}

func (s source) render(t *Tenant, shared string, capabilities *chartutil.Capabilities) error {
	values, err := readValues(t.folder, shared)
	if err != nil {
		return err
	}
	stream, err := s.manifests(t, values, capabilities)
	if err != nil {
		return hide(err, values)
	}
	if t.Result, err = rules.Render(t.File, []byte(stream)); err != nil {
		return err
	}
	if t.passwords, err = passwordsOf(t.Result); err != nil {
		return err
	}
	return t.Result.CheckSome()
}

// readValues returns the values of a folder over those for all. None of the files need
// be there, and shared may be the empty name.
func readValues(folder, shared string) (chartutil.Values, error) {
	values := chartutil.Values{}
	for _, name := range []string{"batch.yaml", "values.yaml"} {
		own, err := readFile(filepath.Join(folder, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		values = chartutil.CoalesceTables(values, own)
	}
	if shared == "" {
		return values, nil
	}
	base, err := readFile(shared)
	return chartutil.CoalesceTables(values, base), err
}

// readFile is Helm's, but for its words, which may quote a value.
func readFile(name string) (chartutil.Values, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read values: %w", err)
	}
	values, err := chartutil.ReadValues(text)
	if err == nil {
		return values, nil
	}
	var ignored any
	at, words := yamltext.Problem(text, yaml.Unmarshal(text, &ignored))
	return nil, fmt.Errorf("%s:%d:%d: %s", name, at.Line, at.Column, cmp.Or(words, "is not a mapping of values"))
}

// manifests returns what helm template prints.
func (s source) manifests(t *Tenant, values chartutil.Values, capabilities *chartutil.Capabilities) (string, error) {
	chart, err := loader.LoadFiles(s.files)
	if err != nil {
		return "", err
	}
	if wanted := chart.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, capabilities.KubeVersion.Version) {
		return "", fmt.Errorf("the chart wants Kubernetes %s, not %s; change --kube-version", wanted, capabilities.KubeVersion.Version)
	}
	if err := chartutil.ProcessDependenciesWithMerge(chart, values); err != nil {
		return "", err
	}
	options := chartutil.ReleaseOptions{Name: t.release(), Namespace: t.File.Spec.Namespace, Revision: 1, IsInstall: true}
	all, err := s.values(chart, values, options, capabilities)
	if err != nil {
		return "", err
	}
	files, err := engine.Render(chart, all)
	if err != nil {
		return "", err
	}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	return inOrder(files, s.tests)
}

// values returns what the templates are given. Helm, which compiles the schema
// again each time, is asked about values only if they do not pass here: for its
// words.
func (s source) values(c *chart.Chart, own chartutil.Values, options chartutil.ReleaseOptions, capabilities *chartutil.Capabilities) (chartutil.Values, error) {
	all, err := chartutil.ToRenderValuesWithSchemaValidation(c, own, options, capabilities, s.schema != nil)
	if err != nil || s.schema == nil {
		return all, err
	}
	if values, ok := all["Values"].(chartutil.Values); ok && s.schema.Validate(values.AsMap()) == nil {
		return all, nil
	}
	return chartutil.ToRenderValues(c, own, options, capabilities)
}
