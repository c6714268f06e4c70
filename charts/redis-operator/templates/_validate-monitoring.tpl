{{/* Alerts that are left out. */}}
{{- define "redis-operator.validate.monitoring" -}}
{{- $alerts := list -}}
{{- range $path, $_ := .Files.Glob "alerts/*.yaml" -}}
{{- $alerts = append $alerts (base $path | trimSuffix ".yaml") -}}
{{- end -}}
{{- $otherwise := printf "take it out; the alerts are %s" (join ", " $alerts) -}}
{{- $rules := list -}}
{{- range .Values.monitoring.excludedAlerts -}}
{{- $rules = append $rules (dict
    "key" "monitoring.excludedAlerts"
    "is" (quote .)
    "wrong" (not (has . $alerts))
    "must" "be the name of an alert"
    "fix" (include "redis-operator.meant" (dict "word" . "names" $alerts "otherwise" $otherwise))) -}}
{{- end -}}
{{- include "redis-operator.mistakes" $rules -}}
{{- end }}
