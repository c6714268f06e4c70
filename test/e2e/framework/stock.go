//go:build e2e

package framework

import (
	"testing"
)

// stockName is that of the instance in testdata/stock.yaml.
const stockName = "e2e-stock"

// InstallStock makes the instance that has the operator's own defaults, the
// control that says what the tenant chart is worth, and removes it after the
// test.
func InstallStock(t *testing.T) *Instance {
	t.Helper()
	Namespace(t, stockName)
	i := &Instance{Name: stockName, Namespace: SystemNamespace, Tenant: stockName, new: true}
	remove := func() {
		_, _ = kubectl(CleanupContext(t), t, SystemNamespace, "delete", "redisfailover,secret", stockName,
			"--ignore-not-found", "--cascade=foreground", "--timeout=120s")
	}
	remove()
	t.Cleanup(func() {
		i.dumpFailure(t)
		remove()
	})
	Apply(t, Path("test/e2e/testdata/stock.yaml"))
	return i
}
