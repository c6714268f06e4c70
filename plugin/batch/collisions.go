package batch

import (
	"fmt"
	"slices"
)

// claims are what tenants have, and who has it first.
type claims map[string]string

// collisions returns an error for each thing that two tenants have: a name, a
// namespace of their own, or an object.
func collisions(tenants []Tenant) []error {
	owners := claims{}
	var problems []error
	for _, t := range tenants {
		claimed := []string{"the tenant name " + t.Name()}
		for _, namespace := range t.File.Spec.Namespaces {
			claimed = append(claimed, "the namespace "+namespace+", whose Pods would get in to both,")
		}
		// A chart may render the same object twice for one tenant.
		claimed = append(claimed, t.Result.Objects()...)
		slices.Sort(claimed)
		problems = append(problems, owners.claim(t.Name(), slices.Compact(claimed))...)
	}
	return problems
}

func (c claims) claim(tenant string, things []string) []error {
	var problems []error
	for _, thing := range things {
		if owner, taken := c[thing]; taken {
			problems = append(problems, fmt.Errorf("%s: %s is there already, of the tenant %s; each thing has one tenant", tenant, thing, owner))
			continue
		}
		c[thing] = tenant
	}
	return problems
}
