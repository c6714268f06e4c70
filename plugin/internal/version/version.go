// Package version holds the version of the plugin.
package version

// Version is that of tenant-post, of tenant and of both plugin manifests.
const Version = "0.1.0"
