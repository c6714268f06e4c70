{{/* Images that are the same for every Pod, of versions that are tested. */}}
{{- define "tenant-redis.validate.images" -}}
{{- $v := .Values -}}
{{- $tag := "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}" -}}
{{- $pinned := printf "^[a-z0-9][a-zA-Z0-9._:/-]*[a-z0-9](:%s|@sha256:[a-f0-9]{64}|:%s@sha256:[a-f0-9]{64})$" $tag $tag -}}
{{- $rules := list -}}
{{- range $key, $image := dict "image" $v.image "exporter.image" $v.exporter.image "proxy.image" $v.proxy.image -}}
{{- /* A map is answered as the value of another chart. */ -}}
{{- if kindIs "string" $image -}}
{{- $portOnly := regexMatch ":[0-9]+/[^:@]*$" $image -}}
{{- $rules = append $rules (dict
    "key" $key
    "wrong" (or (hasSuffix ":latest" $image) (not (regexMatch $pinned $image)) $portOnly)
    "says" (printf
      "%q must be an image with a tag other than latest or with a sha256 digest, so that every Pod runs the same" $image)
    "fix" "add one") -}}
{{- end -}}
{{- end -}}
{{- range $key, $rule := dict
  "image" (dict
    "image" $v.image
    "oldest" "7.0.0"
    "why" "than the scripts can do with"
    "fix" "use Redis 7.0, Valkey 7.2 or later")
  "proxy.image" (dict
    "image" (ternary $v.proxy.image "" $v.proxy.enabled)
    "oldest" "2.6.0"
    "why" "than the proxy's configuration is written for"
    "fix" "use HAProxy 2.6 or later, or set proxy.enabled to false")
  "exporter.image" (dict
    "image" (ternary $v.exporter.image "" $v.monitoring.enabled)
    "oldest" "1.82.0"
    "why" "than the alerts are tested with, and they may never fire"
    "fix" "use v1.82.0 or later, or set monitoring.enabled to false") -}}
{{- /* A tag that begins with no version may be any. */ -}}
{{- $version := include "tenant-redis.imageVersion" (toString $rule.image) -}}
{{- $rules = append $rules (dict
    "key" $key
    "wrong" (and $version (semverCompare (printf "<%s" $rule.oldest) $version))
    "says" (printf "%q is older %s" $rule.image $rule.why)
    "fix" $rule.fix) -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}
