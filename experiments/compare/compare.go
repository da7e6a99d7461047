package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// DefaultMargin is the change of a blast radius that does not matter, unless another
// one is given: two points.
const DefaultMargin = 0.02

// Runs compares head with base. Each side is one run or several of the same. With
// several, what varies from run to run enters the intervals. margin is the change of a
// blast radius that does not matter, as a fraction.
func Runs(base, head []Input, margin float64) *Comparison {
	names := namesOf(base, head)
	c := &Comparison{
		Schema: Schema, Names: names.given(), Margin: margin, Confidence: stats.Confidence, FalseDiscoveries: stats.FalseDiscoveries, Counts: map[Status]int{},
		Base: newRuns(base), Head: newRuns(head), Experiments: []Experiment{},
		Differences: differences(base, head),
	}
	var all suite
	for _, id := range experimentIDs(base, head) {
		all = append(all, compareExperiment(id, names, base, head))
	}
	c.Spread = all.learnSpread()
	all.judge(margin, c.Spread != nil)
	for _, p := range all {
		c.Experiments = append(c.Experiments, p.Experiment)
	}
	c.Unseen = unseen(c.Experiments)
	slices.SortStableFunc(c.Experiments, func(a, b Experiment) int {
		order := Statuses()
		return cmp.Or(cmp.Compare(slices.Index(order, a.Status), slices.Index(order, b.Status)),
			cmp.Compare(b.size(), a.size()))
	})
	for _, s := range Statuses() {
		c.Counts[s] = 0
	}
	for i := range c.Experiments {
		c.Counts[c.Experiments[i].Status]++
	}
	c.Drift = len(base) > 1 || len(head) > 1 || c.Spread != nil
	c.Notes = notes(c, base, head)
	c.ExitCode = c.exit()
	return c
}

// exit is 3 for a regression, 5 where nothing could be compared, else 0: a
// regression weighs more, as it does in a run.
func (c *Comparison) exit() int {
	switch {
	case c.Counts[Regressed] > 0:
		return result.ExitRefuted
	case c.Counts[NotComparable] == len(c.Experiments): // also where there is none
		return result.ExitInvalid
	}
	return result.ExitHeld
}

// size is the change of the leading journey without its sign; -1 if there is none.
func (e *Experiment) size() float64 {
	if j := e.Lead(); j != nil && j.Change != nil {
		return math.Abs(j.Change.Estimate)
	}
	return -1
}

// experimentIDs are the ids of all experiments, in the order of head. Those that only
// base has come last.
func experimentIDs(base, head []Input) []string {
	var list []string
	for _, side := range [][]Input{head, base} {
		for _, in := range side {
			for _, e := range in.Result.Experiments {
				if !slices.Contains(list, e.ID) {
					list = append(list, e.ID)
				}
			}
		}
	}
	return list
}

// newRuns are the headers of the runs of one side.
func newRuns(side []Input) []Run {
	list := make([]Run, len(side))
	for i, in := range side {
		r := in.Result
		list[i] = Run{
			Source: in.Source, Page: in.Page, ID: r.Run.ID, Commit: r.Run.Commit, Seed: r.Run.Seed, Started: r.Run.Started, Ended: r.Run.Ended,
			Outcome: r.Run.Outcome, ExitCode: r.Run.ExitCode, System: r.System.Name, Environment: r.System.Environment,
			Version: r.Tool.Version, Toxiproxy: serverName(r.Toxiproxy),
		}
	}
	return list
}

// serverName is the kind of a server and its version.
func serverName(t result.Toxiproxy) string {
	if t.Version == "" {
		return t.Kind
	}
	return t.Kind + " " + t.Version
}

// differences are the entries of the surroundings whose values differ between the
// sides, over all runs.
func differences(base, head []Input) []Difference {
	entries := []struct {
		name  string
		value func(*result.Result) string
	}{
		{"system", func(r *result.Result) string { return r.System.Name }},
		{"environment", func(r *result.Result) string { return r.System.Environment }},
		{"commit", func(r *result.Result) string { return r.Run.Commit }},
		{"blastgauge", func(r *result.Result) string { return r.Tool.Version }},
		{"toxiproxy", func(r *result.Result) string { return serverName(r.Toxiproxy) }},
	}
	var list []Difference
	for _, e := range entries {
		b, h := distinctValues(base, e.value), distinctValues(head, e.value)
		if b != h {
			list = append(list, Difference{e.name, b, h})
		}
	}
	return list
}

// distinctValues lists the different values of one side, without empty ones.
func distinctValues(side []Input, value func(*result.Result) string) string {
	var list []string
	for _, in := range side {
		if v := value(in.Result); v != "" && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return strings.Join(list, ", ")
}

// notes are what a reader should know about the comparison as a whole.
func notes(c *Comparison, base, head []Input) []string {
	var list []string
	switch single := len(base) == 1 && len(head) == 1; {
	case single && c.Spread != nil:
		list = append(list, fmt.Sprintf("one run on each side: the intervals contain a run-to-run standard deviation of %s points, which the %d changes with harm show together; several runs per side would show that of each experiment", short(c.Spread.SD*100), c.Spread.Changes))
	case !c.Drift:
		list = append(list, "one run on each side: what varies from run to run is not in the intervals, and the suite has too few experiments that harm to show it; several runs per side would")
	}
	if n := c.countIntervals(); n > 1 {
		list = append(list, fmt.Sprintf("%d changes are judged together: where nothing changed, chance shows a regression in at most %s of such comparisons, as far as the intervals tell; these are not adjusted, and one in forty is above zero by chance", n, percent(c.FalseDiscoveries)))
	}
	seen := map[string]bool{}
	for _, in := range slices.Concat(base, head) {
		id := in.Result.Run.ID
		if id != "" && seen[id] {
			list = append(list, fmt.Sprintf("run %s is given more than once: its chance is counted as if it were several runs'", id))
		}
		seen[id] = true
	}
	return slices.Compact(list)
}

// countIntervals counts the changes that have an interval.
func (c *Comparison) countIntervals() int {
	n := 0
	for _, e := range c.Experiments {
		for _, j := range e.Journeys {
			if j.Change != nil {
				n++
			}
		}
	}
	return n
}
