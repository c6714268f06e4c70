package ledger

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Contract is all that a tenant is told about its Redis.
type Contract struct {
	// Sentinel is the host:port under which the Sentinels answer.
	Sentinel string
	// Master is the name under which they monitor the master.
	Master string
	// Proxy is the host:port under which clients without Sentinel reach the
	// master, empty if there is none.
	Proxy string
	// Username is whom Redis knows the tenant as, empty for default.
	Username string
	// Password is the one of Redis, empty if it asks for none. The Sentinels
	// ask for none.
	Password string
}

// ContractFromEnv reads REDIS_SENTINEL_HOST, REDIS_SENTINEL_PORT,
// REDIS_SENTINEL_MASTER and, if there are any, REDIS_HOST, REDIS_PORT,
// REDIS_USERNAME and REDIS_PASSWORD through lookup, which is [os.LookupEnv] in a program. The
// error names what is missing.
func ContractFromEnv(lookup func(string) (string, bool)) (Contract, error) {
	var missing []string
	required := func(name string) string {
		value, _ := lookup(name)
		if value == "" {
			missing = append(missing, name)
		}
		return value
	}
	host, port, master := required("REDIS_SENTINEL_HOST"), required("REDIS_SENTINEL_PORT"), required("REDIS_SENTINEL_MASTER")
	if len(missing) > 0 {
		return Contract{}, fmt.Errorf("not set in the environment: %s", strings.Join(missing, ", "))
	}
	contract := Contract{Sentinel: net.JoinHostPort(host, port), Master: master}
	if proxy, _ := lookup("REDIS_HOST"); proxy != "" {
		port := required("REDIS_PORT")
		if port == "" {
			return Contract{}, errors.New("not set in the environment: REDIS_PORT, while REDIS_HOST is")
		}
		contract.Proxy = net.JoinHostPort(proxy, port)
	}
	contract.Username, _ = lookup("REDIS_USERNAME")
	contract.Password, _ = lookup("REDIS_PASSWORD")
	return contract, nil
}

var errNoProxy = errors.New("the contract has no address for clients without Sentinel: set REDIS_HOST and REDIS_PORT")

func (c Contract) proxyAddress(context.Context, redis.Options) (string, error) {
	if c.Proxy == "" {
		return "", errNoProxy
	}
	return c.Proxy, nil
}

var errNoMaster = errors.New("no Sentinel names a master")

// masterAddress asks the Sentinels once.
func (c Contract) masterAddress(ctx context.Context, options redis.Options) (string, error) {
	options.Addr, options.Username, options.Password = c.Sentinel, "", ""
	sentinel := redis.NewSentinelClient(&options)
	defer func() { _ = sentinel.Close() }()
	address, err := sentinel.GetMasterAddrByName(ctx, c.Master).Result()
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNoMaster, err)
	}
	return net.JoinHostPort(address[0], address[1]), nil
}

// replicaAddresses asks the Sentinels for the replicas that they hold for up.
func (c Contract) replicaAddresses(ctx context.Context, options redis.Options) ([]string, error) {
	options.Addr, options.Username, options.Password = c.Sentinel, "", ""
	sentinel := redis.NewSentinelClient(&options)
	defer func() { _ = sentinel.Close() }()
	replicas, err := sentinel.Replicas(ctx, c.Master).Result()
	if err != nil {
		return nil, fmt.Errorf("asking Sentinel for the replicas: %w", err)
	}
	var addresses []string
	for _, replica := range replicas {
		if flags := replica["flags"]; !strings.Contains(flags, "down") && !strings.Contains(flags, "disconnected") {
			addresses = append(addresses, net.JoinHostPort(replica["ip"], replica["port"]))
		}
	}
	return addresses, nil
}
