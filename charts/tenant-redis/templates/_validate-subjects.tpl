{{/* Whom the tenant's rights go to. */}}
{{- define "tenant-redis.validate.subjects" -}}
{{- $rules := list -}}
{{- range $i, $subject := .Values.tenantSubjects -}}
{{- $key := printf "tenantSubjects[%d].namespace" $i -}}
{{- $namespace := get $subject "namespace" -}}
{{- $account := eq $subject.kind "ServiceAccount" -}}
{{- $rules = concat $rules (list
  (dict
    "key" $key
    "wrong" (and $account (not $namespace))
    "says" "is missing, and a ServiceAccount has one"
    "fix" "add it")
  (dict
    "key" $key
    "wrong" (and $namespace (not $account))
    "says" (printf "%q is set, and a %s has none" $namespace $subject.kind)
    "fix" "remove it")
) -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}
