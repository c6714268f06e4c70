// Package runbook reads the runbooks of the alerts as what they are: commands
// for Bash, with variables to fill in. The drills run them as they stand.
package runbook

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// The sections of a runbook that have commands.
const (
	Diagnosis  = "Diagnosis"
	Mitigation = "Mitigation"
)

var (
	heading    = regexp.MustCompile(`(?m)^## (.+)\n`)
	block      = regexp.MustCompile("(?s)```sh\n(.*?)```")
	assignment = regexp.MustCompile(`^([A-Z]+)=(.*)$`)
	needed     = regexp.MustCompile(`\$\{([A-Z]+):\?`)
)

// Runbook is that of one alert.
type Runbook struct {
	name     string
	sections map[string][]string
}

// Read reads a runbook's file.
func Read(file string) (Runbook, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Runbook{}, err
	}
	r := Runbook{name: file, sections: map[string][]string{}}
	section, rest := "", string(text)
	for rest != "" {
		here, next := rest, ""
		found := heading.FindStringSubmatchIndex(rest)
		if found != nil {
			here, next = rest[:found[0]], rest[found[1]:]
		}
		for _, b := range block.FindAllStringSubmatch(here, -1) {
			r.sections[section] = append(r.sections[section], b[1])
		}
		if found != nil {
			section = rest[found[2]:found[3]]
		}
		rest = next
	}
	return r, nil
}

// Blocks is how many blocks of commands a section has.
func (r Runbook) Blocks(section string) int {
	return len(r.sections[section])
}

// Script is one block of a section, counted from 0, ready to run: each variable that
// the caller gives has its value, wherever the runbook sets it. What a reader pastes
// from the alert (${NAME:?}) must be given, and so must what it leaves empty for the
// reader to choose (POD= # the one that …); one that it does not ask for is a mistake.
func (r Runbook) Script(section string, n int, variables map[string]string) (string, error) {
	blocks := r.sections[section]
	if n >= len(blocks) {
		return "", fmt.Errorf("%s: %s has %d blocks of commands, not %d", r.name, section, len(blocks), n+1)
	}
	commands := strings.Join(r.sections[""], "") + blocks[n]
	var script strings.Builder
	var set []string
	for _, match := range needed.FindAllStringSubmatch(commands, -1) {
		name := match[1]
		if slices.Contains(set, name) || strings.Contains(commands, "\n"+name+"=") {
			continue
		}
		value, given := variables[name]
		if !given {
			return "", fmt.Errorf("%s: %s needs %s of the alert, which is not given", r.name, section, name)
		}
		set = append(set, name)
		script.WriteString(assign(name, value))
	}
	for line := range strings.Lines(commands) {
		match := assignment.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if match == nil {
			script.WriteString(line)
			continue
		}
		value, given := variables[match[1]]
		switch {
		case given:
			set = append(set, match[1])
			line = assign(match[1], value)
		case strings.HasPrefix(match[2], " # "):
			return "", fmt.Errorf("%s: %s asks to choose %s, which is not given", r.name, section, match[0])
		}
		script.WriteString(line)
	}
	for name := range variables {
		if !slices.Contains(set, name) {
			return "", fmt.Errorf("%s: %s does not ask for %s", r.name, section, name)
		}
	}
	return script.String(), nil
}

// assign is a line that sets a variable.
func assign(name, value string) string {
	return name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n"
}
