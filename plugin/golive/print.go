package golive

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Text writes a line for each finding, and a last one with the checks that
// failed.
func Text(out io.Writer, findings []Finding) error {
	var failed []string
	for _, f := range findings {
		line := fmt.Sprintf("%-7s %s: %s", f.Status, f.Check, oneLine(f.Seen))
		if f.Status == Failed {
			failed = append(failed, f.Check)
			line += "; " + f.Fix
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	if len(failed) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(out, "failed: "+strings.Join(failed, ", "))
	return err
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// JSON writes the findings as a list.
func JSON(out io.Writer, findings []Finding) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(findings)
}
