{{/* The version that an image's tag begins with, empty if it tells none. */}}
{{- define "tenant-redis.imageVersion" -}}
{{- $tagged := regexReplaceAll "@.*$" . "" | regexFind ":v?[0-9]+(\\.[0-9]+){0,2}([-_][^/:]*)?$" -}}
{{- regexFind "[0-9]+(\\.[0-9]+){0,2}" $tagged -}}
{{- end }}

{{/*
The version of the RDB format in which a master of this image sends its data, empty if the
image does not tell: a replica reads its own and older ones. Valkey reads none of Redis 7.4
and later, and writes an older one for replicas that ask for it. docs/versions.md has what
was tried.
*/}}
{{- define "tenant-redis.dataFormat" -}}
{{- $repository := regexReplaceAll "[:@].*$" (base .) "" -}}
{{- with include "tenant-redis.imageVersion" . -}}
{{- if contains "valkey" $repository -}}11
{{- /* redis:7 is the newest 7, whichever that was when a node pulled it. */ -}}
{{- else if and (contains "redis" $repository) (ne . "7") -}}
{{- semverCompare "<7.2.0" . | ternary 10 (semverCompare "<7.4.0" . | ternary 11 12) -}}
{{- end -}}
{{- end -}}
{{- end }}
