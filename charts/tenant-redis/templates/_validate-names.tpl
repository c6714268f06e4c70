{{/* What the instance and its access label are called. */}}
{{- define "tenant-redis.validate.names" -}}
{{- $v := .Values -}}
{{- $name := include "tenant-redis.name" . -}}
{{- $ofRelease := empty $v.name | ternary " from the release's name" "" -}}
{{- $label := "^(([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$" -}}
{{- include "tenant-redis.mistakes" (list
  (dict
    "key" "name"
    "wrong" (not (regexMatch "^[a-z]([a-z0-9-]{0,46}[a-z0-9])?$" $name))
    "says" (printf
      "%q, %d characters%s, must be 1 to 48 of a-z, 0-9 and -, begin with a letter and not end with -"
      $name (len $name) $ofRelease)
    "fix" "set name to such a one")
  (dict
    "key" "name"
    "wrong" (not (or $v.name .Chart.IsRoot))
    "says" (printf
      "is empty, and as a dependency this chart has the release's name, %q, as all other charts of the release have"
      $name)
    "fix" "set name to what the instance is called")
  (dict
    "key" "access.label"
    "wrong" (not (regexMatch $label $v.access.label))
    "says" (printf "%q is no label key" $v.access.label)
    "fix" (cat
      "set it to at most 63 letters, digits, -, _ and ., with a domain and / before them if you like,"
      "or to \"\" for elastisys.io/redis-NAME-access"))
) -}}
{{- end }}
