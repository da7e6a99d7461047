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

// A Leftovers is what a run left behind, as far as its journal tells.
type Leftovers struct {
	Plan      *plan.Plan
	Toxiproxy Toxiproxy
	Faults    []Leftover // in the order of the plan
	Ended     bool       // the run came to its end
	Undone    int        // faults that others took back after it
	// Damage is what is wrong with the journal. What a damaged one does not tell
	// has to be taken for done: every fault of the plan is left then.
	Damage error
}

// A Leftover was intended and is not proven gone.
type Leftover struct {
	plan.Fault
	Experiment string // its id
	// Settled tells that its injection was over when the run died. One that was not
	// may still be on its way to the server.
	Settled bool
}

// ReadLeftovers reads the journal in dir, and what others did about its run. The
// error is [ErrNoPlan] for a run that died before it had written its plan: such
// a run injected nothing.
func ReadLeftovers(dir *os.Root) (*Leftovers, error) {
	events, err := dir.Open(EventsFile)
	if err != nil {
		return nil, fmt.Errorf("not a run directory: %w", err)
	}
	defer events.Close()
	undone := func(func(Event, error) bool) {}
	switch undo, err := dir.Open(UndoFile); {
	case err == nil:
		defer undo.Close()
		undone = ReadEvents(undo)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return leftBehind(ReadEvents(events), undone)
}

// leftBehind reads a journal and the record of those who undid it.
func leftBehind(events, undone iter.Seq2[Event, error]) (*Leftovers, error) {
	l, states := &Leftovers{}, map[string]faultState{}
	for i, seq := range []iter.Seq2[Event, error]{events, undone} {
		for e, err := range seq {
			if err != nil {
				l.Damage = errors.Join(l.Damage, err)
				break
			}
			l.take(e, states)
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

func (l *Leftovers) take(e Event, states map[string]faultState) {
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
