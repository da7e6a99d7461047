package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// ErrNoPlan means that a journal does not say what its run was going to do.
var ErrNoPlan = errors.New("the journal holds no plan")

// Leftovers are what a run left behind, according to its journal.
type Leftovers struct {
	Plan      *plan.Plan
	Toxiproxy Toxiproxy
	Faults    []Leftover // in the order of the plan
	Ended     bool       // the run came to its end
	Undone    int        // faults that other processes removed after it
	// Damage is what is wrong with the journal; nil if nothing is. A damaged journal
	// may have lost the intent of any fault, so every fault of the plan is left unless
	// its removal is proven.
	Damage error
}

// A Leftover is a fault that was intended and is not proven gone.
type Leftover struct {
	plan.Fault
	Experiment string // its id
	// Settled reports whether its injection was over when the run died. If not, it may
	// still be on its way to the server.
	Settled bool
}

// ReadLeftovers reads the journal in dir, and what other processes did to clean up
// after its run. The error is [ErrNoPlan] for a run that died before it had written
// its plan; such a run injected nothing.
func ReadLeftovers(dir *os.Root) (*Leftovers, error) {
	events, err := dir.Open(EventsFile)
	if err != nil {
		return nil, fmt.Errorf("not a run directory: %w", err)
	}
	defer func() { _ = events.Close() }() // it was only read
	undone := func(func(Event, error) bool) {}
	switch undo, err := dir.Open(UndoFile); {
	case err == nil:
		defer func() { _ = undo.Close() }() // it was only read
		undone = ReadEvents(undo)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return findLeftovers(ReadEvents(events), undone)
}

// findLeftovers reads a journal, and the record of the processes that cleaned up.
func findLeftovers(events, undone iter.Seq2[Event, error]) (*Leftovers, error) {
	l, states := &Leftovers{}, map[string]faultState{}
	for i, seq := range []iter.Seq2[Event, error]{events, undone} {
		for e, err := range seq {
			if err != nil {
				l.Damage = errors.Join(l.Damage, err)
				break
			}
			l.add(e, states)
			if i > 0 && e.Kind == FaultRemoved && e.Verified {
				l.Undone++
			}
		}
	}
	if l.Plan == nil {
		return nil, errors.Join(ErrNoPlan, l.Damage)
	}
	for _, e := range l.Plan.Experiments {
		for _, f := range e.Faults {
			if s := states[f.Name]; !s.gone && (s.intended || l.Damage != nil) {
				l.Faults = append(l.Faults, Leftover{Fault: f, Experiment: e.ID, Settled: s.settled})
			}
		}
	}
	return l, nil
}

// A faultState is what is known of one fault.
type faultState struct{ intended, settled, gone bool }

func (l *Leftovers) add(e Event, states map[string]faultState) {
	s := states[e.Fault]
	switch e.Kind {
	case RunStarted:
		if l.Plan == nil {
			l.Plan = e.Plan
			if e.Toxiproxy != nil {
				l.Toxiproxy = *e.Toxiproxy
			}
		}
	case FaultIntended:
		s.intended = true
	case FaultInjected:
		s.settled = true
	case FaultRemoved:
		s.gone = e.Verified
	case RunEnded:
		l.Ended = true
	}
	states[e.Fault] = s
}
