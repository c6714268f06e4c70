// Command diagram draws the picture of a YAML file as SVG, for light and dark pages.
//
//	diagram docs/images/architecture.yaml docs/images/architecture.svg
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: diagram SOURCE.yaml PICTURE.svg")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(source, picture string) error {
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	svg, err := draw(text)
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	return os.WriteFile(picture, svg, 0o644)
}
