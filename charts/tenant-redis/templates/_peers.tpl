{{/* Peers of the NetworkPolicies, one list each. */}}

{{- define "tenant-redis.peers.instance" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ include "tenant-redis.name" . | quote }}
      app.kubernetes.io/part-of: redis-failover
{{- end }}

{{- define "tenant-redis.peers.operator" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .Values.operator.namespace | quote }}
  podSelector:
    matchLabels:
      app.kubernetes.io/name: redis-operator
{{- end }}

{{- define "tenant-redis.peers.proxy" -}}
- podSelector:
    matchLabels:
      {{- include "tenant-redis.proxy.selector" . | nindent 6 }}
{{- end }}

{{- define "tenant-redis.peers.prometheus" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .Values.monitoring.namespace | quote }}
  podSelector:
    matchLabels:
      app.kubernetes.io/name: prometheus
{{- end }}

{{- define "tenant-redis.peers.blackbox" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .Values.monitoring.namespace | quote }}
  podSelector:
    matchLabels:
      app.kubernetes.io/name: prometheus-blackbox-exporter
{{- end }}

{{/*
Where the Pods that try the instance out may go. They log in wherever a Sentinel sends them, and
a Sentinel can be told an address. What is closed to them the instance has to refuse, so all its
ports are open from here. Where the cluster's DNS is differs, and so does the port of its Pods,
by which network plugins go. It answers by UDP, which no Redis does.
*/}}
{{- define "tenant-redis.peers.tried" -}}
- to:
    {{- include "tenant-redis.peers.instance" . | nindent 4 }}
    {{- if .Values.proxy.enabled }}
    {{- include "tenant-redis.peers.proxy" . | nindent 4 }}
    {{- end }}
- ports: [{protocol: UDP}]
{{- end }}

{{- define "tenant-redis.peers.clients" -}}
- namespaceSelector:
    {{- if .Values.access.allNamespaces }} {}
    {{- else }}
    matchExpressions:
      - key: kubernetes.io/metadata.name
        operator: In
        values: {{ include "tenant-redis.namespaces" . }}
    {{- end }}
  podSelector:
    matchLabels:
      {{ include "tenant-redis.accessLabel" . | quote }}: allow
{{- end }}
