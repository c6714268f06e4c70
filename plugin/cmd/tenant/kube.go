package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/tenant-redis/tenant-redis/plugin/golive"
	"github.com/tenant-redis/tenant-redis/plugin/reach"
)

// kubeFlags say which cluster and namespace, as Helm's own do. Helm takes these
// from a plugin's arguments and hands them on in the environment.
type kubeFlags struct {
	rules     *clientcmd.ClientConfigLoadingRules
	overrides clientcmd.ConfigOverrides
}

func (k *kubeFlags) add(flags *pflag.FlagSet) {
	k.rules = clientcmd.NewDefaultClientConfigLoadingRules()
	k.overrides.ClusterInfo.Server = os.Getenv("HELM_KUBEAPISERVER")
	k.overrides.ClusterInfo.CertificateAuthority = os.Getenv("HELM_KUBECAFILE")
	k.overrides.ClusterInfo.TLSServerName = os.Getenv("HELM_KUBETLS_SERVER_NAME")
	k.overrides.ClusterInfo.InsecureSkipTLSVerify, _ = strconv.ParseBool(os.Getenv("HELM_KUBEINSECURE_SKIP_TLS_VERIFY"))
	k.overrides.AuthInfo.Token = os.Getenv("HELM_KUBETOKEN")
	k.overrides.AuthInfo.Impersonate = os.Getenv("HELM_KUBEASUSER")
	if groups := os.Getenv("HELM_KUBEASGROUPS"); groups != "" {
		k.overrides.AuthInfo.ImpersonateGroups = strings.Split(groups, ",")
	}
	flags.StringVarP(&k.overrides.Context.Namespace, "namespace", "n", os.Getenv("HELM_NAMESPACE"), "namespace of the release; the context's if not given")
	flags.StringVar(&k.overrides.CurrentContext, "kube-context", os.Getenv("HELM_KUBECONTEXT"), "context of the kubeconfig; the current one if not given")
	flags.StringVar(&k.rules.ExplicitPath, "kubeconfig", "", "kubeconfig file; $KUBECONFIG or the usual one if not given")
}

// cluster is the cluster and namespace that the flags mean.
func (k *kubeFlags) cluster() (golive.Cluster, error) {
	kubeconfig := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(k.rules, &k.overrides)
	config, err := kubeconfig.ClientConfig()
	if err != nil {
		return golive.Cluster{}, fmt.Errorf("cannot tell which cluster: %w; check --kubeconfig and --kube-context", err)
	}
	namespace, _, err := kubeconfig.Namespace()
	if err != nil {
		return golive.Cluster{}, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return golive.Cluster{}, err
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return golive.Cluster{}, err
	}
	return golive.Cluster{Client: client, Dynamic: objects, Namespace: namespace, Forward: reach.PortForward(config, client, namespace)}, nil
}
