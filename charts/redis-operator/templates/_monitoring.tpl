{{/* One alert, or nothing if it is excluded: (dict "root" $ "file" "the file's text") */}}
{{- define "redis-operator.alert" -}}
{{- $monitoring := .root.Values.monitoring -}}
{{- $cluster := dict -}}
{{- $matcher := "" -}}
{{- with $monitoring.cluster -}}
{{- $cluster = dict "cluster" . -}}
{{- $matcher = printf "cluster=%q," . -}}
{{- end -}}
{{- $text := .file | replace "<operator>" (printf "<cluster>namespace=%q,job=%q" .root.Release.Namespace "redis-operator") -}}
{{- $text = $text | replace "<cluster>" $matcher | replace "<namespace>" .root.Release.Namespace | replace "<replicas>" (toString .root.Values.replicas) -}}
{{- $text = $text | replace "<watched>" (.root.Values.watchedNamespaces | join "|" | default ".+") -}}
{{- $alert := fromYaml $text -}}
{{- if not (has $alert.alert $monitoring.excludedAlerts) -}}
{{- /* Two lines to paste before the runbook's commands. */ -}}
{{- $variables := printf "NAMESPACE=%s\nNAME=redis-operator\n" .root.Release.Namespace -}}
{{- $annotations := dict "runbook_url" (printf "%s/%s.md" $monitoring.runbooksURL $alert.alert) "runbook_variables" $variables -}}
{{- with $monitoring.dashboardURL -}}
{{- $_ := set $annotations "dashboard_url" . -}}
{{- end -}}
- {{ merge (dict "labels" (merge $cluster $alert.labels $monitoring.alertLabels) "annotations" (merge $alert.annotations $annotations)) $alert | toYaml | nindent 2 | trim }}
{{- end -}}
{{- end }}
