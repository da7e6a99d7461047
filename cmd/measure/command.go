package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// A command is the blastgauge binary, built from this tree, and a directory for
// everything that its runs leave.
type command struct {
	path    string
	scratch string
}

// build builds the command. Close removes everything that its runs wrote.
func build(ctx context.Context) (*command, error) {
	scratch, err := os.MkdirTemp("", "blastgauge-measure-")
	if err != nil {
		return nil, err
	}
	c := &command{path: filepath.Join(scratch, "blastgauge"), scratch: scratch}
	root, err := moduleRoot(ctx)
	if err == nil {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", c.path, "./cmd/blastgauge")
		cmd.Dir = root
		var out []byte
		if out, err = cmd.CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("build blastgauge: %w", err), c.Close())
	}
	return c, nil
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/blastgauge/blastgauge").Output()
	if err != nil {
		return "", fmt.Errorf("measure runs inside the repository: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Close removes the binary and what its runs wrote.
func (c *command) Close() error { return os.RemoveAll(c.scratch) }

// dir returns a new directory below the scratch one.
func (c *command) dir() (string, error) { return os.MkdirTemp(c.scratch, "system-") }

// exec prepares the command in a directory, with a state directory of its own.
func (c *command) exec(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(c.scratch, "state"))
	return cmd
}

// run runs one experiment file of a directory and returns what result.json says.
func (c *command) run(ctx context.Context, dir, experiment string, flags ...string) (result.Experiment, error) {
	args := append([]string{"run", "-f", systemtest.SystemFile, "--progress", "none", "--out", "run"}, flags...)
	cmd := c.exec(ctx, dir, append(args, experiment)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	failed := cmd.Run() // a verdict is an exit code: the result says whether it went wrong
	list, err := readExperiments(filepath.Join(dir, "run", "result.json"))
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("%d experiments, want 1", len(list))
	}
	if err != nil {
		return result.Experiment{}, fmt.Errorf("%w, %w\n%s", err, failed, &out)
	}
	return list[0], nil
}

func readExperiments(file string) ([]result.Experiment, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r result.Result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r.Experiments, nil
}
