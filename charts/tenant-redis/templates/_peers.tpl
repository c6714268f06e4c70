{{/* Peers of the NetworkPolicies, one list each. */}}

{{- define "redis.peers.instance" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ include "redis.name" . | quote }}
      app.kubernetes.io/part-of: redis-failover
{{- end }}

{{- define "redis.peers.operator" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .Values.operator.namespace | quote }}
  podSelector:
    matchLabels:
      app.kubernetes.io/name: redis-operator
{{- end }}

{{- define "redis.peers.proxy" -}}
- podSelector:
    matchLabels:
      {{- include "redis.proxy.selector" . | nindent 6 }}
{{- end }}

{{- define "redis.peers.prometheus" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .Values.monitoring.namespace | quote }}
  podSelector:
    matchLabels:
      app.kubernetes.io/name: prometheus
{{- end }}

{{- define "redis.peers.blackbox" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .Values.monitoring.namespace | quote }}
  podSelector:
    matchLabels:
      app.kubernetes.io/name: prometheus-blackbox-exporter
{{- end }}

{{- define "redis.peers.clients" -}}
- namespaceSelector:
    {{- if .Values.access.allNamespaces }} {}
    {{- else }}
    matchExpressions:
      - key: kubernetes.io/metadata.name
        operator: In
        values: {{ include "redis.namespaces" . }}
    {{- end }}
  podSelector:
    matchLabels:
      {{ include "redis.accessLabel" . | quote }}: allow
{{- end }}
