{{/* Keys that people bring from other charts: each with what to write here. */}}
{{- define "tenant-redis.validate.otherCharts" -}}
{{- $rules := list -}}
{{- range $key, $answer := .Files.Get "files/other-charts.json" | fromJson -}}
{{- $path := splitList "." $key -}}
{{- $at := $.Values -}}
{{- range initial $path -}}
{{- $at = get $at . -}}
{{- end -}}
{{- /* A text of ours may be a map elsewhere. */ -}}
{{- $map := kindIs "map" $at | ternary $at dict -}}
{{- $rules = append $rules (dict
    "key" $key
    "wrong" (hasKey $map (last $path))
    "says" "is not a value of this chart"
    "fix" $answer) -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}
