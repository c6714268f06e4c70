package tenantredis

import (
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

const authority = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

// TestTLSPorts holds that the connection ConfigMap, the Service, its Pods, the
// NetworkPolicy and HAProxy agree about the ports, and that without TLS nothing is left
// of it.
func TestTLSPorts(t *testing.T) {
	plain := map[string]int32{"redis": 6379, "redis-read": 6380}
	encrypted := map[string]int32{"redis-tls": 6381, "redis-read-tls": 6382}
	both := maps.Clone(plain)
	maps.Copy(both, encrypted)
	for name, test := range map[string]struct {
		values values
		ports  map[string]int32
		keys   map[string]string
	}{
		"off":  {nil, plain, map[string]string{"REDIS_PORT": "6379", "REDIS_READ_PORT": "6380"}},
		"both": {values{"proxy.tls.existingSecret": `"certificate"`}, both, map[string]string{"REDIS_PORT": "6379", "REDIS_READ_PORT": "6380", "REDIS_TLS_PORT": "6381", "REDIS_TLS_READ_PORT": "6382"}},
		"only": {
			values{"proxy.tls.existingSecret": `"certificate"`, "proxy.tls.only": "true", "proxy.tls.ca": strconv.Quote(authority)},
			encrypted,
			map[string]string{"REDIS_TLS_PORT": "6381", "REDIS_TLS_READ_PORT": "6382", "REDIS_TLS_CA": authority},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := values{"proxy.enabled": "true", "proxy.sidecar": "true", "tenantNamespaces": tenants}
			maps.Copy(v, test.values)
			objects := chart.Objects(t, v)
			for _, in := range served {
				found := map[string]string{}
				for key, value := range render.Get[corev1.ConfigMap](t, objects, "ConfigMap/"+in+"/"+release).Data {
					if strings.HasPrefix(key, "REDIS_TLS_") || key == "REDIS_PORT" || key == "REDIS_READ_PORT" {
						found[key] = value
					}
				}
				assert.Equal(t, test.keys, found)
			}
			service, pods, allowed := map[string]int32{}, map[string]int32{}, map[int32]bool{}
			for _, port := range render.Get[corev1.Service](t, objects, chart.ID("Service")+"-proxy").Spec.Ports {
				service[port.Name] = port.Port
				assert.Equal(t, port.Name, port.TargetPort.StrVal)
			}
			container := render.Get[appsv1.Deployment](t, objects, chart.ID("Deployment")+"-proxy").Spec.Template.Spec.Containers[0]
			for _, port := range container.Ports {
				pods[port.Name] = port.ContainerPort
			}
			delete(pods, "metrics")
			for _, port := range render.Get[networkingv1.NetworkPolicy](t, objects, chart.ID("NetworkPolicy")+"-proxy").Spec.Ingress[0].Ports {
				allowed[port.Port.IntVal] = true
			}
			assert.Equal(t, test.ports, service)
			assert.Equal(t, test.ports, pods)
			assert.Len(t, allowed, len(test.ports))
			for _, port := range test.ports {
				assert.True(t, allowed[port], "%d", port)
			}
			config := render.Get[corev1.ConfigMap](t, objects, chart.ID("ConfigMap")+"-proxy").Data["haproxy.cfg"]
			assert.Equal(t, test.ports["redis-tls"] != 0, strings.Contains(config, "ssl"))
			assert.Equal(t, test.ports["redis-tls"] != 0, assert.ObjectsAreEqual("true", variables(container)["PROXY_TLS"]))
		})
	}
}

func variables(container corev1.Container) map[string]string {
	found := map[string]string{}
	for _, variable := range container.Env {
		found[variable.Name] = variable.Value
	}
	return found
}

// TestTLSSecrets holds that only the files that HAProxy needs are in its Pod, mounted
// whole so that they change with the Secret.
func TestTLSSecrets(t *testing.T) {
	pod := proxyDeployment(t, values{"proxy.tls.existingSecret": `"certificate"`, "proxy.tls.clientCASecret": `"clients"`}).Template.Spec
	files := map[string][]string{}
	for _, volume := range pod.Volumes {
		if volume.Secret == nil {
			continue
		}
		for _, mount := range pod.Containers[0].VolumeMounts {
			if mount.Name != volume.Name {
				continue
			}
			assert.True(t, mount.ReadOnly)
			assert.Empty(t, mount.SubPath, "the kubelet never changes it")
			for _, item := range volume.Secret.Items {
				files[volume.Secret.SecretName] = append(files[volume.Secret.SecretName], mount.MountPath+"/"+item.Path)
			}
		}
	}
	assert.Equal(t, map[string][]string{
		"certificate": {"/etc/haproxy-tls/tls.crt", "/etc/haproxy-tls/tls.key"}, "clients": {"/etc/haproxy-client-ca/ca.crt"},
	}, files)
	for _, volume := range proxyDeployment(t, nil).Template.Spec.Volumes {
		assert.Nil(t, volume.Secret)
	}
}

// TestTLSRules holds the message to each mistake, and that no private key is repeated.
func TestTLSRules(t *testing.T) {
	const secret = "-----BEGIN PRIVATE KEY-----\nsecretsecret\n-----END PRIVATE KEY-----\n"
	const pem = `proxy.tls.ca: must be certificates in PEM and nothing else, for every client reads it: set it to the CA's BEGIN CERTIFICATE to END CERTIFICATE, or to ""`
	for name, test := range map[string]struct {
		values values
		says   string
	}{
		"without proxy":       {values{"proxy.tls.existingSecret": `"a"`}, `proxy.tls.existingSecret: "a" is of no use while proxy.enabled is false, for only the proxy speaks TLS: set proxy.enabled to true, or proxy.tls.existingSecret to ""`},
		"closed without TLS":  {values{"proxy.enabled": "true", "proxy.tls.only": "true"}, "proxy.tls.existingSecret: is empty while proxy.tls.only is set, and without a certificate there is no TLS: name a Secret with tls.crt and tls.key in proxy.tls.existingSecret, or set proxy.tls.only to false"},
		"CA without TLS":      {values{"proxy.enabled": "true", "proxy.tls.ca": strconv.Quote(authority)}, `proxy.tls.existingSecret: is empty while proxy.tls.ca is set, and without a certificate there is no TLS: name a Secret with tls.crt and tls.key in proxy.tls.existingSecret, or set proxy.tls.ca to ""`},
		"clients without TLS": {values{"proxy.enabled": "true", "proxy.tls.clientCASecret": `"a"`}, "proxy.tls.existingSecret: is empty while proxy.tls.clientCASecret is set"},
		"no name":             {values{"proxy.enabled": "true", "proxy.tls.existingSecret": `"My Secret"`}, `proxy.tls.existingSecret: "My Secret" must be the name of a Secret in namespace redis-system, 1 to 253 of a-z, 0-9, - and .: set it`},
		"key as CA":           {values{"proxy.enabled": "true", "proxy.tls.existingSecret": `"a"`, "proxy.tls.ca": strconv.Quote(authority + secret)}, pem},
		"file as CA":          {values{"proxy.enabled": "true", "proxy.tls.existingSecret": `"a"`, "proxy.tls.ca": `"/etc/ca.crt"`}, pem},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, chart, test.values, test.says)
			_, err := chart.Template(t, test.values)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "secretsecret")
		})
	}
	_, err := chart.Template(t, values{"proxy.enabled": "true", "proxy.tls.existingSecret": `"a"`, "proxy.tls.ca": strconv.Quote("\n" + authority + "\n" + authority)})
	require.NoError(t, err)
}

// TestTLSSecretsOfACluster holds that a Secret that is not there, or lacks a file, is
// found before the proxies wait for it.
func TestTLSSecretsOfACluster(t *testing.T) {
	having := func(name string, files ...string) cluster {
		c := with(name, "")
		path := "/api/v1/namespaces/" + namespace + "/secrets/" + name
		secret := c[path].(corev1.Secret)
		secret.Data = map[string][]byte{}
		for _, file := range files {
			secret.Data[file] = []byte("secretsecret")
		}
		c[path] = secret
		return c
	}
	const flags = "auth.enabled=false,proxy.enabled=true,proxy.tls.existingSecret=certificate,proxy.tls.clientCASecret=clients"
	certificate, clients := having("certificate", "tls.crt", "tls.key"), having("clients", "ca.crt")
	for name, test := range map[string]struct {
		cluster cluster
		says    string
	}{
		"all there":   {runs("", certificate, clients), ""},
		"none there":  {runs("", clients), "proxy.tls.existingSecret: Secret redis-system/certificate must be there with a key tls.crt: make it first"},
		"without key": {runs("", having("certificate", "tls.crt"), clients), "proxy.tls.existingSecret: Secret redis-system/certificate must be there with a key tls.key: make it first"},
		"without CA":  {runs("", certificate, having("clients", "tls.crt")), "proxy.tls.clientCASecret: Secret redis-system/clients must be there with a key ca.crt: make it first"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, helm := range helms {
				out, err := test.cluster.template(t, helm, "--set", flags)
				if test.says == "" {
					require.NoError(t, err, out)
					continue
				}
				require.Error(t, err)
				assert.Contains(t, out, test.says)
				assert.NotContains(t, out, "secretsecret")
			}
		})
	}
}
