// Command dashboards generates the Grafana dashboards of the chart
// redis-dashboards.
//
//	go run ./dashboards CHARTS
//
// CHARTS is the folder of the charts: limits that panels mark are read from
// the values of tenant-redis, so that dashboards and alerts agree.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: dashboards CHARTS")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// write writes each dashboard into the folder that the chart packs.
func write(charts string) error {
	files, err := generate(charts)
	if err != nil {
		return err
	}
	for name, text := range files {
		file := filepath.Join(charts, "redis-dashboards", "dashboards", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns all dashboards as JSON, by the names of their files.
func generate(charts string) (map[string][]byte, error) {
	limits, err := readLimits(filepath.Join(charts, "tenant-redis", "values.yaml"))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, p := range []*page{overview(limits), failover(limits), fleet(limits), operator()} {
		built, err := p.build()
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", p.uid, err)
		}
		text, err := json.MarshalIndent(built, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", p.uid, err)
		}
		files[filepath.Join(p.audience, p.uid+".json")] = append(text, '\n')
	}
	return files, nil
}
