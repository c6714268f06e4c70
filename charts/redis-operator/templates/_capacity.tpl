{{/*
What one reconcile of one instance takes of a worker, of the API server and of the CPU,
and what an instance takes of the memory.
*/}}
{{- define "redis-operator.pass" -}}
{{- dict "seconds" 0.41 "calls" 57 "millicpuSeconds" 125 "mebibytes" 0.25 | toJson -}}
{{- end }}

{{/*
What it takes to look after all instances every 30 s, the operator's own period, as
JSON: workers, calls a second, thousandths of a CPU and MiB.
*/}}
{{- define "redis-operator.need" -}}
{{- $pass := include "redis-operator.pass" . | fromJson -}}
{{- $share := divf .Values.instances 30 -}}
{{- dict
  "concurrency" (mulf $share $pass.seconds | ceil)
  "queriesPerSecond" (mulf $share $pass.calls | ceil)
  "cpu" (mulf $share $pass.millicpuSeconds | ceil)
  "memory" (mulf .Values.instances $pass.mebibytes | addf 48 | ceil) | toJson -}}
{{- end }}

{{/*
What the operator gets, as JSON: what the values say, or else twice what it takes, so
that a pass over all is done in half of the time, and faults, over which passes take
longer, delay none of the others. The disk is for its log, of which kubelet keeps 50 MiB by
default, and the limit leaves room for platforms that keep more: who exceeds it is evicted.
*/}}
{{- define "redis-operator.capacity" -}}
{{- $need := include "redis-operator.need" . | fromJson -}}
{{- $resources := .Values.resources -}}
{{- $queries := .Values.kubernetesAPI.queriesPerSecond | default (mul 2 $need.queriesPerSecond | max 100) -}}
{{- dict
  "concurrency" (.Values.concurrency | default (mul 2 $need.concurrency | max 3))
  "queriesPerSecond" $queries
  "burst" (.Values.kubernetesAPI.burst | default $queries)
  "resources" (dict
    "requests" (dict
      "cpu" ($resources.requests.cpu | default (max 50 $need.cpu | printf "%dm"))
      "memory" ($resources.requests.memory | default (max 64 $need.memory | printf "%dMi"))
      "ephemeral-storage" "64Mi")
    "limits" (dict
      "cpu" ($resources.limits.cpu | default (mul 2 $need.cpu | max 500 | printf "%dm"))
      "memory" ($resources.limits.memory | default (mul 2 $need.memory | max 256 | printf "%dMi"))
      "ephemeral-storage" "1Gi")) | toJson -}}
{{- end }}

{{/* Thousandths of a CPU of a quantity: 500m, 0.5 or 1. */}}
{{- define "redis-operator.millicpu" -}}
{{- $cpu := toString . -}}
{{- if hasSuffix "m" $cpu }}{{ trimSuffix "m" $cpu }}{{ else }}{{ mulf $cpu 1000 | ceil }}{{ end -}}
{{- end }}

{{/* MiB of a quantity of memory, in whole ones. */}}
{{- define "redis-operator.mebibytes" -}}
{{- $unit := regexFind "[A-Za-z]+$" . -}}
{{- $bytes := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "k" 1000 "M" 1000000 "G" 1000000000 -}}
{{- div (mul (trimSuffix $unit .) (get $bytes $unit)) 1048576 -}}
{{- end }}
