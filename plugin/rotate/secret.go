package rotate

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Keys of the Secret that the operator reads, which knows the first alone. Those of the
// tenant's users Redis reads when it starts, with what stands before them.
const (
	currentKey     = "password"
	nextPrefix     = "next-"
	previousPrefix = "previous-"
	// settledKey is an annotation: since when Pods start with the current one.
	settledKey = "tenant-redis.dev/password-settled"
)

// releaseKey is Helm's annotation with the release's name. Tenants may replace the label
// that has it, too.
const releaseKey = "meta.helm.sh/release-name"

// turn is a password and how far its change is: next is set before it, previous after
// it, neither when none is under way.
type turn struct {
	current, next, previous string
}

// all are those that Redis is to take.
func (t turn) all() []string {
	return slices.DeleteFunc([]string{t.next, t.current, t.previous}, func(password string) bool { return password == "" })
}

// turned is the turn once the next password is the current one. One that has none, such as a
// user's that was added meanwhile, stays as it is.
func (t turn) turned() turn {
	if t.next == "" {
		return t
	}
	return turn{current: t.next, previous: t.current}
}

func (t turn) replaceIn(data []byte) []byte {
	if t.previous == "" {
		return data
	}
	return bytes.ReplaceAll(data, []byte(t.previous), []byte(t.current))
}

func read(secret *corev1.Secret, key string) turn {
	return turn{current: string(secret.Data[key]), next: string(secret.Data[nextPrefix+key]), previous: string(secret.Data[previousPrefix+key])}
}

func (t turn) write(secret *corev1.Secret, key string) {
	for prefix, value := range map[string]string{"": t.current, nextPrefix: t.next, previousPrefix: t.previous} {
		if value == "" {
			delete(secret.Data, prefix+key)
		} else {
			secret.Data[prefix+key] = []byte(value)
		}
	}
}

const (
	// sentinelUser is as whom Sentinels know each other and this instance's Pods, if they
	// are restricted, and sentinelKey where its password is.
	sentinelUser = "sentinel-user"
	sentinelKey  = "sentinel-password"
)

// instanceSuffix ends the name of the operator's Secret where the tenant has a user.
const instanceSuffix = "-instance"

// passwordKeys are those of the tenant's users, by the key of its Secret that names one.
var passwordKeys = map[string]string{"REDIS_USERNAME": "tenant-password", "REDIS_READ_USERNAME": "read-only-password"}

// login is a user, and key where its password is.
type login struct {
	user, key string
	turn
}

// state is how far a rotation is, of the password of the user default, of those of the
// tenant's users, if it has any, and then of that by which Sentinels know each other.
type state struct {
	turn
	// secret is the name of the one that the operator reads.
	secret  string
	users   []login
	settled time.Time
	// handingOver is whether the tenant is just being given a user: a Secret has the password
	// of that, and the tenant's own does not name it yet.
	handingOver bool
}

// of returns the users that Redis knows, or the one that Sentinels do.
func (s state) of(sentinels bool) []login {
	return slices.DeleteFunc(slices.Clone(s.users), func(user login) bool { return (user.key == sentinelKey) != sentinels })
}

// turned is the state once the next passwords are the current ones.
func (s state) turned() state {
	s.turn, s.users = s.turn.turned(), slices.Clone(s.users)
	for n := range s.users {
		s.users[n].turn = s.users[n].turned()
	}
	return s
}

// withoutOld is the state without the users' previous passwords. That of default stays: it
// says that a rotation is under way.
func (s state) withoutOld() state {
	s.users = slices.Clone(s.users)
	for n := range s.users {
		s.users[n].previous = ""
	}
	return s
}

// state reads the operator's Secret, which is the tenant's own unless that names a user.
func (i Instance) state(ctx context.Context) (state, error) {
	s := state{secret: i.Name}
	secret, err := i.secret(ctx, s.secret)
	if err != nil {
		return state{}, err
	}
	for key, passwordKey := range passwordKeys {
		if user := string(secret.Data[key]); user != "" {
			s.users = append(s.users, login{user: user, key: passwordKey})
		}
	}
	if len(s.users) > 0 {
		s.secret += instanceSuffix
		if secret, err = i.secret(ctx, s.secret); err != nil {
			return state{}, err
		}
	} else if s.handingOver, err = i.handingOver(ctx); err != nil {
		return state{}, err
	}
	if len(s.users) > 0 && len(secret.Data[sentinelKey]) > 0 {
		s.users = append(s.users, login{user: sentinelUser, key: sentinelKey})
	}
	for n, user := range s.users {
		if s.users[n].turn = read(secret, user.key); s.users[n].current == "" {
			return state{}, fmt.Errorf("the Secret %s/%s has no key %s", i.Namespace, s.secret, user.key)
		}
	}
	if s.turn = read(secret, currentKey); s.current == "" {
		return state{}, fmt.Errorf("the Secret %s/%s has no key %s", i.Namespace, s.secret, currentKey)
	}
	if since, found := secret.Annotations[settledKey]; found {
		if s.settled, err = time.Parse(time.RFC3339, since); err != nil {
			return state{}, fmt.Errorf("annotation %s of the Secret %s/%s: %w", settledKey, i.Namespace, s.secret, err)
		}
	}
	return s, nil
}

// secret is one that Helm has made.
func (i Instance) secret(ctx context.Context, name string) (*corev1.Secret, error) {
	secret, err := i.Client.CoreV1().Secrets(i.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot read the release's Secret with the password, which there is unless auth.enabled is false or auth.existingSecret names another; with the latter, upgrade with auth.existingSecret \"\" first, and the chart takes the password over: %w", err)
	}
	if !madeByHelm(secret) {
		return nil, fmt.Errorf("the Secret %s/%s is not made by Helm: change the password where it is made", i.Namespace, name)
	}
	return secret, nil
}

// handingOver tells whether the operator's Secret has a password for a user of the tenant.
func (i Instance) handingOver(ctx context.Context) (bool, error) {
	secret, err := i.Client.CoreV1().Secrets(i.Namespace).Get(ctx, i.Name+instanceSuffix, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot read the Secret with the passwords of the tenant's users: %w", err)
	}
	return madeByHelm(secret) && len(secret.Data[passwordKeys["REDIS_USERNAME"]]) > 0, nil
}

func madeByHelm(secret *corev1.Secret) bool {
	return secret.Labels["app.kubernetes.io/managed-by"] == "Helm"
}

// keep writes the state, and nothing else, into the Secret.
func (i Instance) keep(ctx context.Context, s state) error {
	secret, err := i.Client.CoreV1().Secrets(i.Namespace).Get(ctx, s.secret, metav1.GetOptions{})
	if err != nil {
		return err
	}
	s.write(secret, currentKey)
	for _, user := range s.users {
		user.write(secret, user.key)
	}
	replaceAll(secret, s)
	delete(secret.Annotations, settledKey)
	if !s.settled.IsZero() {
		metav1.SetMetaDataAnnotation(&secret.ObjectMeta, settledKey, s.settled.UTC().Format(time.RFC3339))
	}
	_, err = i.Client.CoreV1().Secrets(i.Namespace).Update(ctx, secret, metav1.UpdateOptions{})
	return err
}

// replaceAll puts the current passwords where the previous ones stood.
func replaceAll(secret *corev1.Secret, s state) {
	for key, value := range secret.Data {
		if strings.HasPrefix(key, previousPrefix) {
			continue
		}
		secret.Data[key] = s.replaceIn(value)
		for _, user := range s.users {
			secret.Data[key] = user.replaceIn(secret.Data[key])
		}
	}
}

// tenants are the Secrets that the release has made beside the one that says how far the
// rotation is, wherever its revisions name some: to look for them in all namespaces
// takes a right that shows everybody's. Those that are gone are of earlier revisions.
func (i Instance) tenants(ctx context.Context, s state) ([]corev1.Secret, error) {
	own, err := i.Client.CoreV1().Secrets(i.Namespace).Get(ctx, i.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	names, err := i.namedInHistory(ctx)
	if err != nil {
		return nil, err
	}
	var found []corev1.Secret
	for _, name := range names {
		secret, err := i.Client.CoreV1().Secrets(name.Namespace).Get(ctx, name.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || name == (types.NamespacedName{Namespace: i.Namespace, Name: s.secret}) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the Secret %s, which the release has made: %w", name, err)
		}
		if madeByHelm(secret) && secret.Annotations[releaseKey] == own.Annotations[releaseKey] && secret.Annotations["meta.helm.sh/release-namespace"] == i.Namespace {
			found = append(found, *secret)
		}
	}
	return found, nil
}

// changeTenants changes the release's other Secrets, in all namespaces.
func (i Instance) changeTenants(ctx context.Context, s state) error {
	secrets, err := i.tenants(ctx, s)
	if err != nil {
		return err
	}
	for _, secret := range secrets {
		replaceAll(&secret, s)
		if _, err := i.Client.CoreV1().Secrets(secret.Namespace).Update(ctx, &secret, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("cannot change the Secret %s/%s: %w; run this again", secret.Namespace, secret.Name, err)
		}
	}
	return nil
}

// awaitOperator waits until the operator has written the password into the
// configuration that new Pods start with.
func (i Instance) awaitOperator(ctx context.Context, password string) error {
	name := "rfr-" + i.Name
	err := wait.PollUntilContextTimeout(ctx, interval, operatorPass, true, func(ctx context.Context) (bool, error) {
		config, err := i.Client.CoreV1().ConfigMaps(i.Namespace).Get(ctx, name, metav1.GetOptions{})
		return err == nil && strings.Contains(config.Data["redis.conf"], "requirepass "+password), nil
	})
	if err != nil {
		return fmt.Errorf("the operator has not written the new password into the ConfigMap %s/%s within %s: does it run? Then run this again: %w", i.Namespace, name, operatorPass, err)
	}
	return nil
}
