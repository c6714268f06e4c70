package printable

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"Pod shop/web é": "Pod shop/web é", "a\x1b[31mb": `a\x1b[31mb`, "a\nb\tc": `a\nb\tc`, "a\u202eb": `a\u202eb`, "a\u2028b": `a\u2028b`, "'": "'",
	} {
		require.Equal(t, want, Text(text))
	}
	require.Equal(t, "a\n\tb\\r\n", Lines("a\n\tb\r\n"))
}
