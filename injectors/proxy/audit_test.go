package proxy_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

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
		r.Header.Set("User-Agent", "a-client/1 "+strings.Repeat("ä", 1000)) // of two bytes each
		a, err := client().Do(r)
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
		{"POST", "/proxies", `{"name":"x","listen":"127.0.0.1:0","upstream":"http://127.0.0.1:1"}`, "refused", map[string]any{"level": "INFO", "status": 409.0, "error": "proxy already exists"}},
		{"POST", "/proxies/x/toxics", `{"type":"none"}`, "refused", map[string]any{"level": "INFO", "status": 400.0, "error": "invalid toxic type", "proxy": "x"}},
		{"DELETE", "/proxies/x/toxics/none", "", "refused", map[string]any{"level": "INFO", "status": 404.0, "error": "toxic not found", "proxy": "x", "toxic": "none"}},
		{"DELETE", "/proxies/none", "", "refused", map[string]any{"level": "INFO", "status": 404.0, "error": "proxy not found", "proxy": "none"}},
		{"POST", "/proxies/x", `{"listen":"bad"}`, "failed", map[string]any{"level": "WARN", "status": 500.0, "proxy": "x"}},
		{"POST", "/proxies/x/toxics", `{"type":"http_error","attributes":{"status":500,"match":{"path":"` + secret + `"}}}`, "refused", map[string]any{"error": "attribute match.path of http_error cannot be as it is; the client was told why"}},
		{"POST", "/populate", `[{"name":"y","listen":"127.0.0.1:0","upstream":"http://127.0.0.1:1","toxics":[{"type":"http_error","attributes":{"status":500,"match":{"method":"` + secret + `/"}}}]}]`, "refused", map[string]any{"error": "attribute match.method of http_error cannot be as it is; the client was told why"}},
		{"POST", "/proxies/x/toxics", `{"type":"http_error","attributes":{"status":7}}`, "refused", map[string]any{"error": "status must be at least 200"}},
		{"POST", "/populate", `[{"name":"y","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}]`, "proxies populated", nil},
		{"POST", "/proxies/x", `{"enabled":false}`, "proxy changed", map[string]any{"proxy": "x", "enabled": false}},
		{"POST", "/proxies/x/toxics", `{"name":"t","type":"http_error","attributes":{"status":500,"body":"` + secret + `","match":{"headers":{"Authorization":"` + secret + `"}}},"blastgauge":{"run":"r"}}`, "toxic added", map[string]any{"proxy": "x", "toxic": "t", "type": "http_error", "run": "r", "toxicity": 1.0, "attributes.status": 500.0, "attributes.when": "before", "attributes.body": "[not logged]", "attributes.match": "[not logged]"}},
		{"POST", "/proxies/x/toxics", `{"name":"slow","type":"latency","attributes":{"latency":2000000}}`, "toxic added", map[string]any{"attributes.latency": 2e6, "attributes.jitter": 0.0}},
		{"DELETE", "/proxies/x/toxics/slow", "", "toxic removed", nil},
		{"PATCH", "/proxies/x/toxics/t", `{"toxicity":0.5}`, "toxic changed", map[string]any{"toxic": "t", "toxicity": 0.5, "run": "r"}},
		{"DELETE", "/proxies/x/toxics/t", "", "toxic removed", map[string]any{"proxy": "x", "toxic": "t"}},
		{"POST", "/blastgauge/leases", `{"run":"r"}`, "lease acquired or renewed", map[string]any{"level": "DEBUG", "run": "r"}},
		{"DELETE", "/blastgauge/leases/r", "", "lease released", map[string]any{"run": "r"}},
		{"PUT", "/blastgauge/block", `{"by":"ann","reason":"incident 4711"}`, "blocked: no run may use this server", map[string]any{"level": "INFO", "by": "ann", "reason": "incident 4711", "kept": false}},
		{"POST", "/blastgauge/leases", `{"run":"q"}`, "refused", map[string]any{"level": "INFO", "status": 423.0}},
		{"DELETE", "/blastgauge/block", "", "block lifted", nil},
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
		if line["msg"] != tt.msg || line["client"] == "" || !strings.HasPrefix(agent, "a-client/1") || len(agent) > 200 || strings.ContainsRune(agent, utf8.RuneError) || len(line["request"].(string)) != 20 {
			t.Errorf("%s %s logs %v", tt.method, tt.path, line)
		}
		for key, want := range tt.want {
			got := line[key]
			if group, name, inside := strings.Cut(key, "."); inside {
				attributes, _ := line[group].(map[string]any)
				got = attributes[name]
			}
			if got != want {
				t.Errorf("%s %s logs %v as its %s, want %v", tt.method, tt.path, got, key, want)
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

// Who is kept from a change is logged, and why; who may not look is not.
func TestWhoIsForbidden(t *testing.T) {
	t.Parallel()
	log := &pad{}
	s := serve(t, proxy.Options{Token: "t0ken-of-the-api", Log: slog.New(slog.NewJSONHandler(log, nil))})
	for _, tt := range []struct {
		method, header, value string
		status                float64 // 0: nothing is logged
	}{
		{"DELETE", "Authorization", "Bearer an0ther-token", 401},
		{"POST", "User-Agent", "Mozilla/5.0", 403},
		{"PATCH", "Origin", "http://attacker.test", 403},
		{"POST", "Host", "attacker.test", 403},
		{"GET", "Authorization", "", 0},
		{"HEAD", "User-Agent", "Mozilla/5.0", 0},
	} {
		before := len(log.lines(t))
		r, err := http.NewRequestWithContext(t.Context(), tt.method, s.URL()+"/proxies/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Header.Set(tt.header, tt.value); tt.header == "Host" {
			r.Host = tt.value
		}
		a, err := client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		lines := log.lines(t)[before:]
		switch {
		case tt.status == 0 && len(lines) == 0:
		case tt.status == 0 || len(lines) != 1:
			t.Errorf("%s with %s logs %v", tt.method, tt.header, lines)
		case lines[0]["msg"] != "forbidden" || lines[0]["level"] != "WARN" || lines[0]["status"] != tt.status || lines[0]["client"] == "" || lines[0]["call"] != tt.method+" /proxies/x" || lines[0]["error"] == "":
			t.Errorf("%s with %s logs %v", tt.method, tt.header, lines[0])
		}
	}
	if all := log.text.String(); strings.Contains(all, "t0ken") || strings.Contains(all, "an0ther") {
		t.Errorf("a token is logged: %s", all)
	}
}
