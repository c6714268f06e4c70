{{/* The instance's name. */}}
{{- define "tenant-redis.name" -}}
{{- .Values.name | default .Release.Name -}}
{{- end }}

{{- define "tenant-redis.labels" -}}
app.kubernetes.io/name: tenant-redis
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Namespaces of the tenant and of the release, as a JSON list, each once. */}}
{{- define "tenant-redis.namespaces" -}}
{{- append .Values.tenantNamespaces .Release.Namespace | uniq | sortAlpha | toJson -}}
{{- end }}

{{- define "tenant-redis.accessLabel" -}}
{{- .Values.access.label | default (printf "elastisys.io/redis-%s-access" (include "tenant-redis.name" .)) -}}
{{- end }}

{{/*
Labels that the operator gives to the Pods of one component of one instance: (dict "root" $
"component" "redis")
*/}}
{{- define "tenant-redis.selector" -}}
app.kubernetes.io/name: {{ include "tenant-redis.name" .root | quote }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: redis-failover
{{- end }}

{{/*
Pod Security "restricted", complete: a context given to the operator replaces its default, which
has no seccomp profile.
*/}}
{{- define "tenant-redis.podSecurityContext" -}}
runAsNonRoot: true
{{- with int .Values.runAsUser }}
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "tenant-redis.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/*
Lets the cluster autoscaler remove a node in spite of the Pod's emptyDir, whose name is given.
*/}}
{{- define "tenant-redis.evictable" -}}
cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes: {{ . }}
{{- end }}

{{/* Keeps the sidecars of service meshes out of a Pod: docs/architecture.md says why. */}}
{{- define "tenant-redis.meshless" -}}
sidecar.istio.io/inject: "false"
linkerd.io/inject: disabled
{{- end }}

{{/* Spread over zones as far as possible. */}}
{{- define "tenant-redis.zoneSpread" -}}
- topologyKey: topology.kubernetes.io/zone
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "tenant-redis.selector" . | nindent 6 }}
{{- end }}

{{- define "tenant-redis.exporter" -}}
enabled: true
image: {{ .Values.exporter.image | quote }}
imagePullPolicy: IfNotPresent
env:
  # Prometheus waits for 10 s, the exporter for 15 by default: of a Redis that hangs
  # it would not get to know more than that the exporter is silent, too.
  - {name: REDIS_EXPORTER_CONNECTION_TIMEOUT, value: 3s}
resources:
  requests:
    cpu: 10m
    memory: 64Mi
    {{- include "tenant-redis.diskRequest" 0 | nindent 4 }}
  limits:
    memory: 64Mi
    {{- include "tenant-redis.diskLimit" 0 | nindent 4 }}
containerSecurityContext:
  {{- include "tenant-redis.containerSecurityContext" . | nindent 2 }}
{{- end }}

{{/* What Redis and Sentinel Pods have in common, as fields of the RedisFailover. */}}
{{- define "tenant-redis.pod" -}}
image: {{ .Values.image | quote }}
imagePullPolicy: IfNotPresent
imagePullSecrets:
  {{- toYaml .Values.imagePullSecrets | nindent 2 }}
serviceAccountName: {{ include "tenant-redis.name" . | quote }}
nodeSelector:
  {{- toYaml .Values.placement.nodeSelector | nindent 2 }}
# A Pod stays bound to a node that is gone, until the node is back or its object
# is deleted: evicted, it would stay Terminating all that time, and then the
# operator, without which no Sentinel can join, repairs nothing at all.
tolerations:
  {{- range tuple "not-ready" "unreachable" }}
  - key: node.kubernetes.io/{{ . }}
    operator: Exists
    effect: NoExecute
  {{- end }}
  {{- with .Values.placement.tolerations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.placement.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- if include "tenant-redis.newFields" . }}
disablePodDisruptionBudget: true
{{- end }}
{{- end }}

{{/*
How to tell ready from not, a command that is given as a list. The operator asks for the first
time after 30 s; until then a new Pod counts as missing for budgets, drains and whoever waits
for it.
*/}}
{{- define "tenant-redis.ready" -}}
customReadinessProbe:
  exec:
    command:
      {{- toYaml . | nindent 6 }}
  initialDelaySeconds: 3
  periodSeconds: 10
  timeoutSeconds: 5
{{- end }}

{{/*
How to tell alive from dead, for the port that is given: who answers is alive, whatever it
says. RESET needs no password, while a PING would count as a login that is refused. Why it
is not the operator's own probe: docs/design/traps.md.
*/}}
{{- define "tenant-redis.alive" -}}
customLivenessProbe:
  exec:
    command:
      - /bin/sh
      - -c
      - answer=$(timeout 4 redis-cli -h 127.0.0.1 -p {{ . }} reset 2>&1); case $answer in "" | *"Could not connect"*) echo "no answer $answer"; exit 1 ;; esac
  initialDelaySeconds: 30
  periodSeconds: 30
  timeoutSeconds: 5
  failureThreshold: 3
{{- end }}

{{/*
Whether the operator has the fields that Spotahome's v1.3 has added, for probes and against
PodDisruptionBudgets of its own: not empty if so.
*/}}
{{- define "tenant-redis.newFields" -}}
{{- if ne .Values.flavour "spotahome-1.2" }}true{{ end -}}
{{- end }}
