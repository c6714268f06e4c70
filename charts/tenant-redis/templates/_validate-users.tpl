{{/* The users of the tenant, and their passwords in a Secret that is not the chart's own. */}}
{{- define "tenant-redis.validate.users" -}}
{{- $auth := .Values.auth -}}
{{- $secret := $auth.existingSecret -}}
{{- $namespace := .Release.Namespace -}}
{{- $name := include "tenant-redis.name" . -}}
{{- $current := include "tenant-redis.userOfTenant" . -}}
{{- /* Made elsewhere, for applications to log in with. */ -}}
{{- $release := lookup "v1" "Secret" $namespace $name | dig "metadata" "annotations" "meta.helm.sh/release-name" "" -}}
{{- $foreign := and $secret (ne $release .Release.Name) (include "tenant-redis.passwordIn" (dict "root" . "secret" $name "key" "REDIS_PASSWORD")) -}}
{{- $rules := list
  (dict
    "key" "auth.readOnlyUser"
    "wrong" (and $auth.readOnlyUser (not $auth.tenantUser))
    "says" (printf "%q bounds nobody while the tenant logs in as default" $auth.readOnlyUser)
    "fix" "set auth.tenantUser too, or auth.readOnlyUser to \"\"")
  (dict
    "key" "auth.readOnlyUser"
    "wrong" (and $auth.readOnlyUser (eq $auth.readOnlyUser $auth.tenantUser))
    "says" (printf "%q is auth.tenantUser, too, which writes" $auth.readOnlyUser)
    "fix" "set another name")
  (dict
    "key" "auth.tenantUser"
    "wrong" (and $auth.tenantUser $current (ne $current $auth.tenantUser) (not $secret) (include "tenant-redis.running" . | fromJson))
    "says" (printf "%q, but the applications log in as %q, whom no Redis would know any more" $auth.tenantUser $current)
    "fix" (printf (cat
      "set it to %q; for another name set it to \"\" first,"
      "and to that name when the operator has replaced all Pods") $current))
  (dict
    "key" "auth.tenantUser"
    "wrong" (and $foreign (ne $current $auth.tenantUser) (include "tenant-redis.handedOver" .))
    "says" (printf (cat
      "%q, but Secret %s/%s has REDIS_PASSWORD, and as REDIS_USERNAME %q,"
      "so that applications would not log in as that user") $auth.tenantUser $namespace $name $current)
    "fix" (printf "give it REDIS_USERNAME %q, or set auth.tenantUser to what it has" $auth.tenantUser)) -}}
{{- range include "tenant-redis.userList" . | fromJsonArray -}}
{{- $rules = concat $rules (list
  (dict
    "key" .value
    "wrong" (not (regexMatch "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$" .name))
    "says" (printf (cat
      "%q must be 1 to 64 letters, digits, _, . and -, and begin with a letter or digit:"
      "anything else means something to Redis' ACL or to a configuration") .name)
    "fix" "set such a name, or \"\" for none")
  (dict
    "key" .value
    "wrong" (has (lower .name) (list "default" "pinger" "replica-user" "sentinel-user"))
    "says" (printf (cat
      "%q is the name of a user of the instance itself, who must keep its rights"
      "(default, pinger, replica-user and sentinel-user are)") .name)
    "fix" "set another one, such as app")
  (dict
    "key" .value
    "wrong" (not $auth.enabled)
    "says" (printf "%q bounds nobody while auth.enabled is false, and everybody is default without a password" .name)
    "fix" (printf "set auth.enabled to true, or %s to \"\"" .value))
) -}}
{{- if $secret -}}
{{- $password := include "tenant-redis.passwordIn" (dict "root" $ "secret" $secret "key" .key) -}}
{{- $known := or $password (include "tenant-redis.serviceAccounts" $ | fromJson) -}}
{{- $valid := regexMatch (include "tenant-redis.passwordPattern" $) $password -}}
{{- $others := dict "password" "default" -}}
{{- if ne .key "tenant-password" -}}
{{- $_ := set $others "tenant-password" $auth.tenantUser -}}
{{- end -}}
{{- $rules = concat $rules (list
  (dict
    "key" .value
    "wrong" (and $known (not $valid))
    "says" (printf (cat
      "Secret %s/%s must have its password under the key %s,"
      "of %s") $namespace $secret .key (include "tenant-redis.passwordWords" $))
    "fix" (printf "add it first, or set %s to \"\"" .value))
) -}}
{{- $user := . -}}
{{- range $key, $name := $others -}}
{{- $rules = append $rules (dict
    "key" $user.value
    "wrong" (and $valid (eq $password (include "tenant-redis.passwordIn" (dict "root" $ "secret" $secret "key" $key))))
    "says" (printf (cat
      "Secret %s/%s has the same password under the keys %s and %s,"
      "so that who has it could log in as %s") $namespace $secret $user.key $key $name)
    "fix" (printf "give %s another one" $user.key)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}
