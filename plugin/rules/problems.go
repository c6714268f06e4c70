package rules

import (
	"errors"
	"fmt"
)

// maxProblems is how many objects an error names: who has ten of an unknown kind need
// not be told ten times.
const maxProblems = 20

// problems are what is wrong with some objects.
type problems []error

// add adds an error, and each of several.
func (p *problems) add(err error) {
	var several problems
	switch {
	case errors.As(err, &several):
		*p = append(*p, several...)
	case err != nil:
		*p = append(*p, err)
	}
}

// err returns nil if there are none, and one as it is.
func (p problems) err() error {
	switch len(p) {
	case 0:
		return nil
	case 1:
		return p[0]
	default:
		return p
	}
}

// Error tells the first of them.
func (p problems) Error() string { return errors.Join(p.Unwrap()...).Error() }

// Unwrap returns the first of them.
func (p problems) Unwrap() []error {
	if len(p) <= maxProblems {
		return p
	}
	return append(p[:maxProblems:maxProblems], fmt.Errorf("and %d objects more", len(p)-maxProblems))
}

// Refusals returns those of an error's problems that an exception of the tenant file
// would lift.
func Refusals(err error) []*Refusal {
	var all problems
	all.add(err)
	var refusals []*Refusal
	for _, problem := range all {
		var refusal *Refusal
		if errors.As(problem, &refusal) {
			refusals = append(refusals, refusal)
		}
	}
	return refusals
}
