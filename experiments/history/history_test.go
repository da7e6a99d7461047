package history

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
)

var start = time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant that Go has no word for

// night is the result of the run of one night.
func night(n int, edit func(*result.Result)) []byte {
	b := &result.BlastRadius{Journey: "checkout", Estimate: 0.03, Low: 0.02, High: 0.04, Control: result.ConcurrentControl}
	r := &result.Result{
		Schema: result.Schema, Tool: result.Tool{Version: "1.0"},
		Run:    result.Run{ID: fmt.Sprintf("r%03d", n), Started: start.AddDate(0, 0, n), Ended: start.AddDate(0, 0, n).Add(time.Hour), Outcome: result.Completed},
		System: result.System{Name: "checkout", Environment: "staging"},
		Experiments: []result.Experiment{{
			ID: "payments-slow", Title: "Payments slow", Verdict: result.Held, Digests: result.Digests{Faults: "f", Journeys: "j", Load: "l"},
			Limits: result.Limits{BlastRadius: 0.05}, BlastRadius: b, Journeys: []result.Journey{{Name: "checkout", Limit: 0.08, BlastRadius: b}},
			Recovery: &result.Recovery{Seconds: 4},
		}},
	}
	if edit != nil {
		edit(r)
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return text
}

func nights(edits ...func(*result.Result)) fstest.MapFS {
	runs := fstest.MapFS{}
	for n, edit := range edits {
		runs[fmt.Sprintf("dir%d/result.json", n)] = &fstest.MapFile{Data: night(n, edit)}
	}
	return runs
}

func scan(t *testing.T, runs fstest.MapFS) []Entry {
	t.Helper()
	entries, err := Scan(runs)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestTrend(t *testing.T) {
	index := New(scan(t, nights(
		nil,
		func(r *result.Result) { r.Experiments[0].Verdict = result.Invalid },
		func(r *result.Result) { r.Experiments[0].Digests.Faults = "f2" },
		func(r *result.Result) {
			r.Experiments[0].Digests.Faults, r.Experiments[0].Title = "f2", "Payments slower"
			r.Experiments[0].Criteria = []result.Criterion{{Name: "invariant charged once", Verdict: result.Refuted}, {Name: "recovery", Verdict: result.Refuted}}
		},
		func(r *result.Result) { r.System.Environment = "other" },
	)))
	if len(index.Runs) != 5 || index.Runs[0].ID != "r004" {
		t.Fatalf("runs %+v, want five, the newest first", index.Runs)
	}
	if len(index.Trends) != 2 || index.Trends[0].System != "checkout on other" {
		t.Fatalf("trends %+v, want one per system", index.Trends)
	}
	trend := index.Trends[1]
	if len(trend.Points) != 4 || trend.Points[0].Run != "r000" || trend.Title != "Payments slower" || trend.Latest().Run != "r003" {
		t.Fatalf("trend %+v, want four points, oldest first, named as the newest", trend)
	}
	if p := trend.Points[0]; p.Radius == nil || p.Limit != 0.08 || p.Recovery == nil || p.Changed != nil {
		t.Errorf("the first point %+v: want its radius, the limit of its journey, its recovery", p)
	}
	if trend.Points[1].Radius != nil {
		t.Errorf("an invalid run has a radius: %+v", trend.Points[1])
	}
	if got := trend.Points[2].Changed; !slices.Equal(got, []string{"faults"}) || trend.Points[3].Changed != nil {
		t.Errorf("changed %v, then %v; want faults, then nothing", got, trend.Points[3].Changed)
	}
	if trend.Points[3].Broken != 1 {
		t.Errorf("%d broken invariants, want 1: recovery is none", trend.Points[3].Broken)
	}
}

func TestWhatIsNoRun(t *testing.T) {
	runs := nights(nil)
	for name, text := range map[string]string{
		"torn/result.json": `{"schema":"blastgauge/result/v1","run":{`, "died/journal.ndjson": "{}", "photos/cat.jpg": "x",
		"k6/result.json": `{"metrics":{}}`, "later/result.json": `{"schema":"blastgauge/result/v9"}`, "index.html": "<p>", ".hidden/x": "",
	} {
		runs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	index := New(scan(t, runs))
	got := map[string]string{}
	for _, e := range index.Skipped {
		got[e.Name] = fmt.Sprintf("%t %s", e.Foreign, e.Problem)
	}
	for name, want := range map[string]string{
		"torn": "false its result.json is broken", "died": "false no result: it is going on, or it died", "photos": "true not a run of blastgauge",
		"k6": `true its result.json is not of blastgauge: its schema is ""`, "later": `true its result.json is not of blastgauge: its schema is "blastgauge/result/v9"`,
	} {
		if !strings.HasPrefix(got[name], want) {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if len(got) != 5 || len(index.Runs) != 1 {
		t.Errorf("%d skipped and %d runs, want 5 and 1: %v", len(got), len(index.Runs), got)
	}
}

func TestOldRuns(t *testing.T) {
	refuted := func(r *result.Result) { r.Run.ExitCode = result.ExitRefuted }
	going := func(r *result.Result) { r.Run.Ended = time.Time{} }
	for name, tt := range map[string]struct {
		runs []func(*result.Result)
		keep int
		want string
	}{
		"the oldest go":                     {[]func(*result.Result){nil, nil, nil, nil}, 2, "dir0 dir1"},
		"fewer than are kept":               {[]func(*result.Result){nil, nil}, 5, ""},
		"the last good one stays":           {[]func(*result.Result){nil, nil, refuted, refuted, refuted}, 2, "dir0 dir2"},
		"one that is not known to be ended": {[]func(*result.Result){going, nil, nil}, 1, "dir1"},
		"none is good":                      {[]func(*result.Result){refuted, refuted}, 1, "dir0"},
	} {
		t.Run(name, func(t *testing.T) {
			runs := nights(tt.runs...)
			runs["foreign/x"] = &fstest.MapFile{}
			var names []string
			for _, e := range oldRuns(scan(t, runs), tt.keep) {
				names = append(names, e.Name)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("oldRuns(%d) = %q, want %q", tt.keep, got, tt.want)
			}
		})
	}
}
