// Command vulnerable calls a function with a known vulnerability, GO-2026-5970.
package main

import (
	"os"

	"golang.org/x/text/unicode/norm"
)

func main() { _, _ = os.Stdout.WriteString(norm.NFC.String(os.Args[0])) }
