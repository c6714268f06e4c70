{{/* A Secret with a password that is not the chart's own. */}}
{{- define "tenant-redis.validate.password" -}}
{{- $auth := .Values.auth -}}
{{- $secret := $auth.existingSecret -}}
{{- $rules := list -}}
{{- if $secret -}}
{{- $password := include "tenant-redis.passwordIn" (dict "root" . "secret" $secret) -}}
{{- $known := or $password (include "tenant-redis.serviceAccounts" . | fromJson) -}}
{{- $rules = list
  (dict
    "key" "auth.existingSecret"
    "wrong" (not $auth.enabled)
    "says" (printf "%q is of no use while auth.enabled is false" $secret)
    "fix" "set auth.enabled to true, or auth.existingSecret to \"\"")
  (dict
    "key" "auth.existingSecret"
    "wrong" (eq $secret (include "tenant-redis.name" .))
    "says" (printf
      "%q is the name of the Secret that the chart makes otherwise, which an upgrade to this would delete" $secret)
    "fix" "give yours another name")
  (dict
    "key" "auth.existingSecret"
    "wrong" (and $known (not (regexMatch (include "tenant-redis.passwordPattern" .) $password)))
    "says" (printf
      "Secret %s/%s must be there with a key password of %s"
      .Release.Namespace $secret (include "tenant-redis.passwordWords" .))
    "fix" "make it first") -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}

{{/* What Redis and the clients' configurations take for a password as it stands. */}}
{{- define "tenant-redis.passwordPattern" -}}
^[!#-&(-\[\]-~]+$
{{- end }}

{{/* The same in words. */}}
{{- define "tenant-redis.passwordWords" -}}
ASCII characters without spaces, line breaks, quotes and \
{{- end }}
