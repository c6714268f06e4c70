{{/*
Labels that tell the series of one component of one instance from all others: (dict "root" $
"component" "redis"). The alerts rest on them.
*/}}
{{- define "tenant-redis.relabelings" -}}
# A Pod whose container cannot start has an address, but is missing all the same.
- action: keep
  sourceLabels: [__meta_kubernetes_pod_phase]
  regex: Running
# Of several shards each has all of them, since it evaluates alerts that compare
# them. Older versions of the Prometheus Operator do not know of this.
- targetLabel: __tmp_disable_sharding
  replacement: "true"
- targetLabel: tenant_redis
  replacement: {{ include "tenant-redis.name" .root | quote }}
- targetLabel: component
  replacement: {{ .component }}
# Sentinel and replicas name a master by its address.
- sourceLabels: [__meta_kubernetes_pod_ip]
  targetLabel: pod_ip
{{- end }}

{{/* What the <placeholders> of the rules stand for. */}}
{{- define "tenant-redis.ruleFigures" -}}
{{- $name := include "tenant-redis.name" . -}}
{{- $cluster := "" -}}
{{- with .Values.monitoring.cluster -}}
{{- $cluster = printf "cluster=%q," . -}}
{{- end -}}
instance: {{ printf "%snamespace=%q,tenant_redis=%q" $cluster .Release.Namespace $name | quote }}
cluster: {{ $cluster | quote }}
namespace: {{ .Release.Namespace | quote }}
name: {{ $name | quote }}
redis: {{ .Values.redis.replicas | int64 | quote }}
replicas: {{ sub .Values.redis.replicas 1 | int64 | quote }}
proxies: {{ .Values.proxy.replicas | int64 | quote }}
# Until it serves it has none.
sentinels: {{ empty .Values.migrateFrom | ternary (int64 .Values.sentinel.replicas) 0 | quote }}
pods: {{ add .Values.redis.replicas .Values.sentinel.replicas | int64 | quote }}
clientsMebibytes: {{ include "tenant-redis.memory" . | fromJson | dig "clients" 0 | int64 | quote }}
mebibytes: {{ include "tenant-redis.resources" . | fromJson | dig "memory" "" | include "tenant-redis.mebibytes" | quote }}
quorum: {{ add1 (div .Values.sentinel.replicas 2) | int64 | quote }}
downAfter: {{ .Values.sentinel.downAfterMilliseconds | int64 | quote }}
failoverTimeout: {{ .Values.sentinel.failoverTimeoutMilliseconds | int64 | quote }}
{{- range $key, $value := .Values.monitoring.thresholds }}
{{ $key }}: {{ $value | int64 | quote }}
{{- end }}
{{- end }}

{{/*
The file of a rule with its <placeholders> filled in, as JSON: (dict "root" $ "file" "its text")
*/}}
{{- define "tenant-redis.rule" -}}
{{- $text := .file -}}
{{- range $key, $figure := include "tenant-redis.ruleFigures" .root | fromYaml -}}
{{- $text = replace (printf "<%s>" $key) $figure $text -}}
{{- end -}}
{{- fromYaml $text | toJson -}}
{{- end }}

{{/* The labels of all that rules make. */}}
{{- define "tenant-redis.ruleLabels" -}}
{{- $labels := dict "namespace" .Release.Namespace "tenant_redis" (include "tenant-redis.name" .) -}}
{{- with .Values.monitoring.cluster -}}
{{- $_ := set $labels "cluster" . -}}
{{- end -}}
{{- toJson $labels -}}
{{- end }}

{{/* By what the service level is counted, as "level" of a rule says: writes, a prober, or none. */}}
{{- define "tenant-redis.level" -}}
{{- if include "tenant-redis.probe.writes" . -}}writes
{{- else if .Values.monitoring.probe.prober -}}prober
{{- else -}}none
{{- end -}}
{{- end }}

{{/*
One recording rule, or nothing if it is of a service level that is not counted so, or of the
other group: (dict "root" $ "file" "the file's text" "seldom" WHETHER-OF-THE-SECOND)
*/}}
{{- define "tenant-redis.record" -}}
{{- $record := include "tenant-redis.rule" . | fromJson -}}
{{- $counted := or (not $record.level) (has (include "tenant-redis.level" .root) $record.level) -}}
{{- if and $counted (eq .seldom (default false $record.seldom)) -}}
- {{ omit (merge (dict "labels" (include "tenant-redis.ruleLabels" .root | fromJson)) $record) "level" "seldom" | toYaml | nindent 2 | trim }}
{{- end -}}
{{- end }}

{{/*
One alert, or nothing if this instance has no use for it, as for one of a serving instance while
it copies another Redis: (dict "root" $ "file" "the file's text")
*/}}
{{- define "tenant-redis.alert" -}}
{{- $values := .root.Values -}}
{{- $alert := include "tenant-redis.rule" . | fromJson -}}
{{- $unused := or
  (and $alert.purpose (ne $alert.purpose $values.purpose))
  (and $alert.probe (not $values.monitoring.probe.prober))
  (and $alert.level (not (has (include "tenant-redis.level" .root) $alert.level)))
  (and $alert.proxy (not $values.proxy.enabled))
  (and $alert.tls (not $values.proxy.tls.existingSecret))
  (and $alert.serving $values.migrateFrom) -}}
{{- if not (or $unused (has $alert.alert $values.monitoring.excludedAlerts)) -}}
{{- /* Two lines to paste before the runbook's commands. */ -}}
{{- $variables := printf "NAMESPACE=%s\nNAME=%s\n" .root.Release.Namespace (include "tenant-redis.name" .root) -}}
{{- $annotations := dict "runbook_url" (printf "%s/%s.md" $values.monitoring.runbooksURL $alert.alert) "runbook_variables" $variables -}}
{{- with $values.monitoring.dashboardURL -}}
{{- $cluster := empty $values.monitoring.cluster | ternary "" (printf "&var-cluster=%s" $values.monitoring.cluster) -}}
{{- $_ := set $annotations "dashboard_url" (printf "%s?var-namespace=%s&var-instance=%s%s" . $.root.Release.Namespace (include "tenant-redis.name" $.root) $cluster) -}}
{{- end -}}
{{- $labels := merge (include "tenant-redis.ruleLabels" .root | fromJson) $alert.labels $values.monitoring.alertLabels -}}
- {{ omit (merge (dict "labels" $labels "annotations" (merge $alert.annotations $annotations)) $alert) "level" "purpose" "probe" "proxy" "serving" "tls" | toYaml | nindent 2 | trim }}
{{- end -}}
{{- end }}
