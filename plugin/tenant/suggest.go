package tenant

import "strings"

// closest returns the allowed key that a mistyped one most likely means, or
// the empty string if none is near.
func closest(mistyped string, allowed []string) string {
	best, bestDistance := "", 1+max(2, len(mistyped)/3)
	for _, candidate := range allowed {
		if d := distance(strings.ToLower(mistyped), strings.ToLower(candidate)); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// distance returns how many letters to insert, remove or replace to make a
// into b (the Levenshtein distance).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
