// Command ledger keeps account of a fault on Redis from a tenant's side: it
// writes for a while, waits until the instance is whole again, reads
// everything back and prints what was acknowledged, refused and lost.
//
// The last line of its output is the account as JSON; it alone begins with
// {"schema":. What comes before is for people.
//
// It takes the connection data from REDIS_SENTINEL_HOST, REDIS_SENTINEL_PORT,
// REDIS_SENTINEL_MASTER, REDIS_PASSWORD and, for clients of the kind proxy,
// REDIS_HOST and REDIS_PORT. It exits with 0 when the account
// is complete, whatever it says, with 1 when there is none, and with 2 when it
// was called wrongly. SIGUSR1 ends the writing before its time; what follows is as
// it would have been.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// silent drops go-redis' own lines, one per failed connection; the account
// has them as errors.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func main() {
	settings := parse()
	contract, err := ledger.ContractFromEnv(os.LookupEnv)
	if err == nil {
		err = settings.Validate()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ledger:", err)
		os.Exit(2)
	}
	redis.SetLogger(silent{})
	if err := keep(contract, settings); err != nil {
		fmt.Fprintln(os.Stderr, "ledger:", err)
		os.Exit(1)
	}
}

func parse() ledger.Settings {
	var s ledger.Settings
	clients := flag.String("clients", "follow", "kinds of clients, separated by commas: follow, naive, proxy, wait; may be empty if there are services")
	services := flag.String("services", "", "services to write through, as NAME=URL separated by commas: PUT to URL/KEY writes, 200 acknowledges")
	flag.IntVar(&s.Writers, "writers", 4, "concurrent writers of each client")
	flag.IntVar(&s.Rate, "rate", 200, "writes per second of each writer, at most")
	flag.DurationVar(&s.Duration, "duration", 30*time.Second, "how long to write")
	flag.DurationVar(&s.Timeout, "timeout", 500*time.Millisecond, "how long a write may take")
	flag.DurationVar(&s.WaitFor, "wait-for", 200*time.Millisecond, "how long a wait client waits for a replica")
	flag.IntVar(&s.Replicas, "replicas", 2, "replicas of the instance when it is whole")
	flag.DurationVar(&s.WholeWithin, "whole-within", 2*time.Minute, "how long the instance may take to be whole and read, after the writing")
	flag.BoolVar(&s.Keep, "keep", false, "leave the keys, which go an hour later by themselves")
	flag.Parse()
	for _, kind := range list(*clients) {
		s.Clients = append(s.Clients, ledger.Kind(kind))
	}
	for _, service := range list(*services) {
		name, url, _ := strings.Cut(service, "=")
		s.Services = append(s.Services, ledger.Service{Name: ledger.Kind(name), URL: url})
	}
	return s
}

// list splits at commas; empty text has no elements.
func list(text string) []string {
	return slices.DeleteFunc(strings.Split(text, ","), func(element string) bool { return element == "" })
}

// keep runs the ledger. All goes to one stream: a container runtime cuts long
// lines, such as the account, and would mix their pieces with another's lines.
func keep(contract ledger.Contract, settings ledger.Settings) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	settings.Enough = onSignal(syscall.SIGUSR1)
	report, err := ledger.Run(ctx, contract, settings, os.Stdout)
	if err != nil {
		return err
	}
	if err := report.WriteTable(os.Stdout); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return fmt.Errorf("writing the account: %w", err)
	}
	return nil
}

// onSignal is closed when the process gets a signal.
func onSignal(signals ...os.Signal) <-chan struct{} {
	ctx, _ := signal.NotifyContext(context.Background(), signals...)
	return ctx.Done()
}
