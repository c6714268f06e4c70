package redisoperator

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

func TestCRDIsUpstreams(t *testing.T) {
	want := render.UpstreamCRD(t, "redis-operator-1.3")
	got, err := os.ReadFile(filepath.Join(chart.Dir, "files", "crds", render.CRDFile))
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "the chart's copy of the CRD differs from the module's")

	crd := chart.Objects(t, nil)["CustomResourceDefinition/redisfailovers.databases.spotahome.com"]
	assert.Equal(t, "keep", crd.GetAnnotations()["helm.sh/resource-policy"])
	assert.Equal(t, render.Decode(t, want)["spec"], crd.Object["spec"], "rendering must not change the CRD")
}

// TestCRDServesBothFlavours proves that whatever the schema of v1.2.4 accepts
// and keeps, the installed one accepts and keeps, too.
func TestCRDServesBothFlavours(t *testing.T) {
	older, newer := render.Schema(t, render.UpstreamCRD(t, "redis-operator-1.2")), render.Schema(t, render.UpstreamCRD(t, "redis-operator-1.3"))
	assert.Empty(t, narrowed("", older, newer))
	assert.NotEmpty(t, narrowed("", newer, older), "v1.3.0-rc1 has fields that v1.2.4 lacks")
}

// narrowed lists the paths at which the newer schema refuses or drops what the
// older one takes.
func narrowed(path string, older, newer map[string]any) []string {
	var found []string
	for key, old := range older {
		at := path + "." + key
		now, present := newer[key]
		switch key {
		case "description":
		case "properties":
			properties, _ := now.(map[string]any)
			for name, child := range old.(map[string]any) {
				next, known := properties[name].(map[string]any)
				if !known {
					found = append(found, path+"."+name+" is missing")
					continue
				}
				found = append(found, narrowed(path+"."+name, child.(map[string]any), next)...)
			}
		case "items", "additionalProperties":
			next, known := now.(map[string]any)
			if !known {
				found = append(found, at+" is missing")
				continue
			}
			found = append(found, narrowed(at, old.(map[string]any), next)...)
		case "required":
			// Compared below: requiring less is no narrowing.
		default:
			if !present || !assert.ObjectsAreEqual(old, now) {
				found = append(found, at+" differs")
			}
		}
	}
	for key, now := range newer {
		_, present := older[key]
		switch key {
		case "description", "properties":
		case "x-kubernetes-map-type":
			// Tells server-side apply how to merge; refuses nothing.
		case "required":
			was, _ := older[key].([]any)
			for _, name := range now.([]any) {
				if !slices.Contains(was, name) {
					found = append(found, path+" now requires "+name.(string))
				}
			}
		default:
			if !present {
				found = append(found, path+"."+key+" is new")
			}
		}
	}
	return found
}

// TestReleaseFitsItsSecret keeps the release well below the 1 MiB that a Secret
// may hold: Helm stores chart and manifest as JSON, compressed, in base64.
func TestReleaseFitsItsSecret(t *testing.T) {
	manifest, err := chart.Template(t, nil)
	require.NoError(t, err)
	stored := struct {
		Files    map[string][]byte
		Manifest string
	}{map[string][]byte{}, manifest}
	require.NoError(t, filepath.WalkDir(chart.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		stored.Files[path], err = os.ReadFile(path)
		return err
	}))

	data, err := json.Marshal(stored)
	require.NoError(t, err)
	var compressed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	require.NoError(t, err)
	_, err = writer.Write(data)
	require.NoError(t, err)
	require.NoError(t, writer.Close())

	size := base64.StdEncoding.EncodedLen(compressed.Len())
	t.Logf("the release takes %d KiB", size/1024)
	assert.Less(t, size, 700*1024)
}
