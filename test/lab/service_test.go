package lab

import (
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
