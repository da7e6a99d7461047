// Package history knows the runs in a directory: it finds them by name, follows the blast
// radius of each experiment from run to run, and deletes the old ones.
//
// It keeps only the head of each result, so hundreds of runs fit into a page. The types
// are the schema "blastgauge/history/v1". Shares are fractions 0 to 1, durations are
// seconds, and fields are only ever added.
package history

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/bypass"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Schema is the name and version of the format.
const Schema = "blastgauge/history/v1"

// An Entry is one directory among the runs.
type Entry struct {
	Name string `json:"name"` // of the directory
	Run  *Run   `json:"run,omitempty"`
	// Problem says why there is no run to show: the directory is not a run, or its
	// result is damaged or missing.
	Problem string `json:"problem,omitempty"`
	Foreign bool   `json:"foreign,omitempty"` // it is not a run of blastgauge
	// SameAs is the directory under which the same run is listed: this one is a copy of
	// it, and counts in no trend.
	SameAs string `json:"same_as,omitempty"`
}

// A Run is the head of a result.
type Run struct {
	ID          string       `json:"id"`
	Dir         string       `json:"directory,omitempty"` // its name among the runs
	Started     time.Time    `json:"started"`
	Ended       time.Time    `json:"ended,omitzero"`
	Outcome     string       `json:"outcome"` // one of package result, or Died or GoingOn
	ExitCode    int          `json:"exit_code"`
	Commit      string       `json:"commit,omitempty"`
	System      string       `json:"system"`
	Environment string       `json:"environment"`
	Version     string       `json:"version"`
	Experiments []Experiment `json:"experiments"`
	Selected    bool         `json:"selected,omitempty"` // only named experiments were run, or those of a game day, not all there were
	Scan        *Scanned     `json:"scan,omitempty"`     // of a scan, which has no experiments and is in no trend
}

// Scanned is the head of a map.
type Scanned struct {
	Dependencies int `json:"dependencies"` // that were scanned
	Findings     int `json:"findings"`
}

// Outcomes of runs without a result. What they measured is not in any trend.
const (
	Died    = "died"     // the journal ends before the run
	GoingOn = "going on" // its process holds the journal
)

// An Experiment is the answer to one hypothesis in one run.
type Experiment struct {
	ID      string         `json:"id"`
	Title   string         `json:"title"`
	Verdict result.Verdict `json:"verdict"`
	Digests result.Digests `json:"digests"`
	Limit   float64        `json:"limit"` // of the journey
	// Radius is absent where nothing was measured that can be trusted.
	Radius *Radius `json:"blast_radius,omitempty"`
	// Recovery is the time to it in seconds; absent where it was not seen.
	Recovery *float64 `json:"recovery,omitempty"`
	Broken   int      `json:"broken,omitempty"` // how many invariants were
	// Undetected is how many alerts fired late, not at all, or did not clear in time.
	Undetected int `json:"undetected,omitempty"`
}

// A Radius is the blast radius of the journey furthest over its limit.
type Radius struct {
	Journey  string  `json:"journey"`
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Control  string  `json:"control"`
}

// An Index is all runs of a directory, and what became of each experiment.
type Index struct {
	Schema  string  `json:"schema"`
	Runs    []Run   `json:"runs"` // newest first
	Trends  []Trend `json:"trends"`
	Skipped []Entry `json:"skipped,omitempty"` // not a run, a damaged one, or a copy of one
	// Bypasses are the changes that somebody let pass whatever was measured of them, oldest
	// first, and Unread the lines of their file that cannot be read.
	Bypasses []bypass.Entry   `json:"bypasses,omitempty"`
	Unread   []bypass.Problem `json:"bypasses_unread,omitempty"`
}

// A Trend is one experiment over all runs that had it, of one system.
type Trend struct {
	System     string  `json:"system"` // name and environment
	Experiment string  `json:"experiment"`
	Title      string  `json:"title"`  // of the newest
	Points     []Point `json:"points"` // oldest first
	// Gone is the first run of all experiments of the system that no longer has this one;
	// absent where the newest such run has it.
	Gone *Absence `json:"gone,omitempty"`
}

// An Absence is a run that does not have an experiment.
type Absence struct {
	Run     string    `json:"run"`
	Started time.Time `json:"started"`
}

// A Point is one run of an experiment.
type Point struct {
	Run      string         `json:"run"`
	Started  time.Time      `json:"started"`
	Commit   string         `json:"commit,omitempty"`
	Verdict  result.Verdict `json:"verdict"`
	Limit    float64        `json:"limit"`
	Radius   *Radius        `json:"blast_radius,omitempty"`
	Recovery *float64       `json:"recovery,omitempty"`
	Broken   int            `json:"broken,omitempty"`
	// Undetected is how many alerts fired late, not at all, or did not clear in time.
	Undetected int `json:"undetected,omitempty"`
	// Changed are the parts in which the experiment differs from the point before:
	// faults, journeys, load, control, journey. The line of a chart breaks here.
	Changed []string `json:"changed,omitempty"`
	digests result.Digests
}

// New orders entries by time and gathers the trend of each experiment. It is a
// pure function: the same entries give the same index.
func New(entries []Entry) *Index {
	x := &Index{Schema: Schema, Runs: []Run{}, Trends: []Trend{}}
	for _, e := range entries {
		if e.Run == nil {
			x.Skipped = append(x.Skipped, e)
			continue
		}
		x.Runs = append(x.Runs, *e.Run)
	}
	x.sort()
	x.setCopiesAside()
	x.gatherTrends()
	return x
}

// setCopiesAside leaves each run once, as trends would count it twice otherwise. The
// others are named beside what is no run, with the directory that is listed.
func (x *Index) setCopiesAside() {
	best := map[string]Run{}
	for _, r := range x.Runs {
		if was, ok := best[r.ID]; !ok || ranks(r, was) {
			best[r.ID] = r
		}
	}
	x.Runs = slices.DeleteFunc(x.Runs, func(r Run) bool {
		listed := best[r.ID]
		if r.Dir == listed.Dir {
			return false
		}
		x.Skipped = append(x.Skipped, Entry{Name: r.Dir, SameAs: listed.Dir, Problem: fmt.Sprintf("the same run as in %s, which is listed: %s", listed.Dir, r.ID)})
		return true
	})
	x.sort()
}

// ranks reports whether a is to be listed rather than its copy b: the one that goes on,
// then the one that came to its end, then the newest, then the one whose directory a run
// names so itself, and then the first by name.
func ranks(a, b Run) bool {
	standing := func(r Run) int {
		switch {
		case r.Outcome == GoingOn:
			return 2
		case r.Outcome != Died:
			return 1
		}
		return 0
	}
	own := func(r Run) int {
		if r.Dir == r.ID {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(standing(b), standing(a)), b.Started.Compare(a.Started), cmp.Compare(own(b), own(a)), cmp.Compare(a.Dir, b.Dir)) < 0
}

// sort puts the newest run first, and skipped directories in the order of their names.
func (x *Index) sort() {
	slices.SortFunc(x.Skipped, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(x.Runs, func(a, b Run) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.ID, a.ID))
	})
}

// gatherTrends makes the trend of each experiment of each system, from the oldest run
// to the newest.
func (x *Index) gatherTrends() {
	type key struct{ system, experiment string }
	index := map[key]int{}
	for _, r := range slices.Backward(x.Runs) {
		if r.Outcome == Died || r.Outcome == GoingOn {
			continue
		}
		for _, e := range r.Experiments {
			k := key{r.systemName(), e.ID}
			i, ok := index[k]
			if !ok {
				i = len(x.Trends)
				index[k] = i
				x.Trends = append(x.Trends, Trend{System: k.system, Experiment: k.experiment})
			}
			x.Trends[i].add(r, e)
		}
	}
	for i := range x.Trends {
		x.Trends[i].findGone(x.Runs)
	}
	slices.SortFunc(x.Trends, func(a, b Trend) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Experiment, b.Experiment))
	})
}

// whole reports whether a run would have had an experiment that was there: it is no scan,
// came to its end, and nobody chose its experiments.
func (r Run) whole() bool { return r.Outcome == result.Completed && !r.Selected && r.Scan == nil }

// findGone finds out since when the experiment is gone, from all runs, newest first.
func (t *Trend) findGone(runs []Run) {
	last := t.Latest()
	for _, r := range runs {
		if r.ID == last.Run || !r.Started.After(last.Started) {
			return
		}
		if r.whole() && r.systemName() == t.System {
			t.Gone = &Absence{r.ID, r.Started}
		}
	}
}

// systemName is "checkout on staging".
func (r Run) systemName() string {
	if r.Environment == "" {
		return r.System
	}
	return r.System + " on " + r.Environment
}

// add appends what an experiment found in the next run.
func (t *Trend) add(r Run, e Experiment) {
	t.Title = e.Title
	p := Point{
		Run: r.ID, Started: r.Started, Commit: r.Commit, Verdict: e.Verdict, Limit: e.Limit,
		Radius: e.Radius, Recovery: e.Recovery, Broken: e.Broken, Undetected: e.Undetected, digests: e.Digests,
	}
	if n := len(t.Points); n > 0 {
		p.Changed = changedParts(t.Points[n-1], p)
		p.Changed = append(p.Changed, changedMeasure(t.Points, p.Radius)...)
	}
	t.Points = append(t.Points, p)
}

// changedParts lists the parts in which two points are not the same experiment. A new
// limit does not make it another one.
func changedParts(was, is Point) []string {
	var list []string
	for _, part := range []struct {
		name    string
		was, is string
	}{
		{"faults", was.digests.Faults, is.digests.Faults},
		{"journeys", was.digests.Journeys, is.digests.Journeys},
		{"load", was.digests.Load, is.digests.Load},
	} {
		if part.was != part.is {
			list = append(list, part.name)
		}
	}
	return list
}

// changedMeasure lists what a blast radius is measured against or of that differs from the
// newest one before it. Runs without one in between do not make the two comparable.
func changedMeasure(before []Point, is *Radius) []string {
	var list []string
	for _, p := range slices.Backward(before) {
		was := p.Radius
		if was == nil || is == nil {
			continue
		}
		if was.Control != is.Control {
			list = append(list, "control")
		}
		if was.Journey != is.Journey {
			list = append(list, "journey")
		}
		break
	}
	return list
}

// Latest is the newest point.
func (t *Trend) Latest() Point { return t.Points[len(t.Points)-1] }

// Tested are the points in which the hypothesis was tested, oldest first: a run that
// ended before its turn says nothing of it. Where it never was tested they are all points.
func (t *Trend) Tested() []Point {
	list := slices.DeleteFunc(slices.Clone(t.Points), func(p Point) bool { return p.Verdict == result.NotRun })
	if len(list) == 0 {
		return t.Points
	}
	return list
}
