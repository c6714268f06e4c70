package rules

import (
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

const (
	role        = "rbac.authorization.k8s.io/Role"
	roleBinding = "rbac.authorization.k8s.io/RoleBinding"
)

// checkRights refuses rights to what is other tenants', and rights for others.
func (e *engine) checkRights(o *object) error {
	switch o.id {
	case role:
		return e.checkRole(o)
	case roleBinding:
		if err := e.checkRoleRef(o); err != nil {
			return err
		}
		return e.checkSubjects(o)
	}
	return nil
}

// checkRole refuses a Role in a namespace that other tenants may share, if one of
// its rules is about objects without naming them.
func (e *engine) checkRole(o *object) error {
	if !e.isShared(o.namespace) {
		return nil
	}
	rules, err := o.node.Find("rules[]")
	if err != nil {
		return err
	}
	for _, rule := range rules {
		named, err := namesObjects(rule)
		if err != nil {
			return err
		}
		if named {
			continue
		}
		if err := e.refuse(o, rule, "gives rights to all objects in %s, which other tenants may share; "+
			"name them in resourceNames, "+ownNamespace, o.namespace); err != nil {
			return err
		}
	}
	return nil
}

// namesObjects tells whether a rule is about objects that it names. An empty name is
// that of a request about all of them, such as to list them.
func namesObjects(rule manifest.Node) (bool, error) {
	names, err := texts(rule, "resourceNames[]")
	return len(names) > 0 && !slices.Contains(names, ""), err
}

// checkRoleRef refuses a binding of a ClusterRole in a namespace that other tenants
// may share.
func (e *engine) checkRoleRef(o *object) error {
	if !e.isShared(o.namespace) {
		return nil
	}
	references, err := o.node.Find("roleRef")
	if err != nil {
		return err
	}
	for _, reference := range references {
		if kind, err := reference.Value("kind"); err != nil {
			return err
		} else if kind == "Role" {
			return nil
		}
	}
	return e.refuse(o, o.node, "binds a ClusterRole in %s, which other tenants may share; bind a Role, "+ownNamespace, o.namespace)
}

// checkSubjects refuses a binding for what cannot be the tenant's: Pods of other
// namespaces, and the users and groups that Kubernetes itself has.
func (e *engine) checkSubjects(o *object) error {
	subjects, err := o.node.Find("subjects[]")
	if err != nil {
		return err
	}
	for _, subject := range subjects {
		isOwn, err := e.isOwnSubject(subject)
		if err != nil {
			return err
		}
		if isOwn {
			continue
		}
		if err := e.refuse(o, subject, "gives rights to somebody else; "+
			"allowed are users and groups without system: and service accounts of %s; change the chart's values", strings.Join(e.friends(), ", ")); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) isOwnSubject(subject manifest.Node) (bool, error) {
	kind, err := subject.Value("kind")
	if err != nil {
		return false, err
	}
	name, err := subject.Value("name")
	if err != nil {
		return false, err
	}
	namespace, err := subject.Value("namespace")
	if err != nil {
		return false, err
	}
	own, isOwn := strings.CutPrefix(name, "system:")
	switch {
	case kind == "ServiceAccount":
		return slices.Contains(e.friends(), namespace), nil
	case !isOwn:
		return true, nil
	}
	account, isAccount := strings.CutPrefix(own, "serviceaccount:")
	accounts, areAccounts := strings.CutPrefix(own, "serviceaccounts:")
	if isAccount {
		accounts, _, _ = strings.Cut(account, ":")
	}
	return (isAccount || areAccounts) && slices.Contains(e.friends(), accounts), nil
}

// friends are the namespaces of the tenant and of the platform.
func (e *engine) friends() []string {
	all := e.namespaces()
	if access := e.tenant.Spec.Access; access != nil {
		all = append(all, access.PlatformNamespaces...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
