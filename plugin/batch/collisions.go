package batch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
)

// claims are what tenants have, and who has it first.
type claims map[string]string

// collisions returns an error for each thing that two tenants have: a name, a
// namespace of their own, an object, or the password of an instance.
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
		passwords, err := passwordsOf(t.Result)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", t.Name(), err))
		}
		claimed = append(claimed, passwords...)
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

// passwordsOf names the Secrets that hold the passwords of instances.
func passwordsOf(result rules.Result) ([]string, error) {
	var all []string
	for _, doc := range result.Documents {
		isFailover := func(object string) bool { return strings.HasPrefix(object, kinds.Failover+" ") }
		if !slices.ContainsFunc(doc.Objects, isFailover) {
			continue
		}
		rendered, err := manifest.Parse(manifest.Piece{Text: doc.After, Line: doc.Before.Line})
		if err != nil {
			return nil, err
		}
		objects, err := rendered.Objects()
		if err != nil {
			return nil, err
		}
		for _, object := range objects {
			password, err := passwordOf(object)
			if err != nil {
				return nil, err
			}
			all = append(all, password...)
		}
	}
	return all, nil
}

// passwordOf names the Secret of a RedisFailover, if it has one.
func passwordOf(failover manifest.Node) ([]string, error) {
	namespaces, err := failover.Find("metadata.namespace")
	if err != nil {
		return nil, err
	}
	secrets, err := failover.Find("spec.auth.secretPath")
	if err != nil || len(secrets) == 0 {
		return nil, err
	}
	namespace, err := namespaces[0].Text()
	if err != nil {
		return nil, err
	}
	secret, err := secrets[0].Text()
	return []string{"the password in the Secret " + namespace + "/" + secret}, err
}
