{{/* The version that an image's tag begins with, empty if it tells none. */}}
{{- define "tenant-redis.imageVersion" -}}
{{- $tagged := regexReplaceAll "@.*$" . "" | regexFind ":v?[0-9]+(\\.[0-9]+){0,2}([-_][^/:]*)?$" -}}
{{- regexFind "[0-9]+(\\.[0-9]+){0,2}" $tagged -}}
{{- end }}

{{/*
The versions of the RDB format in which a master of this image may send its data, as a list:
one where the tag tells it, none where it does not, more where it is only the newest of a
major version, whichever that was when a node pulled it. A replica reads its own and older
ones. Valkey reads none of Redis 7.4 and later, and writes an older one for replicas that ask
for it. docs/versions.md has what was tried.
*/}}
{{- define "tenant-redis.dataFormats" -}}
{{- $repository := regexReplaceAll "[:@].*$" (base .) "" -}}
{{- $formats := list -}}
{{- with include "tenant-redis.imageVersion" . -}}
{{- if contains "valkey" $repository -}}
{{- $formats = list 11 -}}
{{- else if contains "redis" $repository -}}
{{- $since74 := semverCompare "<8.6.0" . | ternary 12 13 -}}
{{- $since72 := semverCompare "<7.4.0" . | ternary 11 $since74 -}}
{{- $told := list (semverCompare "<7.2.0" . | ternary 10 $since72) -}}
{{- $formats = get (dict "7" (list 10 11 12) "8" (list 12 13)) . | default $told -}}
{{- end -}}
{{- end -}}
{{- toJson $formats -}}
{{- end }}

{{/*
Whether the image's version is maintained now, by files/servers.yaml: {"well": BOOLEAN, "says":
TEXT}.
*/}}
{{- define "tenant-redis.support" -}}
{{- $server := regexReplaceAll "[:@].*$" (base .Values.image) "" | contains "valkey" | ternary "valkey" "redis" -}}
{{- $version := include "tenant-redis.imageVersion" .Values.image | regexFind "^[0-9]+[.][0-9]+" -}}
{{- $known := .Files.Get "files/servers.yaml" | fromYaml | dig $server dict -}}
{{- $until := get $known $version -}}
{{- $month := empty $until | ternary "" ($until | toDate "2006-01" | date "January 2006") -}}
{{- $name := printf "%s %s" (title $server) $version -}}
{{- if not $version -}}
{{- dict "well" false "says" "of a version that its name does not tell" | toJson -}}
{{- else if not (hasKey $known $version) -}}
{{- dict "well" false "says" (printf "%s, of which nothing is known here" $name) | toJson -}}
{{- else if not $until -}}
{{- dict "well" true "says" (printf "supported: %s, of which no end is written" $name) | toJson -}}
{{- else if gt (dateInZone "2006-01" now "UTC") $until -}}
{{- dict "well" false "says" (printf "not supported: %s ended in %s" $name $month) | toJson -}}
{{- else -}}
{{- dict "well" true "says" (printf "supported: %s, until %s" $name $month) | toJson -}}
{{- end -}}
{{- end }}
