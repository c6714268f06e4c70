{{/* One alert, or nothing if it is excluded: (dict "root" $ "file" "the file's text") */}}
{{- define "redis-operator.alert" -}}
{{- $monitoring := .root.Values.monitoring -}}
{{- $text := .file | replace "<operator>" (printf "namespace=%q,job=%q" .root.Release.Namespace "redis-operator") -}}
{{- $text = $text | replace "<namespace>" .root.Release.Namespace | replace "<replicas>" (toString .root.Values.replicas) -}}
{{- $text = $text | replace "<watched>" (.root.Values.watchedNamespaces | join "|" | default ".+") -}}
{{- $alert := fromYaml $text -}}
{{- if not (has $alert.alert $monitoring.excludedAlerts) -}}
{{- $annotations := dict "runbook_url" (printf "%s/%s.md" $monitoring.runbooksURL $alert.alert) -}}
{{- with $monitoring.dashboardURL -}}
{{- $_ := set $annotations "dashboard_url" . -}}
{{- end -}}
- {{ merge (dict "labels" (merge $alert.labels $monitoring.alertLabels) "annotations" (merge $alert.annotations $annotations)) $alert | toYaml | nindent 2 | trim }}
{{- end -}}
{{- end }}
