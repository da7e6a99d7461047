package attempts

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/bypass"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
)

func start(n int) time.Time { return time.Date(2026, 11, 1, 3, n, 0, 5e5, time.UTC) }

// A run is one in a directory of runs.
type run struct {
	id      string
	n       int
	verdict result.Verdict
	outcome string
	commit  string
	about   []statement.Subject // nil: it noted nothing
	torn    bool                // its result cannot be read
}

func (r run) write(t *testing.T, dir string) {
	t.Helper()
	below := filepath.Join(dir, r.id)
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	if r.about != nil {
		root, err := os.OpenRoot(below)
		if err != nil {
			t.Fatal(err)
		}
		if err := Note(root, r.id, start(r.n), r.about); err != nil {
			t.Fatal(err)
		}
		if err := root.Close(); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(&result.Result{
		Schema:      result.Schema,
		Run:         result.Run{ID: r.id, Started: start(r.n), Ended: start(r.n + 1), Outcome: r.outcome, Commit: r.commit},
		System:      result.System{Name: "checkout"},
		Experiments: []result.Experiment{{ID: "a", Verdict: result.Held}, {ID: "b", Verdict: r.verdict}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.torn {
		text = text[:len(text)/2]
	}
	if err := os.WriteFile(filepath.Join(below, result.File), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	candidate := statement.OfFile("gateway.json", []byte(`{"retries": 3}`))
	image := statement.Subject{Name: "shop", Digest: statement.DigestOf([]byte("image"))}
	commit, _ := statement.OfCommit(strings.Repeat("ab", 20))
	dir := t.TempDir()
	for _, r := range []run{
		{"r1", 1, result.Refuted, result.Completed, commit.Digest.GitCommit, candidate, false},
		{"r2", 2, result.Held, result.Completed, "", statement.OfFile("gateway.json", []byte(`{"retries":3}`)), false}, // laid out anew
		{"r3", 3, result.Held, result.Completed, "", statement.OfFile("gateway.json", []byte(`{"retries":30}`)), false},
		{"r4", 4, result.Held, result.Interrupted, "", candidate, false},
		{"r5", 5, result.Held, result.Completed, "", candidate, true},
		{"r6", 6, result.Held, result.Completed, commit.Digest.GitCommit, nil, false},
		{"r7", 7, result.Inconclusive, result.Completed, "", append(slices.Clone(candidate), image), false},
		{"r8", 8, result.Held, result.Completed, "", []statement.Subject{image}, false},
		{"own", 9, result.Held, result.Completed, "", candidate, false},
	} {
		r.write(t, dir)
	}
	if err := os.CopyFS(filepath.Join(dir, "copy"), os.DirFS(filepath.Join(dir, "r1"))); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		of   []statement.Subject
		want string
	}{
		"a candidate":           {candidate, "r1 refuted, r2 held, r4 invalid, r5 invalid, r7 inconclusive"},
		"one that is new":       {statement.OfFile("gateway.json", []byte(`{"retries":31}`)), ""},
		"one without a form":    {statement.OfFile("gateway.json", []byte(`{"retries": 3`)), ""},
		"a commit":              {[]statement.Subject{commit}, "r1 refuted, r6 held"},
		"an image":              {[]statement.Subject{image}, "r7 inconclusive, r8 held"},
		"nothing":               {nil, ""},
		"with other subjects":   {append(slices.Clone(candidate), image, commit), "r1 refuted, r2 held, r4 invalid, r5 invalid, r7 inconclusive"},
		"bytes, another layout": {statement.OfFile("other.json", []byte("{\n\"retries\": 3}")), "r1 refuted, r2 held, r4 invalid, r5 invalid, r7 inconclusive"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := CountIn(dir, tt.of, "own")
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, a := range got.List {
				list = append(list, fmt.Sprintf("%s %s", a.Run, a.Verdict))
			}
			if text := strings.Join(list, ", "); text != tt.want || got.Count != len(list) {
				t.Errorf("%d: %s, want %s", got.Count, text, tt.want)
			}
			if (got.First == nil) != (got.Count == 0) || got.First != nil && !got.First.Equal(got.List[0].At) {
				t.Errorf("first %v", got.First)
			}
		})
	}
}

func TestNone(t *testing.T) {
	t.Parallel()
	got, err := CountIn(filepath.Join(t.TempDir(), "none"), statement.OfFile("a.json", nil), "")
	if err != nil || got.Count != 0 || got.List == nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// A bypass is no attempt, is told with them, and stays where no run does.
func TestBypassesAreTold(t *testing.T) {
	t.Parallel()
	candidate := statement.OfFile("gateway.json", []byte(`{"retries": 3}`))
	commit, _ := statement.OfCommit(strings.Repeat("ab", 20))
	runs := filepath.Join(t.TempDir(), "runs")
	for n, e := range []bypass.Entry{
		{Run: "b1", By: "ada", Subject: append(slices.Clone(candidate), commit)},
		{Run: "b2", By: "bob", Subject: append(statement.OfFile("gateway.json", []byte(`{"retries": 4}`)), statement.OfFile("b.json", []byte(`{"retries": 9}`))...)},
		{Run: "own", By: "eve", Subject: candidate},
	} {
		e.Schema, e.Reason, e.At = bypass.Schema, "down", statement.Moment(start(n))
		if _, err := bypass.AppendBeside(runs, e); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		of   []statement.Subject
		want []statement.Bypass
	}{
		"the change":     {candidate, []statement.Bypass{{By: "ada", Reason: "down", At: statement.Moment(start(0))}}},
		"another layout": {statement.OfFile("a.json", []byte(`{"retries":3}`)), []statement.Bypass{{By: "ada", Reason: "down", At: statement.Moment(start(0))}}},
		"named beside":   {statement.OfFile("b.json", []byte(`{"retries": 9}`)), []statement.Bypass{{By: "bob", Reason: "down", At: statement.Moment(start(1))}}},
		"another change": {statement.OfFile("a.json", []byte(`{"retries":5}`)), nil},
		"its commit":     {[]statement.Subject{commit}, nil},
		"nothing":        {nil, nil},
	} {
		got, err := CountIn(runs, tt.of, "own")
		if err != nil || got.Count != 0 || !slices.Equal(got.Bypasses, tt.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Of two that are measured side by side each knows of the other: who starts many and keeps the one
// that passes has made many attempts.
func TestOneThatGoesOnIsCounted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	candidate := statement.OfFile("gateway.json", []byte(`{"retries": 3}`))
	run{"r1", 1, result.Held, result.Completed, "", candidate, false}.write(t, dir)
	runs, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = runs.Close() }() // it was only read
	c := counter{runs: runs, change: changeOf(candidate), own: "own", byRun: map[string]statement.Attempt{}}
	c.see(history.Entry{Name: "r1", Run: &history.Run{ID: "r1", Outcome: history.GoingOn, Started: start(1)}})
	if got := c.attempts(); got.Count != 1 || got.List[0].Run != "r1" || got.List[0].Verdict != result.Invalid {
		t.Errorf("%+v", got)
	}
}

// The newest are listed, and all are counted.
func TestMany(t *testing.T) {
	t.Parallel()
	c := counter{byRun: map[string]statement.Attempt{}}
	for n := range statement.MostAttempts + 5 {
		id := fmt.Sprintf("r%03d", n)
		c.byRun[id] = statement.Attempt{Run: id, At: start(0).Add(time.Duration(n) * time.Second), Verdict: result.Held}
	}
	got := c.attempts()
	if got.Count != statement.MostAttempts+5 || len(got.List) != statement.MostAttempts || got.List[0].Run != "r005" || !got.First.Equal(start(0)) {
		t.Errorf("%d, %d listed from %s, first %s", got.Count, len(got.List), got.List[0].Run, got.First)
	}
}

// Whatever is in place of a note, a directory is read.
func FuzzNote(f *testing.F) {
	f.Add([]byte(`{"schema":"blastgauge/subjects/v1","run":"r1","at":"2026-11-01T03:00:00Z","subject":[{"name":"a","digest":{"sha256":"00"}}]}`))
	f.Add([]byte(`{"schema":"blastgauge/subjects/v1","run":"r1","at":"0000-11-01T03:00:00Z","subject":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "r1"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "r1", File), text, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := CountIn(dir, statement.OfFile("a", nil), "")
		if err != nil || got.Count > 1 {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}
