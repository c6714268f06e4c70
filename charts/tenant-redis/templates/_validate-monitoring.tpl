{{/* Alerts that are left out, and the prober. */}}
{{- define "tenant-redis.validate.monitoring" -}}
{{- $monitoring := .Values.monitoring -}}
{{- $alerts := list -}}
{{- range $path, $_ := .Files.Glob "alerts/*.yaml" -}}
{{- $alerts = append $alerts (base $path | trimSuffix ".yaml") -}}
{{- end -}}
{{- $otherwise := printf "take it out; the alerts are %s" (join ", " $alerts) -}}
{{- $rules := list -}}
{{- range $monitoring.excludedAlerts -}}
{{- $rules = append $rules (dict
    "key" "monitoring.excludedAlerts"
    "wrong" (not (has . $alerts))
    "says" (printf "no alert is called %q" .)
    "fix" (include "tenant-redis.meant" (dict "word" . "names" $alerts "otherwise" $otherwise))) -}}
{{- end -}}
{{- $rules = concat $rules (list
  (dict
    "key" "monitoring.probe.prober"
    "wrong" (and $monitoring.probe.prober (not $monitoring.enabled))
    "says" (printf "%q is of no use while monitoring.enabled is false" $monitoring.probe.prober)
    "fix" "set monitoring.enabled to true, or monitoring.probe.prober to \"\"")
  (dict
    "key" "monitoring.probe.writes"
    "wrong" (and $monitoring.probe.writes (not $monitoring.enabled))
    "says" "true is of no use while monitoring.enabled is false"
    "fix" "set monitoring.enabled to true, or monitoring.probe.writes to false")) -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}
