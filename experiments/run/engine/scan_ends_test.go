package engine

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

var errLease = errors.New("the lease was lost")

// A moment is when something ends a scan: so long after the n-th event of a kind.
type moment struct {
	kind  journal.Kind
	n     int
	after time.Duration
}

// moments are some of every stage of a scan of three cells.
func moments() map[string]moment {
	return map[string]moment{
		"in the warm-up":              {journal.PhaseStarted, 1, 500 * time.Millisecond},
		"in the baseline":             {journal.PhaseStarted, 2, 3 * time.Second},
		"after the baseline":          {journal.Exercised, 1, 0},
		"before the intent":           {journal.CellStarted, 2, 0},
		"after the intent":            {journal.FaultIntended, 2, 0},
		"while it is injected":        {journal.FaultIntended, 2, 50 * time.Millisecond},
		"once it is injected":         {journal.FaultInjected, 2, 0},
		"under it":                    {journal.FaultInjected, 2, 2 * time.Second},
		"once it is removed":          {journal.FaultRemoved, 2, 0},
		"while the system recovers":   {journal.FaultRemoved, 2, 600 * time.Millisecond},
		"while invariants are asked":  {journal.FaultRemoved, 2, 1050 * time.Millisecond},
		"between two answers":         {journal.InvariantChecked, 3, 0},
		"at the end of the cell":      {journal.CellEnded, 2, 0},
		"at the end of the last cell": {journal.CellEnded, 3, 0},
	}
}

// happens calls do at the moment.
func (b *scanBench) happens(m moment, do func()) {
	n := 0
	b.mem.on = func(e journal.Event) {
		if e.Kind != m.kind {
			return
		}
		if n++; n != m.n {
			return
		}
		if m.after == 0 {
			do()
			return
		}
		time.AfterFunc(m.after, do)
	}
}

// newLongBench has three cells, invariants that take a while to answer, and injections that
// do as well.
func newLongBench() *scanBench {
	b := newScanBench([]string{soft}, []string{soft, hang}, []string{soft})
	b.step = 20 * time.Millisecond
	b.plan.Experiments[0].Phases.Baseline = 5 * time.Second
	b.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}, {Name: "shipped"}}
	b.answers(func(string) journal.CheckResult {
		time.Sleep(100 * time.Millisecond)
		return journal.CheckResult{Holds: true}
	})
	b.in.inject = func(plan.Fault) { time.Sleep(100 * time.Millisecond) }
	return b
}

// However a scan ends, and wherever: no fault is left, the journal is whole, and nothing is
// injected any more.
func TestAScanThatEndsEarlyLeavesNothing(t *testing.T) {
	t.Parallel()
	ends := map[string]struct {
		cause error
		want  string // the reason in the journal
		is    error  // the class of the error; nil: none
	}{
		"interrupt":  {&Interrupt{Signal: "INT"}, journal.ScanInterrupted, errInterrupted},
		"lost lease": {errLease, journal.ScanFailed, errLease},
		"fence":      {errFence, journal.ScanFenced, nil},
	}
	for at, m := range moments() {
		for how, end := range ends {
			t.Run(how+" "+at, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newLongBench()
					ctx, stop := context.WithCancelCause(t.Context())
					var since atomic.Int64
					b.happens(m, func() { since.Store(time.Now().UnixNano()); stop(end.cause) })
					inject := b.in.inject
					b.in.inject = func(f plan.Fault) {
						if since.Load() > 0 && m.kind != journal.FaultIntended { // which says that it is tried
							t.Errorf("%s is injected after the end", f.Name)
						}
						inject(f)
					}
					err := b.scan(ctx)
					ended := time.Unix(0, since.Load())
					if took := time.Since(ended); took > 250*time.Millisecond {
						t.Errorf("it ended %v later", took)
					}
					if !errors.Is(err, end.is) || end.is == nil && err != nil {
						t.Errorf("Scan() = %v, want %v", err, end.is)
					}
					if why := b.why(); why != end.want {
						t.Errorf("it ended as %s, want %s", why, end.want)
					}
					b.checkJournal(t)
					b.checkCut(t, ended)
				})
			})
		}
	}
}

// checkCut finds cells that say that they came to their end although they did not, or that
// the system did not recover although nobody waited for it.
func (b *scanBench) checkCut(t *testing.T, ended time.Time) {
	t.Helper()
	for _, e := range b.scanner.ended {
		if e.Back < 0 {
			t.Errorf("cell %d says that the system did not recover", e.Number)
		}
		if over := b.epoch.Add(b.endedAt(e.Number)); over.After(ended) && e.Why != journal.CellCut {
			t.Errorf("cell %d ended after the end, as %s", e.Number, e.Why)
		}
	}
}

// endedAt is when the journal learned of the end of a cell.
func (b *scanBench) endedAt(number int) time.Duration {
	b.mem.mu.Lock()
	defer b.mem.mu.Unlock()
	i := slices.IndexFunc(b.mem.events, func(e journal.Event) bool { return e.Kind == journal.CellEnded && e.CellEnd.Number == number })
	return b.mem.events[i].Since
}

// An interrupt after the last cell is not one of the scan, which is complete.
func TestAnInterruptAfterTheLastCell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newLongBench()
		ctx, stop := context.WithCancelCause(t.Context())
		b.happens(moment{journal.ScanEnded, 1, time.Second}, func() { stop(&Interrupt{Signal: "TERM"}) })
		if err := b.scan(ctx); !errors.Is(err, errInterrupted) || b.why() != journal.ScanComplete {
			t.Errorf("Scan() = %v, and it ended as %s", err, b.why())
		}
		b.checkJournal(t)
	})
}

// A journal that cannot be written leaves no fault, whichever event is the first that is
// lost. What comes later is tried all the same.
func TestAScanWhoseJournalFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []journal.Kind{
		journal.Exercised, journal.CellStarted, journal.FaultIntended, journal.FaultInjected, journal.GuardrailTripped, journal.HarmSeen,
		journal.FaultRemoved, journal.InvariantChecked, journal.CellEnded, journal.ScanEnded, journal.ExperimentEnded, journal.RunEnded,
	} {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newLongBench()
				b.scanner.cells[1].Faults = []plan.Fault{b.plan.Experiments[0].Faults[1]} // hard
				b.plan.Experiments[0].Guardrails = guardrails(experiments.Guardrail{BlastRadius: 0.1})
				b.mem.failAt = kind
				if err := b.scan(t.Context()); !errors.Is(err, errDisk) {
					t.Errorf("Scan() = %v, want the disk's error", err)
				}
				if why := b.why(); why != journal.ScanFailed && why != journal.ScanComplete {
					t.Errorf("it ended as %s", why)
				}
				b.checkJournal(t)
			})
		})
	}
}

// A panic beside the main line ends the scan as a failure, with its faults removed.
func TestAScanWithAPanicBesideItLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]func(b *scanBench, now func() bool){
		"traffic": func(b *scanBench, now func() bool) {
			calm := b.effect
			b.effect = func(fault string, journey int) effect {
				if now() {
					panic("traffic")
				}
				return calm(fault, journey)
			}
		},
		"injection": func(b *scanBench, now func() bool) {
			b.in.inject = func(plan.Fault) {
				if now() {
					panic("injection")
				}
			}
		},
		"read back": func(b *scanBench, now func() bool) {
			b.in.counts = func() int64 {
				if now() {
					panic("read back")
				}
				return 7
			}
		},
		"counters": func(b *scanBench, now func() bool) {
			b.opts.Counters = func(context.Context) ([]journal.Traffic, bool, error) {
				if now() {
					panic("counters")
				}
				return nil, true, nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newLongBench()
				var begun atomic.Bool
				plant(b, begun.Load)
				b.mem.on = func(e journal.Event) {
					if e.Kind == journal.FaultIntended && e.Since > 10*time.Second {
						begun.Store(true)
					}
				}
				if err := b.scan(t.Context()); err == nil || b.why() != journal.ScanFailed {
					t.Errorf("Scan() = %v, and it ended as %s", err, b.why())
				}
				b.checkJournal(t)
			})
		})
	}
}

// A run that is fenced injects nothing more, wherever it learns of it.
func TestAFencedScanInjectsNothing(t *testing.T) {
	t.Parallel()
	for at, m := range moments() {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newLongBench()
				var fenced atomic.Bool
				b.happens(m, func() { fenced.Store(true) })
				b.opts.Fenced = func() error {
					if fenced.Load() {
						return errFence
					}
					return nil
				}
				if err := b.scan(t.Context()); err != nil {
					t.Errorf("Scan() = %v, want nil: it is in the journal", err)
				}
				want := journal.ScanFenced
				if m.kind == journal.CellEnded && m.n == 3 { // there was nothing left to inject
					want = journal.ScanComplete
				}
				if why := b.why(); why != want {
					t.Errorf("it ended as %s, want %s", why, want)
				}
				b.checkJournal(t)
			})
		})
	}
}

// A fault that cannot be injected leaves the rest of the scan as it is.
func TestACellThatCannotBeInjected(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(b *scanBench, hung *fakeInjector){
		"it fails half-way": func(_ *scanBench, other *fakeInjector) { other.injectErr = errors.New("no such toxic") },
		"it is not in force": func(_ *scanBench, other *fakeInjector) {
			other.inject = func(f plan.Fault) { time.AfterFunc(0, func() { other.remove(f.Name) }) }
			other.checkErr = errors.New("404")
		},
		"it hangs": func(b *scanBench, other *fakeInjector) {
			b.opts.Injectors["hung"] = &deafInjector{other}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{hard}, []string{soft, hard}, []string{hang})
				other := &fakeInjector{live: map[string]bool{}}
				b.opts.Injectors["hung"] = other
				b.scanner.cells[1].Faults[1].Inject = "hung"
				fail(b, other)
				if err := b.scan(t.Context()); err != nil {
					t.Fatal(err)
				}
				end := b.end(t, 2)
				if end.Why != journal.CellNotInjected || end.Detail == "" || end.To != end.From || end.Back < 0 {
					t.Errorf("cell 2 = %+v", end)
				}
				if j := end.Journeys[0]; j.Cause != nil || j.Started > 0 || j.Fault.Of > 0 || j.Before.Fault.Of == 0 {
					t.Errorf("its journeys: %+v, want none but those before", j)
				}
				if end := b.end(t, 3); end.Why != journal.CellDecided || b.why() != journal.ScanComplete {
					t.Errorf("cell 3 = %+v, and the scan ended as %s", end, b.why())
				}
				b.checkJournal(t)
				if other.harming() {
					t.Error("half a fault was left in force")
				}
			})
		})
	}
}

// A deafInjector answers no injection.
type deafInjector struct{ *fakeInjector }

func (deafInjector) Inject(ctx context.Context, _ plan.Fault) error {
	<-ctx.Done()
	return ctx.Err()
}

// Three cells in a row that cannot be injected are about the server.
func TestAScanThatCannotInjectGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft}, []string{hard}, []string{hang}, []string{soft})
		b.in.injectErr = errors.New("500")
		if err := b.scan(t.Context()); err == nil || b.why() != journal.ScanFailed || len(b.scanner.ended) != 3 {
			t.Errorf("Scan() = %v after %d cells, and it ended as %s", err, len(b.scanner.ended), b.why())
		}
		b.checkJournal(t)
	})
}

// A fault that cannot be removed ends the scan, whatever else there is to tell.
func TestAScanThatCannotRemoveSaysSo(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]error{"by itself": nil, "when interrupted": &Interrupt{Signal: "INT"}, "when fenced": errFence} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{soft}, []string{hard})
				b.in.revert = func(context.Context) error { return errors.New("503") }
				ctx, stop := context.WithCancelCause(t.Context())
				defer stop(nil)
				if cause != nil {
					b.happens(moment{journal.FaultInjected, 1, time.Second}, func() { stop(cause) })
				}
				if err := b.scan(ctx); !errors.Is(err, ErrNotRemoved) || b.why() != journal.ScanFailed {
					t.Errorf("Scan() = %v, and it ended as %s", err, b.why())
				}
				if removed, _ := b.mem.find(journal.FaultRemoved); removed.Verified || len(b.scanner.ended) != 1 {
					t.Errorf("removal %+v, %d cells", removed, len(b.scanner.ended))
				}
			})
		})
	}
}
