package users

import (
	"os"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

const allowed, refused = "allowed", "refused"

// users are in the order of the columns of testdata/commands.
var users = []string{tenantUser, readOnlyUser}

// classified is testdata/commands: for each command, whether each of the users may use it.
func classified(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile("testdata/commands")
	require.NoError(t, err)
	known := map[string][]string{}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		require.Len(t, words, 1+len(users), line)
		require.Subset(t, []string{allowed, refused}, words[1:], line)
		require.NotContains(t, known, words[0], "twice")
		known[words[0]] = words[1:]
	}
	return known
}

// commands are all of a server, each with the least arguments that it takes. Of those
// that have subcommands each counts for itself.
func commands(t *testing.T, client *redis.Client) map[string][]any {
	t.Helper()
	list, err := client.Do(t.Context(), "COMMAND").Slice()
	require.NoError(t, err)
	found := map[string][]any{}
	var add func([]any)
	add = func(list []any) {
		for _, entry := range list {
			command := entry.([]any)
			if subcommands := command[9].([]any); len(subcommands) > 0 {
				add(subcommands)
				continue
			}
			name, arity := strings.ToLower(command[0].(string)), command[1].(int64)
			words := []any{}
			for word := range strings.SplitSeq(name, "|") {
				words = append(words, word)
			}
			for int64(len(words)) < max(arity, -arity) {
				words = append(words, "x")
			}
			found[name] = words
		}
	}
	add(list)
	return found
}

// TestEveryCommandIsClassified holds for each command of the server whether each user may
// use it. One that nobody has classified fails: decide, and add it to
// testdata/commands, and to the chart's rules if it is to be refused.
func TestEveryCommandIsClassified(t *testing.T) {
	known := classified(t)
	i, p := single(t)
	client := i.Client(p, lab.RedisPort)
	defer func() { _ = client.Close() }()
	found := commands(t, client)
	require.Greater(t, len(found), 300)
	for command, words := range found {
		want, ok := known[command]
		if !assert.True(t, ok, "%s is not classified", command) {
			continue
		}
		for n, user := range users {
			said, err := client.Do(t.Context(), append([]any{"ACL", "DRYRUN", user}, words...)...).Text()
			require.NoError(t, err, command)
			got := allowed
			if said != "OK" {
				require.Contains(t, said, "has no permissions to run", command)
				got = refused
			}
			assert.Equal(t, want[n], got, "%s, %s: %s", user, command, said)
		}
	}
}
