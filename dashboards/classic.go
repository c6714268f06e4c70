package main

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

// The SDK calls the classic schema deprecated, but Grafana 10 and 11, and the
// sidecar with any Grafana, know no other.
type (
	classic        = dashboard.Dashboard        //nolint:staticcheck // See above.
	classicBuilder = dashboard.DashboardBuilder //nolint:staticcheck // See above.
)

var newClassic = dashboard.NewDashboardBuilder //nolint:staticcheck // See above.
