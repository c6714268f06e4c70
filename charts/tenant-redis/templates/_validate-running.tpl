{{/*
What an instance that runs must keep: its password, with which the operator calls each Redis,
its name, and a server that can read the data.
*/}}
{{- define "tenant-redis.validate.running" -}}
{{- $auth := .Values.auth -}}
{{- $name := include "tenant-redis.name" . -}}
{{- $namespace := .Release.Namespace -}}
{{- $running := include "tenant-redis.running" . | fromJson -}}
{{- $rules := list -}}
{{- if $running -}}
{{- $asked := $auth.enabled | ternary ($auth.existingSecret | default $name) "" -}}
{{- $switched := ne (empty $running.secret) (empty $asked) -}}
{{- $rules = append $rules (dict
    "key" "auth.enabled"
    "wrong" $switched
    "says" (printf
      "%t, but this instance runs %s a password, and the operator could never repair or replace its Redis again"
      $auth.enabled (empty $running.secret | ternary "without" "with"))
    "fix" (printf (cat
      "set auth.enabled to %t;"
      "for the other, install another release, have the applications use it, and uninstall this one")
      (not $auth.enabled))) -}}
{{- if and $asked (not $switched) -}}
{{- $password := include "tenant-redis.passwordIn" (dict "root" . "secret" $running.secret) -}}
{{- $other := ne $password (include "tenant-redis.passwordIn" (dict "root" . "secret" $asked)) -}}
{{- $rules = concat $rules (list
  (dict
    "key" "auth"
    "wrong" (not $password)
    "says" (printf (cat
      "this instance runs with the password of Secret %s/%s, which is gone,"
      "and another password would shut the operator out") $namespace $running.secret)
    "fix" (printf
      "make the Secret again, with a key password that has what this prints: %s"
      (include "tenant-redis.passwordOfPod" .)))
  (dict
    "key" "auth.existingSecret"
    "wrong" (and $password $auth.existingSecret $other)
    "says" (printf (cat
      "%q has another password than Secret %s/%s, with which this instance runs,"
      "and would shut the operator out") $asked $namespace $running.secret)
    "fix" "give it the same password first")
) -}}
{{- $made := has $running.secret (list $name (printf "%s-instance" $name)) -}}
{{- $changes := dict "root" . "secret" $running.secret -}}
{{- $halfway := or (include "tenant-redis.passwordIn" (set $changes "key" "next-password")) (include "tenant-redis.passwordIn" (set $changes "key" "previous-password")) -}}
{{- $rules = append $rules (dict
    "key" (ternary "auth.existingSecret" "auth.tenantUser" (not (empty $auth.existingSecret)))
    "wrong" (and $made $halfway (ne $running.secret (include "tenant-redis.instanceSecret" .)))
    "says" (printf (cat
      "%q, but the password is being changed, and what Secret %s/%s knows of that would be lost,"
      "so that the old one would never end") ($auth.existingSecret | default $auth.tenantUser) $namespace $running.secret)
    "fix" (printf (cat
      "first run helm tenant rotate %s --namespace %s, have the applications start again,"
      "and run it with --finish") $name $namespace)) -}}
{{- end -}}
{{- end -}}
{{- $image := .Values.image -}}
{{- $written := include "tenant-redis.dataFormats" ($running.image | default "") | fromJsonArray | first | int -}}
{{- $read := include "tenant-redis.dataFormats" (toString $image) | fromJsonArray | last | int -}}
{{- $rules = append $rules (dict
    "key" "image"
    "wrong" (and $read (gt $written $read))
    "says" (printf (cat
      "%q cannot read what %q writes, with which this instance runs,"
      "so that no replica would ever have its data again") $image $running.image)
    "fix" (printf (cat
      "set image to %s;"
      "for this one, install another release, have the applications use it, and uninstall this one")
      (get (dict "11" "Redis 7.2 or later, or Valkey" "12" "Redis 7.4 or later" "13" "Redis 8.6 or later") (toString $written)))) -}}
{{- range include "tenant-redis.serviceAccounts" . | fromJson | dig "items" list -}}
{{- $labels := .metadata.labels | default dict -}}
{{- $release := get (.metadata.annotations | default dict) "meta.helm.sh/release-name" -}}
{{- $ours := and (eq (get $labels "app.kubernetes.io/name") "tenant-redis") (eq $release $.Release.Name) -}}
{{- /*
A release may have several instances, as dependencies of one chart, each under a name of its
own.
*/ -}}
{{- $ofThisChart := regexMatch (printf "^%s-[0-9]+\\." $.Chart.Name) (get $labels "helm.sh/chart") -}}
{{- $rules = append $rules (dict
    "key" "name"
    "wrong" (and $ours $ofThisChart (ne .metadata.name $name))
    "says" (printf "%q would delete the instance %q of this release, with all its data" $name .metadata.name)
    "fix" (printf (cat
      "set name to %q; for another instance, install another release."
      "If its data may go, first kubectl -n %s delete redisfailover,serviceaccount %s")
      .metadata.name $namespace .metadata.name)) -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}
