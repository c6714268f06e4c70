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

disk is for files, each as large as all data at most: what a replica gets of its master
before it loads it, and of sessions the last save, and the next one while it is written. A
Pod that exceeds its volume is evicted and loses its data: that has room for all three of
any instance, since a client may have a cache save, and for one more.
*/}}
{{- define "tenant-redis.memory" -}}
{{- $container := include "tenant-redis.resources" . | fromJson | dig "memory" "" | include "tenant-redis.mebibytes" | int -}}
{{- $share := div $container 32 -}}
{{- $maxmemory := div (mul (sub (sub $container (mul 6 $share)) 32) 5) 11 -}}
{{- dict "share" $share "clients" (mul 2 $share) "replicas" (mul 4 $share) "maxmemory" $maxmemory
  "disk" (mul (eq .Values.purpose "session" | ternary 3 1) $maxmemory) "volume" (mul 4 $maxmemory) | toJson -}}
{{- end }}

{{/*
The request or limit of disk for a container with so many MiB of files: these, and its log,
of which kubelet keeps 50 MiB by default. The limit leaves room for platforms that keep
more: who exceeds it is evicted.
*/}}
{{- define "tenant-redis.diskRequest" -}}
ephemeral-storage: {{ add 64 . }}Mi
{{- end }}

{{- define "tenant-redis.diskLimit" -}}
ephemeral-storage: {{ add 1024 . }}Mi
{{- end }}
