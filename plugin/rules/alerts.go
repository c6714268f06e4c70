package rules

import (
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

// labelAlerts sets the tenant's labels and annotations on alerts.
func (e *engine) labelAlerts(o *object) error {
	alerts := e.tenant.Spec.Alerts
	if alerts == nil || o.id != "monitoring.coreos.com/PrometheusRule" {
		return nil
	}
	rules, err := o.node.Find("spec.groups[].rules[]")
	if err != nil {
		return err
	}
	for _, rule := range rules {
		if names, err := rule.Find("alert"); err != nil {
			return err
		} else if len(names) == 0 {
			continue
		}
		o.matched.noteRule("spec.alerts")
		if err := e.mergeEach(rule, "labels", alerts.Labels, "spec.alerts.labels."); err != nil {
			return err
		}
		if err := e.mergeEach(rule, "annotations", alerts.Annotations, "spec.alerts.annotations."); err != nil {
			return err
		}
	}
	return nil
}

// mergeEach sets entries below one key of a place; rule is the tenant file's
// key of them all.
func (e *engine) mergeEach(place manifest.Node, key string, entries map[string]string, rule string) error {
	for name, value := range ordered(entries) {
		if err := place.Merge(manifest.Fields{key: manifest.Fields{name: value}}, e.cause(rule+name)); err != nil {
			return err
		}
	}
	return nil
}
