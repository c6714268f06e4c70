// Package clients knows the example services of examples/clients: which library
// each stands for, how to run it and what its library can do.
package clients

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Folder is where the examples are, from the root of the repository.
const Folder = "examples/clients"

// Client is an example.
type Client struct {
	// Name is that of its folder and of the library.
	Name string
	// Version is the library's, and Runtime what it was run with.
	Version, Runtime string
	// Every is whether every commit is tested with it, and not only a full run.
	Every bool
	// command runs it in its folder; a Go program is its own command.
	command []string
}

// All are the examples, in the order of the tables.
var All = []Client{
	{Name: "go-redis", Version: "9.23.0", Runtime: "Go 1.26", Every: true},
	{Name: "rueidis", Version: "1.0.79", Runtime: "Go 1.26", Every: true},
	{Name: "redis-py", Version: "4.3.4", Runtime: "Python 3.11", Every: true, command: []string{"python3", "app.py"}},
	{Name: "ioredis", Version: "6.0.0", Runtime: "Node.js 24", Every: true, command: []string{"node", "app.js"}},
	{Name: "node-redis", Version: "6.3.1", Runtime: "Node.js 24", Every: true, command: []string{"node", "app.js"}},
	{Name: "redis-rb", Version: "4.8.0", Runtime: "Ruby 3.1", command: []string{"ruby", "app.rb"}},
	{Name: "predis", Version: "1.1.10", Runtime: "PHP 8.2", command: []string{"php", "-S", "0.0.0.0:$(PORT)", "app.php"}},
	{Name: "phpredis", Version: "5.3.7", Runtime: "PHP 8.2", command: []string{"php", "-S", "0.0.0.0:$(PORT)", "app.php"}},
	{Name: "redis-perl", Version: "2.000", Runtime: "Perl 5.36", command: []string{"perl", "app.pl"}},
}

// IsGo is whether the example is to be compiled.
func (c Client) IsGo() bool { return c.command == nil }

// Path is that of a file of the example, from the root of the repository.
func (c Client) Path(name string) string { return filepath.Join(Folder, c.Name, name) }

// Command is how to run it in its folder, with the values of the variables that
// Kubernetes would fill in; program is what a Go example was compiled to.
func (c Client) Command(program string, variables map[string]string) []string {
	if c.IsGo() {
		return []string{program}
	}
	var command []string
	for _, word := range c.command {
		for name, value := range variables {
			word = strings.ReplaceAll(word, fmt.Sprintf("$(%s)", name), value)
		}
		command = append(command, word)
	}
	return command
}
