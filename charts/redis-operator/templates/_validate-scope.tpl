{{/* Which namespaces the operator serves, and what it refuses there. */}}
{{- define "redis-operator.validate.scope" -}}
{{- $v := .Values -}}
{{- $kubernetes := .Capabilities.KubeVersion.Version -}}
{{- include "redis-operator.mistakes" (list
  (dict
    "key" "watchedNamespaces"
    "is" (toJson $v.watchedNamespaces)
    "wrong" (and $v.watchedNamespaces (eq $v.flavour "spotahome-1.2"))
    "must" (printf "be empty with flavour %s, which cannot be limited to namespaces" $v.flavour)
    "fix" "set watchedNamespaces to [] or flavour to spotahome-1.3")
  (dict
    "key" "admission.requireProvenance"
    "is" true
    "wrong" (and $v.admission.requireProvenance (semverCompare "<1.30.0-0" $kubernetes))
    "must" (printf "be false on Kubernetes %s, which has no ValidatingAdmissionPolicy" $kubernetes)
    "fix" "set it to false, or use Kubernetes 1.30 or later")
  (dict
    "key" "admission.namespaces"
    "is" (toJson $v.admission.namespaces)
    "wrong" (and $v.admission.namespaces (not $v.admission.requireProvenance))
    "must" "be empty while admission.requireProvenance is false"
    "fix" "set requireProvenance to true, or namespaces to []")
) -}}
{{- end }}
