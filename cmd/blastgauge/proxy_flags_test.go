package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The command lines with which images, test containers and scripts start toxiproxy-server
// start ours: it answers at /version, has the proxies of the file, and serves the metrics
// that were asked for.
func TestCommandLinesOfToxiproxyServer(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "proxies.json")
	if err := os.WriteFile(config, []byte(`[{"name":"redis","listen":"127.0.0.1:0","upstream":"redis:6379","enabled":true}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]struct{ proxies, metrics bool }{
		"-host=127.0.0.1":                                {},
		"-host 127.0.0.1 -seed=-5":                       {},
		"--host=127.0.0.1 --seed -9223372036854775808":   {},
		"-host=localhost -config=" + config:              {proxies: true},
		"-host localhost -config " + config:              {proxies: true},
		"-runtime-metrics -proxy-metrics=false":          {metrics: true},
		"-runtime-metrics=true -proxy-metrics=1 -seed=7": {metrics: true},
		"-runtime-metrics=false -proxy-metrics=F":        {},
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			api := serveProxyCommand(t, strings.Fields(line)...)
			if status, body := answerOf(t, api+"/version"); status != http.StatusOK || !strings.HasPrefix(body, `{"version": "2.12.0"`) {
				t.Errorf("GET /version: %d %s", status, body)
			}
			if _, body := answerOf(t, api+"/proxies"); strings.Contains(body, `"redis:6379"`) != want.proxies {
				t.Errorf("GET /proxies: %s", body)
			}
			if status, _ := answerOf(t, api+"/metrics"); (status == http.StatusOK) != want.metrics {
				t.Errorf("GET /metrics: %d", status)
			}
		})
	}
}

func TestHelpWithASingleDash(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"-help", "--help", "-h"} {
		var stdout, stderr bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: os.LookupEnv}
		if code := a.execute(t.Context(), []string{"proxy", flag}); code != 0 || !strings.Contains(stdout.String(), "--proxy-metrics") {
			t.Errorf("proxy %s exits %d\n%s%s", flag, code, &stdout, &stderr)
		}
	}
}

// serveProxyCommand starts blastgauge proxy with these flags at a free port until the test
// ends. It returns the address of its API.
func serveProxyCommand(t *testing.T, flags ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	var stderr logText
	a := &app{stdin: strings.NewReader(""), stdout: stdout, stderr: &stderr, getenv: func(string) (string, bool) { return "", false }}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.execute(ctx, append([]string{"proxy", "-port=0"}, flags...))
		stdout.Close()
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	var api string
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
		if url, ok := strings.CutPrefix(lines.Text(), "proxy "); ok {
			api = strings.TrimSpace(url)
		}
	}
	if api == "" {
		stop()
		<-ended
		t.Fatalf("the server does not start:\n%s", stderr.String())
	}
	if !strings.Contains(stderr.String(), "Starting Toxiproxy HTTP server") { // scripts wait for it
		t.Errorf("once it is ready, its log is\n%s", stderr.String())
	}
	return api
}

// A logText is a log that can be read while it is written.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func answerOf(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// The log has a level and a format; without a flag, the level is toxiproxy-server's.
func TestLogFlags(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]int{"--log-level=loud": 2, "--log-format=xml": 2} {
		var stdout, stderr bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: os.LookupEnv}
		if code := a.execute(t.Context(), []string{"proxy", "-port", "0", flag}); code != want {
			t.Errorf("%s exits %d, want %d\n%s", flag, code, want, &stderr)
		}
	}
	loud := func(string) (string, bool) { return "loud", true }
	var stdout, stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: loud}
	if code := a.execute(t.Context(), []string{"proxy", "-port", "0"}); code != 2 || !strings.Contains(stderr.String(), `$LOG_LEVEL "loud"`) || stdout.Len() > 0 {
		t.Errorf("with LOG_LEVEL=loud it exits %d\n%s%s", code, &stdout, &stderr)
	}
}
