{{/*
A value of redis.config as Redis writes it: YAML knows yes as true, and Helm 1000000 as 1e+06.
*/}}
{{- define "tenant-redis.setting" -}}
{{- if kindIs "bool" . }}{{ ternary "yes" "no" . }}{{ else if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end -}}
{{- end }}

{{/* redis.config over the policy that the purpose asks for. */}}
{{- define "tenant-redis.settings" -}}
{{- $policy := eq .Values.purpose "session" | ternary "noeviction" "allkeys-lru" -}}
{{- merge (dict) .Values.redis.config (dict "maxmemory-policy" $policy) | toJson -}}
{{- end }}

{{/* Redis' settings as arguments of its command. */}}
{{- define "tenant-redis.arguments" -}}
{{- /* Numbers come back from JSON as floats, of which Helm writes the large ones as 1e+06. */ -}}
{{- $memory := dict -}}
{{- range $share, $mebibytes := include "tenant-redis.memory" . | fromJson -}}
{{- $_ := set $memory $share (int64 $mebibytes) -}}
{{- end -}}
# An image with another working directory never finishes a replication on the
# read-only root file system.
- --dir
- /data
# Without it Redis refuses the operator from other Pods where there is no
# password. NetworkPolicies say who gets in.
- --protected-mode
- "no"
# Redis' default has a replica wait 5 s for others before it is sent the data;
# until it has them, it cannot take over.
- --repl-diskless-sync-delay
- "0"
- --maxmemory
- {{ $memory.maxmemory }}mb
- --maxmemory-clients
- {{ $memory.clients }}mb
- --client-output-buffer-limit
{{- range tuple "normal" (printf "%dmb" $memory.share) "0" "0" "replica" (printf "%dmb" $memory.replicas) "0" "0" }}
- {{ . | quote }}
{{- end }}
# Nobody could read a larger value, and a command that makes one, such as SETRANGE, takes
# half a GiB at once.
- --proto-max-bulk-len
- {{ $memory.share }}mb
- --repl-backlog-size
- {{ $memory.share }}mb
- --save
{{- if eq .Values.purpose "session" }}
# These add to the operator's own: after 15 minutes with a change, after 5 with 10.
- "60"
- "1000"
# A full disk must not refuse writes that the replicas have.
- --stop-writes-on-bgsave-error
- "no"
{{- else }}
- ""
# A replica keeps the file in which it got the data, and after the loss of all
# Redis the instance would come back with it, however old.
- --rdb-del-sync-files
- "yes"
{{- end }}
{{- range $name, $value := include "tenant-redis.settings" . | fromJson }}
- --{{ $name }}
- {{ include "tenant-redis.setting" $value | quote }}
{{- end }}
{{- end }}
