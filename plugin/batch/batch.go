// Package batch renders one chart for many tenants in one process.
package batch

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"

	"github.com/tenant-redis/tenant-redis/plugin/input"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// Tenant is one tenant's rendered release.
type Tenant struct {
	File   *tenant.Tenant
	Result rules.Result
}

// Name is the tenant's name, and that of its release.
func (t Tenant) Name() string { return t.File.Metadata.Name }

// chartFiles are a chart's files, read once. Rendering changes a chart, so each
// tenant gets one of its own, made of them.
type chartFiles []*loader.BufferedFile

// Render renders the chart for each folder of tenants that has a tenant.yaml,
// with the values.yaml beside it if there is one, in the order of the folders.
// What that does not say comes from shared, the name of a file of values for
// all, if it is not empty. kubeVersion is the Kubernetes that is rendered for,
// such as "1.37". The error tells all tenants that cannot be rendered, and all
// that two claim.
func Render(chart, tenants, shared, kubeVersion string) ([]Tenant, error) {
	files, err := load(chart)
	if err != nil {
		return nil, err
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	version, err := chartutil.ParseKubeVersion(kubeVersion)
	if err != nil {
		return nil, fmt.Errorf("--kube-version %q: %w; write a version such as 1.37", kubeVersion, err)
	}
	capabilities.KubeVersion = *version
	folders, err := filepath.Glob(filepath.Join(tenants, "*", "tenant.yaml"))
	if err == nil && len(folders) == 0 {
		err = fmt.Errorf("%s has no folder with a tenant.yaml; each tenant has one", tenants)
	}
	if err != nil {
		return nil, err
	}
	all, problems := files.renderAll(folders, shared, capabilities)
	if err := errors.Join(append(problems, collisions(all)...)...); err != nil {
		return nil, err
	}
	return all, nil
}

// renderAll renders tenants side by side: none depends on another. It leaves out
// those that cannot be rendered, which the errors name.
func (f chartFiles) renderAll(tenants []string, shared string, capabilities *chartutil.Capabilities) ([]Tenant, []error) {
	rendered, failed := make([]Tenant, len(tenants)), make([]error, len(tenants))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, file := range tenants {
		group.Go(func() error {
			var err error
			if rendered[i], err = f.render(filepath.Dir(file), shared, capabilities); err != nil {
				failed[i] = fmt.Errorf("%s: %w", filepath.Dir(file), err)
			}
			return nil
		})
	}
	_ = group.Wait()
	return slices.DeleteFunc(rendered, func(t Tenant) bool { return t.File == nil }), failed
}

func load(name string) (chartFiles, error) {
	chart, err := loader.Load(name)
	if err != nil {
		return nil, fmt.Errorf("cannot load the chart %s: %w", name, err)
	}
	var files chartFiles
	for _, raw := range chart.Raw {
		files = append(files, &loader.BufferedFile{Name: raw.Name, Data: raw.Data})
	}
	return files, nil
}

func (f chartFiles) render(folder, shared string, capabilities *chartutil.Capabilities) (Tenant, error) {
	file, err := input.Tenant(filepath.Join(folder, "tenant.yaml"))
	if err != nil {
		return Tenant{}, err
	}
	values, err := readValues(filepath.Join(folder, "values.yaml"), shared)
	if err != nil {
		return Tenant{}, err
	}
	stream, err := f.manifests(file, values, capabilities)
	if err != nil {
		return Tenant{}, err
	}
	result, err := rules.Render(file, []byte(stream))
	if err != nil {
		return Tenant{}, err
	}
	return Tenant{File: file, Result: result}, nil
}

// readValues returns a tenant's values over those for all. Neither file need be
// there: own may be missing, and shared may be the empty name.
func readValues(own, shared string) (chartutil.Values, error) {
	values, err := chartutil.ReadValuesFile(own)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", own, err)
	}
	if shared == "" {
		return values, nil
	}
	base, err := chartutil.ReadValuesFile(shared)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shared, err)
	}
	return chartutil.CoalesceTables(values, base), nil
}

// manifests returns what helm template prints.
func (f chartFiles) manifests(t *tenant.Tenant, values chartutil.Values, capabilities *chartutil.Capabilities) (string, error) {
	chart, err := loader.LoadFiles(f)
	if err != nil {
		return "", err
	}
	if wanted := chart.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, capabilities.KubeVersion.Version) {
		return "", fmt.Errorf("the chart wants Kubernetes %s, not %s; change --kube-version", wanted, capabilities.KubeVersion.Version)
	}
	if err := chartutil.ProcessDependenciesWithMerge(chart, values); err != nil {
		return "", err
	}
	options := chartutil.ReleaseOptions{Name: t.Metadata.Name, Namespace: t.Spec.Namespace, Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(chart, values, options, capabilities)
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
	hooks, manifests, err := releaseutil.SortManifests(files, capabilities.APIVersions, releaseutil.InstallOrder)
	if err != nil {
		return "", err
	}
	slices.SortStableFunc(hooks, func(a, b *release.Hook) int { return cmp.Compare(a.Path, b.Path) })
	var b strings.Builder
	for _, m := range manifests {
		fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", m.Name, m.Content)
	}
	for _, h := range hooks {
		fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", h.Path, h.Manifest)
	}
	return b.String(), nil
}
