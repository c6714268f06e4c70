// Package version holds the version of the plugin.
package version

import (
	"fmt"
	"runtime"
)

// Version is that of tenant-post, of tenant and of both plugin manifests.
const Version = "0.1.0"

// commit is set by the linker: scripts/build-program.sh.
var commit string

// Page is the address of a page of this project, by its path: that of its version in a
// program that the Makefile makes, and the newest in any other.
func Page(path string) string {
	ref := "main"
	if commit != "" {
		ref = "v" + Version
	}
	return "https://github.com/tenant-redis/tenant-redis/blob/" + ref + "/" + path
}

// Full is the version, and what a program that the Makefile makes was built from and with.
func Full() string {
	if commit == "" {
		return Version
	}
	return fmt.Sprintf("%s (commit %s, %s)", Version, commit, runtime.Version())
}
