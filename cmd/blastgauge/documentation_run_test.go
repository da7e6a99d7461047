package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// leastRun is how many blocks of documents are run at least.
const leastRun = 10

// Blocks of documents that say so are run, as a reader would: line by line, in bash. The
// words behind sh in the fence say how:
//
//	run      each line, one after the other, in a folder with a copy of examples
//	shop     the demo shop is served, with its documents in the folder shop
//	in=DIR   in that folder
//	each     each line by itself, in a new folder: they are alternatives
//
// What serves (proxy, serve, demo --serve) goes on, at a free port, until the block is over.
// Verdicts are no matter of documents: what measures may end with any of them.
func TestBlocksOfDocuments(t *testing.T) {
	t.Parallel()
	all := pages(t)
	count := 0
	for _, file := range slices.Sorted(maps.Keys(all)) {
		for i, b := range all[file].blocks {
			if !slices.Contains(b.info, "run") {
				continue
			}
			count++
			t.Run(fmt.Sprintf("%s %d", file, i+1), func(t *testing.T) {
				t.Parallel()
				if err := runBlock(t, b); err != nil {
					t.Errorf("%s, line %d: %v", file, b.line, err)
				}
			})
		}
	}
	if count < leastRun {
		t.Errorf("%d blocks are run, want at least %d", count, leastRun)
	}
}

// A block that is wrong is found.
func TestWrongBlocksOfDocuments(t *testing.T) {
	t.Parallel()
	for text, wrong := range map[string]bool{
		"blastgauge version # and no more": false, "blastgauge faults latency\nblastgauge faults |\\\n  cat": false,
		"blastgauge validate": true, "blastgauge run nosuch": true, "false": true, "blastgauge version\nexit 3": true, "nosuchprogram": true,
	} {
		b := block{info: []string{"sh", "run"}, lines: strings.Split(strings.ReplaceAll(text, "\\\n", " "), "\n")}
		if err := runBlock(t, b); (err != nil) != wrong {
			t.Errorf("%q: %v, want it to be wrong: %t", text, err, wrong)
		}
	}
	if err := runBlock(t, block{info: []string{"sh", "run", "shpo"}}); err == nil {
		t.Error("a word in the fence that means nothing passes")
	}
}

// A follower does what a document says.
type follower struct {
	t       *testing.T
	top     string // of all that it writes
	dir     string // in which it is
	api     string // host:port of the proxy server that was started; empty: none
	servers []*exec.Cmd
}

// runBlock runs a block and ends what it started.
func runBlock(t *testing.T, b block) (err error) {
	top := t.TempDir()
	f := &follower{t: t, top: top, dir: filepath.Join(top, "work")}
	defer func() { err = errors.Join(err, f.end()) }()
	if err := f.furnish(); err != nil {
		return err
	}
	each := false
	for _, word := range b.info {
		dir, in := strings.CutPrefix(word, "in=")
		switch {
		case word == "shop":
			if err := f.follow("blastgauge demo --serve shop"); err != nil {
				return err
			}
		case word == "each":
			each = true
		case in:
			f.dir = filepath.Join(f.dir, dir)
		case word != "sh" && word != "run":
			return fmt.Errorf("%q in the fence: known are sh, run, shop, each, in=DIR", word)
		}
	}
	for i, line := range b.lines {
		if each {
			f.dir = filepath.Join(top, fmt.Sprint(i))
			if err := f.furnish(); err != nil {
				return err
			}
		}
		if err := f.follow(line); err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	return nil
}

// furnish puts into the folder what documents assume to be there.
func (f *follower) furnish() error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	errs := []error{os.CopyFS(filepath.Join(f.dir, "examples"), os.DirFS("../../examples"))}
	for name, source := range map[string]string{
		"checkout.har":  "experiments/scaffold/testdata/rest-chrome.har",
		"shop.json":     "experiments/scaffold/testdata/shop.postman_collection.json",
		"openapi.yaml":  "experiments/scaffold/testdata/demo.openapi.yaml",
		"settings.json": "examples/checkout/settings.json",
		"slow.json":     "experiments/scaffold/testdata/catalogue-slow.chaostoolkit.json",
	} {
		text, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(source)))
		errs = append(errs, err, os.WriteFile(filepath.Join(f.dir, name), text, 0o644))
	}
	return errors.Join(errs...)
}

// follow does one line.
func (f *follower) follow(line string) error {
	words := shellWords(line)
	if len(words) == 0 { // a comment
		return nil
	}
	if f.api != "" {
		line = strings.ReplaceAll(line, "127.0.0.1:8474", f.api)
	}
	if serves(words) {
		return f.serve(line, words)
	}
	ctx := f.t.Context()
	cmd := exec.CommandContext(ctx, "bash", "--noprofile", "--norc", "-eu", "-o", "pipefail", "-c", line)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := f.prepared(cmd).Run()
	exit, ended := errors.AsType[*exec.ExitError](err)
	if ended && measures(words) && slices.Contains([]int{3, 4, 5}, exit.ExitCode()) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, &said)
	}
	return nil
}

// prepared is a command of this reader, who has a home of its own.
func (f *follower) prepared(cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = f.dir
	cmd.Env = append(os.Environ(), "HOME="+f.top, "XDG_STATE_HOME="+filepath.Join(f.top, "state"), "TERM=dumb", "BROWSER=true")
	return cmd
}

// serves reports whether a line starts what goes on until it is stopped.
func serves(words []string) bool {
	if len(words) < 2 || words[0] != "blastgauge" {
		return false
	}
	return words[1] == "proxy" || words[1] == "serve" || words[1] == "demo" && slices.Contains(words, "--serve")
}

// measures reports whether the exit code of a line is a verdict.
func measures(words []string) bool {
	return len(words) > 1 && words[0] == "blastgauge" && slices.Contains([]string{"run", "scan", "gate", "compare", "demo", "incidents"}, words[1])
}

// serve starts what goes on, and waits until it is ready.
func (f *follower) serve(line string, words []string) error {
	line, _, _ = strings.Cut(line, " #")
	line = strings.TrimSuffix(strings.TrimSpace(line), "&")
	if words[1] == "proxy" && !strings.Contains(line, "port") {
		line += " --port 0"
	}
	cmd := f.prepared(exec.Command("bash", "--noprofile", "--norc", "-c", "exec "+line))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		return err
	}
	lines, ready := bufio.NewScanner(stdout), false
	for !ready && lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 2 && fields[0] == "proxy" {
			f.api = strings.TrimPrefix(fields[1], "http://")
		}
		ready = lines.Text() == "ready"
	}
	if !ready {
		return fmt.Errorf("it is not ready: %w\n%s", cmd.Wait(), &errs)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }() // ends with the process
	f.servers = append(f.servers, cmd)
	if i := slices.Index(words, "--serve"); i > 0 {
		file := filepath.Join(f.dir, words[i+1], "blastgauge.yaml")
		return errors.Join(f.find(file), hurryShop(file))
	}
	return nil
}

// find learns from a shop's system file where its proxy server is.
func (f *follower) find(file string) error {
	text, err := os.ReadFile(file)
	if _, after, found := strings.Cut(string(text), "\ntoxiproxy: http://"); found {
		f.api, _, _ = strings.Cut(after, "\n")
	}
	return err
}

// hurryShop makes the experiments of a shop short, with few customers who wait for long,
// as on a busy machine they must. What is measured then is worth nothing.
func hurryShop(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	patient := []edit{
		{"phases: {warmup: 2s, baseline: 10s, fault: 20s, recovery: 10s}", "phases: {warmup: 100ms, baseline: 2s, fault: 7s, recovery: 500ms}"},
		{"slow_after: 1s", "slow_after: 3s"}, {"timeout: 3s", "timeout: 20s"},
	}
	for _, e := range slices.Concat(fewCustomers, patient) {
		if !bytes.Contains(text, []byte(e.old)) {
			return fmt.Errorf("%s has no %q any more", file, e.old)
		}
		text = bytes.ReplaceAll(text, []byte(e.old), []byte(e.new))
	}
	return os.WriteFile(file, text, 0o644)
}

// end stops what serves, the last one first, as its user would.
func (f *follower) end() error {
	var errs []error
	for _, cmd := range slices.Backward(f.servers) {
		killed := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }) // it may have ended
		if err := errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait()); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", cmd.Args[len(cmd.Args)-1], err))
		}
		killed.Stop()
	}
	return errors.Join(errs...)
}
