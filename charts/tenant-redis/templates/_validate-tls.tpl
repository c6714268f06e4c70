{{/* TLS at the proxy, and the Secrets that it needs. */}}
{{- define "tenant-redis.validate.tls" -}}
{{- $tls := .Values.proxy.tls -}}
{{- $proxied := .Values.proxy.enabled -}}
{{- $seesCluster := include "tenant-redis.serviceAccounts" . | fromJson -}}
{{- $certificates := "^\\s*(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----\\s*)+$" -}}
{{- $rules := list -}}
{{- range $key := list "existingSecret" "clientCASecret" -}}
{{- $secret := get $tls $key -}}
{{- $rules = append $rules (dict
    "key" (printf "proxy.tls.%s" $key)
    "wrong" (and $secret (not (regexMatch "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$" $secret)))
    "says" (printf
      "%q must be the name of a Secret in namespace %s, 1 to 253 of a-z, 0-9, - and ." $secret $.Release.Namespace)
    "fix" "set it") -}}
{{- end -}}
{{- $rules = append $rules (dict
    "key" "proxy.tls.existingSecret"
    "wrong" (and $tls.existingSecret (not $proxied))
    "says" (printf
      "%q is of no use while proxy.enabled is false, for only the proxy speaks TLS" $tls.existingSecret)
    "fix" "set proxy.enabled to true, or proxy.tls.existingSecret to \"\"") -}}
{{- range $key, $off := dict "ca" "\"\"" "clientCASecret" "\"\"" "only" "false" -}}
{{- $rules = append $rules (dict
    "key" "proxy.tls.existingSecret"
    "wrong" (and (get $tls $key) (not $tls.existingSecret))
    "says" (printf "is empty while proxy.tls.%s is set, and without a certificate there is no TLS" $key)
    "fix" (printf
      "name a Secret with tls.crt and tls.key in proxy.tls.existingSecret, or set proxy.tls.%s to %s" $key $off)) -}}
{{- end -}}
{{- /* The value is not repeated: it may be a private key by mistake. */ -}}
{{- $rules = append $rules (dict
    "key" "proxy.tls.ca"
    "wrong" (and $tls.ca (or (contains "PRIVATE KEY" $tls.ca) (not (regexMatch $certificates $tls.ca))))
    "says" "must be certificates in PEM and nothing else, for every client reads it"
    "fix" "set it to the CA's BEGIN CERTIFICATE to END CERTIFICATE, or to \"\"") -}}
{{- range $key, $files := dict "existingSecret" (list "tls.crt" "tls.key") "clientCASecret" (list "ca.crt") -}}
{{- $secret := get $tls $key -}}
{{- if and $secret $seesCluster -}}
{{- $data := lookup "v1" "Secret" $.Release.Namespace $secret | dig "data" dict -}}
{{- range $file := $files -}}
{{- $rules = append $rules (dict
    "key" (printf "proxy.tls.%s" $key)
    "wrong" (not (get $data $file))
    "says" (printf "Secret %s/%s must be there with a key %s" $.Release.Namespace $secret $file)
    "fix" "make it first") -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "tenant-redis.mistakes" $rules -}}
{{- end }}
