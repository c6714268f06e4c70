{{/*
Requests above the limits, which Kubernetes would refuse. Of a limit that is too low for the
instances that is said already, unless the request is the user's own.
*/}}
{{- define "redis-operator.validate.resources" -}}
{{- $need := include "redis-operator.need" . | fromJson -}}
{{- $asked := .Values.resources.requests -}}
{{- $resources := (include "redis-operator.capacity" . | fromJson).resources -}}
{{- $rules := list -}}
{{- range $resource, $quantity := dict "cpu" "redis-operator.millicpu" "memory" "redis-operator.mebibytes" -}}
{{- $request := get $resources.requests $resource -}}
{{- $limit := get $resources.limits $resource -}}
{{- $most := include $quantity $limit | int -}}
{{- $enough := ge $most (get $need $resource | int) -}}
{{- $rules = append $rules (dict
    "key" (printf "resources.requests.%s" $resource)
    "is" $request
    "wrong" (and (gt (include $quantity $request | int) $most) (or $enough (get $asked $resource)))
    "must" (printf "be at most resources.limits.%s, which is %s" $resource $limit)
    "fix" "lower it or raise the limit") -}}
{{- end -}}
{{- include "redis-operator.mistakes" $rules -}}
{{- end }}
