package engine

import (
	"context"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// watchedInvariants are the last answers about the invariants of a scan. What was wrong
// before a cell is not its doing.
type watchedInvariants struct {
	last  map[string]lastAnswer // by name
	later bool                  // the baseline is over
	asked time.Duration         // when all were asked last, since the run started
}

// A lastAnswer is what an invariant said when it was asked last.
type lastAnswer struct {
	holds   bool
	keys    []string // of what is in violation; nil where not all are known
	unknown bool     // it was asked again since, and gave no answer: what is new may be older than the last cell
}

func newWatchedInvariants() *watchedInvariants {
	return &watchedInvariants{last: map[string]lastAnswer{}}
}

// answers are those of all invariants after a cell.
type answers struct {
	broken   []journal.CheckResult // that held before, or have new violations
	unjudged []journal.CheckResult // that could not be asked, or were broken before
}

// askInvariants asks every invariant once and records what it says.
func (s *scanRun) askInvariants(ctx context.Context, when journal.Phase) (all answers, err error) {
	if s.options.CheckInvariant == nil {
		return answers{}, nil
	}
	s.watched.later = when != journal.Baseline
	defer func() { s.watched.asked = s.log.since() }()
	for _, inv := range s.e.Invariants {
		if ctx.Err() != nil {
			return all, nil //nolint:nilerr // the caller reports why ctx ended
		}
		result := s.options.CheckInvariant(ctx, inv, s.started)
		if ctx.Err() != nil {
			return all, nil //nolint:nilerr // cut short: the invariant had no time to settle
		}
		result, isNew := s.watched.judge(inv, result)
		if err := s.log.event(journal.InvariantChecked, journal.Event{Phase: when, Check: &result}); err != nil {
			return all, err
		}
		switch {
		case result.Error != "":
			all.unjudged = append(all.unjudged, result)
		case isNew:
			all.broken = append(all.broken, result)
		}
	}
	return all, nil
}

// judge compares an answer with the one before, and reports whether something broke since.
// Where it cannot tell, because all was not well before either and keys do not tell the old
// from the new, the answer says so as an error.
func (w *watchedInvariants) judge(inv experiments.Invariant, r journal.CheckResult) (journal.CheckResult, bool) {
	keys := r.All
	r.All = nil // the memory of a scan is bounded, and its journal as well
	before, asked := w.last[inv.Name]
	if r.Error != "" {
		if asked {
			before.unknown = true
			w.last[inv.Name] = before
		}
		return r, false
	}
	w.last[inv.Name] = lastAnswer{holds: r.Holds, keys: keys}
	why := ""
	switch {
	case !asked:
		if !r.Holds && w.later {
			why = "it was not known whether it held before"
		}
	case len(before.keys) > 0 && (r.Holds || keys != nil):
		if tellNew(&r, keys, before.keys); !r.Holds && *r.New > 0 {
			return before.blame(r)
		}
	case before.holds && !r.Holds:
		return before.blame(r)
	case !r.Holds:
		why = "it did not hold before either, and its violations have no keys that tell new ones"
	}
	r.Error = why
	return r, false
}

// blame says that the last cell broke an invariant, unless the cell before may have.
func (a lastAnswer) blame(r journal.CheckResult) (journal.CheckResult, bool) {
	if a.unknown {
		r.Error = "it broke, and it gave no answer after the cell before, which may have broken it"
		return r, false
	}
	return r, true
}
