package lab

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNetworkOfItsOwn: two test programs at a time may begin with the same network.
func TestNetworkOfItsOwn(t *testing.T) {
	_, taken := newService(t)
	instances.Add(-1)
	_, network := newService(t)
	require.NotEqual(t, taken, network)
}

// TestNetworksAreUsedAgain: a test program may run more instances than there are networks.
func TestNetworksAreUsedAgain(t *testing.T) {
	instances.Add(256)
	_, network := newService(t)
	require.NotNil(t, net.ParseIP(network+".1"), network)
}
