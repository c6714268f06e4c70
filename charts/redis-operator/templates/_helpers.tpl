{{/* What tells this release's pods from any other pod. Never changes, since selectors cannot. */}}
{{- define "redis-operator.selectorLabels" -}}
app.kubernetes.io/name: redis-operator
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "redis-operator.labels" -}}
{{ include "redis-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ include "redis-operator.version" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Name of what has no namespace: several operators may each serve namespaces of their own. */}}
{{- define "redis-operator.clusterName" -}}
redis-operator-{{ .Release.Namespace }}
{{- end }}

{{/* Version of the operator that the flavour stands for; upstream tags its image alike. */}}
{{- define "redis-operator.version" -}}
{{ get (dict "spotahome-1.3" "v1.3.0-rc1" "spotahome-1.2" "v1.2.4" "freshworks" "v3.3.5") .Values.flavour }}
{{- end }}

{{/* Name of the lock that the Pods hold: the fork has one for each group. */}}
{{- define "redis-operator.lock" -}}
redis-failover-lease{{ with .Values.group }}-{{ . }}{{ end }}
{{- end }}

{{/*
What the operator does in a namespace with RedisFailovers, call by call. All
flavours make the same calls.
*/}}
{{- define "redis-operator.rules" -}}
# Passwords that RedisFailovers name in auth.secretPath.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# redis.conf, sentinel.conf and scripts.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, create, update]
# Services; the exporter's is deleted once the exporter is switched off.
- apiGroups: [""]
  resources: [services]
  verbs: [get, create, update, delete]
# Addresses and revisions of pods, the role label (patch), and the rolling
# update, which deletes one pod at a time.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, patch, delete]
# Growing the volumes of a Redis with persistent storage.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [list, update]
# Sentinel is a Deployment, Redis a StatefulSet.
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, create, update]
# One budget for Redis, one for Sentinel.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, create, update]
# Owner references that block deletion, where the admission plugin
# OwnerReferencesPermissionEnforcement is on.
- apiGroups: [databases.spotahome.com]
  resources: [redisfailovers/finalizers]
  verbs: [update]
{{- end }}
