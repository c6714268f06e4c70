// Package figures holds what test/scale measures, and shows it in docs/scale.md: as
// tables, as plots, and beside the formula.
package figures

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"sigs.k8s.io/yaml"
)

// MostShards is how many operators may share the instances.
const MostShards = 4

// Setting is what is measured: a line of a matrix.
type Setting struct {
	// Instances are those of all operators together.
	Instances int `json:"instances"`
	// Operator is its version, 1.2 or 1.3.
	Operator string `json:"operator"`
	// Shards are how many operators share the instances by their namespaces.
	Shards int `json:"shards"`
	// Workers and Queries, a second, are those of each operator.
	Workers int `json:"workers"`
	Queries int `json:"queries"`
	// Delay is how long a Redis or Sentinel takes for an answer, in milliseconds, as the
	// network of a cluster and a busy Redis do.
	Delay int `json:"delay"`
	// Silent are the instances that have a Redis that answers nothing.
	Silent int `json:"silent"`
}

// Row is what a setting was measured to do. All times are in seconds, all CPUs in
// seconds of a CPU by the second.
type Row struct {
	Setting
	// Pass is from the begin of the first reconcile to the end of the last one, each
	// instance having had one.
	Pass float64 `json:"pass"`
	// Reconcile is the mean time of one, Wait that in the queue before it, Between that
	// between two of one instance.
	Reconcile float64 `json:"reconcile"`
	Wait      float64 `json:"wait"`
	Between   float64 `json:"between"`
	// Repairs are from a fault to its repair, sorted.
	Repairs []float64 `json:"repairs"`
	// Rate are the reconciles of a second.
	Rate float64 `json:"rate"`
	// Calls are those of the API server in a reconcile, Questions those of its Redis and
	// Sentinels.
	Calls     float64 `json:"calls"`
	Questions float64 `json:"questions"`
	// Requests are what the API server answers a second, by verb.
	Requests map[string]float64 `json:"requests"`
	// CPU is what one reconcile takes of each program.
	CPU Programs `json:"cpu"`
	// CPUs and MiB are what the programs use, MiB the most at a time.
	CPUs Programs `json:"cpus"`
	MiB  Programs `json:"mib"`
	// All is the size of the list of all RedisFailovers, List the mean one of all lists
	// while this was measured, both in KiB; Watch is what watches sent, in KiB a second.
	All   float64 `json:"all"`
	List  float64 `json:"list"`
	Watch float64 `json:"watch"`
	// Series are those of an instance that the operator exports.
	Series float64 `json:"series"`
	// Cores are the CPUs of the machine, which all programs share.
	Cores int `json:"cores"`
}

// Programs are figures of each program; all operators together are one.
type Programs struct {
	Operator float64 `json:"operator"`
	API      float64 `json:"api"`
	Etcd     float64 `json:"etcd"`
	// Redis is the one program that answers for all Redis and Sentinels.
	Redis float64 `json:"redis"`
}

// Per is a share of each.
func (p Programs) Per(n float64) Programs {
	return Programs{p.Operator / n, p.API / n, p.Etcd / n, p.Redis / n}
}

// Sum is that of all of them.
func (p Programs) Sum() float64 { return p.Operator + p.API + p.Etcd + p.Redis }

// Repaired is the time within which a share of the faults was repaired.
func (r Row) Repaired(share float64) float64 {
	if len(r.Repairs) == 0 {
		return 0
	}
	return r.Repairs[int(share*float64(len(r.Repairs)-1)+0.5)]
}

// compare sorts settings by size, and then as tables show them.
func compare(a, b Setting) int {
	return cmp.Or(cmp.Compare(a.Instances, b.Instances), -cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Shards, b.Shards),
		cmp.Compare(a.Queries, b.Queries), cmp.Compare(a.Workers, b.Workers), cmp.Compare(a.Delay, b.Delay), cmp.Compare(a.Silent, b.Silent))
}

// Matrix reads settings, smallest first, so that one API server gets more and more
// instances. What a line leaves out is the operator 1.3 alone.
func Matrix(file string) ([]Setting, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []Setting
	if err := yaml.UnmarshalStrict(data, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for n := range all {
		s := &all[n]
		s.Operator, s.Shards = cmp.Or(s.Operator, "1.3"), max(s.Shards, 1)
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("%s: entry %d: %w", file, n+1, err)
		}
	}
	slices.SortFunc(all, compare)
	return all, nil
}

func (s Setting) check() error {
	switch {
	case s.Instances < 1 || s.Workers < 1 || s.Queries < 1:
		return fmt.Errorf("instances, workers and queries are %d, %d and %d: each must be 1 or more", s.Instances, s.Workers, s.Queries)
	case s.Operator != "1.2" && s.Operator != "1.3":
		return fmt.Errorf("operator: %q must be 1.2 or 1.3, in quotes", s.Operator)
	case s.Shards > 1 && s.Operator == "1.2":
		return errors.New("shards: 1.2 cannot be limited to namespaces: set operator to 1.3, or shards to 1")
	case s.Shards > MostShards:
		return fmt.Errorf("shards: %d must be %d or less", s.Shards, MostShards)
	case s.Silent < 0 || s.Silent >= s.Instances:
		return fmt.Errorf("silent: %d must be less than instances, %d: one is broken to see it repaired", s.Silent, s.Instances)
	}
	return nil
}

// Rows reads what was measured; no file is none.
func Rows(file string) ([]Row, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rows []Row
	if err := json.Unmarshal(data, &rows); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return rows, nil
}

// Add writes a row to what was measured, in the place of an older one of its setting.
func Add(file string, row Row) error {
	rows, err := Rows(file)
	if err != nil {
		return err
	}
	rows = append(slices.DeleteFunc(rows, func(r Row) bool { return r.Setting == row.Setting }), row)
	slices.SortFunc(rows, func(a, b Row) int { return compare(a.Setting, b.Setting) })
	data, err := json.MarshalIndent(rows, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}
