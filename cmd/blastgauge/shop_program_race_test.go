//go:build race

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// findShopProgram builds blastgauge without the race detector. Shops are most of what
// scripts compute, and several times as slow with it: what is tested would be too busy to
// measure anything. Their own tests run with the detector.
func findShopProgram(dir string) (string, error) {
	path := filepath.Join(dir, "blastgauge")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build blastgauge: %w: %s", err, out)
	}
	return path, nil
}
