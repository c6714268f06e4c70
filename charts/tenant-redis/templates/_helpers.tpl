{{/* The instance's name. */}}
{{- define "redis.name" -}}
{{- $name := .Values.name | default .Release.Name -}}
{{- /* The schema holds it of a name that is set; a release's name may be longer and have dots. */ -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]{0,46}[a-z0-9])?$" $name) -}}
{{- fail (printf "name: %q, which comes from the release's name and has %d characters, must have 1 to 48 of a-z, 0-9 and -, begin with a letter and not end with -: set name to such a one" $name (len $name)) -}}
{{- end -}}
{{- $name -}}
{{- end }}

{{- define "redis.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Namespaces of the tenant and of the release, as a JSON list, each once. */}}
{{- define "redis.namespaces" -}}
{{- append .Values.tenantNamespaces .Release.Namespace | uniq | sortAlpha | toJson -}}
{{- end }}

{{- define "redis.accessLabel" -}}
{{- .Values.access.label | default (printf "elastisys.io/redis-%s-access" (include "redis.name" .)) -}}
{{- end }}

{{/* Labels that the operator gives to the Pods of one component of one instance: (dict "root" $ "component" "redis") */}}
{{- define "redis.selector" -}}
app.kubernetes.io/name: {{ include "redis.name" .root | quote }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: redis-failover
{{- end }}

{{/* Pod Security "restricted", complete: a context given to the operator replaces its default, which has no seccomp profile. */}}
{{- define "redis.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "redis.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Spread over zones as far as possible. */}}
{{- define "redis.zoneSpread" -}}
- topologyKey: topology.kubernetes.io/zone
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "redis.selector" . | nindent 6 }}
{{- end }}

{{- define "redis.exporter" -}}
enabled: true
image: {{ .Values.exporter.image | quote }}
imagePullPolicy: IfNotPresent
resources:
  requests: {cpu: 10m, memory: 64Mi}
  limits: {memory: 64Mi}
containerSecurityContext:
  {{- include "redis.containerSecurityContext" . | nindent 2 }}
{{- end }}

{{/* maxmemory in MiB: three quarters of the container's memory. */}}
{{- define "redis.maxmemory" -}}
{{- $memory := .Values.redis.memory -}}
{{- $mebibytes := trimSuffix "Mi" $memory -}}
{{- if hasSuffix "Gi" $memory -}}
{{- $mebibytes = mul (trimSuffix "Gi" $memory) 1024 -}}
{{- end -}}
{{- if lt (int $mebibytes) 64 -}}
{{- fail (printf "redis.memory: %s is less than 64Mi, which Redis needs for itself: set 64Mi or more" $memory) -}}
{{- end -}}
{{- div (mul $mebibytes 3) 4 -}}
{{- end }}
