package rotate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	answerTimeout = 5 * time.Second
	redisPort     = 6379
	sentinelPort  = 26379
	// masterName is what the operator has the Sentinels call the master.
	masterName = "mymaster"
)

// acceptBoth has every Redis take both passwords of each user, whichever it took before.
func (i Instance) acceptBoth(ctx context.Context, s state) error {
	return i.eachRedis(ctx, s.all(), func(client *redis.Client) error {
		return setPasswords(ctx, client, s, nil)
	})
}

// setPasswords has a Redis take the passwords of each user, and before it what resets.
func setPasswords(ctx context.Context, client *redis.Client, s state, reset []any) error {
	for _, user := range append([]login{{user: "default", turn: s.turn}}, s.users...) {
		command := append([]any{"ACL", "SETUSER", user.user}, reset...)
		for _, password := range user.all() {
			command = append(command, ">"+password)
		}
		if err := client.Do(ctx, command...).Err(); err != nil {
			return err
		}
	}
	return nil
}

// useForReplication has Redis and Sentinels use a password that all Redis take.
func (i Instance) useForReplication(ctx context.Context, password, other string) error {
	err := i.eachRedis(ctx, []string{password, other}, func(client *redis.Client) error {
		return client.ConfigSet(ctx, "masterauth", password).Err()
	})
	if err != nil {
		return err
	}
	return i.eachSentinel(ctx, func(client *redis.Client) error {
		return client.Do(ctx, "SENTINEL", "SET", masterName, "auth-pass", password).Err()
	})
}

// forget has every Redis take the current password alone. It tells them twice: one
// that has just started takes what its master takes (watch.sh), and may have asked it
// before that was told.
func (i Instance) forget(ctx context.Context, s state) error {
	s = s.withoutOld()
	s.previous = ""
	for range 2 {
		err := i.eachRedis(ctx, s.all(), func(client *redis.Client) error {
			return setPasswords(ctx, client, s, []any{"resetpass"})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (i Instance) eachRedis(ctx context.Context, passwords []string, do func(*redis.Client) error) error {
	pods, err := i.pods(ctx, "redis")
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if err := i.withClient(ctx, pod.Name, redisPort, passwords, do); err != nil {
			return err
		}
	}
	return nil
}

func (i Instance) eachSentinel(ctx context.Context, do func(*redis.Client) error) error {
	pods, err := i.pods(ctx, "sentinel")
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if err := i.withClient(ctx, pod.Name, sentinelPort, []string{""}, do); err != nil {
			return err
		}
	}
	return nil
}

// withClient connects with the first password that the server takes.
func (i Instance) withClient(ctx context.Context, pod string, port int32, passwords []string, do func(*redis.Client) error) error {
	forwarded, stop := context.WithCancel(ctx)
	defer stop()
	address, err := i.Forward(forwarded, pod, port)
	if err != nil {
		return fmt.Errorf("cannot reach %s: %w; run this again", pod, err)
	}
	for _, password := range passwords {
		client := connect(address, password)
		defer func() { _ = client.Close() }()
		err = client.Ping(ctx).Err()
		if err == nil {
			err = do(client)
			break
		}
		if !refused(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %s; run this again", pod, redact(err.Error(), passwords))
	}
	return nil
}

// redact takes passwords out of a message: Redis repeats what it does not take.
func redact(message string, passwords []string) string {
	for _, password := range passwords {
		if password != "" {
			message = strings.ReplaceAll(message, password, "***")
		}
	}
	return message
}

// refused tells whether Redis did not take the password.
func refused(err error) bool {
	return strings.HasPrefix(err.Error(), "WRONGPASS") || strings.HasPrefix(err.Error(), "NOAUTH")
}

// connect makes a client that asks once, and nothing that it was not told to.
func connect(address, password string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: address, Password: password, Protocol: 2, DisableIdentity: true, MaxRetries: -1,
		DialTimeout: answerTimeout, ReadTimeout: answerTimeout, WriteTimeout: answerTimeout,
	})
}

// pods are those of a component. One that is about to go counts: if it does not
// answer any more, the caller tries again when the next one is there.
func (i Instance) pods(ctx context.Context, component string) ([]corev1.Pod, error) {
	selector := fmt.Sprintf("app.kubernetes.io/name=%s,app.kubernetes.io/component=%s,app.kubernetes.io/part-of=redis-failover", i.Name, component)
	list, err := i.Client.CoreV1().Pods(i.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("cannot list the Pods: %w", err)
	}
	if len(list.Items) == 0 {
		return nil, errors.New("the instance has no Pods of " + component)
	}
	return list.Items, nil
}
