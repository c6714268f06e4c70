{{/*
Of a table of rules the mistakes, as a JSON list of "KEY: SAYS: FIX". Each rule is
(dict "key" KEY "wrong" CONDITION "says" TEXT "fix" TEXT); one whose text says it all
has no fix.
*/}}
{{- define "tenant-redis.mistakes" -}}
{{- $mistakes := list -}}
{{- range . -}}
{{- if .wrong -}}
{{- $mistakes = list .key .says .fix | compact | join ": " | append $mistakes -}}
{{- end -}}
{{- end -}}
{{- toJson $mistakes -}}
{{- end }}
