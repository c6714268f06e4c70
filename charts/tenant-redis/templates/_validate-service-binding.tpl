{{/* A service binding, which holds the password. */}}
{{- define "tenant-redis.validate.serviceBinding" -}}
{{- $auth := .Values.auth -}}
{{- include "tenant-redis.mistakes" (list
  (dict
    "key" "auth.serviceBinding"
    "wrong" (and $auth.serviceBinding (or (not $auth.enabled) $auth.existingSecret))
    "says" (printf
      "true needs a password that the chart knows, but auth.enabled is %t and auth.existingSecret %q"
      $auth.enabled $auth.existingSecret)
    "fix" "set auth.serviceBinding to false, or auth.enabled to true and auth.existingSecret to \"\"")
) -}}
{{- end }}
