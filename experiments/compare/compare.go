package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// DefaultMargin is the change that does not matter where nobody says: two points.
const DefaultMargin = 0.02

// Runs compares head with base. Each side is one run or several of the same; what
// varies from run to run enters the intervals where there are several. margin is
// the change of a blast radius that does not matter, as a fraction.
func Runs(base, head []Input, margin float64) *Comparison {
	c := &Comparison{
		Schema: Schema, Margin: margin, Confidence: stats.Confidence, Counts: map[Status]int{},
		Base: headers(base), Head: headers(head), Experiments: []Experiment{},
		Differences: differences(base, head),
	}
	for _, id := range ids(base, head) {
		e := pair(id, base, head, margin)
		c.Experiments = append(c.Experiments, e)
	}
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
	c.Drift = len(base) > 1 || len(head) > 1
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

// size is the change of the leading journey without its sign.
func (e *Experiment) size() float64 {
	if j := e.Lead(); j != nil && j.Change != nil {
		return math.Abs(j.Change.Estimate)
	}
	return -1
}

// ids are those of all experiments, in the order of head; those that only base
// has come last.
func ids(base, head []Input) []string {
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

func headers(side []Input) []Run {
	list := make([]Run, len(side))
	for i, in := range side {
		r := in.Result
		list[i] = Run{
			Source: in.Source, ID: r.Run.ID, Commit: r.Run.Commit, Seed: r.Run.Seed, Started: r.Run.Started, Ended: r.Run.Ended,
			Outcome: r.Run.Outcome, ExitCode: r.Run.ExitCode, System: r.System.Name, Environment: r.System.Environment,
			Version: r.Tool.Version, Toxiproxy: server(r.Toxiproxy),
		}
	}
	return list
}

func server(t result.Toxiproxy) string {
	if t.Version == "" {
		return t.Kind
	}
	return t.Kind + " " + t.Version
}

// differences are those of the surroundings, over all runs.
func differences(base, head []Input) []Difference {
	entries := []struct {
		name string
		of   func(*result.Result) string
	}{
		{"system", func(r *result.Result) string { return r.System.Name }},
		{"environment", func(r *result.Result) string { return r.System.Environment }},
		{"commit", func(r *result.Result) string { return r.Run.Commit }},
		{"blastgauge", func(r *result.Result) string { return r.Tool.Version }},
		{"toxiproxy", func(r *result.Result) string { return server(r.Toxiproxy) }},
	}
	var list []Difference
	for _, e := range entries {
		b, h := distinct(base, e.of), distinct(head, e.of)
		if b != h {
			list = append(list, Difference{e.name, b, h})
		}
	}
	return list
}

// distinct lists the different values of one side.
func distinct(side []Input, of func(*result.Result) string) string {
	text, seen := "", []string{}
	for _, in := range side {
		v := of(in.Result)
		if v == "" || slices.Contains(seen, v) {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += v
		seen = append(seen, v)
	}
	return text
}

func notes(c *Comparison, base, head []Input) []string {
	var list []string
	if !c.Drift {
		list = append(list, "one run on each side: what varies from run to run is not in the intervals; several runs per side would show it")
	}
	if n := c.intervals(); n > 1 {
		list = append(list, fmt.Sprintf("%d intervals, none adjusted for the others: where nothing changed, one in forty is above zero by chance", n))
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

// intervals is how many changes were looked at.
func (c *Comparison) intervals() int {
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
