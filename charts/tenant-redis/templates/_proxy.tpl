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

{{/*
Lines of a check: what Redis is to say of its replication, as a regular expression. QUIT ends
the answer, or a wrong one would be waited on until the time-out.
*/}}
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

{{/* Where a frontend listens: (dict "root" $ "plain" PORT "tls" PORT) */}}
{{- define "tenant-redis.proxy.binds" -}}
{{- $tls := .root.Values.proxy.tls -}}
{{- if $tls.existingSecret -}}
.if defined(PROXY_TLS)
bind "${PROXY_ADDRESS}:{{ .tls }}" ssl crt /etc/haproxy-tls/tls.crt{{ with $tls.clientCASecret }} ca-file /etc/haproxy-client-ca/ca.crt verify required{{ end }}
.endif
{{ end -}}
{{- if $tls.only -}}
.if !defined(PROXY_TLS)
{{ end -}}
bind "${PROXY_ADDRESS}:{{ .plain }}"
{{- if $tls.only }}
.endif
{{- end -}}
{{- end }}

{{/* The proxy's ports for clients by their names, as JSON. */}}
{{- define "tenant-redis.proxy.ports" -}}
{{- $ports := dict -}}
{{- if not .Values.proxy.tls.only -}}
{{- $ports = dict "redis" 6379 "redis-read" 6380 -}}
{{- end -}}
{{- if .Values.proxy.tls.existingSecret -}}
{{- $ports = merge $ports (dict "redis-tls" 6381 "redis-read-tls" 6382) -}}
{{- end -}}
{{- $ports | toJson -}}
{{- end }}

{{/* haproxy.cfg. What differs between the proxy and a sidecar comes from the environment. */}}
{{- define "tenant-redis.proxy.config" -}}
{{- $connections := int .Values.proxy.maxConnections -}}
global
    # The same on every node, however many cores that has.
    nbthread 2
    maxconn {{ add (mul 2 $connections) 200 }}
    # What waits for a slow client: the kernel would take 700 KiB for each.
    tune.sndbuf.client 32768
    tune.rcvbuf.server 32768
    # After the hook before the stop, clients that are still there are cut off.
    hard-stop-after 1s
    setenv SENTINEL_MAJORITY {{ add1 (div .Values.sentinel.replicas 2) }}
    setenv SENTINEL_DETECTION {{ int .Values.sentinel.downAfterMilliseconds }}
    lua-load /etc/haproxy/sentinel.lua
    {{- if .Values.proxy.tls.existingSecret }}
    # A sidecar, which listens to its own Pod alone, has no certificate.
    .if defined(PROXY_TLS)
    ssl-default-bind-options ssl-min-ver TLSv1.2
    ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20
    # The key of tls.crt is in tls.key.
    ssl-load-extra-del-ext
    # For tls.lua alone. It is in the network of the Pod, which has no other container.
    setenv PROXY_SOCKET "abns@tls-${PROXY_ADDRESS}"
    stats socket "abns@tls-${PROXY_ADDRESS}" level admin
    lua-load /etc/haproxy/tls.lua
    .endif
    {{- end }}

defaults
    mode tcp
    timeout connect 1s
    # As long as Redis, which never closes an idle connection; TCP finds out who
    # is gone, within 90 s instead of the system's two hours.
    timeout client 24d
    timeout server 24d
    {{- if .Values.proxy.tls.existingSecret }}
    .if version_atleast(3.0)
    # A client that never ends its TLS handshake has its place for so long only.
    timeout client-hs 10s
    .endif
    {{- end }}
    option clitcpka
    clitcpka-idle 60s
    clitcpka-intvl 10s
    clitcpka-cnt 3
    option srvtcpka
    srvtcpka-idle 60s
    srvtcpka-intvl 10s
    srvtcpka-cnt 3
    # As soon as it is not answered as expected, or not within the time after which
    # a Sentinel considers Redis down, a server is down and its clients are disconnected.
    timeout check {{ int .Values.sentinel.downAfterMilliseconds }}ms
    default-server check inter 200ms fastinter 100ms downinter 100ms fall 1 rise 1 on-marked-down shutdown-sessions

frontend write
    {{- include "tenant-redis.proxy.binds" (dict "root" . "plain" 6379 "tls" 6381) | nindent 4 }}
    maxconn {{ $connections }}
    default_backend master

frontend read
    {{- include "tenant-redis.proxy.binds" (dict "root" . "plain" 6380 "tls" 6382) | nindent 4 }}
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
    {{- if .Values.proxy.tls.existingSecret }}
    .if defined(PROXY_TLS)
    http-request use-service lua.certificates if { path /certificates }
    .endif
    {{- end }}
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

{{/*
Memory of a proxy: 32 MiB for itself, and 40 KiB for each connection on both ports, which has
two buffers of 16 KiB; with TLS 24 KiB more.
*/}}
{{- define "tenant-redis.proxy.memory" -}}
{{- include "tenant-redis.proxy.memoryFor" (list . 40) }}
{{- end }}

{{/*
The most that it takes: the kernel holds 88 KiB besides for a client that does not read its
answers.
*/}}
{{- define "tenant-redis.proxy.memoryLimit" -}}
{{- include "tenant-redis.proxy.memoryFor" (list . 128) }}
{{- end }}

{{/* (list $ KIB-OF-A-CONNECTION-WITHOUT-TLS) */}}
{{- define "tenant-redis.proxy.memoryFor" -}}
{{- $values := (first .).Values.proxy -}}
{{- $each := add (last .) (empty $values.tls.existingSecret | ternary 0 24) -}}
{{- add 32 (div (mul 2 $each (int $values.maxConnections)) 1024) }}Mi
{{- end }}
