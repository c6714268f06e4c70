{{/* Memory and CPU of Redis: set with size own, and with no other. */}}
{{- define "tenant-redis.validate.size" -}}
{{- $v := .Values -}}
{{- $own := eq $v.size "own" -}}
{{- $resources := include "tenant-redis.resources" . | fromJson -}}
{{- $rules := list -}}
{{- range $key, $quantity := dict
  "memory" (dict
    "pattern" "^[1-9][0-9]*(Mi|Gi)$"
    "range" "128Mi or more in whole Mi or Gi, such as 2Gi")
  "cpu" (dict
    "pattern" "^([1-9][0-9]*m|[1-9][0-9]*|[0-9]+\\.[0-9]{1,3})$"
    "range" "CPUs, such as 250m or 2") -}}
{{- $value := get $v.redis $key -}}
{{- $valid := regexMatch $quantity.pattern $value -}}
{{- $rules = concat $rules (list
  (dict
    "key" (printf "redis.%s" $key)
    "wrong" (and $value (not $own))
    "says" (printf "%q goes with size own only, and size is %s, which has %s" $value $v.size (get $resources $key))
    "fix" (printf "set size to own, or redis.%s to \"\"" $key))
  (dict
    "key" (printf "redis.%s" $key)
    "wrong" (and $own (not $valid))
    "says" (printf "%q must be %s, since size is own" $value $quantity.range)
    "fix" "set it, or size to small, medium or large")
  (dict
    "key" "redis.memory"
    "wrong" (and $own $valid (eq $key "memory") (lt (include "tenant-redis.mebibytes" $value | int) 128))
    "says" (printf "%s is less than 128Mi, of which Redis needs most for itself" $value)
    "fix" "set 128Mi or more")
) -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}
