package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
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

// onDisk writes runs into a directory.
func onDisk(t *testing.T, runs fs.FS) *os.Root {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, runs); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

func scan(t *testing.T, runs fstest.MapFS) []Entry {
	t.Helper()
	entries, err := Scan(onDisk(t, runs))
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestTrend(t *testing.T) {
	t.Parallel()
	index := New(scan(t, nights(
		nil,
		func(r *result.Result) { r.Experiments[0].Verdict = result.Invalid },
		func(r *result.Result) { r.Experiments[0].Digests.Faults = "f2" },
		func(r *result.Result) {
			r.Experiments[0].Digests.Faults, r.Experiments[0].Title = "f2", "Payments slower"
			r.Experiments[0].Criteria = []result.Criterion{
				{Kind: result.InvariantCriterion, Subject: "charged once", Name: "invariant charged once", Verdict: result.Refuted},
				{Kind: result.RecoveryCriterion, Name: "recovery", Verdict: result.Refuted},
			}
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

// What a directory holds decides whether it is a run, a run without a result, a
// damaged one or something else.
func TestScan(t *testing.T) {
	t.Parallel()
	const unended = "no result, and its journal does not tell"
	for name, tt := range map[string]struct {
		files   map[string]string
		run     bool
		foreign bool
		problem string // its beginning
	}{
		"finished":                 {map[string]string{"result.json": string(night(1, nil))}, true, false, ""},
		"finished, with journal":   {map[string]string{"result.json": string(night(1, nil)), "journal.ndjson": "{}"}, true, false, ""},
		"open":                     {map[string]string{"journal.ndjson": "{}"}, false, false, unended},
		"open, journal empty":      {map[string]string{"journal.ndjson": ""}, false, false, unended},
		"torn":                     {map[string]string{"result.json": `{"schema":"blastgauge/result/v1","run":{`}, false, false, "its result.json is broken"},
		"empty":                    {map[string]string{"result.json": ""}, false, false, "its result.json is broken"},
		"of another type":          {map[string]string{"result.json": `{"schema":"blastgauge/result/v1","run":[]}`}, false, false, "its result.json is broken"},
		"of another tool":          {map[string]string{"result.json": `{"metrics":{}}`}, false, true, `its result.json is not of blastgauge: its schema is ""`},
		"of a later version":       {map[string]string{"result.json": `{"schema":"blastgauge/result/v9"}`}, false, true, `its result.json is not of blastgauge: its schema is "blastgauge/result/v9"`},
		"of something else":        {map[string]string{"cat.jpg": "x"}, false, true, "not a run of blastgauge"},
		"journal gone, undo there": {map[string]string{"undo.ndjson": "{}"}, false, false, "its journal.ndjson is gone"},
		"journal gone, fenced":     {map[string]string{"fence": ""}, false, false, "its journal.ndjson is gone"},
		"result is a directory":    {map[string]string{"result.json/x": ""}, false, false, "dir/result.json is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runs := fstest.MapFS{"index.html": {Data: []byte("<p>")}, ".hidden/result.json": {Data: night(9, nil)}}
			for file, text := range tt.files {
				runs["dir/"+file] = &fstest.MapFile{Data: []byte(text)}
			}
			entries := scan(t, runs)
			if len(entries) != 1 || entries[0].Name != "dir" {
				t.Fatalf("%+v, want one entry: files and hidden directories are skipped", entries)
			}
			e := entries[0]
			if (e.Run != nil) != tt.run || e.Foreign != tt.foreign || !strings.HasPrefix(e.Problem, tt.problem) || (e.Problem == "") != tt.run {
				t.Errorf("%+v, want a run %t, foreign %t and problem %q", e, tt.run, tt.foreign, tt.problem)
			}
			if tt.run && (e.Run.ID != "r001" || e.Run.Dir != "dir" || len(e.Run.Experiments) != 1) {
				t.Errorf("run %+v, want r001 in dir with one experiment", e.Run)
			}
		})
	}
}

func TestScanOfNoDirectory(t *testing.T) {
	t.Parallel()
	if entries, err := Scan(onDisk(t, fstest.MapFS{"file": {}})); err != nil || entries != nil {
		t.Errorf("a directory without runs: %+v, %v; want nothing", entries, err)
	}
	gone := onDisk(t, fstest.MapFS{})
	if err := os.Remove(gone.Name()); err != nil {
		t.Fatal(err)
	}
	if _, err := Scan(gone); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Scan(a directory that is not there) = %v", err)
	}
}

// What cannot be shown is skipped, in the order of names.
func TestIndexSkipsWhatIsNoRun(t *testing.T) {
	t.Parallel()
	runs := nights(nil, nil)
	runs["torn/result.json"] = &fstest.MapFile{Data: []byte("{")}
	runs["died/journal.ndjson"] = &fstest.MapFile{}
	index := New(scan(t, runs))
	if len(index.Runs) != 2 || len(index.Skipped) != 2 || index.Skipped[0].Name != "died" || index.Skipped[1].Name != "torn" {
		t.Errorf("%d runs, skipped %+v; want 2, died and torn", len(index.Runs), index.Skipped)
	}
	if index := New(nil); index.Runs == nil || index.Trends == nil || index.Schema != Schema {
		t.Errorf("an index of nothing %+v, want empty lists, not null", index)
	}
}

// What a point of a trend says of one run.
func TestPoint(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*result.Experiment)
		want func(Point) bool
	}{
		"as measured": {func(*result.Experiment) {}, func(p Point) bool {
			return p.Radius.Estimate == 0.03 && p.Limit == 0.08 && *p.Recovery == 4 && p.Broken == 0
		}},
		"no limit of the journey":    {func(e *result.Experiment) { e.Journeys = nil }, func(p Point) bool { return p.Limit == 0.05 }},
		"invalid":                    {func(e *result.Experiment) { e.Verdict = result.Invalid }, func(p Point) bool { return p.Radius == nil && p.Limit == 0.05 }},
		"not run":                    {func(e *result.Experiment) { e.Verdict = result.NotRun }, func(p Point) bool { return p.Radius == nil }},
		"inconclusive":               {func(e *result.Experiment) { e.Verdict = result.Inconclusive }, func(p Point) bool { return p.Radius != nil }},
		"nothing measured":           {func(e *result.Experiment) { e.BlastRadius = nil }, func(p Point) bool { return p.Radius == nil }},
		"recovery not seen":          {func(e *result.Experiment) { e.Recovery.Censored = true }, func(p Point) bool { return p.Recovery == nil }},
		"recovery not watched":       {func(e *result.Experiment) { e.Recovery = nil }, func(p Point) bool { return p.Recovery == nil }},
		"invariants broken":          {criteria(result.InvariantCriterion, result.Refuted, result.Refuted, result.Held), func(p Point) bool { return p.Broken == 2 }},
		"other criteria are refuted": {criteria(result.RecoveryCriterion, result.Refuted), func(p Point) bool { return p.Broken == 0 }},
		"alerts that failed":         {criteria(result.AlertCriterion, result.Refuted, result.Refuted, result.Held, result.Inconclusive), func(p Point) bool { return p.Undetected == 2 && p.Broken == 0 }},
		"an invalid one is not judged": {func(e *result.Experiment) {
			criteria(result.InvariantCriterion, result.Refuted)(e)
			criteria(result.AlertCriterion, result.Refuted)(e)
			e.Verdict = result.Invalid
		}, func(p Point) bool { return p.Undetected == 0 && p.Broken == 0 }},
		"an invariant that was not asked": {criteria(result.InvariantCriterion, result.Inconclusive), func(p Point) bool { return p.Broken == 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			index := New(scan(t, nights(func(r *result.Result) { tt.edit(&r.Experiments[0]) })))
			if p := index.Trends[0].Latest(); !tt.want(p) {
				t.Errorf("point %+v, radius %+v", p, p.Radius)
			}
		})
	}
}

func criteria(kind result.CriterionKind, verdicts ...result.Verdict) func(*result.Experiment) {
	return func(e *result.Experiment) {
		for i, v := range verdicts {
			e.Criteria = append(e.Criteria, result.Criterion{Kind: kind, Subject: fmt.Sprint(i), Name: fmt.Sprint("x", i), Verdict: v})
		}
	}
}

// Where a trend breaks, because the experiment is another one from then on.
func TestChangedParts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*result.Experiment)
		want string
	}{
		"nothing":         {func(*result.Experiment) {}, ""},
		"the limit":       {func(e *result.Experiment) { e.Journeys[0].Limit, e.Digests.Limits = 0.5, "other" }, ""},
		"the verdict":     {func(e *result.Experiment) { e.Verdict = result.Refuted }, ""},
		"not measured":    {func(e *result.Experiment) { e.BlastRadius = nil }, ""},
		"the faults":      {func(e *result.Experiment) { e.Digests.Faults = "f2" }, "faults"},
		"the journeys":    {func(e *result.Experiment) { e.Digests.Journeys = "j2" }, "journeys"},
		"the load":        {func(e *result.Experiment) { e.Digests.Load = "l2" }, "load"},
		"the control":     {func(e *result.Experiment) { e.BlastRadius.Control = result.BaselineControl }, "control"},
		"another journey": {func(e *result.Experiment) { e.BlastRadius.Journey = "browse" }, "journey"},
		"several":         {func(e *result.Experiment) { e.Digests.Faults, e.BlastRadius.Control = "f2", result.BaselineControl }, "faults control"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			index := New(scan(t, nights(nil, func(r *result.Result) { tt.edit(&r.Experiments[0]) })))
			if got := strings.Join(index.Trends[0].Latest().Changed, " "); got != tt.want {
				t.Errorf("changed %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOldRuns(t *testing.T) {
	t.Parallel()
	refuted := func(r *result.Result) { r.Run.ExitCode = result.ExitRefuted }
	going := func(r *result.Result) { r.Run.Ended = time.Time{} }
	copied := func(r *result.Result) { r.Run.ID = "copied" }
	older := func(r *result.Result) { r.Run.ID, r.Run.Started = "older", start.AddDate(-1, 0, 0) }
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
		"a copy of one that stays":          {[]func(*result.Result){copied, nil, copied}, 1, "dir1"},
		"copies of one that goes":           {[]func(*result.Result){older, older, nil}, 1, "dir1 dir0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runs := nights(tt.runs...)
			runs["foreign/x"] = &fstest.MapFile{}
			if got := strings.Join(oldRuns(New(scan(t, runs)), tt.keep), " "); got != tt.want {
				t.Errorf("oldRuns(%d) = %q, want %q", tt.keep, got, tt.want)
			}
		})
	}
}

// A run that stands in several directories is listed once, and its copies beside what is
// no run: that which goes on or came to its end comes first, then the directory that the
// run named itself.
func TestARunThatStandsTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		outcomes map[string]string // by directory
		listed   string
	}{
		"its own directory":      {map[string]string{"a-copy": result.Completed, "r001": result.Completed, "z": result.Completed}, "r001"},
		"the first by name":      {map[string]string{"b": result.Completed, "a": result.Completed}, "a"},
		"the one with an answer": {map[string]string{"r001": Died, "later": result.Completed}, "later"},
		"the one that goes on":   {map[string]string{"r001": GoingOn, "copy": Died}, "r001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries := []Entry{{Name: "other", Run: &Run{ID: "r000", Dir: "other", Outcome: result.Completed, Experiments: []Experiment{{ID: "e"}}}}}
			for dir, outcome := range tt.outcomes {
				entries = append(entries, Entry{Name: dir, Run: &Run{ID: "r001", Dir: dir, Started: start, Outcome: outcome, Experiments: []Experiment{{ID: "e"}}}})
			}
			x := New(entries)
			if len(x.Runs) != 2 || x.Runs[0].Dir != tt.listed {
				t.Fatalf("listed %+v, want %s and the other run", x.Runs, tt.listed)
			}
			if len(x.Skipped) != len(tt.outcomes)-1 {
				t.Errorf("aside are %+v, want each copy", x.Skipped)
			}
			for _, e := range x.Skipped {
				if e.SameAs != tt.listed || e.Foreign || e.Name == tt.listed {
					t.Errorf("aside is %+v, want it to name %s", e, tt.listed)
				}
			}
			points := 2
			if tt.outcomes[tt.listed] == GoingOn {
				points = 1
			}
			if len(x.Trends) != 1 || len(x.Trends[0].Points) != points {
				t.Errorf("trends %+v, want %d points", x.Trends, points)
			}
		})
	}
}
