package rotate

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Keys of the Secret that the operator reads. It knows the first alone.
const (
	currentKey  = "password"
	nextKey     = "next-password"
	previousKey = "previous-password"
	// settledKey is an annotation: since when Pods start with the current one.
	settledKey = "tenant-redis.dev/password-settled"
)

// state is how far a rotation is: next is set before the change, previous after
// it, neither when none is under way.
type state struct {
	current, next, previous string
	settled                 time.Time
}

func (i Instance) state(ctx context.Context) (state, error) {
	secret, err := i.Client.CoreV1().Secrets(i.Namespace).Get(ctx, i.Name, metav1.GetOptions{})
	if err != nil {
		return state{}, fmt.Errorf("cannot read the release's Secret with the password, which there is unless auth.enabled is false or auth.existingSecret names another; with the latter, upgrade with auth.existingSecret \"\" first, and the chart takes the password over: %w", err)
	}
	if !madeByHelm(secret) {
		return state{}, fmt.Errorf("the Secret %s/%s is not made by Helm: change the password where it is made", i.Namespace, i.Name)
	}
	s := state{current: string(secret.Data[currentKey]), next: string(secret.Data[nextKey]), previous: string(secret.Data[previousKey])}
	if s.current == "" {
		return state{}, fmt.Errorf("the Secret %s/%s has no key %s", i.Namespace, i.Name, currentKey)
	}
	if since, found := secret.Annotations[settledKey]; found {
		if s.settled, err = time.Parse(time.RFC3339, since); err != nil {
			return state{}, fmt.Errorf("annotation %s of the Secret %s/%s: %w", settledKey, i.Namespace, i.Name, err)
		}
	}
	return s, nil
}

func madeByHelm(secret *corev1.Secret) bool {
	return secret.Labels["app.kubernetes.io/managed-by"] == "Helm"
}

// keep writes the state, and nothing else, into the Secret.
func (i Instance) keep(ctx context.Context, s state) error {
	secret, err := i.Client.CoreV1().Secrets(i.Namespace).Get(ctx, i.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for key, value := range map[string]string{currentKey: s.current, nextKey: s.next, previousKey: s.previous} {
		if value == "" {
			delete(secret.Data, key)
		} else {
			secret.Data[key] = []byte(value)
		}
	}
	if s.previous != "" {
		replaceAll(secret, s)
	}
	delete(secret.Annotations, settledKey)
	if !s.settled.IsZero() {
		metav1.SetMetaDataAnnotation(&secret.ObjectMeta, settledKey, s.settled.UTC().Format(time.RFC3339))
	}
	_, err = i.Client.CoreV1().Secrets(i.Namespace).Update(ctx, secret, metav1.UpdateOptions{})
	return err
}

// replaceAll puts the current password where the previous one stood.
func replaceAll(secret *corev1.Secret, s state) {
	for key, value := range secret.Data {
		if key != previousKey {
			secret.Data[key] = bytes.ReplaceAll(value, []byte(s.previous), []byte(s.current))
		}
	}
}

// changeTenants changes the release's other Secrets, in all namespaces.
func (i Instance) changeTenants(ctx context.Context, s state) error {
	own, err := i.Client.CoreV1().Secrets(i.Namespace).Get(ctx, i.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	release := "app.kubernetes.io/managed-by=Helm,app.kubernetes.io/name=tenant-redis,app.kubernetes.io/instance=" + own.Labels["app.kubernetes.io/instance"]
	secrets, err := i.Client.CoreV1().Secrets(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: release})
	if err != nil {
		return fmt.Errorf("cannot list the release's Secrets: %w", err)
	}
	for _, secret := range secrets.Items {
		if secret.Namespace == i.Namespace && secret.Name == i.Name {
			continue
		}
		if secret.Annotations["meta.helm.sh/release-namespace"] != i.Namespace {
			continue
		}
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
