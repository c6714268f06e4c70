{{/* What each operator can do. */}}
{{- define "tenant-redis.validate.flavour" -}}
{{- $v := .Values -}}
{{- $sentinels := int $v.sentinel.replicas -}}
{{- $servers := int $v.redis.replicas -}}
{{- $grouped := eq $v.flavour "freshworks" -}}
{{- $kubernetes := .Capabilities.KubeVersion.Version -}}
{{- /* The CRD of the fork's own chart drops it, and Helm does not bring it back. */ -}}
{{- $dropped := false -}}
{{- if and $grouped (include "tenant-redis.running" . | fromJson) -}}
{{- range lookup "databases.spotahome.com/v1" "RedisFailover" .Release.Namespace (include "tenant-redis.name" .) | dig "spec" "sentinel" "topologySpreadConstraints" list -}}
{{- if and (eq .whenUnsatisfiable "DoNotSchedule") (not .matchLabelKeys) -}}
{{- $dropped = true -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "tenant-redis.mistakes" (list
  (dict
    "key" "sentinel.replicas"
    "wrong" (and (eq $v.flavour "spotahome-1.2") (lt $sentinels $servers))
    "says" (printf
      "%d must be at least redis.replicas, %d, with flavour spotahome-1.2, which never heals fewer" $sentinels $servers)
    "fix" "lower redis.replicas, or set flavour to spotahome-1.3")
  (dict
    "key" "sentinel.replicas"
    "wrong" (and (not (include "tenant-redis.newFields" .)) (gt $sentinels 3))
    "says" (printf
      "%d must be 3 with flavour %s, whose PodDisruptionBudget keeps 2, fewer than a majority" $sentinels $v.flavour)
    "fix" "set 3, or flavour to spotahome-1.3")
  (dict
    "key" "operator.group"
    "wrong" (and $grouped (empty $v.operator.group))
    "says" (printf "%q must be set with flavour %s" $v.operator.group $v.flavour)
    "fix" "set it to the operator's OPERATOR_GROUP_ID, without which it ignores this instance")
  (dict
    "key" "operator.group"
    "wrong" (and $v.operator.group (not $grouped))
    "says" (printf "%q must be empty with flavour %s" $v.operator.group $v.flavour)
    "fix" "set it to \"\", or flavour to freshworks")
  (dict
    "key" "flavour"
    "wrong" $dropped
    "says" (printf (cat
      "%s with a CRD that has dropped matchLabelKeys from the RedisFailover of this instance,"
      "so that an update would hang for good") $v.flavour)
    "fix" "apply the CRD of charts/redis-operator, then the RedisFailover again: https://github.com/tenant-redis/tenant-redis/blob/main/docs/operator.md has the commands")
  (dict
    "key" "flavour"
    "wrong" (and (eq $v.flavour "saremox") (semverCompare "<1.32.0-0" $kubernetes))
    "says" (printf "saremox needs Kubernetes 1.32 or newer, and this is %s" $kubernetes)
    "fix" "upgrade Kubernetes, or set another flavour")
) -}}
{{- end }}
