{{/*
Fails where a value is null, which Helm takes for "no such key": templates would find nothing.
*/}}
{{- define "redis-dashboards.noneMissing" -}}
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
