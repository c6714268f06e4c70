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

	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
)

// asOf is the day on which the branches were looked up.
const asOf = "2026-11-28"

// branch is what was known of a version of a server when this was released.
type branch struct {
	// server is a part of the image's name, and version MAJOR.MINOR.
	server, version string
	end             end
	hole            hole
}

// end is the last day on which a branch is maintained, empty if none is known, and the page
// that says so.
type end struct{ day, source string }

// hole is a known one, the first patch without it, and the page that says so. A branch that
// has ended has none: nobody repairs it.
type hole struct {
	name     string
	repaired int
	source   string
}

const (
	redisEnds   = "https://redis.io/docs/latest/operate/oss_and_stack/install/version-mgmt/"
	haproxyEnds = "https://www.haproxy.org"
	luaOfRedis  = "https://github.com/redis/redis/security/advisories/GHSA-4789-qfc9-5f9q"
	// fcgiOfHAProxy has the first patch of each branch.
	fcgiOfHAProxy  = "https://osv.dev/vulnerability/CGA-5h79-5qgp-qj9v"
	chunkOfHAProxy = "https://osv.dev/vulnerability/CVE-2026-110354"
	pingOfHAProxy  = "https://www.cve.org/CVERecord?id=CVE-2026-110353"
)

// branches are what is known; docs/versions.md has how each is tested.
var branches = []branch{
	// The policy names no day. Docker's official images dropped it in that month.
	{"redis", "7.0", end{"2024-09-30", "https://github.com/redis/redis/security/policy"}, hole{}},
	{"redis", "7.2", end{"2029-12-01", redisEnds}, hole{"CVE-2025-49844", 11, luaOfRedis}},
	{"redis", "7.4", end{"2029-12-01", redisEnds}, hole{"CVE-2026-23479", 9, "https://github.com/redis/redis/releases/tag/7.4.9"}},
	{"redis", "8.0", end{"2026-12-01", redisEnds}, hole{"CVE-2025-49844", 4, luaOfRedis}},
	{"redis", "8.2", end{"2030-09-01", redisEnds}, hole{"CVE-2026-23479", 6, "https://github.com/redis/redis/releases/tag/8.2.6"}},
	{"redis", "8.4", end{}, hole{"CVE-2026-23479", 3, "https://github.com/redis/redis/releases/tag/8.4.3"}},
	{"redis", "8.6", end{}, hole{"CVE-2026-23479", 3, "https://github.com/redis/redis/releases/tag/8.6.3"}},
	{"valkey", "7.2", end{}, hole{"CVE-2026-23479", 13, "https://github.com/valkey-io/valkey/releases/tag/7.2.13"}},
	{"valkey", "8.0", end{}, hole{"CVE-2026-63639", 10, "https://github.com/valkey-io/valkey/releases/tag/8.0.10"}},
	{"valkey", "8.1", end{}, hole{"CVE-2026-63639", 9, "https://github.com/valkey-io/valkey/releases/tag/8.1.9"}},
	{"valkey", "9.0", end{}, hole{"CVE-2026-63639", 5, "https://github.com/valkey-io/valkey/releases/tag/9.0.5"}},
	{"valkey", "9.1", end{}, hole{"CVE-2026-63639", 1, "https://github.com/valkey-io/valkey/releases/tag/9.1.1"}},
	{"haproxy", "2.6", end{"2027-06-30", haproxyEnds}, hole{"CVE-2026-55203", 31, fcgiOfHAProxy}},
	{"haproxy", "2.7", end{"2024-03-31", haproxyEnds}, hole{}},
	{"haproxy", "2.8", end{"2028-06-30", haproxyEnds}, hole{"CVE-2026-55203", 26, fcgiOfHAProxy}},
	{"haproxy", "2.9", end{"2025-03-31", haproxyEnds}, hole{}},
	{"haproxy", "3.0", end{"2029-06-30", haproxyEnds}, hole{"CVE-2026-110354", 30, chunkOfHAProxy}},
	{"haproxy", "3.1", end{"2026-03-31", haproxyEnds}, hole{}},
	{"haproxy", "3.2", end{"2030-06-30", haproxyEnds}, hole{"CVE-2026-110353", 26, pingOfHAProxy}},
	{"haproxy", "3.3", end{}, hole{"CVE-2026-110353", 17, pingOfHAProxy}},
	{"haproxy", "3.4", end{}, hole{"CVE-2026-110353", 6, pingOfHAProxy}},
}

// frozen is the operator's public image, which nobody repairs any more.
var frozen = regexp.MustCompile(`^quay\.io/spotahome/redis-operator[:@]`)

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
	if b.end.day != "" && day.Format(time.DateOnly) > b.end.day {
		return fmt.Sprintf("%s is of a branch that is not maintained since %s: %s", image, b.end.day, b.end.source)
	}
	// Without a patch the tag is of the newest when it was pulled.
	if patch, err := strconv.Atoi(found[3]); err == nil && patch < b.hole.repaired {
		return fmt.Sprintf("%s has %s, which %s.%d has not: %s", image, b.hole.name, b.version, b.hole.repaired, b.hole.source)
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
	return fmt.Sprintf("the list of %s has nothing against the %d that run%s", asOf, len(images), i.operatorNote()), nil
}

// operatorNote says that the operator's image is frozen. That fails no check: it is not the
// instance's, and who runs the instance may not be who runs the operator.
func (i *instance) operatorNote() string {
	at := slices.IndexFunc(i.operatorImages, frozen.MatchString)
	if at < 0 {
		return ""
	}
	return fmt.Sprintf("; the operator's %s is frozen and has known holes: %s says how to build one", i.operatorImages[at], version.Page("docs/operator.md"))
}
