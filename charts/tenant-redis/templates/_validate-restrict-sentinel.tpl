{{/* Sentinels that ask for a password, which every Redis that hands over has to have before. */}}
{{- define "tenant-redis.validate.restrictSentinel" -}}
{{- $auth := .Values.auth -}}
{{- $namespace := .Release.Namespace -}}
{{- $rules := list -}}
{{- if $auth.restrictSentinel -}}
{{- $rules = list (dict
    "key" "auth.restrictSentinel"
    "wrong" (not $auth.tenantUser)
    "says" (cat
      "true bounds nobody while the tenant logs in at Redis as default,"
      "and may say there what Sentinels believe")
    "fix" "set auth.tenantUser too, or auth.restrictSentinel to false") -}}
{{- end -}}
{{- if and $auth.restrictSentinel $auth.tenantUser (include "tenant-redis.serviceAccounts" . | fromJson) -}}
{{- $secret := $auth.existingSecret -}}
{{- $passwords := dict "root" . "secret" (include "tenant-redis.instanceSecret" .) -}}
{{- $password := include "tenant-redis.passwordIn" (set $passwords "key" "sentinel-password") -}}
{{- $inUse := include "tenant-redis.passwordInUse" (dict "root" . "key" "sentinel-password") -}}
{{- $valid := regexMatch (include "tenant-redis.passwordPattern" .) $password -}}
{{- $rules = concat $rules (list
  (dict
    "key" "auth.restrictSentinel"
    "wrong" (and $secret (not $valid))
    "says" (printf (cat
      "Secret %s/%s must have a password under the key sentinel-password,"
      "of %s") $namespace $secret (include "tenant-redis.passwordWords" .))
    "fix" "add it first, or set auth.restrictSentinel to false")
  (dict
    "key" "auth.restrictSentinel"
    "wrong" (and (include "tenant-redis.running" . | fromJson) (not (and $inUse (include "tenant-redis.handedOver" .))))
    "says" "true, but not every Redis that runs has the password of Sentinel's user yet, and could not hand over"
    "fix" (cat
      "upgrade with auth.tenantUser first,"
      "and set auth.restrictSentinel when the operator has replaced all Pods"))
) -}}
{{- range tuple "tenant-password" "read-only-password" -}}
{{- $rules = append $rules (dict
    "key" "auth.restrictSentinel"
    "wrong" (and $secret $valid (eq $password (include "tenant-redis.passwordIn" (set $passwords "key" .))))
    "says" (printf (cat
      "Secret %s/%s has the same password under the keys sentinel-password and %s,"
      "so that the tenant could log in at Sentinel") $namespace $secret .)
    "fix" "give sentinel-password another one") -}}
{{- end -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}
