package batch

import (
	"errors"
	"fmt"
	"slices"
)

// collisions returns an error for each thing that two tenants claim.
func collisions(all []Tenant, claims func(Tenant) []string) error {
	owners := map[string]string{}
	var problems []error
	for _, t := range all {
		if t.File == nil {
			continue // It could not be read.
		}
		claimed := claims(t)
		slices.Sort(claimed)
		// A chart may render the same object twice for one tenant.
		for _, thing := range slices.Compact(claimed) {
			if owner, taken := owners[thing]; taken {
				problems = append(problems, fmt.Errorf("%s: %s is there already, of the tenant %s; each thing has one tenant", t.Name(), thing, owner))
				continue
			}
			owners[thing] = t.Name()
		}
	}
	return errors.Join(problems...)
}

// claims returns what a tenant has by its file: a name, a release and namespaces.
func (t Tenant) claims() []string {
	claimed := []string{"the tenant name " + t.Name(), "the release " + t.release() + " in " + t.File.Spec.Namespace}
	for _, namespace := range t.File.Spec.Namespaces {
		claimed = append(claimed, "the namespace "+namespace+", whose Pods would get in to both,")
	}
	return claimed
}

// objects returns what is rendered for the tenant.
func (t Tenant) objects() []string { return t.Result.Objects() }
