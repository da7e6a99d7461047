package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// canaries are secrets by the names of their variables. The shop sends back all
// that it is sent, and one more that only it knows.
var canaries = map[string]string{
	"CANARY_BEARER":  "canary-bearer-9f31c7",
	"CANARY_COOKIE":  "canary-cookie-51ab02",
	"CANARY_BODY":    "canary-body-77de19",
	"CANARY_QUERY":   "canary-query-08bc4e",
	"CANARY_TOKEN":   "canary-token-c4d0aa",
	"CANARY_SESSION": "canary-session-2e6f90",
	"CANARY_DSN":     "canary-dsn-b18e55",
	"CANARY_PG":      "postgres://shop:canary-pg-44e1d0@127.0.0.1:1/shop?application_name=canary-pg-44e1d0",
	"CANARY_MYSQL":   "mysql://shop:canary-mysql-6a07f3@127.0.0.1:1/shop",
	"CANARY_SQLITE":  "sqlite:canary-sqlite-90bb21.db",
}

// canary is the part of a variable that is a secret.
var canary = regexp.MustCompile(`canary-[a-z]+-[0-9a-f]{6}`)

const secretSystem = `version: 1
system: shop
environment: staging
toxiproxy: %s
url: %s
dependencies:
  shop: {proxy: shop}
journeys:
  visit:
    rate: 20/s
    slow_after: 100ms
    timeout: 500ms
    steps:
      - name: look
        request: GET /look?key=${env:CANARY_QUERY}
        headers: {Authorization: "Bearer ${env:CANARY_BEARER}", Cookie: "id=${env:CANARY_COOKIE}"}
        expect: {status: 200}
      - name: pay
        request: POST /pay
        json: {secret: "${env:CANARY_BODY}"}
        expect: {status: 200, json: {"$.paid": true, "$.echo": "${env:CANARY_BODY}"}}
invariants:
  - name: nobody sees it
    request: POST %s/audit
    headers: {Authorization: "Bearer ${env:CANARY_BEARER}"}
    json: {secret: "${env:CANARY_BODY}"}
    expect: {status: 200, json: {"$.echo": 0}}
  - {name: charged once, sql: "SELECT 1 WHERE ${env:CANARY_BODY} = ''", dsn: "${env:CANARY_PG}"}
  - {name: charged at all, sql: SELECT 1, dsn: "${env:CANARY_MYSQL}"}
  - {name: charged here, sql: SELECT 1, dsn: "${env:CANARY_SQLITE}"}
  - {name: no echo, command: [sh, -c, 'echo "$0"; echo "$0" >&2; exit 1', "${env:CANARY_BODY}"]}
  - {name: no end of it, command: [sh, -c, 'for n in 175 180 182 184 186 188 190 192 194 196 198 200; do printf "%%0*d" $n 0; echo "$0 is wrong"; done; exit 1', "${env:CANARY_BODY}"]}
  - {name: no end of an error, command: [sh, -c, 'printf "%%0190d" 0 >&2; echo "$0 is wrong" >&2; exit 2', "${env:CANARY_BODY}"]}
  - {name: no end of an answer, request: "POST %[3]s/long", json: {secret: "${env:CANARY_BODY}"}, expect: {json: {"$.keys[8]": 0}}, keys: "$.keys[*]"}
defaults:
  phases: {warmup: 100ms, baseline: 300ms, fault: 500ms, recovery: 300ms}
  limits: {blast_radius: 5%%, baseline: 100%%} # its journeys are wrong already
`

// secretFile is a fault on a file with a secret, of a system that has to be told with
// another one, and what it is expected to say.
const secretFile = `{inject: config_file, into: shop, file: settings.json, blank: {path: /password}, reload: {request: POST %s/reload,
  headers: {Authorization: "Bearer ${env:CANARY_BEARER}"}, json: {secret: "${env:CANARY_BODY}"}, expect: {json: {"$.echo": {%s}}}}}`

// echo is a shop that answers with everything that it was sent. It takes no note of
// being told of its config before it was asked to listen.
func echo() *httptest.Server {
	var listens atomic.Bool
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Set-Cookie", "session="+canaries["CANARY_SESSION"])
		w.Header().Set("X-Echo", r.Header.Get("Authorization")+r.Header.Get("Cookie"))
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/listen" {
			listens.Store(true)
		}
		if r.URL.Path == "/reload" && listens.Load() {
			io.WriteString(w, `{"echo": 0}`)
			return
		}
		if r.URL.Path == "/long" { // longer than what is shown of it, with its end before, in and behind the secret
			keys := make([]string, 20)
			for i := range keys {
				keys[i] = strings.Repeat("_", 80+6*i) + string(body)
			}
			json.NewEncoder(w).Encode(map[string]any{"keys": keys})
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"paid": true, "echo": string(body) + r.Header.Get("Authorization") + r.URL.String()})
	}))
}

// Whatever a run, its guard, recover and the reports write, and whatever they say
// when something fails, holds no secret.
func TestNoSecretIsWrittenAnywhere(t *testing.T) {
	t.Parallel() // mostly waiting
	shop := echo()
	defer shop.Close()
	server, err := proxy.Start(proxy.Options{Version: "test", Token: canaries["CANARY_TOKEN"]})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	w := newSecretWorld(t, server.URL(), shop.URL)
	w.proxy(server.URL(), shop.URL)

	w.says("validate")
	w.says("plan", "--token-env", "CANARY_TOKEN")
	w.says("try")
	w.says("try", "-o", "json=tried.json")
	w.says("run", "--token-env", "CANARY_TOKEN", "--out", "asked", "-o", "text", "-o", "json=a.json", "-o", "html=a.html", "-o", "md=a.md", "-o", "junit=a.xml", "-o", "github=a.gh")
	w.says("run", "--no-preflight", "--token-env", "CANARY_TOKEN", "--out", "whole", "-o", "text", "-o", "json=r.json", "-o", "html=r.html", "-o", "md=r.md", "-o", "junit=r.xml")
	w.says("run", "--no-preflight", "--token-file", "token", "--out", "filed", "--progress", "lines")
	w.killed("killed")
	w.says("recover", "killed")
	w.says("report", "killed", "-o", "json")
	w.says("run", "--no-preflight", "--token-env", "CANARY_TOKEN", "--out", "config", "config.yaml")
	w.says("run", "--no-preflight", "--token-env", "CANARY_TOKEN", "--out", "deaf", "deaf.yaml")
	if resp, err := http.Get(shop.URL + "/listen"); err != nil {
		t.Error(err)
	} else {
		resp.Body.Close()
	}
	w.says("recover", "--token-env", "CANARY_TOKEN", "deaf")
	w.says("run", "--out", "unauthorized")
	w.says("run", "--no-preflight", "--token-env", "CANARY_TOKEN", "--out", "whole")
	w.rewrite(server.URL(), "http://admin:"+canaries["CANARY_DSN"]+"@127.0.0.1:1")
	w.says("run", "--no-preflight", "--token-env", "CANARY_TOKEN", "--out", "wrong")
	w.says("recover", "--toxiproxy", "http://admin:"+canaries["CANARY_DSN"]+"@127.0.0.1:1")
	w.says("recover", "--toxiproxy", strings.Replace(server.URL(), "://", "://admin:"+canaries["CANARY_DSN"]+"@", 1), "--token-env", "CANARY_TOKEN")

	for _, want := range []string{"NOT MET", "the preflight failed", "killed: removed, read back as gone: latency", "BROKEN", "whole holds a run already", "injected, read back: config_file blank", "but the system was not notified: POST ", "wants a bearer token", "credentials do not belong", "no end of an answer: BROKEN"} {
		if !strings.Contains(w.said.String(), want) {
			t.Errorf("%q was never said:\n%s", want, &w.said)
		}
	}
	w.search()
	w.modes()
}

type secretWorld struct {
	t    *testing.T
	dir  string
	said bytes.Buffer
}

func newSecretWorld(t *testing.T, api, shop string) *secretWorld {
	w := &secretWorld{t: t, dir: t.TempDir()}
	for name, text := range map[string]string{
		"blastgauge.yaml":    fmt.Sprintf(secretSystem, api, "http://127.0.0.1:1", shop),
		"experiments/e.yaml": fmt.Sprintf(crashExperiment, "{inject: latency, into: shop, latency: 50ms}"),
		"config.yaml":        fmt.Sprintf(crashExperiment, fmt.Sprintf(secretFile, shop, "exists: true")),
		"deaf.yaml":          fmt.Sprintf(crashExperiment, fmt.Sprintf(secretFile, shop, "eq: 0")),
		"settings.json":      `{"password": "` + canaries["CANARY_DSN"] + `"}`,
		"token":              canaries["CANARY_TOKEN"] + "\n",
	} {
		path := filepath.Join(w.dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// rewrite changes the system file.
func (w *secretWorld) rewrite(from, to string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "blastgauge.yaml")
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte(from)) {
		w.t.Fatalf("%s is not in %s: %v", from, path, err)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte(from), []byte(to)), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// proxy makes the shop's proxy and lets journeys enter there.
func (w *secretWorld) proxy(api, shop string) {
	w.t.Helper()
	body := fmt.Sprintf(`{"name":"shop","listen":"127.0.0.1:0","upstream":%q,"enabled":true}`, shop)
	req, err := http.NewRequest(http.MethodPost, api+"/proxies", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+canaries["CANARY_TOKEN"])
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var made struct{ Listen string }
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || made.Listen == "" {
		w.t.Fatalf("%s %v", resp.Status, err)
	}
	w.rewrite("url: http://127.0.0.1:1\n", "url: http://"+made.Listen+"\n")
}

// command prepares a program in a world where everything may be read by everybody
// unless somebody sees to it.
func (w *secretWorld) command(program string, args ...string) *exec.Cmd {
	w.t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command("sh", append([]string{"-c", `umask 000; exec "$@"`, "sh", path}, args...)...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(w.dir, "state"))
	for name, value := range canaries {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdout, cmd.Stderr = &w.said, &w.said
	return cmd
}

// says runs blastgauge and keeps what it says, whatever its exit code.
func (w *secretWorld) says(args ...string) {
	w.t.Helper()
	fmt.Fprintf(&w.said, "--- %s\n", strings.Join(args, " ")[:min(40, len(strings.Join(args, " ")))])
	err := w.command("blastgauge", args...).Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		w.t.Fatal(err)
	}
}

// killed runs an experiment whose run and guard die with the fault in force.
func (w *secretWorld) killed(out string) {
	w.t.Helper()
	cmd := w.command(crasher, "blastgauge.yaml", out, string(journal.FaultInjected), "TWICE")
	cmd.Env = append(cmd.Env, "CRASH_TOKEN=env:CANARY_TOKEN", "CRASH_BLIND=yes")
	cmd.Run() // it is killed
	if _, err := os.Stat(filepath.Join(w.dir, out, killedFile)); err != nil {
		w.t.Fatalf("it was not killed: %v\n%s", err, &w.said)
	}
}

// search looks for every canary in every file and in everything that was said.
func (w *secretWorld) search() {
	files := 0
	look := func(where string, text []byte) {
		for name, value := range canaries {
			whole := canary.Find([]byte(value))
			if i := bytes.Index(text, whole[:len(whole)-5]); i >= 0 { // also where its end was cut off
				w.t.Errorf("%s is in %s: ...%s...", name, where, text[max(0, i-80):min(len(text), i+80)])
			}
		}
	}
	look("what was said", w.said.Bytes())
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "token" || d.Name() == "blastgauge.yaml" || d.Name() == "settings.json" {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		look(path, text)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, want := range []string{"whole/journal.ndjson", "whole/report.html", "filed/result.json", "killed/undo.ndjson", "config/report.html", "deaf/journal.ndjson", "r.html", "r.json", "r.md", "r.xml"} {
		if _, err := os.Stat(filepath.Join(w.dir, want)); err != nil {
			w.t.Errorf("nothing was searched in %s: %v\n%s", want, err, &w.said)
		}
	}
	w.t.Logf("%d files and %d bytes of output were searched", files, w.said.Len())
}

// modes wants what a run writes to be its user's only.
func (w *secretWorld) modes() {
	for _, dir := range []string{"whole", "filed", "killed", "config", "deaf", "state"} {
		err := filepath.WalkDir(filepath.Join(w.dir, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				w.t.Errorf("%s has mode %v", path, info.Mode())
			}
			return err
		})
		if err != nil {
			w.t.Error(err)
		}
	}
}
