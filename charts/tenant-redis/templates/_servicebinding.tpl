{{/*
The Secret of servicebinding.io, with the keys that spring-cloud-bindings reads:
(dict "root" $ "namespace" "team-a" "login" REDIS_PASSWORD and, if there is one, REDIS_USERNAME). It has no host beside
Sentinel: a client without that would take it for Redis.
*/}}
{{- define "tenant-redis.serviceBinding" -}}
{{- $name := include "tenant-redis.name" .root -}}
---
apiVersion: v1
kind: Secret
type: servicebinding.io/redis
metadata:
  name: {{ $name }}-binding
  namespace: {{ .namespace | quote }}
  labels:
    {{- include "tenant-redis.labels" .root | nindent 4 }}
data:
  type: {{ b64enc "redis" }}
  provider: {{ b64enc "tenant-redis" }}
  {{- if .root.Values.access.sentinel }}
  sentinel.master: {{ b64enc "mymaster" }}
  sentinel.nodes: {{ printf "rfs-%s.%s:26379" $name .root.Release.Namespace | b64enc }}
  {{- else }}
  host: {{ printf "%s.%s" (include "tenant-redis.proxy.name" .root) .root.Release.Namespace | b64enc }}
  port: {{ .root.Values.proxy.tls.only | ternary "6381" "6379" | b64enc }}
  {{- if .root.Values.proxy.tls.only }}
  ssl: {{ b64enc "true" }}
  {{- end }}
  {{- end }}
  {{- with .login.REDIS_USERNAME }}
  username: {{ b64enc . }}
  {{- end }}
  password: {{ b64enc .login.REDIS_PASSWORD }}
{{- end }}
