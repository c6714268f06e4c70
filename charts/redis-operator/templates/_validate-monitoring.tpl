{{/* Alerts that are left out. */}}
{{- define "redis-operator.validate.monitoring" -}}
{{- $alerts := list -}}
{{- range $path, $_ := .Files.Glob "alerts/*.yaml" -}}
{{- $alerts = append $alerts (base $path | trimSuffix ".yaml") -}}
{{- end -}}
{{- $rules := list -}}
{{- range .Values.monitoring.excludedAlerts -}}
{{- $rules = append $rules (dict
    "key" "monitoring.excludedAlerts"
    "is" (quote .)
    "wrong" (not (has . $alerts))
    "must" (printf "be one of %s" (join ", " $alerts))
    "fix" (include "redis-operator.meant" (dict "word" . "names" $alerts "otherwise" "take it out"))) -}}
{{- end -}}
{{- include "redis-operator.mistakes" $rules -}}
{{- end }}
