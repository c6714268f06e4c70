{{/* What the fork needs, and no other operator has. */}}
{{- define "redis-operator.validate.flavour" -}}
{{- $v := .Values -}}
{{- $grouped := eq $v.flavour "freshworks" -}}
{{- include "redis-operator.mistakes" (list
  (dict
    "key" "group"
    "is" (printf "%q" $v.group)
    "wrong" (and $grouped (empty $v.group))
    "must" (printf "be set with flavour %s, which exits at once without it" $v.flavour)
    "fix" "set it to operator.group of the instances that it shall serve")
  (dict
    "key" "group"
    "is" (printf "%q" $v.group)
    "wrong" (and $v.group (not $grouped))
    "must" (printf "be empty with flavour %s" $v.flavour)
    "fix" "set it to \"\", or flavour to freshworks")
  (dict
    "key" "image.repository"
    "is" (printf "%q" $v.image.repository)
    "wrong" (and $grouped (eq (toString $v.image.repository) "quay.io/spotahome/redis-operator"))
    "must" (printf "be an image of the fork with flavour %s" $v.flavour)
    "fix" "set ghcr.io/freshworks/redis-operator or your own, or flavour to spotahome-1.3")
) -}}
{{- end }}
