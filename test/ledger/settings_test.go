package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSettingsValidate(t *testing.T) {
	require.NoError(t, load(time.Second, Follow, Naive, Proxy, Wait).Validate())
	tests := map[string]struct {
		spoil func(*Settings)
		want  string
	}{
		"no client":          {func(s *Settings) { s.Clients = nil }, "no clients"},
		"a stranger":         {func(s *Settings) { s.Clients = []Kind{"eager"} }, `client "eager": must be follow, naive, proxy or wait`},
		"a client twice":     {func(s *Settings) { s.Clients = []Kind{Wait, Wait} }, `client "wait" is named twice`},
		"a nameless service": {func(s *Settings) { s.Services = []Service{{URL: "http://a:1/keys"}} }, "has no name"},
		"no URL":             {func(s *Settings) { s.Services = []Service{{Name: "a", URL: "a:1"}} }, `service a: URL "a:1" must be http://HOST[:PORT]/PATH`},
		"a service twice": {func(s *Settings) {
			s.Services = []Service{{"follow", "http://a/k"}}
		}, `client "follow" is named twice`},
		"no writer":         {func(s *Settings) { s.Writers = 0 }, "writers is 0"},
		"no writes":         {func(s *Settings) { s.Rate = 0 }, "rate is 0"},
		"no time":           {func(s *Settings) { s.Duration = 0 }, "must be positive"},
		"WAIT is too long":  {func(s *Settings) { s.WaitFor = s.Timeout / 2 }, "shorter than half of timeout, 500ms"},
		"WAIT without end":  {func(s *Settings) { s.WaitFor = 0 }, "at least 1ms"},
		"negative replicas": {func(s *Settings) { s.Replicas = -1 }, "replicas is -1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			settings := load(time.Second, Follow)
			test.spoil(&settings)
			require.ErrorContains(t, settings.Validate(), test.want)
		})
	}
}

func TestContractFromEnv(t *testing.T) {
	env := map[string]string{"REDIS_SENTINEL_HOST": "rfs-a.b", "REDIS_SENTINEL_PORT": "26379", "REDIS_SENTINEL_MASTER": "mymaster"}
	lookup := func(name string) (string, bool) { value, found := env[name]; return value, found }

	contract, err := ContractFromEnv(lookup)
	require.NoError(t, err)
	require.Equal(t, Contract{Sentinel: "rfs-a.b:26379", Master: "mymaster"}, contract)

	env["REDIS_PASSWORD"] = "secret"
	contract, err = ContractFromEnv(lookup)
	require.NoError(t, err)
	require.Equal(t, "secret", contract.Password)

	env["REDIS_HOST"] = "a-proxy.b"
	_, err = ContractFromEnv(lookup)
	require.EqualError(t, err, "not set in the environment: REDIS_PORT, while REDIS_HOST is")
	env["REDIS_PORT"] = "6379"
	contract, err = ContractFromEnv(lookup)
	require.NoError(t, err)
	require.Equal(t, "a-proxy.b:6379", contract.Proxy)

	delete(env, "REDIS_SENTINEL_HOST")
	env["REDIS_SENTINEL_MASTER"] = ""
	_, err = ContractFromEnv(lookup)
	require.EqualError(t, err, "not set in the environment: REDIS_SENTINEL_HOST, REDIS_SENTINEL_MASTER")
}
