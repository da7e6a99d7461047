package progress

import (
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// Trials are what is known of those of a scan: of cells, of pools and pairs, and of the
// levels that are tried in search of a breaking point.
type Trials struct {
	Now   *journal.Cell // nil: none is under way
	Ended []*Trial

	scan *scan.Scan // what the map knows so far; nil: no event came
}

// A Trial is one that has ended.
type Trial struct {
	Cell    *journal.Cell // nil: the journal does not say what was tried
	End     *journal.CellEnd
	Verdict scan.Verdict // when it had ended
	// Unsettled is that a cell before may have broken what broke.
	Unsettled bool
}

// mostTrials bounds what is kept of a long scan.
const mostTrials = 2000

// record takes an event. It returns the trial that has ended with it; nil: none has.
func (s *Trials) record(p *plan.Plan, e journal.Event) *Trial {
	if s.scan == nil {
		s.scan = scan.New(p)
	}
	s.scan.Event(e)
	switch {
	case e.Kind == journal.CellStarted:
		s.Now = e.Cell
	case e.Kind == journal.CellEnded && e.CellEnd != nil:
		t := &Trial{Cell: s.Now, End: e.CellEnd, Verdict: scan.Undecided}
		if t.Cell != nil {
			t.Verdict, t.Unsettled = s.scan.Verdict(t.End.Number), s.scan.Unsettled(t.End.Number)
		}
		s.Now = nil
		if len(s.Ended) < mostTrials {
			s.Ended = append(s.Ended, t)
		}
		return t
	}
	return nil
}

// Verdict is that of a trial as the map has it now: a later one may settle what broke.
func (s *Trials) Verdict(t *Trial) scan.Verdict {
	if s.scan == nil {
		return t.Verdict
	}
	return s.scan.Verdict(t.End.Number)
}

// Count says how the trials ended, as the map has it now. They are more than the cells of
// the map.
func (s *Trials) Count() (harmful, harmless, undecided int) {
	for _, t := range s.Ended {
		switch s.Verdict(t) {
		case scan.Harmful:
			harmful++
		case scan.Harmless:
			harmless++
		default:
			undecided++
		}
	}
	return harmful, harmless, undecided
}
