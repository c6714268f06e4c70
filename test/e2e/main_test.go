//go:build e2e

// Package e2e tests the charts and the post-renderer on the kind cluster, with
// the real operator and real Redis.
package e2e

import (
	"fmt"
	"testing"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

func TestMain(m *testing.M) {
	framework.Main(m, func() {
		if len(outcomes) > 0 {
			fmt.Print("\n", table(), "\n")
		}
	})
}
