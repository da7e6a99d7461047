// Package scan decides what a scan tries next, given what is known, and draws the map of
// what it found.
//
// It has no clock, no files and no network: it is told what was counted, and answers. The
// same events give the same map, so a journal is enough to draw it again.
package scan

import (
	"cmp"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A Scan is what is known of a scan so far. It is not safe for use by several goroutines.
type Scan struct {
	plan     *plan.Plan
	rules    plan.Scan
	known    *Known
	faults   map[place]plan.Fault
	exercise *journal.Exercise
	idle     map[string]bool // dependencies that no journey calls, as far as that is known
	cells    []*record
	spent    time.Duration
	why      string // what Next said last: a reason for the end of the scan, or nothing
	ended    string // the same as the journal has it
	detail   string // of ended
}

// A place is a failure mode of a dependency: one cell of the map.
type place struct {
	dependency string
	mode       plan.FailureMode
}

// A record is a cell and what became of it; nil: it is under way, or nobody knows.
type record struct {
	journal.Cell
	end   *journal.CellEnd
	named string // what it tries, once somebody asked
	// instead is what insteadIn found, once somebody asked.
	instead  []Fallback
	lookedAt bool
}

// New returns a scan that nothing was tried of. Cells of an earlier scan that the plan holds
// are taken over.
func New(p *plan.Plan) *Scan {
	s := &Scan{plan: p, known: knownOf(p), faults: map[place]plan.Fault{}}
	if p.Scan != nil {
		s.rules = *p.Scan
	}
	for _, f := range s.experiment().Faults {
		s.faults[place{f.Into, f.Mode}] = f
	}
	return s
}

// experiment is the one experiment of the scan.
func (s *Scan) experiment() plan.Experiment {
	if len(s.plan.Experiments) == 0 {
		return plan.Experiment{} // of a journal from elsewhere
	}
	return s.plan.Experiments[0]
}

// Exercised takes what the baseline counted.
func (s *Scan) Exercised(e journal.Exercise) {
	s.exercise, s.idle = &e, map[string]bool{}
	for _, d := range s.plan.System.Dependencies {
		called, known := s.exercised(d.Name)
		s.idle[d.Name] = known && !called
	}
	s.at(e.To)
}

// Next returns what is tried next, and notes that it was. It returns false where nothing is
// left that fits the budget, of which so much was spent since the run started.
func (s *Scan) Next(spent time.Duration) (journal.Cell, bool) {
	s.at(spent)
	next, ok, left := s.propose(s.rules.Budget - s.experiment().Phases.Recovery - spent)
	switch {
	case !ok && left:
		s.why = journal.ScanBudget
		return journal.Cell{}, false
	case !ok:
		s.why = journal.ScanComplete
		return journal.Cell{}, false
	}
	next.Number = s.last() + 1
	s.cells = append(s.cells, &record{Cell: next})
	return next, true
}

// Why is the reason for which Next returned false last, as the journal names it; empty
// before.
func (s *Scan) Why() string { return s.why }

// Ended takes what became of a cell.
func (s *Scan) Ended(e journal.CellEnd) {
	if i, found := s.find(e.Number); found && s.cells[i].end == nil {
		s.cells[i].end = &e
		s.at(e.To)
	}
}

// find is where the cell of a number is among those that were started.
func (s *Scan) find(number int) (int, bool) {
	return slices.BinarySearchFunc(s.cells, number, func(r *record, number int) int { return cmp.Compare(r.Number, number) })
}

// Event takes an event of the scan's journal, in the order of the journal. Events that say
// nothing of a scan change nothing.
func (s *Scan) Event(e journal.Event) {
	s.at(e.Since)
	switch e.Kind {
	case journal.Exercised:
		if e.Exercise != nil {
			s.Exercised(*e.Exercise)
		}
	case journal.CellStarted:
		if e.Cell != nil && e.Cell.Number > s.last() {
			s.cells = append(s.cells, &record{Cell: *e.Cell})
		}
	case journal.CellEnded:
		if e.CellEnd != nil {
			s.Ended(*e.CellEnd)
		}
	case journal.ScanEnded:
		s.end(e.Detail, e.Error)
	case journal.Interrupted:
		s.end(journal.ScanInterrupted, e.Detail)
	case journal.RunEnded:
		s.end(journal.ScanFailed, e.Error)
	}
}

// end notes why the scan ended. What comes first is the reason of the rest.
func (s *Scan) end(why, detail string) {
	if s.ended == "" {
		s.ended, s.detail = why, detail
	}
}

// at notes that the scan went on until then.
func (s *Scan) at(since time.Duration) { s.spent = max(s.spent, since) }

// last is the number of the last cell that was started; 0: none was.
func (s *Scan) last() int {
	if len(s.cells) == 0 {
		return 0
	}
	return s.cells[len(s.cells)-1].Number
}

// single is the record that tells of a failure mode of a dependency alone: one after which an
// invariant was broken, as long as nobody knows by which cell; else the last that was decided, or
// the last. It is nil where none was tried.
func (s *Scan) single(at place) *record {
	tried := s.singles(at)
	if i := slices.IndexFunc(tried, s.unsettled); i >= 0 {
		return tried[i]
	}
	for _, r := range slices.Backward(tried) {
		if verdict, _ := s.verdict(r); verdict == Harmful || verdict == Harmless {
			return r
		}
	}
	if len(tried) == 0 {
		return nil
	}
	return tried[len(tried)-1]
}

// singles are all records of a failure mode of a dependency alone, in the order of time.
func (s *Scan) singles(at place) []*record {
	var list []*record
	for _, r := range s.cells {
		if r.isSingle() && placeOf(r.Faults[0]) == at {
			list = append(list, r)
		}
	}
	return list
}

func (r *record) isSingle() bool { return r.Stage == journal.Single && len(r.Faults) == 1 }

// pool is the record of the pool of a failure mode; nil: none was tried.
func (s *Scan) pool(mode plan.FailureMode) *record {
	for _, r := range s.cells {
		if r.Stage == journal.Pool && len(r.Faults) > 0 && r.Faults[0].Mode == mode {
			return r
		}
	}
	return nil
}

func placeOf(f plan.Fault) place { return place{f.Into, f.Mode} }

// inForce is how long the faults of a cell were; 0 while that is not known.
func (r *record) inForce() time.Duration {
	if r.end == nil {
		return 0
	}
	return max(0, r.end.To-r.end.From)
}
