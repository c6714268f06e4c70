package rules

import "fmt"

// checkMatched refuses a tenant file with a rule that was about nothing: it is
// misspelt, or the chart has changed under it.
func (e *engine) checkMatched(matched map[string]bool) error {
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

func (e *engine) checkAccess(matched map[string]bool) error {
	access := e.tenant.Spec.Access
	if access == nil {
		return nil
	}
	if err := e.mustMatch(matched, "spec.access", "no NetworkPolicy has a peer of another namespace that is not the platform's", access.Optional); err != nil {
		return err
	}
	for i, namespace := range e.tenant.Spec.Namespaces {
		if matched[connectionIn(namespace)] || access.Optional {
			continue
		}
		return e.tenant.Problem(fmt.Sprintf("spec.namespaces[%d]", i), namespace+" gets no connection ConfigMap",
			"allowed are namespaces that the chart makes one in", "add it to the chart's tenantNamespaces")
	}
	return nil
}

func (e *engine) mustMatch(matched map[string]bool, rule, wrong string, optional bool) error {
	if matched[rule] || optional {
		return nil
	}
	return e.tenant.Problem(rule, "matches nothing: "+wrong, "allowed are rules that the manifests need", "mend or remove it, or say optional: true")
}
