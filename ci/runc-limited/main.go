// Command runc-limited is runc for hosts that lack CAP_SYS_RESOURCE, such as
// nested virtual machines and hardened runners: there, Docker's privileged
// containers ask runc for a capability that the kernel cannot grant, and
// fail. It takes that one capability out of what is asked for and becomes
// runc.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

const missing = "CAP_SYS_RESOURCE"

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "runc-limited:", err)
		os.Exit(1)
	}
}

// run edits the specification that args name and replaces this process by
// runc; it returns only on an error.
func run(args []string) error {
	if path := specPath(args); path != "" {
		if err := dropCapability(path); err != nil {
			return fmt.Errorf("taking %s out of %s: %w", missing, path, err)
		}
	}
	runc, err := exec.LookPath("runc")
	if err != nil {
		return err
	}
	return syscall.Exec(runc, append([]string{runc}, args[1:]...), os.Environ())
}

// specPath returns the file that holds the capabilities of what args start: a
// bundle's configuration for "create" and "run", a process file for "exec",
// and "" for any other command.
func specPath(args []string) string {
	switch {
	case slices.Contains(args, "create"), slices.Contains(args, "run"):
		if bundle := value(args, "--bundle", "-b"); bundle != "" {
			return filepath.Join(bundle, "config.json")
		}
		return "config.json"
	case slices.Contains(args, "exec"):
		return value(args, "--process", "-p")
	}
	return ""
}

func value(args []string, names ...string) string {
	for i, arg := range args[:len(args)-1] {
		if slices.Contains(names, arg) {
			return args[i+1]
		}
	}
	return ""
}

// dropCapability takes the missing capability out of every set in the OCI
// configuration or process file at path.
func dropCapability(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	edited, err := withoutCapability(raw)
	if err != nil {
		return err
	}
	return os.WriteFile(path, edited, 0o600)
}

func withoutCapability(raw []byte) ([]byte, error) {
	var spec map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // limits do not fit into a float64
	if err := decoder.Decode(&spec); err != nil {
		return nil, err
	}
	process, ok := spec["process"].(map[string]any)
	if !ok {
		process = spec
	}
	sets, _ := process["capabilities"].(map[string]any)
	for name, set := range sets {
		if list, ok := set.([]any); ok {
			sets[name] = slices.DeleteFunc(list, func(c any) bool { return c == missing })
		}
	}
	return json.Marshal(spec)
}
