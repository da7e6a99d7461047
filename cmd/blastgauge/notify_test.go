package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

const notifyingSystem = `version: 1
system: till
environment: staging
toxiproxy: embedded
url: http://127.0.0.1:1
dependencies:
  bank: {listen: "127.0.0.1:2", upstream: "http://127.0.0.1:3"}
journeys:
  pay: {rate: 1/s, steps: [{name: pay, request: GET /}]}
notify:
  - slack: ${env:NOTIFY_TEST_SLACK}
  - webhook: ${env:NOTIFY_TEST_HOOK}
    on: [ended]
`

const notifyingExperiment = `version: 1
experiment: bank-down
hypothesis: People can pay.
faults: [{inject: down, into: bank}]
`

// From the command line: receivers are named, tried and left out, and their addresses are
// shown nowhere.
func TestNotifyFromTheCommandLine(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1); strings.HasPrefix(r.URL.Path, "/busy") {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	file := filepath.Join(dir, "blastgauge.yaml")
	for name, text := range map[string]string{file: notifyingSystem, filepath.Join(dir, "experiments", "bank-down.yaml"): notifyingExperiment} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	call := func(want int, args ...string) string {
		t.Helper()
		var out, log bytes.Buffer
		if code := runMain(args, strings.NewReader(""), &out, &log); code != want {
			t.Errorf("%q: exit %d, want %d\n%s%s", args, code, want, &out, &log)
		}
		if strings.Contains(out.String()+log.String(), "sekrit") {
			t.Errorf("%q shows a secret\n%s%s", args, &out, &log)
		}
		return out.String() + log.String()
	}
	run := []string{"run", "-f", file, "--progress", "lines"}
	call(result.ExitUsage, "try", "-f", file, "--notify")
	if text := call(result.ExitUsage, run...); !strings.Contains(text, "NOTIFY_TEST_SLACK") || !strings.Contains(text, "--notify off") {
		t.Errorf("a run without its variables says %s", text)
	}
	if text := call(result.ExitUsage, append(run, "--notify", "off")...); strings.Contains(text, "NOTIFY_TEST") { // it lacks a command
		t.Errorf("nobody is to be told, and a run says %s", text)
	}
	call(result.ExitUsage, append(run, "--notify", "no")...)
	t.Setenv("NOTIFY_TEST_SLACK", server.URL+"/sekrit")
	t.Setenv("NOTIFY_TEST_HOOK", server.URL+"/busy/sekrit")
	for _, args := range [][]string{{"plan", "-f", file}, {"validate", "-f", file}, {"validate", "-f", file, "-o", "json"}} {
		if text := call(result.ExitHeld, args...); !strings.Contains(text, "slack (NOTIFY_TEST_SLACK)") || !strings.Contains(text, "webhook (NOTIFY_TEST_HOOK)") {
			t.Errorf("%q does not name the receivers:\n%s", args, text)
		}
	}
	if asked.Load() > 0 {
		t.Error("a receiver was told of a plan")
	}
	call(result.ExitInvalid, "try", "-f", file, "--notify")
	t.Setenv("NOTIFY_TEST_HOOK", server.URL+"/sekrit")
	call(result.ExitHeld, "try", "-f", file, "--notify")
	if n := asked.Load(); n != 4 {
		t.Errorf("receivers got %d requests, want 4", n)
	}
}
