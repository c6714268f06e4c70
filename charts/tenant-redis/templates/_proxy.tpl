{{/* The proxy's name: of its Deployment, Service, ConfigMap and budget. */}}
{{- define "tenant-redis.proxy.name" -}}
{{- include "tenant-redis.name" . }}-proxy
{{- end }}

{{/* Labels of the proxy's Pods. They have no part in what the operator selects. */}}
{{- define "tenant-redis.proxy.selector" -}}
app.kubernetes.io/name: {{ include "tenant-redis.name" . | quote }}
app.kubernetes.io/component: proxy
app.kubernetes.io/part-of: tenant-redis
{{- end }}

{{/* Lines of a check: what Redis is to say of its replication, as a regular expression. QUIT ends the answer, or a wrong one would be waited on until the time-out. */}}
{{- define "tenant-redis.proxy.check" -}}
option tcp-check
tcp-check connect
{{- if .root.Values.auth.enabled }}
# A sidecar has the tenant's user, if there is one; a name that is empty is no word.
tcp-check send "AUTH ${REDIS_USERNAME} ${REDIS_PASSWORD}\r\n"
{{- end }}
tcp-check send "INFO replication\r\nQUIT\r\n"
tcp-check expect rstring {{ .expect }}
{{- end }}

{{/* haproxy.cfg. What differs between the proxy and a sidecar comes from the environment. */}}
{{- define "tenant-redis.proxy.config" -}}
{{- $connections := int .Values.proxy.maxConnections -}}
global
    # The same on every node, however many cores that has.
    nbthread 2
    maxconn {{ add (mul 2 $connections) 200 }}
    # After the hook before the stop, clients that are still there are cut off.
    hard-stop-after 1s
    setenv SENTINEL_MAJORITY {{ add1 (div .Values.sentinel.replicas 2) }}
    setenv SENTINEL_DETECTION {{ int .Values.sentinel.downAfterMilliseconds }}
    lua-load /etc/haproxy/sentinel.lua

defaults
    mode tcp
    timeout connect 1s
    # As long as Redis, which never closes an idle connection; TCP finds out who
    # is gone, within 90 s instead of the system's two hours.
    timeout client 24d
    timeout server 24d
    option clitcpka
    clitcpka-idle 60s
    clitcpka-intvl 10s
    clitcpka-cnt 3
    option srvtcpka
    srvtcpka-idle 60s
    srvtcpka-intvl 10s
    srvtcpka-cnt 3
    # As soon as it is not answered as expected, or not within the time after which
    # a Sentinel holds Redis for dead, a server is down and its clients are let go.
    timeout check {{ int .Values.sentinel.downAfterMilliseconds }}ms
    default-server check inter 200ms fastinter 100ms downinter 100ms fall 1 rise 1 on-marked-down shutdown-sessions

frontend write
    bind "${PROXY_ADDRESS}:6379"
    maxconn {{ $connections }}
    default_backend master

frontend read
    bind "${PROXY_ADDRESS}:6380"
    maxconn {{ $connections }}
    use_backend master if { nbsrv(replicas) eq 0 }
    default_backend replicas

backend master
    {{- include "tenant-redis.proxy.check" (dict "root" . "expect" "role:master") | nindent 4 }}
    # sentinel.lua says where it is.
    server master 127.0.0.1:1 disabled

backend replicas
    balance leastconn
    {{- include "tenant-redis.proxy.check" (dict "root" . "expect" "role:slave[^\\0]*master_link_status:up") | nindent 4 }}
    {{- range $n := until (int .Values.redis.replicas) }}
    server replica{{ add1 $n }} 127.0.0.1:1 disabled
    {{- end }}

# No client gets here: this is where sentinel.lua finds the first Sentinel.
backend sentinel
    server service "${REDIS_SENTINEL_HOST}:${REDIS_SENTINEL_PORT}" no-check

frontend metrics
    bind "${PROXY_ADDRESS}:8404"
    mode http
    timeout client 10s
    maxconn 100
    # Ready as long as there is a master.
    monitor-uri /ready
    monitor fail if { nbsrv(master) eq 0 }
    http-request return status 200 if { path /alive }
    http-request use-service prometheus-exporter if { path /metrics }
    http-request deny
{{- end }}

{{/* What the configuration takes from the environment. */}}
{{- define "tenant-redis.proxy.environment" -}}
{{- $name := include "tenant-redis.name" . -}}
- {name: PROXY_ADDRESS, value: "*"}
- name: REDIS_SENTINEL_HOST
  value: $({{ $name | upper | replace "-" "_" }}_SENTINEL_SERVICE_HOST)
- {name: REDIS_SENTINEL_PORT, value: "26379"}
- {name: REDIS_SENTINEL_MASTER, value: mymaster}
{{- if .Values.auth.enabled }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "tenant-redis.instanceSecret" . | quote }}
      key: password
{{- end }}
{{- end }}

{{/* Memory of a proxy: 32 MiB for itself, and 40 KiB for each connection on both ports, which has two buffers of 16 KiB. */}}
{{- define "tenant-redis.proxy.memory" -}}
{{- add 32 (div (mul 80 (int .Values.proxy.maxConnections)) 1024) }}Mi
{{- end }}
