{{/*
The Secret with the password of Redis' user default, which the operator reads. With a user for
the tenant it is not the one that the tenant reads.
*/}}
{{- define "tenant-redis.instanceSecret" -}}
{{- $name := include "tenant-redis.name" . -}}
{{- .Values.auth.existingSecret | default (ternary (printf "%s-instance" $name) $name (not (empty .Values.auth.tenantUser))) -}}
{{- end }}

{{/*
What the tenant's user may do, as words of Redis' ACL: all that is about data, also
what modules and later versions add, so that test/chart/users looks at every command of
each server. The words must be ones that the oldest server knows, or it would not start.
CONFIG GET stays shut: it shows the password of the user default. So does CLIENT NO-EVICT,
which would keep a connection that takes all memory from being ended.

A user cannot be refused a channel. These patterns are all channels but those that
begin with "__s", through which Sentinels tell each other who is master. Redis lets a
pattern be subscribed to only if it is allowed by letter, so that gets a selector of
its own, which lets nobody publish.
*/}}
{{- define "tenant-redis.tenantRights" -}}
{{- list
  "~*" "&[^_]*" "&_" "&_[^_]*" "&__" "&__[^s]*"
  "+@all" "-@admin" "-@dangerous"
  "-acl" "-cluster" "-config" "-debug" "-latency" "-memory" "-module" "-script|debug" "-slowlog"
  "+flushdb" "+info" "+keys" "+memory|usage" "+role" "+sort" "+sort_ro"
  "(+psubscribe &*)" | toJson -}}
{{- end }}

{{/*
What the user that reads alone may do: commands that read, by category, so that one that a
later version adds is refused until it is known, and what shows why Redis is slow.
*/}}
{{- define "tenant-redis.readOnlyRights" -}}
{{- list
  "~*" "&[^_]*" "&_" "&_[^_]*" "&__" "&__[^s]*"
  "+@read" "+@connection" "+@transaction" "+@pubsub" "-@write" "-@admin" "-@dangerous" "-publish" "-spublish"
  "+client|list" "+info" "+latency|doctor" "+latency|history" "+latency|latest" "+memory|doctor" "+memory|stats"
  "+role" "+slowlog|get" "+slowlog|len" "+time"
  "(+psubscribe &*)" | toJson -}}
{{- end }}

{{/* The users as a JSON list: name, the key of the Secret with the password, and rights. */}}
{{- define "tenant-redis.userList" -}}
{{- $users := list -}}
{{- with .Values.auth.tenantUser -}}
{{- $users = append $users (dict
  "value" "auth.tenantUser" "name" . "key" "tenant-password"
  "rights" (include "tenant-redis.tenantRights" $ | fromJsonArray)) -}}
{{- end -}}
{{- with .Values.auth.readOnlyUser -}}
{{- $users = append $users (dict
  "value" "auth.readOnlyUser" "name" . "key" "read-only-password"
  "rights" (include "tenant-redis.readOnlyRights" $ | fromJsonArray)) -}}
{{- end -}}
{{- toJson $users -}}
{{- end }}

{{/*
The users as arguments of Redis' command. start.sh puts the hashes of the passwords in place of
their files.
*/}}
{{- define "tenant-redis.users" -}}
{{- range include "tenant-redis.userList" . | fromJsonArray }}
- --user
- {{ .name | quote }}
- "on"
- "#/redis-users/{{ .key }}"
{{- range .rights }}
- {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/*
Whether the tenant's Secrets are to have the tenant's user: not empty if so. While a
running instance is given one, they keep the password of the user default until every
Redis has been started with the new user, or an application that starts meanwhile would
be refused.
*/}}
{{- define "tenant-redis.handedOver" -}}
{{- $running := include "tenant-redis.running" . | fromJson -}}
{{- $user := .Values.auth.tenantUser -}}
{{- if and $user (or (not $running) (eq $user (get $running "user")) (eq $user (include "tenant-redis.userOfTenant" .))) -}}true{{- end -}}
{{- end }}
