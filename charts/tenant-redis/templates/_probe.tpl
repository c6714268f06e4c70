{{/* The Pod that writes as the tenant does: of its Deployment, PodMonitor and policy. */}}
{{- define "tenant-redis.probe.name" -}}
{{- include "tenant-redis.name" . }}-probe
{{- end }}

{{/* Labels of its Pod. They have no part in what the operator selects. */}}
{{- define "tenant-redis.probe.selector" -}}
app.kubernetes.io/name: {{ include "tenant-redis.name" . | quote }}
app.kubernetes.io/component: probe
app.kubernetes.io/part-of: tenant-redis
{{- end }}

{{/* Whether it runs: not empty if so. A new instance that copies another takes no writes. */}}
{{- define "tenant-redis.probe.writes" -}}
{{- if and .Values.monitoring.enabled .Values.monitoring.probe.writes (not .Values.migrateFrom) -}}true{{- end -}}
{{- end }}

{{/* The Secret with what the tenant logs in with. */}}
{{- define "tenant-redis.probe.secret" -}}
{{- with .Values.auth.existingSecret -}}
secretName: {{ . | quote }}
items: [{key: {{ $.Values.auth.tenantUser | empty | ternary "password" "tenant-password" }}, path: REDIS_PASSWORD}]
{{- else -}}
secretName: {{ include "tenant-redis.name" . | quote }}
{{- end -}}
{{- end }}
