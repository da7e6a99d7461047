package engine

import (
	"context"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// watchedInvariants are the last answers about the invariants of a scan. What was wrong
// before a cell is not its doing.
type watchedInvariants struct {
	last  map[string]lastAnswer // by name
	later bool                  // the baseline is over
}

// A lastAnswer is what an invariant said when it was asked last.
type lastAnswer struct {
	holds bool
	keys  []string // of what is in violation; nil where not all are known
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
	if r.Error != "" {
		return r, false
	}
	before, asked := w.last[inv.Name]
	w.last[inv.Name] = lastAnswer{r.Holds, keys}
	switch {
	case !asked && (r.Holds || !w.later):
		return r, false
	case !asked:
		r.Error = "it was not known whether it held before"
		return r, false
	case len(before.keys) > 0 && (r.Holds || keys != nil):
		tellNew(&r, keys, before.keys)
		return r, !r.Holds && *r.New > 0
	case r.Holds || before.holds:
		return r, !r.Holds
	}
	r.Error = "it did not hold before either, and its violations have no keys that tell new ones"
	return r, false
}
