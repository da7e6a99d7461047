package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

// fatal ends a test at an error.
type fatal struct{ t *testing.T }

func (f fatal) Check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// serveVerdictsCommand starts blastgauge serve with these flags at a free port. interrupt
// ends it, and gives its exit code and what it has logged.
func serveVerdictsCommand(t *testing.T, flags ...string) (url string, interrupt func() (int, string)) {
	t.Helper()
	ctx, stop := context.WithCancelCause(t.Context())
	out, stdout := io.Pipe()
	var stderr logText
	a := &app{stdin: strings.NewReader(""), stdout: stdout, stderr: &stderr, getenv: func(string) (string, bool) { return "", false }}
	ended := make(chan int, 1)
	go func() {
		ended <- a.execute(ctx, append([]string{"serve"}, flags...))
		stdout.Close()
	}()
	interrupt = func() (int, string) {
		stop(&engine.Interrupt{Signal: "INT"})
		code := <-ended
		ended <- code // for who asks again
		return code, stderr.String()
	}
	t.Cleanup(func() { interrupt() })
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
		if at, ok := strings.CutPrefix(lines.Text(), "verdicts "); ok {
			url = strings.TrimSpace(at)
		}
	}
	if url == "" {
		code, log := interrupt()
		t.Fatalf("the server does not start, exit %d:\n%s", code, log)
	}
	return url, interrupt
}

// The command serves what stands in the directory, by what its policy requires, until it is
// interrupted.
func TestServeVerdicts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, err := signing.Generate()
	fatal{t}.Check(err)
	public, err := key.Public().PEM()
	fatal{t}.Check(err)
	write := func(name string, text []byte) {
		t.Helper()
		fatal{t}.Check(os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	write("ci.pub.pem", public)
	write("policy.yaml", []byte("version: 1\nrequire_experiments: [settings-next]\nmax_harm: 0.5%\n"))
	fatal{t}.Check(os.Mkdir(filepath.Join(dir, "verdicts"), 0o700))
	args := []string{"--verdicts", filepath.Join(dir, "verdicts"), "--key", filepath.Join(dir, "ci.pub.pem"), "--listen", "127.0.0.1:0"}
	byFlags, interrupt := serveVerdictsCommand(t, append(args, "--require-experiments", "settings-next", "--max-harm", "5%")...)
	byPolicy, _ := serveVerdictsCommand(t, append(args, "--policy", filepath.Join(dir, "policy.yaml"))...)
	config := "{\"retries\": 3}\n"
	phase := func(url string) string {
		t.Helper()
		status, body := answerOf(t, url+"/verdicts/"+statement.DigestOf([]byte(config)).String())
		var a struct{ Phase string }
		if err := json.Unmarshal([]byte(body), &a); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s: %v", status, body, err)
		}
		return a.Phase
	}
	if got := phase(byFlags); got != "inconclusive" {
		t.Error(got)
	}
	write("verdicts/settings.json.intoto.jsonl", statementsAbout(fatal{t}, "settings.json", config, result.Held, key))
	write("verdicts/broken.intoto.jsonl", []byte("{"))
	if got := phase(byFlags); got != "passed" {
		t.Error(got)
	}
	if got := phase(byPolicy); got != "failed" { // up to 0.8% are harmed
		t.Error(got)
	}
	if _, body := answerOf(t, byFlags+"/healthz"); !strings.Contains(body, "broken.intoto.jsonl") {
		t.Error(body)
	}
	code, log := interrupt()
	if code != result.ExitHeld || strings.Count(log, "broken.intoto.jsonl") != 1 {
		t.Errorf("exit %d: %s", code, log)
	}
}

// Others that reach the server without TLS are worth a warning; a mistake serves nothing.
func TestServeFlags(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, err := signing.Generate()
	fatal{t}.Check(err)
	public, err := key.Public().PEM()
	fatal{t}.Check(err)
	file := filepath.Join(dir, "ci.pub.pem")
	fatal{t}.Check(os.WriteFile(file, public, 0o600))
	_, interrupt := serveVerdictsCommand(t, "--verdicts", dir, "--key", file, "--listen", "0.0.0.0:0")
	if code, log := interrupt(); code != 0 || !strings.Contains(log, "--cert") {
		t.Errorf("exit %d: %s", code, log)
	}
	whole := []string{"serve", "--verdicts", dir, "--key", file}
	for want, args := range map[string][]string{
		"--verdicts":            {"serve", "--key", file},
		"--key":                 {"serve", "--verdicts", dir},
		"--max-harm":            append(slices.Clone(whole), "--max-harm", ""),
		"--policy":              append(slices.Clone(whole), "--policy", ""),
		"--environment":         append(slices.Clone(whole), "--environment="),
		"--require-experiments": append(slices.Clone(whole), "--require-experiments", ""),
		"--max-attempts":        append(slices.Clone(whole), "--max-attempts", "0"),
		"one argument":          {"serve", dir},
	} {
		if code, out, log := invoke(t, args...); code != result.ExitUsage || !strings.Contains(log, want) || out != "" {
			t.Errorf("%q: exit %d: %s%s", args, code, out, log)
		}
	}
}
