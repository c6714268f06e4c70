package golive

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// branch is what was known of a version of a server when this was released.
type branch struct {
	// server is a part of the image's name, and version MAJOR.MINOR.
	server, version string
	// until is the last day on which it is maintained, empty if none is written.
	until string
	// hole is the worst that is known, and repaired the first patch without it; 0 if there
	// is none.
	hole     string
	repaired int
	source   string
}

// branches are as of 2026-11-28. docs/versions.md has how each is tested.
var branches = []branch{
	{"redis", "7.0", "2024-09-30", "CVE-2025-49844", 0, "https://github.com/redis/redis/security/advisories/GHSA-4789-qfc9-5f9q"},
	{"redis", "7.2", "2029-12-31", "CVE-2025-49844", 11, "https://github.com/redis/redis/security/advisories/GHSA-4789-qfc9-5f9q"},
	{"redis", "7.4", "2029-12-31", "CVE-2026-23479", 9, "https://github.com/redis/redis/releases/tag/7.4.9"},
	{"redis", "8.0", "2026-12-01", "CVE-2025-49844", 4, "https://github.com/redis/redis/security/advisories/GHSA-4789-qfc9-5f9q"},
	{"redis", "8.2", "2030-09-30", "CVE-2026-23479", 6, "https://github.com/redis/redis/releases/tag/8.2.6"},
	{"redis", "8.4", "", "CVE-2026-23479", 3, "https://github.com/redis/redis/releases/tag/8.4.3"},
	{"redis", "8.6", "", "CVE-2026-23479", 3, "https://github.com/redis/redis/releases/tag/8.6.3"},
	{"valkey", "7.2", "", "CVE-2026-23479", 13, "https://github.com/valkey-io/valkey/releases/tag/7.2.13"},
	{"valkey", "8.0", "", "CVE-2026-63639", 10, "https://github.com/valkey-io/valkey/releases/tag/8.0.10"},
	{"valkey", "8.1", "", "CVE-2026-63639", 9, "https://github.com/valkey-io/valkey/releases/tag/8.1.9"},
	{"valkey", "9.0", "", "CVE-2026-63639", 5, "https://github.com/valkey-io/valkey/releases/tag/9.0.5"},
	{"valkey", "9.1", "", "CVE-2026-63639", 1, "https://github.com/valkey-io/valkey/releases/tag/9.1.1"},
	{"haproxy", "2.6", "2027-06-30", "", 0, "https://www.haproxy.org"},
	{"haproxy", "2.7", "2024-03-31", "", 0, "https://www.haproxy.org"},
	{"haproxy", "2.8", "2028-06-30", "", 0, "https://www.haproxy.org"},
	{"haproxy", "2.9", "2025-03-31", "", 0, "https://www.haproxy.org"},
	{"haproxy", "3.0", "2029-06-30", "", 0, "https://www.haproxy.org"},
	{"haproxy", "3.1", "2026-03-31", "", 0, "https://www.haproxy.org"},
	{"haproxy", "3.2", "2030-06-30", "", 0, "https://www.haproxy.org"},
}

// tagged is an image whose tag begins with a version, with or without a patch.
var tagged = regexp.MustCompile(`([^/]+):v?(\d+\.\d+)(?:\.(\d+))?[^/:]*$`)

// imageProblem is why no image of that name should run on a day, empty if nothing is known
// against it.
func imageProblem(image string, day time.Time) string {
	name, _, _ := strings.Cut(image, "@")
	found := tagged.FindStringSubmatch(name)
	if found == nil {
		return ""
	}
	at := slices.IndexFunc(branches, func(b branch) bool { return strings.Contains(found[1], b.server) && b.version == found[2] })
	if at < 0 {
		return ""
	}
	b := branches[at]
	if b.until != "" && day.Format(time.DateOnly) > b.until {
		return fmt.Sprintf("%s is of a branch that is not maintained since %s: %s", image, b.until, b.source)
	}
	// Without a patch the tag is of the newest when it was pulled.
	if patch, err := strconv.Atoi(found[3]); err == nil && patch < b.repaired {
		return fmt.Sprintf("%s has %s, which %s.%d has not: %s", image, b.hole, b.version, b.repaired, b.source)
	}
	return ""
}

func checkImages(_ context.Context, i *instance) (string, error) {
	var images, problems []string
	for _, component := range i.components() {
		for _, pod := range i.pods[component] {
			for _, container := range pod.Spec.Containers {
				if slices.Contains(images, container.Image) {
					continue
				}
				images = append(images, container.Image)
				if problem := imageProblem(container.Image, time.Now().UTC()); problem != "" {
					problems = append(problems, problem)
				}
			}
		}
	}
	if len(problems) > 0 {
		return "", errors.New(strings.Join(problems, "; "))
	}
	return fmt.Sprintf("nothing is known against the %d that run", len(images)), nil
}
