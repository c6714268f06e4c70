package tenant

import (
	"fmt"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/internal/printable"
)

// Problem is one thing that is wrong with a tenant file.
type Problem struct {
	// File is the file's name as it was given.
	File string
	// Line and Column are counted from 1, the column in characters.
	Line, Column int
	// Key is the path of the key, such as "spec.images[0].from".
	Key string
	// Wrong says what is wrong, Allowed what is allowed there, and Fix what
	// to do.
	Wrong, Allowed, Fix string
}

// String returns the problem as one line.
func (p Problem) String() string {
	return printable.Text(fmt.Sprintf("%s:%d:%d: %s: %s; %s; %s", p.File, p.Line, p.Column, p.Key, p.Wrong, p.Allowed, p.Fix))
}

// Problems is the error of a tenant file that cannot be used. It holds at
// least one problem.
type Problems []Problem

// Error returns the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}
