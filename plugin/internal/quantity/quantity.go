// Package quantity compares amounts of resources as Kubernetes writes them.
// The library of Kubernetes would double the time that tenant-post takes to
// start.
package quantity

import (
	"fmt"
	"math/big"
	"strings"
)

// binary and decimal are the suffixes in the order of their powers of 1024 and
// of 1000; the first decimal one is a thousandth.
var (
	binary  = []string{"Ki", "Mi", "Gi", "Ti", "Pi", "Ei"}
	decimal = []string{"n", "u", "m", "", "k", "M", "G", "T", "P", "E"}
)

// maxLength is that of the longest quantity; a large exponent would take all
// memory.
const maxLength = 40

// Parse returns the exact amount that a quantity such as "500m", "1.5Gi" or
// "1e3" stands for.
func Parse(text string) (*big.Rat, error) {
	digits := strings.TrimLeft(text, "+-0123456789.")
	number := text[:len(text)-len(digits)]
	amount, ok := new(big.Rat).SetString(number)
	if !ok || len(text) > maxLength || strings.HasPrefix(number, "_") {
		return nil, fmt.Errorf("%q is not a quantity", text)
	}
	factor, ok := factorOf(digits)
	if !ok {
		return nil, fmt.Errorf("%q is not a quantity", text)
	}
	return amount.Mul(amount, factor), nil
}

func factorOf(suffix string) (*big.Rat, bool) {
	for i, s := range binary {
		if s == suffix {
			return power(1024, i+1), true
		}
	}
	for i, s := range decimal {
		if s == suffix {
			return power(1000, i-3), true
		}
	}
	if suffix == "" || suffix[0] != 'e' && suffix[0] != 'E' || len(suffix) > 4 {
		return nil, false
	}
	return new(big.Rat).SetString("1" + suffix)
}

func power(base int64, exponent int) *big.Rat {
	p := new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(max(exponent, -exponent))), nil)
	if exponent < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), p)
	}
	return new(big.Rat).SetInt(p)
}
