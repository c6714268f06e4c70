{{/* The label of the cluster, where one Prometheus has several. */}}
{{- define "redis-operator.ruleCluster" -}}
{{- with .Values.monitoring.cluster -}}
{{- dict "cluster" . | toJson -}}
{{- else -}}
{}
{{- end -}}
{{- end }}

{{/*
The file of a rule with its <placeholders> filled in, as JSON: (dict "root" $ "file" "its text")
*/}}
{{- define "redis-operator.rule" -}}
{{- $matcher := "" -}}
{{- with .root.Values.monitoring.cluster -}}
{{- $matcher = printf "cluster=%q," . -}}
{{- end -}}
{{- $text := .file | replace "<operator>" (printf "<cluster>namespace=%q,job=%q" .root.Release.Namespace "redis-operator") -}}
{{- $text = $text | replace "<cluster>" $matcher | replace "<namespace>" .root.Release.Namespace | replace "<replicas>" (toString .root.Values.replicas) -}}
{{- $text = $text | replace "<watched>" (.root.Values.watchedNamespaces | join "|" | default ".+") -}}
{{- fromYaml $text | toJson -}}
{{- end }}

{{/* One recording rule, which is of this release: (dict "root" $ "file" "the file's text") */}}
{{- define "redis-operator.record" -}}
{{- $labels := merge (dict "namespace" .root.Release.Namespace) (include "redis-operator.ruleCluster" .root | fromJson) -}}
- {{ merge (dict "labels" $labels) (include "redis-operator.rule" . | fromJson) | toYaml | nindent 2 | trim }}
{{- end }}

{{/* One alert, or nothing if it is excluded: (dict "root" $ "file" "the file's text") */}}
{{- define "redis-operator.alert" -}}
{{- $monitoring := .root.Values.monitoring -}}
{{- $alert := include "redis-operator.rule" . | fromJson -}}
{{- if not (has $alert.alert $monitoring.excludedAlerts) -}}
{{- /* Two lines to paste before the runbook's commands. */ -}}
{{- $variables := printf "NAMESPACE=%s\nNAME=redis-operator\n" .root.Release.Namespace -}}
{{- $annotations := dict "runbook_url" (printf "%s/%s.md" $monitoring.runbooksURL $alert.alert) "runbook_variables" $variables -}}
{{- with $monitoring.dashboardURL -}}
{{- $_ := set $annotations "dashboard_url" . -}}
{{- end -}}
- {{ merge (dict "labels" (merge (include "redis-operator.ruleCluster" .root | fromJson) $alert.labels $monitoring.alertLabels) "annotations" (merge $alert.annotations $annotations)) $alert | toYaml | nindent 2 | trim }}
{{- end -}}
{{- end }}
