package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestArchitecture holds that the picture of the architecture is what its source draws.
func TestArchitecture(t *testing.T) {
	source, err := os.ReadFile("../../../docs/images/architecture.yaml")
	require.NoError(t, err)
	picture, err := os.ReadFile("../../../docs/images/architecture.svg")
	require.NoError(t, err)
	svg, err := draw(source)
	require.NoError(t, err)
	assert.Equal(t, string(svg), string(picture), "run make docs")
}

// TestRefusedSources holds that a slip of the pen is an error and no odd picture.
func TestRefusedSources(t *testing.T) {
	for source, says := range map[string]string{
		"arrows: [{from: app, to: redis}]":                     `the arrow from app to redis: no box is called "app"`,
		"boxes: {app: {at: [0, 0, 40, 20], text: [too long]}}": `app: "too long" needs a width of 64`,
		"box: {}": `unknown field "box"`,
	} {
		_, err := draw([]byte(source))
		assert.ErrorContains(t, err, says)
	}
}
