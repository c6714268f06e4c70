{{/*
Fails where a value is null, which Helm takes for "no such key": templates would find nothing.
*/}}
{{- define "redis-operator.noneMissing" -}}
{{- $missing := list -}}
{{- range $key := .Files.Get "files/keys.json" | fromJsonArray -}}
{{- $at := $.Values -}}
{{- $above := "" -}}
{{- range $part := splitList "." $key -}}
{{- if and (not $above) (or (not (hasKey $at $part)) (kindIs "invalid" (get $at $part))) -}}
{{- $above = $part -}}
{{- else if not $above -}}
{{- $at = get $at $part -}}
{{- end -}}
{{- end -}}
{{- /* Of a whole section only that. */ -}}
{{- if eq $above (last (splitList "." $key)) -}}
{{- $missing = append $missing (printf "%s: is null, which takes its default away: leave it out for that, or set it" $key) -}}
{{- end -}}
{{- end -}}
{{- with $missing -}}
{{- fail (join "\n" .) -}}
{{- end -}}
{{- end }}

{{/*
Of a table of rules the mistakes, as a JSON list of "KEY is VALUE, but must MUST: FIX".
Each rule is (dict "key" KEY "is" VALUE "wrong" CONDITION "must" TEXT "fix" TEXT).
*/}}
{{- define "redis-operator.mistakes" -}}
{{- $mistakes := list -}}
{{- range . -}}
{{- if .wrong -}}
{{- $mistakes = append $mistakes (printf "%s is %v, but must %s: %s" .key .is .must .fix) -}}
{{- end -}}
{{- end -}}
{{- toJson $mistakes -}}
{{- end }}
