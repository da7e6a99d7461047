package verdicts

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

func start() time.Time { return time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC) }

func candidate() []byte { return []byte("{\"retries\": 3}\n") }

func commit() string { return strings.Repeat("ab", 20) }

// measured is the result of a run of one experiment, in which up to 2.1% were harmed.
func measured(id string, after time.Duration, v result.Verdict) *result.Result {
	radius := &result.BlastRadius{Journey: "checkout", Estimate: 0.012, Low: 0.004, High: 0.021, Confidence: 0.95, Control: result.ConcurrentControl}
	return &result.Result{
		Schema: result.Schema, Tool: result.Tool{Version: "1.0.0"},
		Run:       result.Run{ID: id, Started: start().Add(after - 10*time.Minute), Ended: start().Add(after), Outcome: result.Completed, Commit: commit()},
		System:    result.System{Name: "checkout", Environment: "staging"},
		Documents: []result.Document{{File: "blastgauge.yaml", Text: "system: checkout\n"}, {File: "a.yaml", Text: "id: settings-next\n"}},
		Experiments: []result.Experiment{{
			ID: "settings-next", File: "a.yaml", Verdict: v, BlastRadius: radius,
			Journeys: []result.Journey{{Name: "checkout", Limit: 0.05, Verdict: v, BlastRadius: radius, Arms: result.Arms{Fault: result.Counts{Journeys: 600}}}},
			Faults:   []result.Fault{{Name: "bg-1", Inject: "http_config", Into: "settings", Intended: true, RemovalVerified: true}},
		}},
	}
}

// A world is a directory of statements, and who has signed them.
type world struct {
	t             testing.TB
	dir           string
	ada, bob, eve *signing.PrivateKey
	statement     statement.Options
	options       Options
	now           time.Time
	logged        []string
	asked         *Handler
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), now: start().Add(time.Hour), statement: statement.Options{Subjects: statement.OfFile("settings.json", candidate())}}
	for _, key := range []**signing.PrivateKey{&w.ada, &w.bob, &w.eve} {
		var err error
		if *key, err = signing.Generate(); err != nil {
			t.Fatal(err)
		}
	}
	w.options = Options{
		Dir: w.dir, Keys: []signing.PublicKey{w.ada.Public(), w.bob.Public()}, Now: func() time.Time { return w.now },
		Logf: func(format string, _ ...any) { w.logged = append(w.logged, format) },
	}
	return w
}

// lines are the signed statements about a result.
func (w *world) lines(r *result.Result, signers ...*signing.PrivateKey) []byte {
	w.t.Helper()
	p, err := statement.Make(r, w.statement)
	if err != nil {
		w.t.Fatal(err)
	}
	a, b, err := p.Bytes()
	if err != nil {
		w.t.Fatal(err)
	}
	list := []*signing.Envelope{signing.Wrap(a), signing.Wrap(b)}
	for _, e := range list {
		for _, key := range signers {
			if err := e.Sign(key); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	text, err := signing.Write(list)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// write writes a file of the directory.
func (w *world) write(name string, text ...[]byte) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, slices.Concat(text...), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) handler() *Handler {
	w.t.Helper()
	h, err := NewHandler(w.options)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// get asks, and returns status and body.
func get(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	got := httptest.NewRecorder()
	h.ServeHTTP(got, r)
	return got
}

// ask is the answer about a change.
func (w *world) ask(h http.Handler, digest string) Answer {
	w.t.Helper()
	got := get(h, "GET", "/verdicts/"+digest, "")
	var a Answer
	if err := json.Unmarshal(got.Body.Bytes(), &a); err != nil || got.Code != http.StatusOK || got.Header().Get("Content-Type") != "application/json" {
		w.t.Fatalf("%s: %d %s: %v", digest, got.Code, got.Body, err)
	}
	if a.Pass != (a.Phase == Passed) || a.Pass != (a.Reason == "") || a.Pass != (len(a.Denied) == 0) {
		w.t.Errorf("%s: it contradicts itself: %+v", digest, a)
	}
	return a
}

func sha() string { return statement.DigestOf(candidate()).String() }

func codes(a Answer) []policy.Code {
	var list []policy.Code
	for _, r := range a.Denied {
		list = append(list, r.Code)
	}
	return list
}
