// Command timeline draws ledgers' accounts above each other, as PNG and SVG, and
// prints their figures.
//
// Each argument is NAME=LEDGER.json or NAME=LEDGER.json,MARKS.json: a panel's
// name, what command ledger wrote, and what happened meanwhile:
//
//	[{"at": "2026-03-01T12:00:00.123Z", "kind": "fault", "label": "master killed"}]
//
// The kinds are fault, switch and action. Time counts from the first fault, and so
// does what is looked for: the longest gap that ended after it.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tenant-redis/tenant-redis/test/ledger"
	"github.com/tenant-redis/tenant-redis/test/ledger/timeline"
)

func main() {
	out := flag.String("out", "timeline", "path of the pictures, without .png and .svg")
	title := flag.String("title", "", "title of the picture")
	client := flag.String("client", "", "kind of client to draw; all if empty")
	flag.Parse()
	if err := run(*out, *title, ledger.Kind(*client), flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "timeline:", err)
		os.Exit(1)
	}
}

func run(out, title string, client ledger.Kind, args []string) error {
	picture := timeline.Picture{Title: title}
	for _, arg := range args {
		panels, err := read(arg, client)
		if err != nil {
			return err
		}
		picture.Panels = append(picture.Panels, panels...)
	}
	if err := errors.Join(write(out+".png", picture.WritePNG), write(out+".svg", picture.WriteSVG)); err != nil {
		return err
	}
	return picture.WriteTable(os.Stdout)
}

// read makes the panels of one argument.
func read(arg string, client ledger.Kind) ([]timeline.Panel, error) {
	name, files, found := strings.Cut(arg, "=")
	if !found {
		return nil, fmt.Errorf("%q is not NAME=LEDGER.json[,MARKS.json]", arg)
	}
	ledgerFile, marksFile, marked := strings.Cut(files, ",")
	var report ledger.Report
	if err := decode(ledgerFile, &report); err != nil {
		return nil, err
	}
	if report.Schema != ledger.Schema {
		return nil, fmt.Errorf("%s is of schema %q, not %s", ledgerFile, report.Schema, ledger.Schema)
	}
	var marks []timeline.Mark
	if marked {
		if err := decode(marksFile, &marks); err != nil {
			return nil, err
		}
	}
	var panels []timeline.Panel
	for _, account := range report.Clients {
		if client == "" || client == account.Client {
			title := fmt.Sprintf("%s, client %q", name, account.Client)
			panels = append(panels, timeline.Panel{Title: title, Account: account, Marks: marks})
		}
	}
	if len(panels) == 0 {
		return nil, fmt.Errorf("%s has no client %q", ledgerFile, client)
	}
	return panels, nil
}

func decode(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func write(path string, draw func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(draw(file), file.Close())
}
