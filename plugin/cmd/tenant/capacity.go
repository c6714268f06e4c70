package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/check"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

// checkCapacity tells what is wrong between the operators in some files and the
// instances in a folder.
func checkCapacity(command *cobra.Command, files, folders []string) error {
	if len(folders) == 0 {
		return errors.New("which instances? Name the folder that helm tenant batch has written")
	}
	tenants, err := filepath.Glob(filepath.Join(folders[0], "*.yaml"))
	if err == nil && len(tenants) == 0 {
		err = fmt.Errorf("%s has no *.yaml: name the folder that helm tenant batch has written", folders[0])
	}
	if err != nil {
		return err
	}
	operators, err := readKind("Deployment", files)
	if err != nil {
		return err
	}
	failovers, err := readKind("RedisFailover", tenants)
	if err != nil {
		return err
	}
	violations, err := check.Capacity(operators, failovers)
	if err != nil {
		return err
	}
	return tell(command, violations)
}

// readKind returns the objects of one kind in files. Documents that do not have the
// word are not read, which are nearly all of them.
func readKind(kind string, files []string) ([]unstructured.Unstructured, error) {
	var found []unstructured.Unstructured
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for _, piece := range manifest.Split(text) {
			if !bytes.Contains(piece.Text, []byte(kind)) {
				continue
			}
			var object unstructured.Unstructured
			var all []unstructured.Unstructured
			if err = yaml.Unmarshal(piece.Text, &object.Object); err == nil {
				err = takeApart(object, &all)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: line %d: a document with a %s cannot be decoded", name, piece.Line, kind)
			}
			for _, o := range all {
				if o.GetKind() == kind {
					found = append(found, o)
				}
			}
		}
	}
	return found, nil
}
