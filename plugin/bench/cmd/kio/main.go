// Command kio edits manifests with kyaml, for comparison.
package main

import "github.com/tenant-redis/tenant-redis/plugin/bench/peers"

func main() {
	peers.Run(peers.Kio)
}
