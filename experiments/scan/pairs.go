package scan

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// proposePair proposes a pair. What may be a fallback is looked at once more before.
func (s *Scan) proposePair() (journal.Cell, bool) {
	if r := s.doubtful(); r != nil {
		return journal.Cell{Stage: journal.Single, Faults: r.Faults}, true
	}
	for _, d := range s.shuffled(string(journal.PairStage)) {
		if owed := s.owedPairs(d); len(owed) > 0 {
			return journal.Cell{Stage: journal.PairStage, Faults: owed[0]}, true
		}
	}
	return journal.Cell{}, false
}

// owedPairs are the pairs of a dependency of which nothing is known, and no second try was
// made where it takes one.
func (s *Scan) owedPairs(d experiments.Dependency) [][]plan.Fault {
	return slices.DeleteFunc(s.pairs(d), func(pair []plan.Fault) bool {
		r := s.pairRecord(pair)
		return r != nil && !s.takesAnother(r) || s.known.pair(pair) != nil
	})
}

// pairs are a dependency and each of its fallbacks. Neither is harmful alone: a pair that
// holds a harmful fault is harmful, and says nothing more.
func (s *Scan) pairs(d experiments.Dependency) [][]plan.Fault {
	if !s.rules.Pairs {
		return nil
	}
	var list [][]plan.Fault
	for _, f := range s.fallbacks(d.Name) {
		first, possible := s.faults[place{d.Name, f.Mode}]
		second, harmless := s.harmlessAlone(f)
		if possible && harmless {
			list = append(list, []plan.Fault{first, second})
		}
	}
	return list
}

// harmlessAlone is the fault of a fallback that harms nobody alone: in the mode of what it
// stands in for if it can be.
func (s *Scan) harmlessAlone(f Fallback) (plan.Fault, bool) {
	for _, mode := range append([]plan.FailureMode{f.Mode}, s.modes()...) {
		at := place{f.To, mode}
		fault, possible := s.faults[at]
		if !possible {
			continue
		}
		verdict, r, _ := s.found(at)
		if verdict == Harmless || verdict == NotExercised || verdict == NotMet || r != nil && s.harmlessToJourneys(r) {
			return fault, true
		}
	}
	return plan.Fault{}, false
}

// pairRecord is the last record of a pair of dependencies, in whatever modes and order they
// failed; nil: it was not tried.
func (s *Scan) pairRecord(pair []plan.Fault) *record {
	for _, r := range slices.Backward(s.cells) {
		if r.Stage == journal.PairStage && len(r.Faults) == 2 && samePair(pair[0].Into, pair[1].Into, r.Faults[0].Into, r.Faults[1].Into) {
			return r
		}
	}
	return nil
}

func samePair(a, b, x, y string) bool { return a == x && b == y || a == y && b == x }

// drawPairs are the pairs that were tried, and those that are owed.
func (s *Scan) drawPairs() []Cell {
	var list []Cell
	for _, r := range s.cells {
		if r.Stage == journal.PairStage && len(r.Faults) == 2 && s.pairRecord(r.Faults) == r {
			list = append(list, s.draw(r))
		}
	}
	for _, d := range s.dependencies() {
		for _, pair := range s.pairs(d) {
			if s.pairRecord(pair) != nil {
				continue
			}
			c := Cell{Faults: []Fault{drawFault(pair[0]), drawFault(pair[1])}, Verdict: NotReached}
			if known := s.known.pair(pair); known != nil {
				c = *known
			}
			if !slices.ContainsFunc(list, func(o Cell) bool {
				return samePair(pair[0].Into, pair[1].Into, o.Faults[0].Dependency, o.Faults[1].Dependency)
			}) {
				list = append(list, c)
			}
		}
	}
	return list
}
