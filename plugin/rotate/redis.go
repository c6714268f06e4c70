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

// acceptBoth has every Redis and Sentinel take both passwords of each user, whichever it
// took before.
func (i Instance) acceptBoth(ctx context.Context, s state) error {
	return i.setAll(ctx, s, s)
}

// setAll has every Redis and Sentinel take the passwords of a state, and before it what
// resets. They are known by those of another one.
func (i Instance) setAll(ctx context.Context, known, s state, reset ...any) error {
	err := i.eachRedis(ctx, known.all(), func(client *redis.Client) error {
		return setPasswords(ctx, client, append([]login{{user: "default", turn: s.turn}}, s.of(false)...), reset)
	})
	if err != nil {
		return err
	}
	return i.eachRestricted(ctx, known, func(client *redis.Client) error {
		return setPasswords(ctx, client, s.of(true), reset)
	})
}

// setPasswords has a server take the passwords of each user, and before it what resets.
func setPasswords(ctx context.Context, client *redis.Client, users []login, reset []any) error {
	for _, user := range users {
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

// useNext has Redis and Sentinels use the next passwords, which all take, among each other.
func (i Instance) useNext(ctx context.Context, s state) error {
	err := i.eachRedis(ctx, s.all(), func(client *redis.Client) error {
		return client.ConfigSet(ctx, "masterauth", s.next).Err()
	})
	if err != nil {
		return err
	}
	err = i.eachSentinel(ctx, func(client *redis.Client) error {
		return client.Do(ctx, "SENTINEL", "SET", reach.MasterName, "auth-pass", s.next).Err()
	})
	if err != nil {
		return err
	}
	return i.useAmongSentinels(ctx, s)
}

// useAmongSentinels has each Sentinel log in at the others with the newest password. One
// that has started since with the Secret of before does so with that.
func (i Instance) useAmongSentinels(ctx context.Context, s state) error {
	return i.eachRestricted(ctx, s, func(client *redis.Client) error {
		return client.Do(ctx, "SENTINEL", "CONFIG", "SET", "sentinel-pass", s.of(true)[0].all()[0]).Err()
	})
}

// forget has every Redis and Sentinel take the current password alone. It tells them
// twice: a Redis that has just started takes what its master takes (watch.sh), and may have
// asked it before that was told.
func (i Instance) forget(ctx context.Context, s state) error {
	if err := i.useAmongSentinels(ctx, s); err != nil {
		return err
	}
	known := s
	s = s.withoutOld()
	s.previous = ""
	for range 2 {
		if err := i.setAll(ctx, known, s, "resetpass"); err != nil {
			return err
		}
	}
	return nil
}

func (i Instance) eachRedis(ctx context.Context, passwords []string, do func(*redis.Client) error) error {
	return i.each(ctx, reach.Redis, "", passwords, do)
}

func (i Instance) eachSentinel(ctx context.Context, do func(*redis.Client) error) error {
	return i.each(ctx, reach.Sentinel, "", []string{""}, do)
}

func (i Instance) each(ctx context.Context, component, user string, passwords []string, do func(*redis.Client) error) error {
	pods, err := i.pods(ctx, component)
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if err := i.withClient(ctx, pod.Name, reach.Port(pod, component), user, passwords, do); err != nil {
			return err
		}
	}
	return nil
}

// eachRestricted does it at each Sentinel that has a user for its peers, as that.
func (i Instance) eachRestricted(ctx context.Context, s state, do func(*redis.Client) error) error {
	users := s.of(true)
	if len(users) == 0 {
		return nil
	}
	return i.each(ctx, reach.Sentinel, sentinelUser, users[0].all(), do)
}

// withClient connects with the first password that the server takes. A Sentinel that is
// open to everybody knows no user, and has nothing to be done.
func (i Instance) withClient(ctx context.Context, pod string, port int32, user string, passwords []string, do func(*redis.Client) error) error {
	forwarded, stop := context.WithCancel(ctx)
	defer stop()
	address, err := i.Forward(forwarded, pod, port)
	if err != nil {
		return fmt.Errorf("cannot reach %s: %w; run this again", pod, err)
	}
	for _, password := range passwords {
		client := connect(address, user, password)
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
	if err != nil && refused(err) && user == sentinelUser && open(ctx, address) {
		return nil
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

func connect(address, user, password string) *redis.Client {
	options := reach.Options(address, password)
	options.Username = user
	return redis.NewClient(options)
}

// open tells whether a Sentinel lets everybody do everything.
func open(ctx context.Context, address string) bool {
	client := reach.Connect(address, "")
	defer func() { _ = client.Close() }()
	return client.Do(ctx, "ACL", "WHOAMI").Err() == nil
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
