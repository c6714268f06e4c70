// Command record runs a program, shows what it prints, and draws that as an SVG that
// plays it again:
//
//	record -as "make demo-failover" -out docs/images/demo-failover.svg scripts/demo-failover.sh
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/tenant-redis/tenant-redis/test/recording"
)

func main() {
	as := flag.String("as", "", "what a reader would type for it")
	out := flag.String("out", "", "path of the SVG")
	flag.Parse()
	if *as == "" || *out == "" || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: record -as COMMAND -out FILE.svg PROGRAM [ARGUMENT...]")
		os.Exit(2)
	}
	if err := run(*as, *out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func run(as, out string, program []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	recorded, err := recording.Run(ctx, as, program, os.Stdout)
	if err != nil {
		return err
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	return errors.Join(recorded.WriteSVG(file), file.Close())
}
