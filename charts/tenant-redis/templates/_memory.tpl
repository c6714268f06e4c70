{{/* Memory and CPU of a Redis container of this instance, as JSON. */}}
{{- define "tenant-redis.resources" -}}
{{- $sizes := dict
  "small" (dict "memory" "256Mi" "cpu" "100m")
  "medium" (dict "memory" "1Gi" "cpu" "500m")
  "large" (dict "memory" "4Gi" "cpu" "1")
  "own" (pick .Values.redis "memory" "cpu") -}}
{{- get $sizes .Values.size | toJson -}}
{{- end }}

{{- define "tenant-redis.mebibytes" -}}
{{- if hasSuffix "Gi" . }}{{ mul (trimSuffix "Gi" .) 1024 }}{{ else }}{{ trimSuffix "Mi" . }}{{ end -}}
{{- end }}

{{/*
Redis' shares of its container's memory, in MiB, as JSON. They add up to the
container even at the worst moment:

- share, a 32nd of it: the replication backlog, and the largest reply or request
  of one client, each.
- clients, two shares: the buffers of all clients.
- replicas, four shares: writes kept for replicas that load. Redis counts the
  backlog's part of it in maxmemory and the rest not (mem_not_counted_for_evict).
- 32 MiB: an empty Redis, its sockets, and the scripts and probes beside it.
- maxmemory, five elevenths of what is left: a tenth more for fragmentation, and
  all of that twice, since a save or a replica that loads forks Redis, and every
  page that is written meanwhile is copied.
*/}}
{{- define "tenant-redis.memory" -}}
{{- $container := include "tenant-redis.resources" . | fromJson | dig "memory" "" | include "tenant-redis.mebibytes" | int -}}
{{- $share := div $container 32 -}}
{{- $maxmemory := div (mul (sub (sub $container (mul 6 $share)) 32) 5) 11 -}}
{{- dict "share" $share "clients" (mul 2 $share) "replicas" (mul 4 $share) "maxmemory" $maxmemory | toJson -}}
{{- end }}
