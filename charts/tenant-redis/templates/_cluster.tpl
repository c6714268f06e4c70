{{/*
What Helm sees of the cluster. Helm stops at what it may not read, so all that is
asked for is in the release's namespace, and of the kinds that whoever deploys an
instance has rights on: see examples/deployer.
*/}}

{{/*
The ServiceAccounts of the release's namespace as a JSON list of kind List; {} where Helm sees
no cluster. Each instance has one.
*/}}
{{- define "tenant-redis.serviceAccounts" -}}
{{- lookup "v1" "ServiceAccount" .Release.Namespace "" | toJson -}}
{{- end }}

{{/*
What this instance runs with already, as JSON: {"secret": "the name of the Secret with its
password, or empty", "user": "the tenant's user that each Redis knows, or empty", "image": "that
each Redis runs, or empty while they differ"}; {} if it does not run.
*/}}
{{- define "tenant-redis.running" -}}
{{- $name := include "tenant-redis.name" . -}}
{{- $running := dict -}}
{{- /* What is being uninstalled has a StatefulSet for a moment more. */ -}}
{{- range include "tenant-redis.serviceAccounts" . | fromJson | dig "items" list -}}
{{- if eq .metadata.name $name -}}
{{- with lookup "apps/v1" "StatefulSet" $.Release.Namespace (printf "rfr-%s" $name) -}}
{{- $running = dict "secret" "" "user" "" "image" "" -}}
{{- $started := and (eq (dig "status" "observedGeneration" 0 . | int) (dig "metadata" "generation" 0 . | int)) (eq (dig "status" "updatedReplicas" 0 . | int) (dig "spec" "replicas" 0 . | int)) -}}
{{- range dig "spec" "template" "spec" "containers" list . -}}
{{- $command := dig "command" list . -}}
{{- if and $started (has "--user" $command) -}}
{{- $_ := rest (splitList "\n--user\n" (join "\n" $command)) | first | splitList "\n" | first | set $running "user" -}}
{{- end -}}
{{- if and $started (eq .name "redis") -}}
{{- $_ := dig "image" "" . | set $running "image" -}}
{{- end -}}
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

{{/*
The password in a Secret of the release's namespace, empty if there is none: (dict "root" $
"secret" "name"), and "key" if it is not the instance's own.
*/}}
{{- define "tenant-redis.passwordIn" -}}
{{- lookup "v1" "Secret" .root.Release.Namespace .secret | dig "data" (get . "key" | default "password") "" | b64dec -}}
{{- end }}

{{/*
The password that an instance has already, empty if there is none: (dict "root" $), and "key" as
above. One that runs may have it in another Secret than it is to have: one that was made
elsewhere, or the tenant's.
*/}}
{{- define "tenant-redis.passwordInUse" -}}
{{- $running := include "tenant-redis.running" .root | fromJson -}}
{{- $there := "" -}}
{{- with get $running "secret" -}}
{{- $there = include "tenant-redis.passwordIn" (merge (dict "secret" .) $) -}}
{{- end -}}
{{- $there | default (include "tenant-redis.passwordIn" (merge (dict "secret" (include "tenant-redis.instanceSecret" .root)) .)) -}}
{{- end }}

{{/* The user that the tenant's Secret names already, empty for default. */}}
{{- define "tenant-redis.userOfTenant" -}}
{{- include "tenant-redis.passwordIn" (dict "root" . "secret" (include "tenant-redis.name" .) "key" "REDIS_USERNAME") -}}
{{- end }}

{{/* How to read the password that Redis runs with where no Secret has it any more. */}}
{{- define "tenant-redis.passwordOfPod" -}}
kubectl -n {{ .Release.Namespace }} exec rfr-{{ include "tenant-redis.name" . }}-0 -c redis -- printenv REDIS_PASSWORD
{{- end }}
