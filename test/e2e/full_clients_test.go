//go:build e2e && full

package e2e

import "time"

// A full run has all examples, and one fault more. Its promise is kept by what
// gives up on silence by itself: some libraries do so late, but all must before
// the node is back.
func init() {
	allClients = true
	clientFaults = append(clientFaults, fault{
		name: "clients-node-lost", label: "master's node lost for 30 s", over: "the node is back",
		writing: outage + 30*time.Second, prepare: loseNode, mayLose: inFlight, gap: outage - slack - 5*time.Second,
	})
}
