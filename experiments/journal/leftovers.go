package journal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"syscall"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// ErrNoPlan means that nothing says what a run was going to do. It may have done it all
// the same.
var ErrNoPlan = errors.New("the journal holds no plan")

var (
	errOtherPlan = errors.New("the journal holds another plan than the list of open runs")
	// ErrShared means that somebody else than this user can write the directory of a run.
	ErrShared = errors.New("others than its user can write it, so it proves nothing")
)

// Leftovers are what a run may have left behind.
type Leftovers struct {
	Run       string     // its id; empty: nothing says it
	Plan      *plan.Plan // nil: nothing says it, and Damage is of class [ErrNoPlan]
	Toxiproxy Toxiproxy
	Faults    []Leftover // in the order of the plan
	Ended     bool       // the run came to its end
	CleanedUp bool       // another process has looked at everything after it
	Undone    int        // faults that other processes removed after it
	Empty     bool       // the journal holds no line
	Shared    bool       // somebody else can write the run's directory
	// Damage is why the records of the run cannot be believed; nil if they can. What a
	// good line before the damage proves still counts.
	Damage error

	scanOver bool // the run is a scan that said that it tries nothing more
}

// Certain reports whether the records tell everything that was injected. They do not
// where they are damaged, and where the run died: the tail of a journal can be lost
// without a trace. Then every fault of the plan that is not proven gone is left.
func (l *Leftovers) Certain() bool { return l.CleanedUp || l.Ended && l.Damage == nil }

// A Joined is a Toxiproxy that came while a fault was in force and was to carry it.
type Joined struct {
	Fault    string `json:"fault"` // its name
	Instance string `json:"instance"`
}

// A Leftover is a fault that is not proven gone.
type Leftover struct {
	plan.Fault
	Experiment string // its id
	// Intended reports whether the run is known to have been about to inject it.
	Intended bool
	// Settled reports whether its injection was over when the run died. If not, it may
	// still be on its way to the server.
	Settled bool
}

// ReadLeftovers reads the journal in dir, and what other processes did to clean up
// after its run. Both are what the directory says, whoever wrote it: see
// [OpenRun.ReadLeftovers] for the run of a user. The error means that dir is not the
// directory of a run.
func ReadLeftovers(dir *os.Root) (*Leftovers, error) {
	l := &Leftovers{}
	if err := l.readDir(dir); err != nil {
		return nil, fmt.Errorf("not a run directory: %w", err)
	}
	return l, nil
}

// ReadLeftovers returns what the run may have left. The plan is that of the list; the
// records in the run's directory only prove what is gone. A directory that is missing
// (nil), or that others can write, proves nothing.
func (o OpenRun) ReadLeftovers(dir *os.Root) *Leftovers {
	l := &Leftovers{Run: o.Run, Plan: o.Plan, Toxiproxy: o.Server}
	err := errors.New("the directory of the run is gone")
	if dir != nil {
		err = checkRecords(dir)
	}
	if err == nil {
		err = l.readDir(dir)
	}
	if err != nil {
		l.Damage, l.Shared = err, errors.Is(err, ErrShared)
		l.find(map[string]faultState{})
	}
	return l
}

// Shared reports whether somebody else than this user can write the directory of a run or
// its records: locks and lines there may be theirs, and prove nothing.
func Shared(dir *os.Root) bool { return errors.Is(checkRecords(dir), ErrShared) }

// checkRecords returns an error if somebody else than this user can write the records
// of a run.
func checkRecords(dir *os.Root) error {
	for _, name := range []string{".", EventsFile, UndoFile} {
		err := checkOwner(dir, name)
		if err != nil && (name != UndoFile || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}

// checkOwner returns an error if somebody else than this user can write a file in dir.
func checkOwner(dir *os.Root, name string) error {
	info, err := dir.Stat(name)
	if err != nil {
		return err
	}
	if owner, known := ownerOf(info); known && owner != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%w (%s)", ErrShared, name)
	}
	return nil
}

// ownerOf returns the user id of the owner of a file, where the system says it.
func ownerOf(info fs.FileInfo) (uid int, known bool) {
	stat, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0, false
	}
	return int(stat.Uid), true
}

// readDir reads the records in the directory of a run.
func (l *Leftovers) readDir(dir *os.Root) error {
	events, err := atomicfile.OpenIn(dir, EventsFile)
	if err != nil {
		return err
	}
	defer func() { _ = events.Close() }() // it was only read
	undone := func(func(Event, error) bool) {}
	switch undo, err := atomicfile.OpenIn(dir, UndoFile); {
	case err == nil:
		defer func() { _ = undo.Close() }() // it was only read
		undone = readProven(undo)
	case !errors.Is(err, fs.ErrNotExist):
		undone = func(yield func(Event, error) bool) { yield(Event{}, err) }
	}
	l.read(readProven(events), undone)
	return nil
}

// read reads a journal, and the record of the processes that cleaned up.
func (l *Leftovers) read(events, undone iter.Seq2[Event, error]) {
	states := map[string]faultState{}
	l.Empty = true
	for e, err := range events {
		l.Empty = false
		if err == nil {
			err = l.add(e, states)
		}
		if err != nil {
			l.Damage = err
			break
		}
	}
	if errors.Is(l.Damage, errOtherPlan) { // the other record is not about this run, either
		undone = func(func(Event, error) bool) {}
	}
	for e, err := range undone {
		if err != nil {
			l.Damage = errors.Join(l.Damage, fmt.Errorf("%s: %w", UndoFile, err))
			break
		}
		l.addUndone(e, states)
	}
	l.find(states)
}

// find finds the faults that are left.
func (l *Leftovers) find(states map[string]faultState) {
	if l.Plan == nil {
		l.Damage = errors.Join(ErrNoPlan, l.Damage)
		return
	}
	if l.CleanedUp {
		return
	}
	for _, e := range l.Plan.Experiments {
		for _, f := range e.Faults {
			s := states[f.Name]
			if s.gone && l.mayComeAgain(s) {
				s = faultState{}
			}
			if !s.gone && (s.intended || !l.Certain()) {
				l.Faults = append(l.Faults, Leftover{Fault: f, Experiment: e.ID, Intended: s.intended, Settled: s.settled})
			}
		}
	}
}

// mayComeAgain reports whether a fault that the journal says is gone may be in force all
// the same. A scan injects the same fault again and again, so where the tail of its journal
// may be lost, an earlier removal proves nothing. What another process removed once the
// run was dead is gone, and so is all that was gone when the scan tried nothing more.
func (l *Leftovers) mayComeAgain(s faultState) bool {
	return l.Plan.Scan != nil && !l.Certain() && !l.scanOver && !s.undone
}

// A faultState is what is known of one fault.
type faultState struct {
	intended, settled, gone bool
	undone                  bool // it is gone, and another process than its run removed it
}

// add takes in an event of the journal.
func (l *Leftovers) add(e Event, states map[string]faultState) error {
	s := states[e.Fault]
	switch e.Kind {
	case RunStarted:
		return l.addPlan(e)
	case FaultIntended:
		s = faultState{intended: true}
	case InstanceJoined:
		s.settled = false // its injection there may be on its way
	case FaultInjected:
		s.settled = true
	case FaultRemoved:
		s.gone = e.Verified
	case ScanEnded:
		l.scanOver = true
	case RunEnded:
		l.Ended = true
	}
	states[e.Fault] = s
	return nil
}

// addUndone takes in what another process did after the run.
func (l *Leftovers) addUndone(e Event, states map[string]faultState) {
	switch e.Kind {
	case FaultRemoved:
		s := states[e.Fault]
		s.settled = s.settled && !s.gone // what is found after a removal was injected later
		s.gone, s.undone = e.Verified, e.Verified
		states[e.Fault] = s
		if e.Verified {
			l.Undone++
		}
	case CleanedUp:
		l.CleanedUp = true
	}
}

// addPlan takes the plan from the journal where nothing else says what it is, and
// compares the two where something does.
func (l *Leftovers) addPlan(e Event) error {
	switch {
	case e.Plan == nil:
	case l.Plan == nil:
		l.Plan, l.Run = e.Plan, cmp.Or(l.Run, e.Plan.Run)
		if l.Toxiproxy == (Toxiproxy{}) && e.Toxiproxy != nil {
			l.Toxiproxy = *e.Toxiproxy
		}
	case !samePlan(l.Plan, e.Plan):
		return errOtherPlan
	}
	return nil
}

func samePlan(a, b *plan.Plan) bool {
	textA, errA := json.Marshal(a)
	textB, errB := json.Marshal(b)
	return errors.Join(errA, errB) == nil && bytes.Equal(textA, textB)
}
