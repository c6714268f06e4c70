{{/* Times that have to fit each other, so that a failover is carried through. */}}
{{- define "tenant-redis.validate.sentinel" -}}
{{- $detection := int .Values.sentinel.downAfterMilliseconds -}}
{{- $failover := int .Values.sentinel.failoverTimeoutMilliseconds -}}
{{- $grace := int .Values.redis.terminationGracePeriodSeconds -}}
{{- $handOver := sub $grace 20 -}}
{{- include "tenant-redis.mistakes" (list
  (dict
    "key" "sentinel.failoverTimeoutMilliseconds"
    "wrong" (lt $failover (mul 2 $detection | int))
    "says" (printf (cat
      "%d must be at least %d, twice sentinel.downAfterMilliseconds,"
      "or a failover is given up before the Sentinels agree")
      $failover (mul 2 $detection))
    "fix" (printf "set %d" (mul 3 $detection)))
  (dict
    "key" "redis.terminationGracePeriodSeconds"
    "wrong" (lt (mul 1000 $handOver | int) $failover)
    "says" (printf (cat
      "%d leaves %d s to hand over, and must leave at least the %d ms of sentinel.failoverTimeoutMilliseconds,"
      "since a failover under way comes first")
      $grace $handOver $failover)
    "fix" (printf "set %d or more" (add 20 (div (add $failover 999) 1000))))
) -}}
{{- end }}
