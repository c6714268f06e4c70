package rotate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
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
		return client.Do(ctx, "SENTINEL", "SET", reach.MasterName, "auth-pass", password).Err()
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
	return i.each(ctx, reach.Redis, passwords, do)
}

func (i Instance) eachSentinel(ctx context.Context, do func(*redis.Client) error) error {
	return i.each(ctx, reach.Sentinel, []string{""}, do)
}

func (i Instance) each(ctx context.Context, component string, passwords []string, do func(*redis.Client) error) error {
	pods, err := i.pods(ctx, component)
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if err := i.withClient(ctx, pod.Name, reach.Port(pod, component), passwords, do); err != nil {
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
		client := reach.Connect(address, password)
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

// pods are those of a component. One that is about to go counts: if it does not
// answer any more, the caller tries again when the next one is there.
func (i Instance) pods(ctx context.Context, component string) ([]corev1.Pod, error) {
	pods, err := reach.Pods(ctx, i.Client, i.Namespace, i.Name, component)
	if err == nil && len(pods) == 0 {
		err = errors.New("the instance has no Pods of " + component)
	}
	return pods, err
}
