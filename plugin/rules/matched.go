package rules

import "fmt"

// match is something that the tenant file asks for and that was there: what a rule is
// about, by the rule's key, or the ConfigMap about the connection in a namespace.
type match struct{ rule, connection string }

// matches are those of a stream.
type matches map[match]bool

func (m matches) noteRule(key string)             { m[match{rule: key}] = true }
func (m matches) noteConnection(namespace string) { m[match{connection: namespace}] = true }

// checkMatched refuses a tenant file with a rule that was about nothing: it is
// misspelt, or the chart has changed under it.
func (e *engine) checkMatched(matched matches) error {
	spec := e.tenant.Spec
	for i, m := range spec.Images {
		if err := e.mustMatch(matched, imageRule(i), "no image comes from "+m.From, m.Optional); err != nil {
			return err
		}
	}
	for i, sidecar := range spec.Sidecars {
		if err := e.mustMatch(matched, sidecarRule(i), "no object is its target", sidecar.Optional); err != nil {
			return err
		}
	}
	for i, patch := range spec.Patches {
		if err := e.mustMatch(matched, patchRule(i), "no object is its target", patch.Optional); err != nil {
			return err
		}
	}
	if spec.Resources != nil {
		if err := e.mustMatch(matched, "spec.resources", "there is no container", spec.Resources.Optional); err != nil {
			return err
		}
	}
	if spec.Placement != nil {
		if err := e.mustMatch(matched, "spec.placement", "there is no Pod", spec.Placement.Optional); err != nil {
			return err
		}
	}
	if spec.Alerts != nil {
		if err := e.mustMatch(matched, "spec.alerts", "there is no alert in a PrometheusRule", spec.Alerts.Optional); err != nil {
			return err
		}
	}
	return e.checkAccess(matched)
}

func (e *engine) checkAccess(matched matches) error {
	access := e.tenant.Spec.Access
	if access == nil {
		return nil
	}
	if err := e.mustMatch(matched, "spec.access", "no NetworkPolicy has a peer of another namespace that is not the platform's", access.Optional); err != nil {
		return err
	}
	for i, namespace := range e.tenant.Spec.Namespaces {
		if matched[match{connection: namespace}] || access.Optional {
			continue
		}
		return e.tenant.Problem(fmt.Sprintf("spec.namespaces[%d]", i), namespace+" gets no connection ConfigMap",
			"allowed are namespaces that the chart makes one in", "add it to the chart's tenantNamespaces")
	}
	return nil
}

func (e *engine) mustMatch(matched matches, rule, wrong string, optional bool) error {
	if matched[match{rule: rule}] || optional {
		return nil
	}
	return e.tenant.Problem(rule, "matches nothing: "+wrong, "allowed are rules that the manifests need", "mend or remove it, or say optional: true")
}
