// Package version holds the version of the plugin.
package version

import (
	"fmt"
	"runtime"
)

// Version is that of tenant-post, of tenant and of both plugin manifests.
const Version = "0.1.0"

// commit is set by the linker in what make package packs.
var commit string

// Full is the version, and what a packed program was built from and with.
func Full() string {
	if commit == "" {
		return Version
	}
	return fmt.Sprintf("%s (commit %s, %s)", Version, commit, runtime.Version())
}
