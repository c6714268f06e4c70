package rotate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
	"github.com/tenant-redis/tenant-redis/test/lab"
)

const (
	namespace = "redis-system"
	name      = "lab"
	old       = "old-secret-of-the-lab"
	// user is the tenant's, where it has one, and oldTenant its password.
	user      = "app"
	oldTenant = "old-secret-of-the-tenant"
	// closed is a namespace that has been the tenant's.
	closed = "closed"
	// reader is the tenant's second user.
	reader    = "viewer"
	oldReader = "old-secret-of-the-reader"
	// oldPeers is by which the Sentinels of an instance with a tenant's user know each
	// other.
	oldPeers = "secret-of-the-sentinels"
)

// world is a lab whose Kubernetes objects are in memory.
type world struct {
	*lab.Instance
	Rotation Instance
	// user is the tenant's, empty for none, and secretName the operator's Secret.
	user, secretName string
	pods             map[string]*lab.Process
	// failing makes the n-th port-forward fail, counted from 1.
	failing, forwards int
}

// serverTime is that of the API server, whose clock is far behind this machine's.
func serverTime() time.Time { return time.Now().Add(-40 * time.Minute) }

func newWorld(t *testing.T, user string) *world {
	t.Helper()
	w := &world{Instance: lab.New(t), user: user, secretName: name, pods: map[string]*lab.Process{}}
	if user != "" {
		w.secretName = name + "-instance"
		w.Restrict()
	}
	w.Password, w.Detection = old, time.Second
	w.Serve()
	client := fake.NewClientset(w.secrets()...)
	w.addUser(client, w.Redis...)
	for n := range w.Redis {
		w.addPod(client, reach.Redis, fmt.Sprintf("rfr-%s-%d", name, n), w.Redis[n])
		w.addPod(client, reach.Sentinel, fmt.Sprintf("rfs-%s-%d", name, n), w.Sentinels[n])
	}
	client.PrependReactor("create", "pods", w.evict(client))
	client.PrependReactor("*", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if action.GetNamespace() != "" && action.GetNamespace() != closed {
			return false, nil, nil
		}
		return true, nil, apierrors.NewForbidden(corev1.Resource("secrets"), "", errors.New("a deployer has no such right"))
	})
	client.PrependReactor("create", "selfsubjectreviews", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &authenticationv1.SelfSubjectReview{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(serverTime())}}, nil
	})
	w.Rotation = Instance{
		Client: client, Namespace: namespace, Name: name, Forward: w.forward,
		Whole: func(context.Context) error { return nil },
		Say:   func(format string, arguments ...any) { t.Logf(format, arguments...) },
	}
	w.operate(client)
	return w
}

// secrets are those of the release and its revisions. The namespace of the first one is
// closed by now; of those of the second one is gone, and one is another release's.
func (w *world) secrets() []runtime.Object {
	return append(w.tenantsAndOwn(),
		w.revision("9", "superseded", namespace+"/"+name, closed+"/"+name),
		w.revision("10", "deployed", namespace+"/"+name, namespace+"/"+w.secretName, "gone/"+name, "team-b/"+name),
		w.revision("11", "failed", namespace+"/"+name, "team-a/"+name))
}

// revision is one that has made these Secrets.
func (w *world) revision(version, status string, secrets ...string) *corev1.Secret {
	var manifest strings.Builder
	for _, secret := range secrets {
		of, name, _ := strings.Cut(secret, "/")
		fmt.Fprintf(&manifest, "---\n# Source: tenant-redis/templates/secret.yaml\napiVersion: v1\nkind: Secret\nmetadata: {namespace: %s, name: %s}\n", of, name)
	}
	meta := kept(name)
	meta.Name += version
	meta.Labels["version"], meta.Labels["status"] = version, status
	return &corev1.Secret{ObjectMeta: meta, Data: map[string][]byte{"release": []byte(packed(w.T, name, manifest.String()))}}
}

func (w *world) tenantsAndOwn() []runtime.Object {
	meta := func(namespace, name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{
			Namespace: namespace, Name: name,
			Labels: map[string]string{
				"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/name": "tenant-redis", "app.kubernetes.io/instance": "team-a",
			},
			Annotations: map[string]string{"meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": "redis-system"},
		}
	}
	neighbour := meta("team-b", "lab")
	neighbour.Annotations["meta.helm.sh/release-namespace"] = "elsewhere"
	if w.user != "" {
		tenants := map[string][]byte{
			"REDIS_USERNAME": []byte(w.user), "REDIS_PASSWORD": []byte(oldTenant),
			"REDIS_READ_USERNAME": []byte(reader), "REDIS_READ_PASSWORD": []byte(oldReader),
		}
		own := map[string][]byte{"password": []byte(old), "tenant-password": []byte(oldTenant), "read-only-password": []byte(oldReader), "sentinel-password": []byte(oldPeers)}
		return []runtime.Object{
			&corev1.Secret{ObjectMeta: meta(namespace, w.secretName), Data: own},
			&corev1.Secret{ObjectMeta: meta(namespace, name), Data: tenants},
			&corev1.Secret{ObjectMeta: meta("team-a", name), Data: tenants},
		}
	}
	return []runtime.Object{
		&corev1.Secret{ObjectMeta: meta(namespace, name), Data: map[string][]byte{"password": []byte(old), "REDIS_PASSWORD": []byte(old)}},
		&corev1.Secret{ObjectMeta: meta("team-a", name), Data: map[string][]byte{"REDIS_PASSWORD": []byte(old)}},
		&corev1.Secret{ObjectMeta: neighbour, Data: map[string][]byte{"REDIS_PASSWORD": []byte(old)}},
	}
}

// addUser gives the tenant's user to Redis, as start.sh does: with all its passwords that
// the Secret has.
func (w *world) addUser(client *fake.Clientset, started ...*lab.Process) {
	if w.user == "" {
		return
	}
	for user, password := range map[string]string{w.user: "tenant-password", reader: "read-only-password"} {
		command := []any{"ACL", "SETUSER", user, "on", "+@all"}
		for key, value := range w.operators(client) {
			if strings.HasSuffix(key, password) {
				command = append(command, ">"+string(value))
			}
		}
		for _, p := range started {
			w.Do(p, command...)
		}
	}
}

// operators is what the Secret has that the operator reads. It asks the tracker: no
// reactor may ask the client.
func (w *world) operators(client *fake.Clientset) map[string][]byte {
	secret, err := client.Tracker().Get(corev1.SchemeGroupVersion.WithResource("secrets"), namespace, w.secretName)
	require.NoError(w.T, err)
	return secret.(*corev1.Secret).Data
}

// addPod adds a Pod whose ports are the lab's, which are not the usual ones.
func (w *world) addPod(client *fake.Clientset, component, pod string, process *lab.Process) {
	w.pods[pod] = process
	port, err := strconv.ParseInt(map[string]string{reach.Redis: lab.RedisPort, reach.Sentinel: lab.SentinelPort}[component], 10, 32)
	require.NoError(w.T, err)
	require.NoError(w.T, client.Tracker().Add(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: pod, UID: "first", CreationTimestamp: metav1.NewTime(serverTime().Add(-time.Hour)),
			Labels: reach.Labels(name, component),
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: component, Ports: []corev1.ContainerPort{{Name: component, ContainerPort: int32(port)}},
		}}},
		Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
	}))
}

func (w *world) forward(_ context.Context, pod string, port int32) (string, error) {
	w.forwards++
	if w.forwards == w.failing {
		return "", errors.New("connection lost")
	}
	return net.JoinHostPort(w.pods[pod].IP, strconv.Itoa(int(port))), nil
}

// operate does what the operator does with the Secret, as soon as it changes.
func (w *world) operate(client *fake.Clientset) {
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "rfr-" + name}}
	require.NoError(w.T, client.Tracker().Add(config))
	client.PrependReactor("update", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
		secret := action.(clienttesting.UpdateAction).GetObject().(*corev1.Secret)
		if secret.Namespace != namespace || secret.Name != w.secretName {
			return false, nil, nil
		}
		next := config.DeepCopy()
		next.Data = map[string]string{"redis.conf": "requirepass " + string(secret.Data["password"])}
		return false, nil, client.Tracker().Update(corev1.SchemeGroupVersion.WithResource("configmaps"), next, namespace)
	})
}

// evict hands a master over, and starts the Pod again with the Secret's password.
// While it runs, only the tracker answers.
func (w *world) evict(client *fake.Clientset) clienttesting.ReactionFunc {
	return func(action clienttesting.Action) (bool, runtime.Object, error) {
		if action.GetSubresource() != "eviction" {
			return false, nil, nil
		}
		pod := action.(clienttesting.CreateAction).GetObject().(*policyv1.Eviction).Name
		process := w.pods[pod]
		w.Password = string(w.operators(client)["password"])
		master := w.master()
		if master == process {
			w.TellAsPeer(w.Sentinels[0], "SENTINEL", "FAILOVER", lab.MasterName)
			master = w.Elected(process, 5*time.Second)
		}
		process.Signal(9)
		w.Start(process)
		w.addUser(client, process)
		w.Do(process, "SLAVEOF", master.IP, lab.RedisPort)
		w.Settled(master)
		pods := corev1.SchemeGroupVersion.WithResource("pods")
		current, err := client.Tracker().Get(pods, namespace, pod)
		require.NoError(w.T, err)
		next := current.(*corev1.Pod).DeepCopy()
		require.EqualValues(w.T, "first", next.UID, "%s has the new password already", pod)
		next.UID, next.CreationTimestamp = types.UID("second"), metav1.NewTime(serverTime().Add(time.Minute))
		return true, nil, client.Tracker().Update(pods, next, namespace)
	}
}

func (w *world) master() *lab.Process {
	at := slices.IndexFunc(w.Redis, func(p *lab.Process) bool { return w.Role(p) == "master" })
	require.GreaterOrEqual(w.T, at, 0)
	return w.Redis[at]
}

func (w *world) secret(namespace, name string) map[string][]byte {
	secret, err := w.Rotation.Client.CoreV1().Secrets(namespace).Get(w.T.Context(), name, metav1.GetOptions{})
	require.NoError(w.T, err)
	return secret.Data
}

func (w *world) password(key string) string {
	return string(w.secret(namespace, w.secretName)[key])
}

// takes tells which of the Redis take a password.
func (w *world) takes(password string) []bool { return w.takesOf("", password) }

// takesOf tells which of the Redis take it as that of a user.
func (w *world) takesOf(user, password string) []bool {
	w.T.Helper()
	var taken []bool
	for _, p := range w.Redis {
		client := redis.NewClient(&redis.Options{Addr: p.IP + ":" + lab.RedisPort, Username: user, Password: password, Protocol: 2, DisableIdentity: true, MaxRetries: -1})
		err := client.Ping(w.T.Context()).Err()
		require.NoError(w.T, client.Close())
		require.True(w.T, err == nil || refused(err), "%v", err)
		taken = append(taken, err == nil)
	}
	return taken
}

var (
	all  = []bool{true, true, true}
	none = []bool{false, false, false}
)

func TestRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	require.NoError(t, w.Rotation.Start(t.Context()))
	current := w.password("password")
	require.NotEqual(t, old, current)
	require.Equal(t, old, w.password("previous-password"))
	require.Equal(t, current, w.password("REDIS_PASSWORD"))
	require.Equal(t, map[string][]byte{"REDIS_PASSWORD": []byte(current)}, w.secret("team-a", name))
	require.Equal(t, map[string][]byte{"REDIS_PASSWORD": []byte(old)}, w.secret("team-b", name), "another release's")
	require.Equal(t, all, w.takes(old))
	require.Equal(t, all, w.takes(current))

	require.NoError(t, w.Rotation.Start(t.Context()), "again")
	require.Equal(t, current, w.password("password"))

	require.NoError(t, w.Rotation.Finish(t.Context()))
	require.Equal(t, none, w.takes(old))
	require.Equal(t, all, w.takes(current))
	require.NotContains(t, w.secret(namespace, name), "previous-password")
	w.Password = current
	w.Settled(w.master())
	require.ErrorIs(t, w.Rotation.Finish(t.Context()), ErrNothingToFinish)
}

// A tenant with a user of its own gets a new password of that user, and never sees that
// of default, which changes at the same time.
func TestRotationOfTenantUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, user)
	require.NoError(t, w.Rotation.Start(t.Context()))
	own, tenants, readers := w.password("password"), w.password("tenant-password"), w.password("read-only-password")
	require.NotContains(t, []string{old, oldTenant, own}, tenants)
	require.NotContains(t, []string{old, oldTenant, oldReader, own, tenants}, readers)
	require.NotContains(t, []string{old, oldTenant}, own)
	for _, namespace := range []string{namespace, "team-a"} {
		require.Equal(t, map[string][]byte{
			"REDIS_USERNAME": []byte(user), "REDIS_PASSWORD": []byte(tenants),
			"REDIS_READ_USERNAME": []byte(reader), "REDIS_READ_PASSWORD": []byte(readers),
		}, w.secret(namespace, name))
	}
	require.Equal(t, oldTenant, w.password("previous-tenant-password"))
	for _, password := range []string{oldTenant, tenants} {
		require.Equal(t, all, w.takesOf(user, password))
		require.Equal(t, none, w.takes(password))
	}
	for _, password := range []string{oldReader, readers} {
		require.Equal(t, all, w.takesOf(reader, password))
	}
	require.NoError(t, w.Rotation.Finish(t.Context()))
	peers := w.password("sentinel-password")
	require.Equal(t, map[string][]byte{"password": []byte(own), "tenant-password": []byte(tenants), "read-only-password": []byte(readers), "sentinel-password": []byte(peers)}, w.secret(namespace, w.secretName))
	require.Equal(t, all, w.takesOf(reader, readers))
	require.Equal(t, none, w.takesOf(reader, oldReader))
	require.Equal(t, all, w.takesOf(user, tenants))
	require.Equal(t, all, w.takes(own))
	require.Equal(t, none, w.takesOf(user, oldTenant))
	require.Equal(t, none, w.takes(old))
	w.Password = own
	w.Settled(w.master())
}

// addProxies adds two, whose Deployment replaces one of them each time that one looks. Until
// both are, Redis is to take both passwords.
func (w *world) addProxies() (restarted func() []string) {
	client := w.Rotation.Client.(*fake.Clientset)
	meta := func(name string, labels map[string]string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels, CreationTimestamp: metav1.NewTime(serverTime().Add(-time.Hour))}
	}
	require.NoError(w.T, client.Tracker().Add(&appsv1.Deployment{ObjectMeta: meta(name+"-proxy", nil)}))
	deployments, pods := appsv1.SchemeGroupVersion.WithResource("deployments"), corev1.SchemeGroupVersion.WithResource("pods")
	var first, second []string
	for n := range 2 {
		pod := fmt.Sprintf("%s-proxy-%d", name, n)
		require.NoError(w.T, client.Tracker().Add(&corev1.Pod{ObjectMeta: meta(pod, reach.Labels(name, reach.Proxy))}))
		first = append(first, pod)
	}
	ended := &corev1.Pod{ObjectMeta: meta(name+"-proxy-ended", reach.Labels(name, reach.Proxy)), Status: corev1.PodStatus{Phase: corev1.PodFailed}}
	require.NoError(w.T, client.Tracker().Add(ended))
	client.PrependReactor("list", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if !action.(clienttesting.ListAction).GetListRestrictions().Labels.Matches(reach.Labels(name, reach.Proxy)) {
			return false, nil, nil
		}
		object, err := client.Tracker().Get(deployments, namespace, name+"-proxy")
		require.NoError(w.T, err)
		template := object.(*appsv1.Deployment).Spec.Template
		if len(template.Annotations) == 0 || len(second) == len(first) {
			return false, nil, nil
		}
		require.Equal(w.T, all, w.takes(old))
		require.Equal(w.T, all, w.takes(string(w.operators(client)["password"])))
		replaced := &corev1.Pod{ObjectMeta: meta(first[len(second)], reach.Labels(name, reach.Proxy))}
		replaced.Annotations = template.Annotations
		second = append(second, replaced.Name)
		return false, nil, client.Tracker().Update(pods, replaced, namespace)
	})
	return func() []string { return second }
}

// Proxies ask with the password that they have started with. They have the new one before
// the old one ends, and before any Redis starts with the new one alone.
func TestRotationBehindProxies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	restarted := w.addProxies()
	w.Rotation.Client.(*fake.Clientset).PrependReactor("create", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		require.Len(t, restarted(), 2)
		return false, nil, nil
	})
	require.NoError(t, w.Rotation.Start(t.Context()))
	require.Empty(t, restarted())
	require.NoError(t, w.Rotation.Finish(t.Context()))
	require.Len(t, restarted(), 2)
	require.Equal(t, none, w.takes(old))
}

// mount writes the operator's Secret where the Pods have it.
func (w *world) mount() {
	w.T.Helper()
	require.NoError(w.T, os.RemoveAll(w.Users))
	require.NoError(w.T, os.Mkdir(w.Users, 0o700))
	for key, value := range w.secret(namespace, w.secretName) {
		w.Write(filepath.Join(w.Users, key), string(value), 0o600)
	}
}

// peersTake holds that each Sentinel takes these passwords, and the one that each of the
// others uses.
func (w *world) peersTake(when string, passwords ...string) {
	w.T.Helper()
	for _, s := range w.Sentinels {
		answer, err := w.peer(s, passwords[0]).Do(w.T.Context(), "SENTINEL", "CONFIG", "GET", "sentinel-pass").StringSlice()
		require.NoError(w.T, err, when)
		passwords = append(passwords, answer[1])
	}
	for _, s := range w.Sentinels {
		for _, password := range passwords {
			require.NoError(w.T, w.peer(s, password).Ping(w.T.Context()).Err(), when)
		}
	}
}

// peer logs in at a Sentinel as another one does.
func (w *world) peer(s *lab.Process, password string) *redis.Client {
	client := connect(s.IP+":"+lab.SentinelPort, sentinelUser, password)
	w.T.Cleanup(func() { _ = client.Close() })
	return client
}

// By whatever password the Sentinels know each other, none is left out of a vote on the way,
// nor a Pod that reads the Secret.
func TestRotationOfSentinels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, user)
	w.peersTake("before", oldPeers)
	require.NoError(t, w.Rotation.Start(t.Context()))
	peers := w.password("sentinel-password")
	require.NotContains(t, []string{oldPeers, w.password("password"), w.password("tenant-password")}, peers)
	w.peersTake("started", oldPeers, peers)
	for namespace, data := range map[string]map[string][]byte{namespace: w.secret(namespace, name), "team-a": w.secret("team-a", name)} {
		require.NotContains(t, fmt.Sprintf("%s", data), peers, namespace)
	}
	// A container that starts with the Secret of before, and one with that of now.
	w.restart(w.Sentinels[0])
	w.mount()
	w.restart(w.Sentinels[1])
	require.NoError(t, w.Rotation.Start(t.Context()), "again")
	w.peersTake("restarted", oldPeers, peers)
	w.Password = w.password("password")
	w.Settled(w.master())

	require.NoError(t, w.Rotation.Finish(t.Context()))
	w.mount()
	w.restart(w.Sentinels[2])
	w.peersTake("finished", peers)
	for _, s := range w.Sentinels {
		require.True(t, refused(w.peer(s, oldPeers).Ping(t.Context()).Err()))
		require.NotContains(t, w.Logged(s), peers)
	}
	// They elect one of them, for which each has to let the others in.
	master := w.master()
	w.Settled(master)
	master.Signal(syscall.SIGSTOP)
	w.Elected(master, w.Detection+2500*time.Millisecond+w.ElectionTimeout())
}

func (w *world) restart(s *lab.Process) {
	s.Signal(syscall.SIGKILL)
	w.StartSentinel(s)
	w.Tell(s, "PING")
}

// A Sentinel that is open to everybody has no user to change, and one that does not take the
// Secret's password is named before anything uses another one.
func TestRotationBesideOtherSentinels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, user)
	secret := filepath.Join(w.Users, "sentinel-password")
	require.NoError(t, os.Remove(secret))
	other := w.Sentinels[1]
	replace := func() {
		other.Signal(syscall.SIGKILL)
		require.NoError(t, os.Remove(filepath.Join(other.Dir, "sentinel.conf")), "a new Pod")
		w.StartSentinel(other)
		w.MonitorFrom(other, w.Redis[0])
	}
	replace()
	w.Settled(w.Redis[0])
	require.NoError(t, w.Rotation.Start(t.Context()))
	client := connect(other.IP+":"+lab.SentinelPort, "", "")
	users, err := client.Do(t.Context(), "ACL", "USERS").StringSlice()
	require.NoError(t, err)
	require.NoError(t, client.Close())
	require.Equal(t, []string{"default"}, users)

	w.Write(secret, "neither-of-them", 0o600)
	replace()
	before := w.secret(namespace, w.secretName)
	require.ErrorContains(t, w.Rotation.Finish(t.Context()), fmt.Sprintf("rfs-%s-1: WRONGPASS", name))
	require.Equal(t, before, w.secret(namespace, w.secretName))
}

// An interruption anywhere loses nothing: what is run again goes on.
func TestInterruptedRotation(t *testing.T) {
	for _, user := range []string{"", user} {
		t.Run(cmp.Or(user, "default"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, user)
			tenants := func() (takes []bool) {
				if user == "" {
					return all
				}
				return w.takesOf(user, string(w.secret("team-a", name)["REDIS_PASSWORD"]))
			}
			for interrupted := 1; ; interrupted++ {
				before := w.password("password")
				w.forwards, w.failing = 0, interrupted
				err := w.Rotation.Start(t.Context())
				if w.forwards < w.failing {
					require.NoError(t, err)
					break
				}
				require.ErrorContains(t, err, "run this again")
				require.NotContains(t, err.Error(), before)
				require.Equal(t, all, w.takes(before), "interrupted at port-forward %d", interrupted)
				require.Equal(t, all, tenants(), "interrupted at port-forward %d", interrupted)
				if user != "" {
					w.peersTake("interrupted", w.password("sentinel-password"))
				}
				w.failing = 0
				require.NoError(t, w.Rotation.Start(t.Context()))
				require.Equal(t, all, w.takes(w.password("password")), "interrupted at port-forward %d", interrupted)
				require.Equal(t, all, tenants(), "interrupted at port-forward %d", interrupted)
				w.forget(before)
				require.Equal(t, all, tenants(), "interrupted at port-forward %d", interrupted)
			}
			require.Greater(t, w.failing, 12, "Redis twice, Sentinels, Redis")
		})
	}
}

// forget ends a rotation without new Pods.
func (w *world) forget(before string) {
	ctx := w.T.Context()
	s, err := w.Rotation.state(ctx)
	require.NoError(w.T, err)
	require.Equal(w.T, before, s.previous)
	require.NoError(w.T, w.Rotation.forget(ctx, s))
	s = s.withoutOld()
	s.previous = ""
	require.NoError(w.T, w.Rotation.keep(ctx, s))
}

// A Redis that has forgotten a password takes it again from a master that has not.
func TestForgottenWhileOneStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	require.NoError(t, w.Rotation.Start(t.Context()))
	w.Password = w.password("password")
	first, taken := w.Redis[0], false
	w.Rotation.Forward = func(ctx context.Context, pod string, port int32) (string, error) {
		if w.pods[pod] == w.Redis[2] && !taken {
			taken = true
			w.Do(first, "ACL", "SETUSER", "default", ">"+old)
		}
		return w.forward(ctx, pod, port)
	}
	w.forget(old)
	require.True(t, taken)
	require.Equal(t, none, w.takes(old))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{"password": []byte(old)}}
	i := Instance{Client: fake.NewClientset(foreign), Namespace: namespace, Name: name}
	require.ErrorContains(t, i.Start(t.Context()), "the Secret redis-system/lab is not made by Helm")
	i.Name = "none"
	require.ErrorContains(t, i.Start(t.Context()), `upgrade with auth.existingSecret "" first, and the chart takes the password over: secrets "none" not found`)

	own := foreign.DeepCopy()
	own.Labels = map[string]string{"app.kubernetes.io/managed-by": "Helm"}
	own.Annotations = map[string]string{"meta.helm.sh/release-name": "release"}
	whole := func(context.Context) error { return nil }
	i = Instance{Client: fake.NewClientset(own), Namespace: namespace, Name: name, Whole: whole}
	require.ErrorContains(t, i.Start(t.Context()), `the release "release" has no revision in a Secret or ConfigMap of namespace redis-system`)
	left, err := i.Client.CoreV1().Secrets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, own, left)
	i = Instance{
		Client: fake.NewClientset(own), Namespace: namespace, Name: name,
		Whole: func(context.Context) error { return errors.New("replicas: 1 of 2 linked") },
	}
	require.ErrorContains(t, i.Start(t.Context()), "replicas: 1 of 2 linked")
	unchanged, err := i.Client.CoreV1().Secrets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, own, unchanged)
}

// hand puts the Secret beside the tenant's that a first upgrade with auth.tenantUser makes.
func (w *world) hand(password string) {
	w.T.Helper()
	own, err := w.Rotation.Client.CoreV1().Secrets(namespace).Get(w.T.Context(), name, metav1.GetOptions{})
	require.NoError(w.T, err)
	meta := *own.ObjectMeta.DeepCopy()
	meta.Name, meta.ResourceVersion = name+"-instance", ""
	_, err = w.Rotation.Client.CoreV1().Secrets(namespace).Create(w.T.Context(), &corev1.Secret{ObjectMeta: meta, Data: map[string][]byte{
		"password": []byte(password), "tenant-password": []byte(oldTenant), "sentinel-password": []byte(oldPeers),
	}}, metav1.CreateOptions{})
	require.NoError(w.T, err)
	revision := w.revision("12", "deployed", namespace+"/"+name, namespace+"/"+meta.Name, "team-a/"+name)
	_, err = w.Rotation.Client.CoreV1().Secrets(namespace).Create(w.T.Context(), revision, metav1.CreateOptions{})
	require.NoError(w.T, err)
}

// A tenant that is just being given a user is given no new password of default: the next
// upgrade is to take that away.
func TestRotationBetweenUpgrades(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.hand(old)
	before, instance := w.secret(namespace, name), w.secret(namespace, name+"-instance")
	err := w.Rotation.Start(t.Context())
	require.ErrorContains(t, err, "the Secret redis-system/lab does not name the tenant's user yet")
	require.ErrorContains(t, err, "repeat helm upgrade with auth.tenantUser")
	require.Equal(t, before, w.secret(namespace, name))
	require.Equal(t, instance, w.secret(namespace, name+"-instance"))
	require.Equal(t, all, w.takes(old))
	require.ErrorIs(t, w.Rotation.Finish(t.Context()), ErrNothingToFinish)
}

// One that was begun before goes on to its end, with the password in both Secrets.
func TestRotationOverAnUpgrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.failing = 5
	require.ErrorContains(t, w.Rotation.Start(t.Context()), "run this again")
	require.NotEmpty(t, w.password("next-password"))
	w.hand(old)
	w.failing = 0
	require.NoError(t, w.Rotation.Start(t.Context()))
	current := w.password("password")
	require.NotEqual(t, old, current)
	require.Equal(t, current, string(w.secret(namespace, name+"-instance")["password"]))
	require.NoError(t, w.Rotation.Finish(t.Context()))
	require.Equal(t, none, w.takes(old))
	require.Equal(t, all, w.takes(current))
}

// A Secret that only looks like it, such as that of an instance of that name, is none.
func TestRotationBesideNamesake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	own, err := w.Rotation.Client.CoreV1().Secrets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	namesake := own.DeepCopy()
	namesake.Name, namesake.ResourceVersion = name+"-instance", ""
	namesake.Annotations["meta.helm.sh/release-name"] = name + "-instance"
	_, err = w.Rotation.Client.CoreV1().Secrets(namespace).Create(t.Context(), namesake, metav1.CreateOptions{})
	require.NoError(t, err)
	require.NoError(t, w.Rotation.Start(t.Context()))
}

func TestRedact(t *testing.T) {
	require.Equal(t, "ERR in '>***': no", redact("ERR in '>secret': no", []string{"", "secret"}))
}
