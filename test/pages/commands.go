package pages

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	// local is what no other cluster and no other machine has.
	local = regexp.MustCompile(`tenant-redis\.local|:local\b|\blocalhost:5000\b|\bkind\.local\b|(^|[\s=])/(srv|work|tmp|home|root)/`)
	// file is a path in this repository.
	file = regexp.MustCompile(`(?:^|[\s="'(])((?:charts|examples|docs|scripts|plugin|ci|test|dashboards)/[\w./-]*[\w-])`)
	// inSingle is what the shell hands on as it stands, mostly to a shell in a Pod.
	inSingle = regexp.MustCompile(`'[^']*'`)
	comment  = regexp.MustCompile(`(?m)(^|\s)#.*$`)
	assigned = regexp.MustCompile(`(?m)(?:^|[\s;(])(?:export |local )?([A-Za-z_]\w*)=`)
	// named is a variable that a command sets: read, for.
	named = regexp.MustCompile(`\b(?:read(?: -\w+)*|for|export)((?: [A-Za-z_]\w*)+)`)
	used  = regexp.MustCompile(`(^|[^\\])\$(?:\{([A-Za-z_]\w*)(:[?=-])?|([A-Za-z_]\w*))`)
	// ours is the environment of everybody's shell.
	ours = []string{"HOME", "PWD", "PATH", "USER", "EDITOR"}
	// path is a post-renderer that Helm 3 alone takes.
	path = regexp.MustCompile(`--post-renderer[ =](\S*/\S*)`)
	// preset is the name of an instance that somebody would paste for that of their own.
	preset = regexp.MustCompile(`(?m)(?:^|[\s;])NAME=[a-z]`)
	// theirs is a command whose namespace is the examples', whatever the instance.
	theirs = regexp.MustCompile(`(?m)^.*(-n|--namespace)[ =](team-a|redis-system)\b.*\$\{?NAME\b`)
)

// Problems are why commands would not work for somebody who copies them, given the
// variables that earlier blocks of the page have set; those that this one sets are
// added.
func Problems(root, script string, set map[string]bool) []string {
	var problems []string
	for _, found := range local.FindAllString(script, -1) {
		problems = append(problems, fmt.Sprintf("%q is nowhere but here", strings.TrimSpace(found)))
	}
	for _, found := range file.FindAllStringSubmatch(script, -1) {
		if _, err := os.Stat(filepath.Join(root, found[1])); err != nil {
			problems = append(problems, "there is no "+found[1])
		}
	}
	if path.MatchString(script) && !strings.Contains(script, "Helm 3") {
		problems = append(problems, "--post-renderer with a path is Helm 3's: say so, and how Helm 4 does it")
	}
	if preset.MatchString(script) {
		problems = append(problems, "NAME is preset, so that the commands reach a wrong instance: write ${NAME:?of the instance}")
	}
	if theirs.MatchString(script) {
		problems = append(problems, "a namespace of the examples, with any NAME: write ${NAMESPACE:?} or ${TENANT:?}")
	}
	problems = append(problems, unset(script, set)...)
	shell := exec.CommandContext(context.Background(), "bash", "-n")
	shell.Stdin = strings.NewReader(script)
	if out, err := shell.CombinedOutput(); err != nil {
		problems = append(problems, strings.TrimSpace(string(out)))
	}
	return problems
}

// unset are the variables that nobody has set, as messages.
func unset(script string, set map[string]bool) []string {
	commands := comment.ReplaceAllString(inSingle.ReplaceAllString(script, ""), "")
	for _, found := range assigned.FindAllStringSubmatch(commands, -1) {
		set[found[1]] = true
	}
	for _, found := range named.FindAllStringSubmatch(commands, -1) {
		for _, name := range strings.Fields(found[1]) {
			set[name] = true
		}
	}
	var problems []string
	for _, found := range used.FindAllStringSubmatch(commands, -1) {
		name := found[2] + found[4]
		// ${NAME:?why} says itself what is missing.
		if found[3] == "" && !set[name] && !slices.Contains(ours, name) {
			problems = append(problems, "$"+name+" is set nowhere in this page")
			set[name] = true
		}
	}
	return problems
}
