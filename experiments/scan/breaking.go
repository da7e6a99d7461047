package scan

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// grid are the latencies that the search for a breaking point begins with. Beyond mode
// slow every journey is over its budget.
func (s *Scan) grid() []time.Duration {
	coarse := []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second}
	return append(slices.DeleteFunc(coarse, func(l time.Duration) bool { return l > s.rules.Slow }), s.rules.Slow)
}

// proposeLevel proposes a level for a dependency whose hanging or slowness harms.
func (s *Scan) proposeLevel() (journal.Cell, bool) {
	return s.firstLevel(s.breaks)
}

// proposeOtherLevel proposes one for the others: a dependency that harms nobody when it hangs
// may do so when it is slow, because harm need not grow with latency.
func (s *Scan) proposeOtherLevel() (journal.Cell, bool) {
	return s.firstLevel(func(dependency string) bool { return !s.breaks(dependency) })
}

// firstLevel proposes the grid for every dependency before it narrows any edge: that some
// latency between 0.3 s and 1 s harms is known of all of them before it is known of one
// which it is. Those that are declared hard come last.
func (s *Scan) firstLevel(of func(dependency string) bool) (journal.Cell, bool) {
	list, grid := s.shuffled(string(journal.Threshold)), s.grid()
	slices.SortStableFunc(list, func(a, b experiments.Dependency) int {
		return cmp.Compare(rank(a), rank(b))
	})
	list = slices.DeleteFunc(list, func(d experiments.Dependency) bool { return !of(d.Name) || !s.searchable(d.Name) })
	for _, coarse := range []bool{true, false} {
		for _, d := range list {
			latency, ok := s.search(d.Name).Next()
			switch at := (place{d.Name, plan.Slow}); {
			case !ok || slices.Contains(grid, latency) != coarse:
			case s.owed(at): // the single is one of the levels
				return journal.Cell{Stage: journal.Single, Faults: []plan.Fault{s.faults[at]}}, true
			default:
				return journal.Cell{Stage: journal.Threshold, Faults: []plan.Fault{s.slowBy(d.Name, latency)}}, true
			}
		}
	}
	return journal.Cell{}, false
}

// rank is 1 of what is declared hard.
func rank(d experiments.Dependency) int {
	if d.Criticality == experiments.Hard {
		return 1
	}
	return 0
}

// breaks reports whether journeys are harmed where a dependency hangs or is slow.
func (s *Scan) breaks(dependency string) bool {
	return s.is(Harmful, place{dependency, plan.Hang}) || s.is(Harmful, place{dependency, plan.Slow})
}

// is reports whether something is known of a failure mode of a dependency.
func (s *Scan) is(known Verdict, at place) bool {
	verdict, _, _ := s.found(at)
	return verdict == known
}

// searchable reports whether a breaking point of a dependency can be searched: it can be
// slow, journeys call it, and nothing is known of it. Whoever does not meet slowness once
// does not meet it at other levels.
func (s *Scan) searchable(dependency string) bool {
	at := place{dependency, plan.Slow}
	_, possible := s.faults[at]
	return s.rules.Thresholds && possible && !s.idle[dependency] && !s.is(NotMet, at) && s.known.breakingPoint(dependency) == nil
}

// slowBy is the fault by which a dependency is slow, with another latency.
func (s *Scan) slowBy(dependency string, latency time.Duration) plan.Fault {
	f := s.faults[place{dependency, plan.Slow}]
	f.Attributes = maps.Clone(f.Attributes)
	f.Attributes["latency"] = latency.Seconds()
	return f
}

// levels are the records of the search for a breaking point, in the order of time. Of a
// level that was tried twice it is the second.
func (s *Scan) levels(dependency string) []*record {
	var list []*record
	for _, r := range s.cells {
		if r.Stage == journal.Threshold && len(r.Faults) == 1 && r.Faults[0].Into == dependency && latencyOf(r) > 0 && s.lastLike(r) == r {
			list = append(list, r)
		}
	}
	return list
}

func latencyOf(r *record) time.Duration { return r.Faults[0].Attributes.Duration("latency") }

// search is the search for a breaking point as far as it has come. What is known of the
// dependency's slowness is one of its levels.
func (s *Scan) search(dependency string) *stats.ThresholdSearch {
	search := stats.NewThresholdSearch(s.grid())
	if verdict, ok := s.slowest(dependency); ok {
		search.Decided(s.rules.Slow, decision(verdict))
	}
	for _, r := range s.levels(dependency) {
		if r.end != nil && r.end.Why != journal.CellCut && !s.takesAnother(r) {
			verdict, _ := s.verdict(r)
			search.Decided(latencyOf(r), decision(verdict))
		}
	}
	return search
}

func decision(v Verdict) stats.Decision {
	switch v {
	case Harmful:
		return stats.Harmful
	case Harmless:
		return stats.Harmless
	}
	return stats.Undecided
}

// slowest is the verdict on the level that the cell of mode slow is; false where it is none.
func (s *Scan) slowest(dependency string) (Verdict, bool) {
	verdict, r, _ := s.found(place{dependency, plan.Slow})
	if r != nil && s.harmlessToJourneys(r) {
		verdict = Harmless
	}
	cut := r == nil || r.end == nil || r.end.Why == journal.CellCut
	return verdict, s.rules.Slow > 0 && (verdict == Harmful || verdict == Harmless || verdict == Undecided && !cut)
}

func levelOf(c Cell, latency time.Duration) Level {
	return Level{Latency: latency.Seconds(), Number: c.Number, Verdict: c.Verdict, Why: c.Why, Seconds: c.Seconds, NotBack: c.NotBack, Journeys: c.Journeys, Broken: c.Broken, Unsettled: c.Unsettled}
}

// breakingPoint draws what is known of a dependency's breaking point; nil where it was not
// searched and need not have been.
func (s *Scan) breakingPoint(dependency string) *BreakingPoint {
	if b := s.known.breakingPoint(dependency); b != nil {
		return b
	}
	records := s.levels(dependency)
	owed := s.searchable(dependency) && s.breaks(dependency)
	if len(records) == 0 && !owed {
		return nil
	}
	b := &BreakingPoint{Levels: []Level{}}
	b.P99, b.P99AtLeast = s.p99(dependency)
	if _, ok := s.slowest(dependency); ok {
		b.Levels = append(b.Levels, levelOf(s.drawPlace(place{dependency, plan.Slow}), s.rules.Slow))
	}
	for _, r := range records {
		b.Levels = append(b.Levels, levelOf(s.draw(r), latencyOf(r)))
	}
	slices.SortStableFunc(b.Levels, func(x, y Level) int { return cmp.Compare(x.Latency, y.Latency) })
	edges, kind := s.search(dependency).Edges()
	for _, e := range edges {
		b.Edges = append(b.Edges, Edge{e.Low.Seconds(), e.High.Seconds(), e.Rises})
	}
	b.Kind = string(kind)
	return b
}

// p99 is the 99th percentile of a dependency's own answers, or a wait that it is longer than;
// nil where nobody measured it.
func (s *Scan) p99(dependency string) (seconds *float64, atLeast bool) {
	if s.exercise == nil {
		return nil, false
	}
	for _, a := range s.exercise.Answers {
		if a.Proxy == s.proxyOf(dependency) {
			return new(a.P99.Seconds()), a.AtLeast
		}
	}
	return nil, false
}
