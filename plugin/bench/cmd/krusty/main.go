// Command krusty edits manifests as kustomize build does, for comparison.
package main

import "github.com/tenant-redis/tenant-redis/plugin/bench/peers"

func main() {
	peers.Run(peers.Krusty)
}
