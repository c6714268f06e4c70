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
