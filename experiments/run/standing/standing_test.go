package standing

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
)

func noEnv(string) (string, bool) { return "", false }

// freeAddress is an address of this machine that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	ports, err := loopback.Reserve(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ports.Close() })
	return ports.Addresses()[0]
}

// The level is the one that is asked for, or else toxiproxy-server's.
func TestLevel(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]slog.Level{"": slog.LevelInfo, "trace": slog.LevelDebug, "0": slog.LevelDebug, "WARN": slog.LevelWarn, "fatal": slog.LevelError, "disabled": slog.LevelError + 1} {
		o := Options{Getenv: func(string) (string, bool) { return text, true }}
		if got, err := o.level(); got != want || err != nil {
			t.Errorf("LOG_LEVEL=%s is %v, %v, want %v", text, got, err, want)
		}
	}
	loud := Options{LogLevel: "warn", Getenv: func(string) (string, bool) { return "loud", true }}
	if got, err := loud.level(); got != slog.LevelWarn || err != nil {
		t.Errorf("warn with LOG_LEVEL=loud is %v, %v", got, err)
	}
}

// A server has the proxies of its system file and of its list, says where, and ends.
func TestStart(t *testing.T) {
	t.Parallel()
	dir, free := t.TempDir(), freeAddress(t)
	system, config := filepath.Join(dir, "blastgauge.yaml"), filepath.Join(dir, "proxies.json")
	if err := errors.Join(os.WriteFile(system, []byte(`version: 1
system: shop
environment: staging
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies: {payments: {listen: "`+free+`", upstream: "127.0.0.1:1"}}
journeys: {checkout: {rate: 1/s, steps: [{name: look, request: GET /}]}}
`), 0o600), os.WriteFile(config, []byte(`[{"name": "carts", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:2"}]`), 0o600)); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := Start(Options{File: system, Config: config, Port: "0", Log: &log, Getenv: noEnv})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Proxies) != 1 || s.Proxies[0].Name != "payments" || s.OpenToAll() {
		t.Errorf("declared are %+v, open to all: %v", s.Proxies, s.OpenToAll())
	}
	answer, err := http.Get(s.URL() + "/proxies")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if _ = answer.Body.Close(); err != nil || !strings.Contains(string(text), `"payments"`) || !strings.Contains(string(text), `"carts"`) {
		t.Errorf("proxies: %s, %v", text, err)
	}
	if err := s.Drain(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://")); err == nil {
		t.Error("it listens although it was shut down")
	}
}

// Without options it listens at a port, here any, has no proxies and logs nothing.
func TestStartWithoutOptions(t *testing.T) {
	t.Parallel()
	s, err := Start(Options{Port: "0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Drain(); err != nil || len(s.Proxies) != 0 {
		t.Errorf("%v, proxies %v", err, s.Proxies)
	}
}

// What is wrong with the options is an error about them, and nothing listens.
func TestStartRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"a missing list":            {Config: filepath.Join(dir, "none")},
		"a list that is none":       {Config: text},
		"a certificate and no key":  {Certificate: text},
		"no certificate":            {Certificate: text, Key: text},
		"no certificate of a CA":    {UpstreamCA: text},
		"a missing file of a CA":    {UpstreamCA: filepath.Join(dir, "none")},
		"a level":                   {LogLevel: "loud"},
		"a format of the log":       {LogFormat: "xml"},
		"a host with a scheme":      {Host: "http://127.0.0.1"},
		"a host that has a login@x": {Host: "me:secret@127.0.0.1"},
	} {
		o.Getenv, o.Port = noEnv, "0"
		s, err := Start(o)
		if _, ok := errors.AsType[*usage.Error](err); !ok || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
		if s != nil {
			t.Errorf("%s: it was started", name)
		}
	}
}

// What a list of proxies says wrong is a mistake of the user's with its place: that of the
// proxy, or of its toxic. That a port is in use is none.
func TestMistakesInAListHaveTheirPlace(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	const web = `{"name": "web", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1"`
	for list, place := range map[string]string{
		"[\n " + web + "},\n  " + web + "}]":                                                                                    ":3:3: ",
		"[" + web + "},\n {\"nam\": \"a\", \"upstream\": \"127.0.0.1:1\"}]":                                                     ":2:2: ",
		"[" + web + `}, {"name": "a"}]`:                                                                                         ":1:71: ",
		`[{"name": "web", "listen": "nowhere", "upstream": "127.0.0.1:1"}]`:                                                     ":1:2: ",
		"[" + web + `, "toxics": [` + "\n" + `{"type": "noop"}, {"type": "x"}]}]`:                                               ":2:19: ",
		"[" + web + `, "Toxics": [` + "\n" + `{"type": "http_error", "match": {"path": "/"}, "attributes": {"status": 503}}]}]`: ":2:1: ",
		`[{"name": "web", "listen": "` + taken.Addr().String() + `", "upstream": "127.0.0.1:1"}]`:                               "",
	} {
		config := filepath.Join(t.TempDir(), "proxies.json")
		if err := os.WriteFile(config, []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Start(Options{Port: "0", Config: config, Getenv: noEnv, LogFormat: "text", Log: io.Discard})
		if err == nil {
			t.Errorf("%s: no error", list)
			_ = s.Close()
			continue
		}
		if _, mistake := errors.AsType[*usage.Error](err); mistake != (place != "") || !strings.HasPrefix(err.Error(), config+place) {
			t.Errorf("%s: %v, want it at %q", list, err, place)
		}
	}
}

// An address is taken as URLs have it, too.
func TestTheHostMayStandInBrackets(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{"[::1]": "[::1]:8474", "::1": "[::1]:8474", "127.0.0.1": "127.0.0.1:8474"} {
		if _, address, err := (Options{Host: host, Getenv: noEnv}).lists(); address != want || err != nil {
			t.Errorf("--host %s listens at %q, %v, want %q", host, address, err, want)
		}
	}
}
