{{/* Settings of redis.config, of which files/redis-settings.yaml has each that is allowed. */}}
{{- define "tenant-redis.validate.settings" -}}
{{- $settings := .Files.Get "files/redis-settings.yaml" | fromYaml -}}
{{- $names := keys $settings | sortAlpha -}}
{{- $otherwise := printf "remove it; allowed are %s" (join ", " $names) -}}
{{- $rules := list -}}
{{- range $key, $value := .Values.redis.config -}}
{{- $text := include "tenant-redis.setting" $value -}}
{{- $setting := get $settings $key | default dict -}}
{{- $pattern := printf "^(%s)$" (get $setting "pattern") -}}
{{- $rules = concat $rules (list
  (dict
    "key" (printf "redis.config.%s" $key)
    "wrong" (empty $setting)
    "says" "is not allowed, since the chart or the operator depends on it, or Redis would not start with it"
    "fix" (include "tenant-redis.meant" (dict "word" $key "names" $names "otherwise" $otherwise)))
  (dict
    "key" (printf "redis.config.%s" $key)
    "wrong" (and $setting (not (regexMatch $pattern $text)))
    "says" (printf "%q must be %s" $text (get $setting "values")))
) -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}

{{/* Settings that refuse writes, or that lose them. */}}
{{- define "tenant-redis.validate.writes" -}}
{{- $policy := get (include "tenant-redis.settings" . | fromJson) "maxmemory-policy" -}}
{{- $servers := int .Values.redis.replicas -}}
{{- $acknowledging := get .Values.redis.config "min-replicas-to-write" | toString | int -}}
{{- $session := eq .Values.purpose "session" -}}
{{- /* One that is none is answered already. */ -}}
{{- $allowed := .Files.Get "files/redis-settings.yaml" | fromYaml | dig "maxmemory-policy" "pattern" "" -}}
{{- $known := toString $policy | regexMatch (printf "^(%s)$" $allowed) -}}
{{- include "tenant-redis.mistakes" (list
  (dict
    "key" "redis.config.maxmemory-policy"
    "wrong" (and $known $session (ne $policy "noeviction"))
    "says" (printf
      "%q does not fit purpose session, of which nothing may vanish, so only noeviction does" $policy)
    "fix" "set purpose to cache, or remove the setting")
  (dict
    "key" "redis.config.maxmemory-policy"
    "wrong" (and (not $session) (eq $policy "noeviction"))
    "says" (printf
      "%q does not fit purpose %s, which would refuse writes when it is full, so all but noeviction do"
      $policy .Values.purpose)
    "fix" "set purpose to session, or remove the setting")
  (dict
    "key" "redis.config.min-replicas-to-write"
    "wrong" (ge $acknowledging $servers)
    "says" (printf "%d must be less than redis.replicas, %d, or no write is ever taken" $acknowledging $servers)
    "fix" (printf "set at most %d" (sub $servers 1)))
) -}}
{{- end }}
