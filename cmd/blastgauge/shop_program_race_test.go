//go:build race

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// findShopProgram builds blastgauge without the race detector. Shops are most of what
// scripts compute, and several times as slow with it: what is tested would be too busy to
// measure anything. Their own tests run with the detector.
func findShopProgram(dir string) (string, error) {
	path := filepath.Join(dir, "shop", "blastgauge") // dir itself has a blastgauge, of open runs
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build blastgauge: %w: %s", err, out)
	}
	return path, nil
}
