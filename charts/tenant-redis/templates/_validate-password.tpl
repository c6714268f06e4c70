{{/* Where the password is: in a Secret that is not the chart's own, or in one that Helm must see. */}}
{{- define "tenant-redis.validate.password" -}}
{{- $auth := .Values.auth -}}
{{- $secret := $auth.existingSecret -}}
{{- $seesCluster := include "tenant-redis.serviceAccounts" . | fromJson -}}
{{- $rules := list (dict
    "key" "auth.existingSecret"
    "wrong" (and $auth.enabled (not $secret) (not $seesCluster))
    "says" (cat
      "name a Secret with a key password here, set auth.enabled to false,"
      "or let Helm see the cluster with --dry-run=server")
    "fix" (printf
      "it is empty, and Helm sees no cluster in which %s/%s may hold the password already"
      .Release.Namespace (include "tenant-redis.instanceSecret" .))) -}}
{{- if $secret -}}
{{- $password := include "tenant-redis.passwordIn" (dict "root" . "secret" $secret) -}}
{{- $known := or $password $seesCluster -}}
{{- $rules = concat $rules (list
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
    "fix" "make it first")
) -}}
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
