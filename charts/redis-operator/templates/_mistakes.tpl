{{/*
Of a table of rules the mistakes, as a JSON list of "KEY: VALUE must MUST: FIX".
Each rule is (dict "key" KEY "is" VALUE "wrong" CONDITION "must" TEXT "fix" TEXT).
*/}}
{{- define "redis-operator.mistakes" -}}
{{- $mistakes := list -}}
{{- range . -}}
{{- if .wrong -}}
{{- $mistakes = append $mistakes (printf "%s: %v must %s: %s" .key .is .must .fix) -}}
{{- end -}}
{{- end -}}
{{- toJson $mistakes -}}
{{- end }}
