package served_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/gate/served"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// config serves documents as a dependency does.
func config(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/settings":
		_, _ = w.Write([]byte(`{"host": "` + r.Host + `", "tenant": "` + r.Header.Get("X-Tenant") + `"}`)) // the test sees what is missing
	case "/large":
		_, _ = w.Write([]byte(strings.Repeat("x", 1<<20+1))) // likewise
	case "/binary":
		_, _ = w.Write([]byte("\xff\xfe")) // likewise
	case "/moved":
		http.Redirect(w, r, "/settings", http.StatusFound)
	default:
		http.NotFound(w, r)
	}
}

// fault is one that serves a candidate at a path.
func fault(listen, upstream string, match map[string]any) plan.Fault {
	return plan.Fault{Listen: listen, Upstream: upstream, Fault: experiments.Fault{Inject: "http_config", Into: "settings", Attributes: injectors.Attributes{"match": match}}}
}

// closedAddress is an address at which nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// What is served is asked for as the fault says: through the proxy, else of the dependency.
func TestRead(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(config))
	t.Cleanup(s.Close)
	address := strings.TrimPrefix(s.URL, "http://")
	settings := map[string]any{"path": []any{"/settings/*", "/settings"}, "method": "GET", "headers": map[string]any{"X-Tenant": "acme"}}
	for name, f := range map[string]plan.Fault{
		"through the proxy":  fault(address, "http://settings.test:80", settings),
		"nobody listens":     fault(closedAddress(t), s.URL, settings),
		"the port is chosen": fault("127.0.0.1:0", s.URL, settings),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := served.Read(t.Context(), f, hosts.Policy{})
			if err != nil {
				t.Fatal(err)
			}
			if v.Source != s.URL+"/settings" || !strings.Contains(v.Text, `"tenant": "acme"`) || !strings.Contains(v.Text, strings.TrimPrefix(f.Upstream, "http://")) {
				t.Errorf("Read() = %+v", v)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(config))
	t.Cleanup(s.Close)
	address := strings.TrimPrefix(s.URL, "http://")
	at := func(path string) plan.Fault { return fault(address, s.URL, map[string]any{"path": path}) }
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		f    plan.Fault
		ctx  context.Context
		want error  // its class; nil: any
		says string // a part of the message
	}{
		"not found":            {f: at("/none"), says: "status 404"},
		"a redirect":           {f: at("/moved"), says: "status 302"},
		"too long":             {f: at("/large"), says: "more than 1 MiB"},
		"no text":              {f: at("/binary"), says: "UTF-8"},
		"no path":              {f: fault(address, s.URL, nil), want: served.ErrUnknown},
		"a pattern":            {f: at("/settings/**"), want: served.ErrUnknown},
		"no GET":               {f: fault(address, s.URL, map[string]any{"path": "/settings", "method": []any{"POST", "PUT"}}), want: served.ErrUnknown},
		"baggage":              {f: fault(address, s.URL, map[string]any{"path": "/settings", "baggage": map[string]any{"a": "b"}}), want: served.ErrUnknown},
		"nobody knows":         {f: fault("", "127.0.0.1:80", map[string]any{"path": "/settings"}), want: served.ErrUnknown},
		"a host not allowed":   {f: fault("192.0.2.1:80", "", map[string]any{"path": "/settings"}), want: experiments.ErrRefused},
		"the context is ended": {f: at("/settings"), ctx: ended, want: context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.ctx == nil {
				tt.ctx = t.Context()
			}
			v, err := served.Read(tt.ctx, tt.f, hosts.Policy{})
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Read() = %+v, %v", v, err)
			}
		})
	}
}

// The version of a config file is what it holds.
func TestReadFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pricing.yaml")
	f := plan.Fault{Fault: experiments.Fault{Inject: "config_file", Into: "pricing", Attributes: injectors.Attributes{"file": file}}}
	if v, err := served.Read(t.Context(), f, hosts.Policy{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Read() = %+v, %v of a file that is not there", v, err)
	}
	if err := os.WriteFile(file, []byte("rate: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v, err := served.Read(t.Context(), f, hosts.Policy{}); err != nil || v != (served.Version{Text: "rate: 1\n", Source: file}) {
		t.Errorf("Read() = %+v, %v", v, err)
	}
}
