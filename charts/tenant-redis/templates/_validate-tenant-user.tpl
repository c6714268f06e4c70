{{/* The tenant's user, and the password of it in a Secret that is not the chart's own. */}}
{{- define "tenant-redis.validate.tenantUser" -}}
{{- $auth := .Values.auth -}}
{{- $user := $auth.tenantUser -}}
{{- $secret := $auth.existingSecret -}}
{{- $namespace := .Release.Namespace -}}
{{- $rules := list -}}
{{- if $user -}}
{{- $named := regexMatch "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$" $user -}}
{{- $rules = list
  (dict
    "key" "auth.tenantUser"
    "wrong" (not $named)
    "says" (printf (cat
      "%q must be 1 to 64 letters, digits, _, . and -, and begin with a letter or digit:"
      "anything else means something to Redis' ACL or to a configuration") $user)
    "fix" "set such a name, or \"\" for none")
  (dict
    "key" "auth.tenantUser"
    "wrong" (has (lower $user) (list "default" "pinger" "replica-user" "sentinel-user"))
    "says" (printf (cat
      "%q is the name of a user of the instance itself, who must keep its rights"
      "(default, pinger, replica-user and sentinel-user are)") $user)
    "fix" "set another one, such as app")
  (dict
    "key" "auth.tenantUser"
    "wrong" (not $auth.enabled)
    "says" (printf "%q bounds nobody while auth.enabled is false, and everybody is default without a password" $user)
    "fix" "set auth.enabled to true, or auth.tenantUser to \"\"") -}}
{{- if $secret -}}
{{- $password := include "tenant-redis.passwordIn" (dict "root" . "secret" $secret "key" "tenant-password") -}}
{{- $known := or $password (include "tenant-redis.serviceAccounts" . | fromJson) -}}
{{- $valid := regexMatch (include "tenant-redis.passwordPattern" .) $password -}}
{{- $same := eq $password (include "tenant-redis.passwordIn" (dict "root" . "secret" $secret)) -}}
{{- $rules = concat $rules (list
  (dict
    "key" "auth.tenantUser"
    "wrong" (and $known (not $valid))
    "says" (printf (cat
      "Secret %s/%s must have its password under the key tenant-password,"
      "of ASCII characters without spaces, line breaks, quotes and \\") $namespace $secret)
    "fix" "add it first, or set auth.tenantUser to \"\"")
  (dict
    "key" "auth.tenantUser"
    "wrong" (and $valid $same)
    "says" (printf (cat
      "Secret %s/%s has the same password under the keys tenant-password and password,"
      "so that the tenant could log in as default") $namespace $secret)
    "fix" "give tenant-password another one")
) -}}
{{- end -}}
{{- $current := include "tenant-redis.userOfTenant" . -}}
{{- $rules = append $rules (dict
    "key" "auth.tenantUser"
    "wrong" (and $current (ne $current $user) (not $secret) (include "tenant-redis.running" . | fromJson))
    "says" (printf "%q, but the applications log in as %q, whom no Redis would know any more" $user $current)
    "fix" (printf (cat
      "set it to %q; for another name set it to \"\" first,"
      "and to that name when the operator has replaced all Pods") $current)) -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}
