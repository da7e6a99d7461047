package proxy_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// A pad is a log in memory.
type pad struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *pad) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *pad) lines(t *testing.T) (list []map[string]any) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for line := range strings.Lines(p.text.String()) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		list = append(list, one)
	}
	return list
}

// Every change is logged with who made it, and no secret with it.
func TestWhoChangedWhat(t *testing.T) {
	t.Parallel()
	const token, secret = "t0ken-of-the-api", "s3cret-in-a-body"
	log := &pad{}
	s := serve(t, proxy.Options{Token: token, Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	send := func(method, path, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("User-Agent", "a-client/1 "+strings.Repeat("x", 1000))
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
	}
	for _, tt := range []struct {
		method, path, body, msg string
		want                    map[string]any
	}{
		{"POST", "/proxies", `{"name":"x","listen":"127.0.0.1:0","upstream":"http://127.0.0.1:1"}`, "proxy created", map[string]any{"proxy": "x", "upstream": "http://127.0.0.1:1"}},
		{"POST", "/proxies", `{"name":"x","listen":"127.0.0.1:0","upstream":"http://127.0.0.1:1"}`, "refused", map[string]any{"level": "DEBUG", "status": 409.0}},
		{"POST", "/populate", `[{"name":"y","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}]`, "proxies populated", nil},
		{"POST", "/proxies/x", `{"enabled":false}`, "proxy changed", map[string]any{"proxy": "x", "enabled": false}},
		{"POST", "/proxies/x/toxics", `{"name":"t","type":"http_error","attributes":{"status":500,"body":"` + secret + `"},"blastgauge":{"run":"r"}}`, "toxic added", map[string]any{"proxy": "x", "toxic": "t", "type": "http_error", "run": "r"}},
		{"PATCH", "/proxies/x/toxics/t", `{"toxicity":0.5}`, "toxic changed", map[string]any{"toxic": "t", "toxicity": 0.5, "run": "r"}},
		{"DELETE", "/proxies/x/toxics/t", "", "toxic removed", map[string]any{"proxy": "x", "toxic": "t"}},
		{"POST", "/blastgauge/leases", `{"run":"r"}`, "lease acquired or renewed", map[string]any{"level": "DEBUG", "run": "r"}},
		{"DELETE", "/blastgauge/leases/r", "", "lease released", map[string]any{"run": "r"}},
		{"POST", "/reset", "", "all toxics removed, all proxies enabled", nil},
		{"DELETE", "/proxies/x", "", "proxy removed", map[string]any{"proxy": "x"}},
	} {
		before := len(log.lines(t))
		send(tt.method, tt.path, tt.body)
		lines := log.lines(t)
		if len(lines) != before+1 {
			t.Fatalf("%s %s logs %v", tt.method, tt.path, lines[before:])
		}
		line := lines[before]
		agent, _ := line["agent"].(string)
		if line["msg"] != tt.msg || line["client"] == "" || !strings.HasPrefix(agent, "a-client/1") || len(agent) > 200 || len(line["request"].(string)) != 20 {
			t.Errorf("%s %s logs %v", tt.method, tt.path, line)
		}
		for key, want := range tt.want {
			if line[key] != want {
				t.Errorf("%s %s logs %v as its %s, want %v", tt.method, tt.path, line[key], key, want)
			}
		}
	}
	before := len(log.lines(t))
	send("GET", "/proxies", "")
	if now := len(log.lines(t)); now != before {
		t.Error("a look is logged as a change")
	}
	if all := log.text.String(); strings.Contains(all, token) || strings.Contains(all, secret) {
		t.Errorf("a secret is logged: %s", all)
	}
}
