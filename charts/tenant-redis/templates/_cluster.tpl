{{/*
What Helm sees of the cluster. Helm stops at what it may not read, so all that is
asked for is in the release's namespace, and of the kinds that whoever deploys an
instance has rights on: see examples/deployer.
*/}}

{{/* The ServiceAccounts of the release's namespace as a JSON list of kind List; {} where Helm sees no cluster. Each instance has one. */}}
{{- define "tenant-redis.serviceAccounts" -}}
{{- lookup "v1" "ServiceAccount" .Release.Namespace "" | toJson -}}
{{- end }}

{{/* What this instance runs with already, as JSON: {"secret": "the name of the Secret with its password, or empty"}; {} if it does not run. */}}
{{- define "tenant-redis.running" -}}
{{- $name := include "tenant-redis.name" . -}}
{{- $running := dict -}}
{{- /* What is being uninstalled has a StatefulSet for a moment more. */ -}}
{{- range include "tenant-redis.serviceAccounts" . | fromJson | dig "items" list -}}
{{- if eq .metadata.name $name -}}
{{- with lookup "apps/v1" "StatefulSet" $.Release.Namespace (printf "rfr-%s" $name) -}}
{{- $running = dict "secret" "" -}}
{{- range dig "spec" "template" "spec" "containers" list . -}}
{{- range dig "env" list . -}}
{{- if eq .name "REDIS_PASSWORD" -}}
{{- $_ := dig "valueFrom" "secretKeyRef" "name" "" . | set $running "secret" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $running -}}
{{- end }}

{{/* The password in a Secret of the release's namespace, empty if there is none: (dict "root" $ "secret" "name") */}}
{{- define "tenant-redis.passwordIn" -}}
{{- lookup "v1" "Secret" .root.Release.Namespace .secret | dig "data" "password" "" | b64dec -}}
{{- end }}

{{/* How to read the password that Redis runs with where no Secret has it any more. */}}
{{- define "tenant-redis.passwordOfPod" -}}
kubectl -n {{ .Release.Namespace }} exec rfr-{{ include "tenant-redis.name" . }}-0 -c redis -- printenv REDIS_PASSWORD
{{- end }}
