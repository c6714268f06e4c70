package quantity

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
)

// FuzzParse holds that Parse and Kubernetes agree, up to the precision of
// Kubernetes, which rounds up to a billionth and ends at 2^63.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "1", "0", "500m", "1.5Gi", "1e3", "1E3", "1E", "1Ei", "-1", "+1", "1.", ".5", ".", "1 Mi", "1mi", "1K", "1k", "100n", "1u", "0x10", "1_0", "1e-3", "1e+2",
		"1e", "1e3m", "--1", "1.2.3", "12345678901234567890", "1e9999", "1/2", "Inf", "\u0661",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		if len(text) > maxLength {
			require.Error(t, err)
			return
		}
		want, wantErr := resource.ParseQuantity(text)
		if wantErr != nil {
			require.Error(t, err, "%q is %v", text, got)
			return
		}
		if err != nil {
			// Stricter is fine: the quantity is refused.
			require.NotRegexp(t, `^[0-9]+(\.[0-9]+)?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$`, text)
			return
		}
		exact, ok := new(big.Rat).SetString(want.AsDec().String())
		require.True(t, ok)
		difference := new(big.Rat).Sub(exact, got)
		if got.Cmp(new(big.Rat).SetInt64(1<<62)) < 0 && got.Cmp(new(big.Rat).SetInt64(-1<<62)) > 0 {
			require.LessOrEqual(t, difference.Abs(difference).Cmp(big.NewRat(1, 1_000_000_000)), 0, text)
		}
	})
}
