{{/* Labels of the Pods of `helm test`. They have no part in what the operator selects. */}}
{{- define "tenant-redis.golive.selector" -}}
app.kubernetes.io/name: {{ include "tenant-redis.name" . | quote }}
app.kubernetes.io/component: golive
{{- end }}

{{/* Where Sentinel and Redis answer whom they are open to, as a JSON list. */}}
{{- define "tenant-redis.golive.direct" -}}
{{- $host := printf "%s.%s" (include "tenant-redis.name" .) .Release.Namespace -}}
{{- list (printf "rfs-%s:26379" $host) (printf "rfr-%s:6379" $host) | toJson -}}
{{- end }}

{{/* A Job of `helm test` that runs golive.sh: (dict "root" $ "name" NAME "weight" ORDER "label" TRUE-TO-BE-LET-IN "arguments" LIST) */}}
{{- define "tenant-redis.golive" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "tenant-redis.name" .root }}-{{ .name }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "tenant-redis.labels" .root | nindent 4 }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-weight: {{ .weight | quote }}
    # The log stays until the next test, or for a day.
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  # The script repeats what fails; a second Pod would only hide the log.
  backoffLimit: 0
  activeDeadlineSeconds: 240
  ttlSecondsAfterFinished: 86400
  template:
    metadata:
      labels:
        {{- include "tenant-redis.golive.selector" .root | nindent 8 }}
        {{- if .label }}
        {{ include "tenant-redis.accessLabel" .root | quote }}: allow
        {{- end }}
      annotations:
        {{- include "tenant-redis.meshless" .root | nindent 8 }}
    spec:
      {{- include "tenant-redis.golive.pod" . | nindent 6 }}
{{- end }}

{{- define "tenant-redis.golive.pod" -}}
{{- $name := include "tenant-redis.name" .root -}}
restartPolicy: Never
automountServiceAccountToken: false
enableServiceLinks: false
imagePullSecrets: {{ .root.Values.imagePullSecrets | toJson }}
securityContext:
  {{- include "tenant-redis.podSecurityContext" .root | nindent 2 }}
containers:
  - name: golive
    image: {{ .root.Values.image | quote }}
    imagePullPolicy: IfNotPresent
    command: [/bin/sh, -c]
    args:
      - |
        {{- .root.Files.Get "scripts/golive.sh" | trim | nindent 8 }}
      - golive.sh
      {{- toYaml .arguments | nindent 6 }}
    # What a tenant's Pod has.
    envFrom:
      - configMapRef: {name: {{ $name | quote }}}
    {{- if .root.Values.auth.enabled }}
    env:
      {{- with .root.Values.auth.tenantUser }}
      - {name: REDIS_USERNAME, value: {{ . | quote }}}
      {{- end }}
      - name: REDIS_PASSWORD
        valueFrom:
          secretKeyRef:
            name: {{ include "tenant-redis.instanceSecret" .root | quote }}
            key: {{ .root.Values.auth.tenantUser | empty | ternary "password" "tenant-password" }}
      {{- with .root.Values.auth.readOnlyUser }}
      - {name: REDIS_READ_USERNAME, value: {{ . | quote }}}
      - name: REDIS_READ_PASSWORD
        valueFrom:
          secretKeyRef:
            name: {{ include "tenant-redis.instanceSecret" $.root | quote }}
            key: read-only-password
      {{- end }}
    {{- end }}
    resources:
      requests:
        cpu: 10m
        memory: 16Mi
        {{- include "tenant-redis.diskRequest" 0 | nindent 8 }}
      limits:
        memory: 32Mi
        {{- include "tenant-redis.diskLimit" 0 | nindent 8 }}
    securityContext:
      {{- include "tenant-redis.containerSecurityContext" . | nindent 6 }}
{{- end }}
