package golive

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// login is a user of Redis other than default, and the password that it has.
type login struct {
	name, password string
	// reads is whether it may do nothing else.
	reads bool
}

// usersOf are those that Redis is started with: --user NAME on #FILE, and then its rights.
// The file is a key of the Secret with the passwords, be that the chart's own or not.
func usersOf(command []string, passwords map[string][]byte) []login {
	var users []login
	for n, word := range command {
		if word == "--user" && n+3 < len(command) {
			key := path.Base(command[n+3])
			users = append(users, login{command[n+1], string(passwords[key]), key == "read-only-password"})
		}
	}
	return users
}

// readUsers adds what the tenant logs in with, which is in the Secret of the instance's name.
// Where Secrets are made elsewhere there need not be one, nor be the password the same.
func (c Cluster) readUsers(ctx context.Context, i *instance, passwords map[string][]byte) error {
	i.users = usersOf(i.want.Spec.Redis.Command, passwords)
	if i.want.Spec.Auth.SecretPath == "" {
		return nil
	}
	secret, err := c.Client.CoreV1().Secrets(i.namespace).Get(ctx, i.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read the tenant's Secret: %w", err)
	}
	for _, user := range []login{
		{string(secret.Data["REDIS_USERNAME"]), string(secret.Data["REDIS_PASSWORD"]), false},
		{string(secret.Data["REDIS_READ_USERNAME"]), string(secret.Data["REDIS_READ_PASSWORD"]), true},
	} {
		if user.name != "" && !slices.Contains(i.users, user) {
			i.users = append(i.users, user)
		}
	}
	return nil
}

func checkUser(ctx context.Context, i *instance) (string, error) {
	if len(i.users) == 0 {
		return "the tenant logs in as default", errSkipped
	}
	var names []string
	for _, user := range i.users {
		for _, node := range i.clients {
			if node.err != nil {
				return "", fmt.Errorf("%s: %w", node.pod, node.err)
			}
			if err := bounded(ctx, *node.client.Options(), user); err != nil {
				return "", fmt.Errorf("%s, as %s: %w", node.pod, user.name, err)
			}
		}
		if !slices.Contains(names, user.name) {
			names = append(names, user.name)
		}
	}
	return fmt.Sprintf("all Redis know %s and the bounds", strings.Join(names, " and ")), nil
}

// bounded is why a Redis does not serve a user, or serves it too much. It asks for what tells
// most: the password of default is among the settings. Who only reads may not remove even
// what is not there.
func bounded(ctx context.Context, options redis.Options, user login) error {
	options.Username, options.Password = user.name, user.password
	client := redis.NewClient(&options)
	defer func() { _ = client.Close() }()
	if err := client.Ping(ctx).Err(); err != nil {
		return err
	}
	if err := refuses(client.ConfigGet(ctx, "requirepass").Err(), "it shows its settings"); err != nil || !user.reads {
		return err
	}
	return refuses(client.Del(ctx, "tenant-redis:golive:none").Err(), "it lets a user write that only reads")
}

// refuses is what a Redis does instead of refusing a command that it has answered.
func refuses(answer error, instead string) error {
	switch {
	// A replica takes no writes, and says so to those alone who may write.
	case answer == nil, strings.HasPrefix(answer.Error(), "READONLY"):
		return errors.New(instead)
	case !strings.HasPrefix(answer.Error(), "NOPERM"):
		return answer
	}
	return nil
}
