package main

import (
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

// limits are the defaults of monitoring.thresholds, from which the alerts are
// made. A release that sets others has its own in its alerts alone.
type limits struct {
	MemoryPercent, ClientsPercent, ReplicationLagBytes, CommandMilliseconds float64
}

func readLimits(file string) (limits, error) {
	var values struct {
		Monitoring struct{ Thresholds limits }
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return limits{}, err
	}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return limits{}, fmt.Errorf("%s: %w", file, err)
	}
	if values.Monitoring.Thresholds == (limits{}) {
		return limits{}, fmt.Errorf("%s: monitoring.thresholds is missing", file)
	}
	return values.Monitoring.Thresholds, nil
}
