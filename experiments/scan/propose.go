package scan

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// What may take longer than the budget has left is not begun: a cell takes [plan.UsualCell],
// with the healthy time before it.
const (
	levelTime = 10 * time.Second // a level of a search takes less
	// usualWait is the time that journeys may take of which these go out.
	usualWait = 3 * time.Second
)

// cost is how long a cell of a stage takes.
func (s *Scan) cost(stage journal.Stage) time.Duration {
	wait := usualWait
	for _, j := range s.experiment().Journeys {
		wait = max(wait, j.HarmedAfter())
	}
	if stage == journal.Threshold {
		return levelTime + wait - usualWait
	}
	return plan.UsualCell + wait - usualWait
}

// propose returns what is owed first, if it fits into the rest of the budget. It is not ok where nothing
// does, or is owed; left says which. The order is: pools, singles that tell most, breaking
// points of what harms, pairs, the other singles, and the other breaking points.
func (s *Scan) propose(rest time.Duration) (next journal.Cell, ok, left bool) {
	for _, stage := range []struct {
		propose func() (journal.Cell, bool)
		yields  bool // to what comes later and fits
	}{
		{s.proposePool, false},
		{s.proposeSingle, false},
		{s.proposeLevel, true},
		{s.proposePair, false},
		{s.proposeOtherSingle, false},
		{s.proposeOtherLevel, true},
	} {
		next, owed := stage.propose()
		if !owed {
			continue
		}
		left = true
		needed := s.cost(next.Stage)
		if stage.yields {
			needed += s.reserve()
		}
		if needed <= rest {
			return next, true, true
		}
		if !stage.yields {
			break
		}
	}
	return journal.Cell{}, false, left
}

// reserve is the time that the search for breaking points leaves to pairs. A search takes
// as long as several pairs, and these find what nothing else does.
func (s *Scan) reserve() time.Duration {
	pairs := 0
	if s.doubtful() != nil {
		pairs++ // it costs as much
	}
	for _, d := range s.dependencies() {
		pairs += len(s.owedPairs(d))
	}
	return time.Duration(pairs) * s.cost(journal.PairStage)
}

// pooled reports whether faults of a mode may be tried all at once: only those who meet
// them are counted, so that it is known whom a pool clears.
func pooled(mode plan.FailureMode) bool {
	return mode == plan.Hang || mode == plan.Slow || mode == plan.Error || mode == plan.ErrorAfter
}

// proposePool proposes pools. Where all hang and journeys are harmed, that all are slow
// would most likely harm them as well, and clear nobody.
func (s *Scan) proposePool() (journal.Cell, bool) {
	for _, mode := range s.modes() {
		if !pooled(mode) || s.pool(mode) != nil || mode == plan.Slow && s.poolHarms(plan.Hang) {
			continue
		}
		var members []plan.Fault
		for _, d := range s.dependencies() {
			at := place{d.Name, mode}
			if d.Criticality == experiments.Soft && s.owed(at) && s.countable(at) {
				members = append(members, s.faults[at])
			}
		}
		if len(members) > 1 {
			return journal.Cell{Stage: journal.Pool, Faults: members}, true
		}
	}
	return journal.Cell{}, false
}

func (s *Scan) poolHarms(mode plan.FailureMode) bool {
	r := s.pool(mode)
	if r == nil {
		return false
	}
	verdict, _ := s.verdict(r)
	return verdict == Harmful
}

// proposeSingle proposes what tells most: whether a dependency is needed at all, then where
// the answer may not be what was declared, then whether an error after the work breaks an
// invariant. A single that this machine was too busy for comes once more behind them.
func (s *Scan) proposeSingle() (journal.Cell, bool) {
	needed := func(_ experiments.Dependency, m plan.FailureMode) bool { return m == plan.Hang || m == plan.Refuse }
	open := func(d experiments.Dependency, _ plan.FailureMode) bool { return d.Criticality != experiments.Hard }
	done := func(_ experiments.Dependency, m plan.FailureMode) bool { return m == plan.ErrorAfter }
	for _, group := range []func(experiments.Dependency, plan.FailureMode) bool{needed, open, done} {
		if next, owed := s.firstSingle(group); owed {
			return next, true
		}
	}
	return s.proposeAgain()
}

// proposeOtherSingle proposes the rest. That a dependency which is declared hard is hard in
// its other modes as well hardly needs to be told.
func (s *Scan) proposeOtherSingle() (journal.Cell, bool) {
	next, owed := s.firstSingle(func(experiments.Dependency, plan.FailureMode) bool { return true })
	if !owed {
		return s.proposeAgain()
	}
	return next, owed
}

// firstSingle is the first that is owed of some, mode by mode.
func (s *Scan) firstSingle(are func(experiments.Dependency, plan.FailureMode) bool) (journal.Cell, bool) {
	for _, mode := range s.modes() {
		for _, d := range s.shuffled(string(mode)) {
			if at := (place{d.Name, mode}); are(d, mode) && s.owed(at) {
				return journal.Cell{Stage: journal.Single, Faults: []plan.Fault{s.faults[at]}}, true
			}
		}
	}
	return journal.Cell{}, false
}

// proposeAgain proposes a single that is to be tried once more. One that this machine was too
// busy for comes last, when the machine may have recovered: before one that may have broken an
// invariant it could be what came before that the first time.
func (s *Scan) proposeAgain() (journal.Cell, bool) {
	var last *record
	for _, r := range s.cells {
		switch {
		case !r.isSingle() || !s.takesAnother(r):
		case s.unblamed(r):
			return journal.Cell{Stage: journal.Single, Faults: r.Faults}, true
		case last == nil:
			last = r
		}
	}
	if last == nil {
		return journal.Cell{}, false
	}
	return journal.Cell{Stage: journal.Single, Faults: last.Faults}, true
}

// owed reports whether a failure mode of a dependency has to be tried by itself: it can be
// caused, journeys call the dependency, and nothing is known of it.
func (s *Scan) owed(at place) bool {
	_, possible := s.faults[at]
	return possible && !s.idle[at.dependency] && s.single(at) == nil && !s.cleared(at) && s.known.cell(at) == nil
}

// cleared reports whether a pool has shown that a failure mode of a dependency is harmless.
func (s *Scan) cleared(at place) bool {
	r := s.pool(at.mode)
	if r == nil {
		return false
	}
	i := slices.IndexFunc(r.Faults, func(f plan.Fault) bool { return placeOf(f) == at })
	return i >= 0 && s.harmlessToJourneys(r) && s.metAsCalled(r, i)
}

// modes are those that the scan tries, in the order in which it does.
func (s *Scan) modes() []plan.FailureMode {
	return slices.DeleteFunc(plan.FailureModes(), func(m plan.FailureMode) bool { return !slices.Contains(s.rules.Modes, m) })
}

// dependencies are those that the scan tries, in the order of the system's document.
func (s *Scan) dependencies() []experiments.Dependency {
	var list []experiments.Dependency
	for _, d := range s.plan.System.Dependencies {
		if slices.Contains(s.rules.Dependencies, d.Name) {
			list = append(list, d)
		}
	}
	return list
}

// shuffled are the dependencies in an order that the plan's seed and a purpose decide: what
// an earlier cell leaves behind must not always hit the same one.
func (s *Scan) shuffled(purpose string) []experiments.Dependency {
	list, stream := s.dependencies(), fnv.New64a()
	_, _ = stream.Write([]byte(purpose)) // a hash takes everything
	rand.New(rand.NewPCG(s.plan.Seed, stream.Sum64())).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}
