{{/* Where an instance that is being filled copies from. */}}
{{- define "tenant-redis.validate.migration" -}}
{{- $from := .Values.migrateFrom -}}
{{- $name := include "tenant-redis.name" . -}}
{{- $rules := list -}}
{{- if $from -}}
{{- $byte := "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])" -}}
{{- $address := regexMatch (printf "^(%s\\.){3}%s$" $byte $byte) $from -}}
{{- $sentinels := lookup "apps/v1" "Deployment" .Release.Namespace (printf "rfs-%s" $name) -}}
{{- $rules = list
  (dict
    "key" "migrateFrom"
    "wrong" (or (not $address) (hasPrefix "127." $from))
    "says" (printf (cat
      "%q must be the IPv4 address of another Redis, without a port, which is 6379:"
      "the NetworkPolicy that lets the replicas out to it knows no names, and the operator no other port") $from)
    "fix" "set it to the address, or to \"\"")
  (dict
    "key" "auth.existingSecret"
    "wrong" (and .Values.auth.enabled (not .Values.auth.existingSecret))
    "says" (printf
      "is empty while migrateFrom is %q, where the replicas log in with the instance's own password" $from)
    "fix" "name a Secret with the password of that Redis, or set auth.enabled to false if it has none")
  (dict
    "key" "migrateFrom"
    "wrong" $sentinels
    "says" (printf (cat
      "%q is set, but this instance serves, for it has the Sentinels %s/rfs-%s:"
      "its data would be replaced while they fail over") $from .Release.Namespace $name)
    "fix" "set migrateFrom to \"\", or uninstall the instance first") -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}
