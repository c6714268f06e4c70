// Package clients knows the example services of examples/clients: which library
// each stands for, how it is deployed, and what its library is known not to do.
package clients

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// Instance is the one that the examples' manifests are written for.
const Instance = "team-a-cache"

// Client is an example.
type Client struct {
	// Name is that of its folder, its Deployment and its Service, and tells the
	// library.
	Name string
	// Version is the library's, and Runtime what it is run with.
	Version, Runtime string
	// Program is the file to read.
	Program string
	// Every is whether every commit is tested with it on the cluster, and not
	// only a full run.
	Every bool
	// Longer is how much longer than promised its gaps may be: a limit of the
	// library, which docs/clients.md explains.
	Longer time.Duration
}

// All are the examples, in the order of the tables.
var All = []Client{
	{Name: "go-redis", Version: "9.23.0", Runtime: "Go 1.26", Program: "main.go", Every: true},
	{Name: "rueidis", Version: "1.0.79", Runtime: "Go 1.26", Program: "main.go"},
	// The Sentinel that leads a failover names it the old master for about a
	// second more. Settings that try its address four times took 4.2 s.
	{Name: "redis-py", Version: "4.3.4", Runtime: "Python 3.11", Program: "app.py", Every: true, Longer: 500 * time.Millisecond},
	{Name: "ioredis", Version: "6.0.0", Runtime: "Node.js 24", Program: "app.js", Every: true},
	// It asks the Sentinels for a new master once a second.
	{Name: "node-redis", Version: "6.3.1", Runtime: "Node.js 24", Program: "app.js", Every: true, Longer: time.Second},
	{Name: "redis-rb", Version: "4.8.0", Runtime: "Ruby 3.1", Program: "app.rb"},
	{Name: "predis", Version: "1.1.10", Runtime: "PHP 8.2", Program: "app.php"},
	{Name: "phpredis", Version: "5.3.7", Runtime: "PHP 8.2", Program: "app.php"},
	{Name: "redis-perl", Version: "2.000", Runtime: "Perl 5.36", Program: "app.pl"},
}

// IsGo is whether the example is to be compiled.
func (c Client) IsGo() bool { return strings.HasPrefix(c.Runtime, "Go ") }

// Folder is the example's, from the root of the repository.
func (c Client) Folder() string { return filepath.Join("examples/clients", c.Name) }

// Manifest is what the example is deployed with, for an instance.
func (c Client) Manifest(root, instance string) (appsv1.Deployment, corev1.Service, error) {
	var (
		deployment appsv1.Deployment
		service    corev1.Service
	)
	file := filepath.Join(root, c.Folder(), "deployment.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return deployment, service, err
	}
	text = bytes.ReplaceAll(text, []byte(Instance), []byte(instance))
	one, other, found := bytes.Cut(text, []byte("\n---\n"))
	if !found {
		return deployment, service, fmt.Errorf("%s: must have a Deployment and a Service", file)
	}
	if err := yaml.UnmarshalStrict(one, &deployment); err != nil {
		return deployment, service, fmt.Errorf("%s: %w", file, err)
	}
	if err := yaml.UnmarshalStrict(other, &service); err != nil {
		return deployment, service, fmt.Errorf("%s: %w", file, err)
	}
	return deployment, service, nil
}

// Replace puts text between a mark and the next end of a Markdown file.
func Replace(file, mark, text string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin := "<!-- " + mark + " -->\n"
	before, rest, found := strings.Cut(string(content), begin)
	_, after, ends := strings.Cut(rest, "<!-- end -->")
	if !found || !ends {
		return fmt.Errorf("%s: must have <!-- %s --> and, below it, <!-- end -->", file, mark)
	}
	return os.WriteFile(file, []byte(before+begin+text+"<!-- end -->"+after), 0o644)
}
