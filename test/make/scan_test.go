package make

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestScheduledScan holds that the scheduled job asks for the newest database, and scans all
// images that the charts install by default. The scanner itself is not run.
func TestScheduledScan(t *testing.T) {
	type job struct {
		Strategy struct{ Matrix struct{ Chart []string } }
		Steps    []struct{ Run string }
	}
	var workflow struct {
		Jobs struct{ Programs, Images job }
	}
	read(t, "../../.github/workflows/scan.yaml", &workflow)
	programs, images := workflow.Jobs.Programs, workflow.Jobs.Images
	require.Regexp(t, ` make vulnerabilities VULNDB=latest$`, programs.Steps[len(programs.Steps)-1].Run)

	scan := images.Steps[len(images.Steps)-1].Run
	require.Contains(t, scan, " docker run ")
	charts, err := filepath.Glob("../../charts/*/Chart.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, charts)
	for _, file := range charts {
		var metadata struct{ Annotations map[string]string }
		read(t, file, &metadata)
		var listed []struct{ Image string }
		require.NoError(t, yaml.Unmarshal([]byte(metadata.Annotations["artifacthub.io/images"]), &listed))
		chart := filepath.Base(filepath.Dir(file))
		if len(listed) == 0 {
			require.NotContains(t, images.Strategy.Matrix.Chart, chart)
			continue
		}
		require.Contains(t, images.Strategy.Matrix.Chart, chart)
		command := exec.CommandContext(t.Context(), "bash", "-euc", strings.Replace(scan, " docker run ", " echo ", 1))
		command.Dir, command.Env = "../..", append(os.Environ(), "CHART="+chart)
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s", output)
		lines := strings.Split(strings.TrimSpace(string(output)), "\n")
		require.Len(t, lines, len(listed))
		for i, image := range listed {
			require.Regexp(t, ` --only-fixed `+image.Image+`$`, lines[i])
		}
	}
}
