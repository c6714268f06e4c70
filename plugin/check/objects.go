package check

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// ignoreReplicas is the annotation that waives the minimum of replicas.
const ignoreReplicas = "elastisys.io/ignore-minimum-replicas"

func (w *world) checkService(object *unstructured.Unstructured, id string) {
	kind, _, _ := unstructured.NestedString(object.Object, "spec", "type")
	if kind == string(corev1.ServiceTypeLoadBalancer) {
		w.report("load-balancer-service", Deny, id, "spec.type", "LoadBalancer is refused: use ClusterIP")
	}
}

func (w *world) checkReplicas(made workload) {
	if _, waived := made.annotations[ignoreReplicas]; made.kind == "Deployment" && made.replicas < 2 && !waived {
		w.report("minimum-replicas", Warn, made.id, made.replicasField, fmt.Sprintf("%d is less than 2: set 2 or more", made.replicas))
	}
}

func (w *world) checkController(made workload) {
	if made.kind == "Pod" && !made.owned {
		w.report("pod-without-controller", Note, made.id, "metadata.ownerReferences", "nothing makes this Pod again: use a Job or a Deployment")
	}
}

func (w *world) checkPolicies(made workload) {
	mine := slices.DeleteFunc(slices.Clone(w.policies), func(s selector) bool { return !s.selects(made) })
	if slices.ContainsFunc(mine, func(s selector) bool { return s.position < made.position }) {
		return
	}
	message := "no NetworkPolicy selects its Pods: add one before it"
	if len(mine) > 0 {
		message = "the NetworkPolicy that selects its Pods comes after it: move it before"
	}
	w.report("network-policy", Warn, made.id, made.specField, message)
}

// checkBudget refuses what no replicas could meet.
func (w *world) checkBudget(b budget) {
	if b.spec.MaxUnavailable == nil {
		return
	}
	if value := b.spec.MaxUnavailable.String(); value == "0" || value == "0%" {
		w.report("disruption-budget", Deny, b.id, "spec.maxUnavailable", value+" blocks every drain: set 1 or more")
	}
}

// checkBudgets reports the budget and the workload: each is refused where the
// other is there already.
func (w *world) checkBudgets(made workload) {
	if !slices.Contains([]string{"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"}, made.kind) {
		return
	}
	for _, b := range w.budgets {
		if b.spec.MinAvailable == nil || !b.selects(made) {
			continue
		}
		least, err := intstr.GetScaledValueFromIntOrPercent(b.spec.MinAvailable, made.replicas, true)
		if err != nil {
			w.report("readable", Deny, b.id, "spec.minAvailable", err.Error())
			continue
		}
		if least < made.replicas {
			continue
		}
		w.report("disruption-budget", Deny, b.id, "spec.minAvailable",
			fmt.Sprintf("%s of %d replicas of %s blocks every drain: set less, or more replicas", b.spec.MinAvailable.String(), made.replicas, made.id))
		w.report("disruption-budget", Deny, made.id, made.replicasField,
			fmt.Sprintf("%d is not more than minAvailable %s of %s: set more replicas", made.replicas, b.spec.MinAvailable.String(), b.id))
	}
}
