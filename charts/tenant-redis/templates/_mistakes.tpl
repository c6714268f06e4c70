{{/*
Fails where a value is null, which Helm takes for "no such key": templates would find nothing.
Helm renders the folder tests before all else.
*/}}
{{- define "tenant-redis.noneMissing" -}}
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

{{/*
The fix for a name that is not known: (dict "word" "a word" "names" LIST "otherwise" "what to do
if it is like none").
*/}}
{{- define "tenant-redis.meant" -}}
{{- $nearest := include "tenant-redis.nearest" . -}}
{{- empty $nearest | ternary .otherwise (printf "did you mean %s?" $nearest) -}}
{{- end }}

{{/*
Of a list of names the one that is most like a word, or nothing if none is: (dict
"word" "a word" "names" LIST). Alike are at least seven of ten of their pairs of
letters. The beginning of a name is no mistake in writing it, such as maxmemory.
*/}}
{{- define "tenant-redis.nearest" -}}
{{- $word := regexReplaceAll "[^a-z0-9]" (lower .word) "" -}}
{{- $best := dict "score" 69 "name" "" -}}
{{- if gt (len $word) 1 -}}
{{- range .names -}}
{{- $name := regexReplaceAll "[^a-z0-9]" (lower .) "" -}}
{{- $shared := 0 -}}
{{- range $i := until (sub (len $word) 1 | int) -}}
{{- if contains (substr $i (add $i 2 | int) $word) $name -}}
{{- $shared = add1 $shared -}}
{{- end -}}
{{- end -}}
{{- $score := div (mul 200 $shared) (sub (add (len $word) (len $name)) 2) -}}
{{- if and (gt (int $score) (int $best.score)) (or (not (hasPrefix $word $name)) (lt (len $name) (add 3 (len $word) | int))) -}}
{{- $best = dict "score" $score "name" . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $best.name -}}
{{- end }}
