{{/*
How many instances a namespace has: Kubernetes tells each Pod of all Services there, and no
field of the operator stops it.
*/}}
{{- define "tenant-redis.validate.neighbours" -}}
{{- $neighbours := list -}}
{{- range include "tenant-redis.serviceAccounts" . | fromJson | dig "items" list -}}
{{- if eq (get (.metadata.labels | default dict) "app.kubernetes.io/name") "tenant-redis" -}}
{{- $neighbours = append $neighbours .metadata.name -}}
{{- end -}}
{{- end -}}
{{- $new := not (has (include "tenant-redis.name" .) $neighbours) -}}
{{- include "tenant-redis.mistakes" (list
  (dict
    "key" "namespace"
    "wrong" (and $new (ge (len $neighbours) 400))
    "says" (printf (cat
      "%s has %d instances, and may have 400: each adds up to 4 KiB to the environment of every Pod there,"
      "and with more than the 2 MiB that Linux allows no container starts any more")
      .Release.Namespace (len $neighbours))
    "fix" "install this one in another namespace")
) -}}
{{- end }}
