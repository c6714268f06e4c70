{{/* The proxy's CPU, and its connections, of which Redis must take all. */}}
{{- define "tenant-redis.validate.proxy" -}}
{{- $proxy := .Values.proxy -}}
{{- /* At worst the master has to take all, without replicas that could be read from. */ -}}
{{- $clients := get .Values.redis.config "maxclients" | default 10000 | int -}}
{{- $free := sub $clients 100 -}}
{{- include "tenant-redis.mistakes" (list
  (dict
    "key" "access.sentinel"
    "wrong" (and (not .Values.access.sentinel) (not $proxy.enabled))
    "says" "false leaves clients no way in while proxy.enabled is false"
    "fix" "set proxy.enabled to true, or access.sentinel to true")
  (dict
    "key" "access.sentinel"
    "wrong" (and (not .Values.access.sentinel) $proxy.sidecar)
    "says" "false shuts out proxy.sidecar, which asks the Sentinels from the application's Pod"
    "fix" "set proxy.sidecar to false, or access.sentinel to true")
  (dict
    "key" "proxy.cpu"
    "wrong" (not (regexMatch "^([1-9][0-9]*m|[1-9][0-9]*|[0-9]+\\.[0-9]{1,3})$" $proxy.cpu))
    "says" (printf "%q must be CPUs, such as 100m or 1" $proxy.cpu)
    "fix" "set it")
  (dict
    "key" "proxy.maxConnections"
    "wrong" (and $proxy.enabled (gt (mul 2 $proxy.replicas $proxy.maxConnections | int) (int $free)))
    "says" (printf
      "%d on two ports of %d proxies are more than the %d that Redis has for clients less 100 for the instance itself"
      (int $proxy.maxConnections) (int $proxy.replicas) $clients)
    "fix" (printf
      "set at most %d, lower proxy.replicas, or raise redis.config.maxclients"
      (div $free (mul 2 $proxy.replicas))))
) -}}
{{- end }}
