{{/*
Less than it takes to look after all instances in time: reconciles would queue, and repairs come
late.
*/}}
{{- define "redis-operator.validate.capacity" -}}
{{- $need := include "redis-operator.need" . | fromJson -}}
{{- $pass := include "redis-operator.pass" . | fromJson -}}
{{- $capacity := include "redis-operator.capacity" . | fromJson -}}
{{- $instances := .Values.instances -}}
{{- $limits := $capacity.resources.limits -}}
{{- $cpu := include "redis-operator.millicpu" $limits.cpu | int -}}
{{- $memory := include "redis-operator.mebibytes" $limits.memory | int -}}
{{- $rules := list -}}
{{- range list
  (dict
    "key" "concurrency"
    "is" $capacity.concurrency
    "has" $capacity.concurrency
    "needs" $need.concurrency
    "carries" (divf (mulf $capacity.concurrency 30) $pass.seconds))
  (dict
    "key" "kubernetesAPI.queriesPerSecond"
    "is" $capacity.queriesPerSecond
    "has" $capacity.queriesPerSecond
    "needs" $need.queriesPerSecond
    "carries" (divf (mulf $capacity.queriesPerSecond 30) $pass.calls))
  (dict
    "key" "resources.limits.cpu"
    "is" $limits.cpu
    "has" $cpu
    "needs" $need.cpu
    "unit" "m"
    "carries" (divf (mulf $cpu 30) $pass.millicpuSeconds))
  (dict
    "key" "resources.limits.memory"
    "is" $limits.memory
    "has" $memory
    "needs" $need.memory
    "unit" "Mi"
    "carries" (divf (subf $memory 48) $pass.mebibytes)) -}}
{{- $least := printf "%v%s" .needs (.unit | default "") -}}
{{- $fewer := ge (int .carries) 1 | ternary (printf " or instances to %d," (int .carries)) "" -}}
{{- $rules = append $rules (dict
    "key" .key
    "is" .is
    "wrong" (lt (int .has) (int .needs))
    "must" (printf "be at least %s, so that %v instances are looked after every 30 s" $least $instances)
    "fix" (printf
      "set it to %s or more,%s or give the namespaces of some to a release of their own" $least $fewer)) -}}
{{- end -}}
{{- include "redis-operator.mistakes" $rules -}}
{{- end }}
