{{- /* Made from scripts/schema.tpl, which all charts share. */ -}}
{{/*
Fails with all mistakes at once: what does not fit the schema, and what the rules say of the
rest. (dict "root" $ "rules" (dict TOPIC (list KEY …))) has for each template tenant-redis.validate.TOPIC
the keys that it reads. One of which a key has another type would say what is not so, or trip.
*/}}
{{- define "tenant-redis.refuse" -}}
{{- $root := .root -}}
{{- $schema := $root.Files.Get "files/schema.json" | fromJson -}}
{{- $misfits := include "tenant-redis.misfits" (dict "key" "" "value" $root.Values "schema" $schema "defaults" true) | fromJsonArray -}}
{{- $mistakes := list -}}
{{- $unfit := list -}}
{{- range $misfits -}}
{{- $mistakes = printf "%s: %s" .key .says | append $mistakes -}}
{{- $unfit = .stops | ternary (append $unfit .key) $unfit -}}
{{- end -}}
{{- range $topic, $keys := .rules -}}
{{- if not (include "tenant-redis.touch" (dict "keys" $keys "others" $unfit)) -}}
{{- $mistakes = include (printf "tenant-redis.validate.%s" $topic) $root | fromJsonArray | concat $mistakes -}}
{{- end -}}
{{- end -}}
{{- with $mistakes -}}
{{- fail (join "\n" .) -}}
{{- end -}}
{{- end }}

{{/* Whether one of some keys is, has or is part of one of others: (dict "keys" LIST "others" LIST). */}}
{{- define "tenant-redis.touch" -}}
{{- $others := .others -}}
{{- range .keys -}}
{{- $key := printf "%s." . -}}
{{- range $others -}}
{{- $other := replace "[" ".[" . | printf "%s." -}}
{{- if or (hasPrefix $key $other) (hasPrefix $other $key) }}true{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
What of a value does not fit a schema, as a JSON list of {key, says, stops}, the last of which
is whether rules cannot read the key: (dict "key" PATH "value" VALUE "schema" SCHEMA "defaults"
whether each key has one). null is to Helm "no such key". This runs for each key of each
release, so that it calls others only where it must.
*/}}
{{- define "tenant-redis.misfits" -}}
{{- $mistakes := list -}}
{{- $schema := .schema -}}
{{- $properties := $schema.properties | default dict -}}
{{- $kind := include "tenant-redis.kind" .value -}}
{{- if ne (include "tenant-redis.fits" (dict "value" .value "schema" $schema "kind" $kind)) "true" -}}
{{- $says := printf "%s must be %s: %s" (include "tenant-redis.shown" .) (include "tenant-redis.allowed" $schema) (include "tenant-redis.fix" .) -}}
{{- $mistakes = append $mistakes (dict "key" .key "says" $says "stops" true) -}}
{{- else if eq $kind "object" -}}
{{- range $name := $schema.required -}}
{{- if not (hasKey $.value $name) -}}
{{- $mistakes = append $mistakes (dict "key" (printf "%s.%s" $.key $name) "says" "is missing: add it" "stops" true) -}}
{{- end -}}
{{- end -}}
{{- range $name, $child := $properties -}}
{{- if and $.defaults (kindIs "map" $child) -}}
{{- if not (or $child.deprecated (hasKey $.value $name | and (not (kindIs "invalid" (get $.value $name))))) -}}
{{- $key := printf "%s.%s" $.key $name | trimPrefix "." -}}
{{- $mistakes = append $mistakes (dict "key" $key "says" "is null, which takes its default away: leave it out for that, or set it" "stops" true) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := .value -}}
{{- $key := printf "%s.%s" $.key $name | trimPrefix "." -}}
{{- $child := dig "additionalProperties" true $schema -}}
{{- range $pattern, $of := $schema.patternProperties -}}
{{- if regexMatch $pattern $name -}}
{{- $child = $of -}}
{{- end -}}
{{- end -}}
{{- if hasKey $properties $name -}}
{{- $child = get $properties $name -}}
{{- end -}}
{{- $found := "[]" -}}
{{- if not (kindIs "map" $child) -}}
{{- if not $child -}}
{{- $found = include "tenant-redis.intruder" (dict "key" $key "name" $name "schema" $schema) -}}
{{- end -}}
{{- else if $child.deprecated -}}
{{- $says := printf "is not a value of this chart: %s" $child.description -}}
{{- $mistakes = append $mistakes (dict "key" $key "says" $says "stops" false) -}}
{{- else if not (and $.defaults (kindIs "invalid" $value) (hasKey $properties $name)) -}}
{{- $found = include "tenant-redis.misfits" (dict "key" $key "value" $value "schema" $child "defaults" $.defaults) -}}
{{- end -}}
{{- if ne $found "[]" -}}
{{- $mistakes = fromJsonArray $found | concat $mistakes -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq $kind "array") $schema.items -}}
{{- range $i, $value := .value -}}
{{- $mistakes = include "tenant-redis.misfits" (dict "key" (printf "%s[%d]" $.key $i) "value" $value "schema" $schema.items "defaults" false) | fromJsonArray | concat $mistakes -}}
{{- end -}}
{{- end -}}
{{- toJson $mistakes -}}
{{- end }}

{{/*
What to say of a key that cannot be there, as misfits: (dict "key" PATH "name" its last part
"schema" that of the map).
*/}}
{{- define "tenant-redis.intruder" -}}
{{- $says := "" -}}
{{- $stops := true -}}
{{- if hasKey (.schema.properties | default dict) .name -}}
{{- $says = "is not yours to set, since the chart does: remove it" -}}
{{- else if .schema.patternProperties -}}
{{- $says = printf "cannot be here, since these are %s: rename it" .schema.title -}}
{{- else -}}
{{- $stops = false -}}
{{- $own := include "tenant-redis.own" .schema | fromJsonArray -}}
{{- $otherwise := empty $own | ternary "remove it" (printf "remove it; here may be %s" (join ", " $own)) -}}
{{- $nearest := include "tenant-redis.nearest" (dict "word" .name "names" $own) -}}
{{- $meant := printf "did you mean %s%s?" (trimSuffix .name .key) $nearest -}}
{{- $says = printf "is not a value of this chart: %s" (empty $nearest | ternary $otherwise $meant) -}}
{{- end -}}
{{- list (dict "key" .key "says" $says "stops" $stops) | toJson -}}
{{- end }}

{{/* The names of a schema's keys, as a JSON list, without those of other charts. */}}
{{- define "tenant-redis.own" -}}
{{- $own := list -}}
{{- range $name, $child := .properties -}}
{{- if kindIs "map" $child -}}
{{- $own = $child.deprecated | empty | ternary (append $own $name) $own -}}
{{- end -}}
{{- end -}}
{{- toJson $own -}}
{{- end }}

{{/*
Whether a value itself fits a schema, apart from what is below it: (dict "value" VALUE "schema"
SCHEMA "kind" KIND).
*/}}
{{- define "tenant-redis.fits" -}}
{{- $value := .value -}}
{{- $schema := .schema -}}
{{- $kind := .kind -}}
{{- $types := kindIs "string" $schema.type | ternary (list $schema.type) ($schema.type | default list) -}}
{{- $choices := list -}}
{{- range $schema.enum -}}
{{- $choices = append $choices (toJson .) -}}
{{- end -}}
{{- if not (or (empty $types) (has $kind $types) (and (eq $kind "integer") (has "number" $types))) -}}
false
{{- else if and $choices (not (has (toJson $value) $choices)) -}}
false
{{- else if has $kind (list "integer" "number") -}}
{{- and (ge (float64 $value) (dig "minimum" $value $schema | float64)) (le (float64 $value) (dig "maximum" $value $schema | float64)) -}}
{{- else if eq $kind "string" -}}
{{- and (regexMatch (dig "pattern" "" $schema) $value) (ge (len $value) (dig "minLength" 0 $schema | int)) (ne $value (dig "not" "const" "\n" $schema)) -}}
{{- else if eq $kind "object" -}}
{{- ge (len $value) (dig "minProperties" 0 $schema | int) -}}
{{- else if eq $kind "array" -}}
{{- or (not $schema.uniqueItems) (eq (len $value) (uniq $value | len)) -}}
{{- else -}}
true
{{- end -}}
{{- end }}

{{/* A value as a message shows it. What is not what its key is for may be or have a password. */}}
{{- define "tenant-redis.shown" -}}
{{- $kind := include "tenant-redis.kind" .value -}}
{{- $section := eq (include "tenant-redis.wanted" .schema) "object" -}}
{{- if and (eq $kind "object") .value -}}
a map
{{- else if and $section (eq $kind "array") .value -}}
a list
{{- else if and $section (eq $kind "string") -}}
a text
{{- else -}}
{{- toRawJson .value | trunc 60 -}}
{{- end -}}
{{- end }}

{{/* The type of a value, as a schema names it. */}}
{{- define "tenant-redis.kind" -}}
{{- if kindIs "map" . -}}
object
{{- else if kindIs "slice" . -}}
array
{{- else if kindIs "string" . -}}
string
{{- else if kindIs "bool" . -}}
boolean
{{- else if kindIs "invalid" . -}}
null
{{- else if eq (float64 .) (floor .) -}}
integer
{{- else -}}
number
{{- end -}}
{{- end }}

{{/* The type that a schema has first. */}}
{{- define "tenant-redis.wanted" -}}
{{- if kindIs "slice" .type -}}
{{- first .type -}}
{{- else -}}
{{- .type -}}
{{- end -}}
{{- end }}

{{/* What a schema allows, in words. */}}
{{- define "tenant-redis.allowed" -}}
{{- $type := include "tenant-redis.wanted" . -}}
{{- if .title -}}
{{- .title -}}
{{- else if .enum -}}
{{- printf "%s or %v" (initial .enum | join ", ") (last .enum) -}}
{{- else if and (eq $type "integer") (hasKey . "maximum") -}}
{{- printf "a whole number from %d to %d" (int64 .minimum) (int64 .maximum) -}}
{{- else if eq $type "integer" -}}
a whole number
{{- else if eq $type "boolean" -}}
true or false
{{- else if eq $type "array" -}}
{{- .uniqueItems | empty | ternary "a list" "a list in which nothing is twice" -}}
{{- else if and (eq $type "object") .properties -}}
a section
{{- else if eq $type "object" -}}
{{- .minProperties | empty | ternary "a map of names to values" "a map of names to values, one at least" -}}
{{- else -}}
{{- .minLength | empty | ternary "a text" "a text that is not empty" -}}
{{- end -}}
{{- end }}

{{/* What to do about a value that does not fit: (dict "key" PATH "value" VALUE "schema" SCHEMA). */}}
{{- define "tenant-redis.fix" -}}
{{- $value := .value -}}
{{- $schema := .schema -}}
{{- $type := include "tenant-redis.wanted" $schema -}}
{{- $kind := include "tenant-redis.kind" $value -}}
{{- $text := lower (toString $value) -}}
{{- $numeric := or (has $kind (list "integer" "number")) (regexMatch "^-?[0-9]+$" $text) -}}
{{- if and (eq $type "integer") $numeric (lt (float64 $value) (dig "minimum" $value $schema | float64)) -}}
{{- printf "set %d or more" (int64 $schema.minimum) -}}
{{- else if and (eq $type "integer") $numeric (gt (float64 $value) (dig "maximum" $value $schema | float64)) -}}
{{- printf "set %d or less" (int64 $schema.maximum) -}}
{{- else if and (eq $kind "string") (or (and (eq $type "integer") $numeric) (and (eq $type "boolean") (has $text (list "true" "false")))) -}}
{{- printf "write %s without quotes" $text -}}
{{- else if and (eq $type "string") (not $schema.enum) (has $kind (list "integer" "number" "boolean")) -}}
{{- printf "write %q, in quotes" (toString $value) -}}
{{- else if $schema.enum -}}
{{- include "tenant-redis.meant" (dict "word" $text "names" $schema.enum "otherwise" "set one of these") -}}
{{- else if and (eq $type "array") (eq $kind "array") -}}
remove what is there twice
{{- else if and (eq $type "array") (eq $kind "string") (eq (dig "items" "type" "" $schema) "string") -}}
{{- printf "write [%s]" (toRawJson $value) -}}
{{- else if eq $type "array" -}}
write a list, or [] for none
{{- else if and (eq $type "object") (eq $kind "boolean") (dig "properties" "enabled" false $schema) -}}
{{- printf "set %s.enabled to %s" .key $text -}}
{{- else if and (eq $kind "string") (dig "required" list $schema | len | eq 1) -}}
{{- printf "write {%s: …}" (first $schema.required) -}}
{{- else if and (eq $type "object") $schema.properties (not $schema.patternProperties) -}}
{{- printf "write keys below it, such as %s" (include "tenant-redis.own" $schema | fromJsonArray | join ", ") -}}
{{- else if and (eq $type "object") $schema.minProperties -}}
write NAME: VALUE below it
{{- else if eq $type "object" -}}
write NAME: VALUE below it, or {} for none
{{- else -}}
set such a one
{{- end -}}
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
letters, all letters in another order or, of three and more, all but one, as a pattern
tells. The beginning of a name is no mistake in writing it, such as maxmemory.
*/}}
{{- define "tenant-redis.nearest" -}}
{{- $word := regexReplaceAll "[^a-z0-9]" (lower .word) "" -}}
{{- $best := dict "score" 69 "name" "" -}}
{{- $patterns := printf "%s." $word | list -}}
{{- range $i := until (len $word) -}}
{{- $from := substr $i (len $word) $word -}}
{{- $patterns = append $patterns (printf "%s.?%s?%s" (substr 0 $i $word) (substr 0 1 $from) (substr 1 (len $from) $from)) -}}
{{- end -}}
{{- $slip := printf "^(%s)$" (join "|" $patterns) -}}
{{- if gt (len $word) 1 -}}
{{- range .names -}}
{{- $name := regexReplaceAll "[^a-z0-9]" (toString . | lower) "" -}}
{{- $shared := 0 -}}
{{- range $i := until (sub (len $word) 1 | int) -}}
{{- if contains (substr $i (add $i 2 | int) $word) $name -}}
{{- $shared = add1 $shared -}}
{{- end -}}
{{- end -}}
{{- $swapped := eq (splitList "" $word | sortAlpha | join "") (splitList "" $name | sortAlpha | join "") -}}
{{- $pairs := div (mul 200 $shared) (sub (add (len $word) (len $name)) 2) -}}
{{- $slipped := and (gt (len $word) 2) (regexMatch $slip $name) -}}
{{- $score := $swapped | ternary 100 ($slipped | ternary 99 $pairs) -}}
{{- if and (gt (int $score) (int $best.score)) (or (not (hasPrefix $word $name)) (lt (len $name) (add 3 (len $word) | int))) -}}
{{- $best = dict "score" $score "name" . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $best.name -}}
{{- end }}
