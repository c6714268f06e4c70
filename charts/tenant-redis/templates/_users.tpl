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
CONFIG GET stays shut: it shows the password of the user default.

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
  "+client|no-evict" "+flushdb" "+info" "+keys" "+memory|usage" "+role" "+sort" "+sort_ro"
  "(+psubscribe &*)" | toJson -}}
{{- end }}

{{/*
The tenant's user as arguments of Redis' command. start.sh puts the hashes of the passwords in
place of their file.
*/}}
{{- define "tenant-redis.users" -}}
{{- with .Values.auth.tenantUser -}}
- --user
- {{ . | quote }}
- "on"
- "#/redis-users/tenant-password"
{{- range include "tenant-redis.tenantRights" $ | fromJsonArray }}
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
