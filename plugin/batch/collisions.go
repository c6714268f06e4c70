package batch

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
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

// objects returns what is rendered for the tenant, and the passwords that it uses.
func (t Tenant) objects() []string { return slices.Concat(t.Result.Objects(), t.passwords) }

// passwordsOf names the Secrets that hold the passwords of instances.
func passwordsOf(result rules.Result) ([]string, error) {
	var all []string
	for _, doc := range result.Documents {
		isFailover := func(object string) bool { return strings.HasPrefix(object, kinds.Failover+" ") }
		if !slices.ContainsFunc(doc.Objects, isFailover) {
			continue
		}
		rendered, err := manifest.Parse(doc.Before.With(doc.After))
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
