package journal

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// This is a model of one fault and of the three processes that may remove it: its run,
// the run's watchdog, and recover. The test explores every order of their steps. The
// run is killed, stopped and continued, and the watchdog is killed, at any moment.
// Leftovers itself decides what a journal leaves open.
//
// A scan injects its fault twice.
//
// The model assumes one thing: what a run had sent when it died has arrived when
// another process looks for it a second time.

// A world is one state of the model.
type world struct {
	run      runStep
	life     life
	watchdog watchdogStep
	recover  recoverStep

	sent    bool // the injection is on its way to the server
	force   bool // the fault is in force
	fence   bool
	listed  bool // as an open run
	mustEnd bool // the run was told to stop

	intended, injected, removed bool // in the journal, of the last injection
	scan                        bool // the run may inject the fault twice
	again                       bool // it does so, and the journal holds the first injection and its removal
	undone                      bool // in the record of the processes that clean up
}

type life uint8

const (
	alive life = iota
	stopped
	dead
)

type runStep uint8

const (
	runBegins  runStep = iota // with a watchdog, and listed
	runIntends                // about to write down the intent
	runLooks                  // about to look for a fence
	runSends
	runAwaits // the answer
	runLooksAgain
	runNotes // that it is in force
	runMeasures
	runRemoves
	runNotesRemoval
	runDismisses // its watchdog
	runUnlists
	runEnds
)

type watchdogStep uint8

const (
	watchdogWatches      watchdogStep = iota
	watchdogRemovesEarly              // behind the fence, while the run may be alive
	watchdogWaits                     // for the run's death
	watchdogRemoves
	watchdogLooksAgain
	watchdogRecords
	watchdogUnlists
	watchdogEnded
	watchdogKilled
)

type recoverStep uint8

const (
	recoverIdle recoverStep = iota
	recoverRemoves
	recoverLooksAgain
	recoverRecords
	recoverUnlists
)

// A flaw is a rule of the protocol that the model leaves out, to see that it is
// needed.
type flaw string

const (
	none             flaw = ""
	injectFirst      flaw = "the intent is written down after the injection"
	recordsAnyTime   flaw = "a removal is recorded while the run may be alive"
	leavesAfterFence flaw = "the watchdog leaves once it has removed the fault behind its fence"
	looksOnce        flaw = "an injection on its way is looked for once"
	unlistsFirst     flaw = "a run is off the list before its fault is gone"
	watchdogIdles    flaw = "the watchdog does nothing once the run is dead"
)

// events are the journal and the other record in a world.
func (w world) events() (events, undone iter.Seq2[Event, error]) {
	p := &plan.Plan{Run: "r", Experiments: []plan.Experiment{{ID: "e", Faults: []plan.Fault{{Name: "f", Fault: experiments.Fault{Inject: "latency"}}}}}}
	if w.scan {
		p.Scan = &plan.Scan{}
	}
	list := []Event{{Kind: RunStarted, Plan: p}}
	if w.again {
		list = append(list, Event{Kind: FaultIntended, Fault: "f"}, Event{Kind: FaultInjected, Fault: "f"}, Event{Kind: FaultRemoved, Fault: "f", Verified: true})
	}
	if w.intended {
		list = append(list, Event{Kind: FaultIntended, Fault: "f"})
	}
	if w.injected {
		list = append(list, Event{Kind: FaultInjected, Fault: "f"})
	}
	if w.removed {
		list = append(list, Event{Kind: FaultRemoved, Fault: "f", Verified: true})
	}
	if w.run >= runDismisses {
		list = append(list, Event{Kind: RunEnded})
	}
	var others []Event
	if w.undone {
		others = append(others, Event{Kind: FaultRemoved, Fault: "f", Verified: true})
	}
	return stream(list), stream(others)
}

func stream(list []Event) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// leftover reports whether the journal leaves the fault open, and whether its injection
// was over.
func (w world) leftover() (open, settled bool) {
	l := &Leftovers{}
	if l.read(w.events()); len(l.Faults) == 0 {
		return false, false
	}
	return true, l.Faults[0].Settled
}

// A step leads from one world to another.
type step struct {
	name string
	to   world
}

// steps are all steps that can happen next.
func (w world) steps(without flaw) []step {
	var list []step
	may := func(name string, change func(*world)) {
		next := w
		change(&next)
		list = append(list, step{name, next})
	}
	if w.sent {
		may("the injection arrives", func(n *world) { n.sent, n.force = false, true })
	}
	w.fateSteps(may)
	if w.life == alive {
		w.runSteps(without, may)
	}
	w.watchdogSteps(without, may)
	w.recoverSteps(without, may)
	return list
}

type may = func(name string, change func(*world))

// fateSteps are what happens to the processes: they are killed, stopped and continued.
func (w world) fateSteps(may may) {
	if w.run < runEnds && w.life != dead {
		may("the run is killed", func(n *world) { n.life = dead })
	}
	if w.run < runEnds && w.life == alive {
		may("the run is stopped", func(n *world) { n.life = stopped })
	}
	if w.life == stopped {
		may("the run is continued", func(n *world) { n.life = alive })
	}
	if w.watchdog < watchdogEnded {
		may("the watchdog is killed", func(n *world) { n.watchdog = watchdogKilled })
	}
}

// runSteps are the steps that the run takes.
func (w world) runSteps(without flaw, may may) {
	next := func(n *world) { n.run++ }
	giveUp := w.fence || w.mustEnd
	if !w.mustEnd && w.run < runRemoves && (w.fence || w.watchdog >= watchdogEnded) {
		may("the run learns that it has to end", func(n *world) { n.mustEnd = true })
	}
	switch w.run {
	case runBegins:
		may("the run begins", next)
	case runIntends:
		switch {
		case w.mustEnd:
			may("the run ends early", func(n *world) { n.run = runDismisses })
		case without == injectFirst:
			may("the run goes on without a record", next)
		default:
			may("the run records its intent", func(n *world) { n.intended = true; n.run++ })
		}
	case runLooks, runLooksAgain:
		if giveUp {
			may("the run sees the fence", func(n *world) { n.run, n.mustEnd = runRemoves, true })
			return
		}
		may("the run sees no fence", next)
	case runSends:
		may("the run sends the injection", func(n *world) { n.sent = true; n.run++ })
	case runAwaits:
		if !w.sent {
			may("the run gets the answer", next)
		}
	case runNotes:
		may("the run records that it is in force", func(n *world) { n.intended, n.injected = true, true; n.run++ })
	case runMeasures:
		may("the run has measured", next)
	case runRemoves:
		may("the run removes the fault", func(n *world) { n.force = false; n.run++ })
	case runNotesRemoval:
		may("the run records the removal", func(n *world) { n.removed = n.intended; n.run++ })
		if w.scan && !w.again && !w.mustEnd {
			may("the run records the removal, and is about to inject the fault again", func(n *world) {
				n.again, n.intended, n.injected, n.run = true, false, false, runIntends
			})
		}
	case runDismisses:
		may("the run dismisses its watchdog", func(n *world) {
			if n.watchdog < watchdogEnded {
				n.watchdog = watchdogEnded
			}
			n.run++
		})
	case runUnlists:
		may("the run takes itself off the list", func(n *world) { n.listed = false; n.run++; n.life = dead })
	}
}

// watchdogSteps are the steps that the watchdog takes.
func (w world) watchdogSteps(without flaw, may may) {
	switch w.watchdog {
	case watchdogWatches, watchdogWaits:
		if w.life == dead {
			may("the watchdog sees the end of the run", func(n *world) {
				n.watchdog = watchdogRemoves
				if without == unlistsFirst {
					n.listed = false
				}
				if without == watchdogIdles && w.watchdog == watchdogWaits {
					n.watchdog = watchdogEnded
				}
			})
		} else if w.watchdog == watchdogWatches { // it cannot tell a stopped run from a slow one
			may("the watchdog puts up the fence", func(n *world) { n.fence = true; n.watchdog = watchdogRemovesEarly })
		}
	case watchdogRemovesEarly:
		may("the watchdog removes the fault behind its fence", func(n *world) {
			if open, _ := w.leftover(); open {
				n.force = false
				if without == recordsAnyTime {
					n.undone = true
				}
			}
			n.watchdog = watchdogWaits
			if without == leavesAfterFence {
				n.watchdog = watchdogEnded
			}
		})
	case watchdogRemoves, watchdogLooksAgain, watchdogRecords, watchdogUnlists:
		w.cleanupSteps("the watchdog", without, may, int(w.watchdog-watchdogRemoves), func(n *world, i int) { n.watchdog = watchdogRemoves + watchdogStep(i) })
	}
}

// recoverSteps are the steps of recover, which a person may start again and again.
func (w world) recoverSteps(without flaw, may may) {
	if w.recover == recoverIdle {
		if w.life == dead && w.listed {
			may("a person starts recover", func(n *world) { n.recover = recoverRemoves })
		}
		return
	}
	w.cleanupSteps("recover", without, may, int(w.recover-recoverRemoves), func(n *world, i int) {
		n.recover = recoverRemoves + recoverStep(i)
		if i > 3 {
			n.recover = recoverIdle
		}
	})
}

// cleanupSteps are the steps of a process that cleans up after the run's death: remove,
// look again, record, unlist.
func (w world) cleanupSteps(who string, without flaw, may may, at int, set func(n *world, i int)) {
	open, settled := w.leftover()
	switch at {
	case 0:
		may(who+" removes what the journal leaves open", func(n *world) {
			n.force = n.force && !open
			set(n, 1)
		})
	case 1:
		late := open && !settled && without != looksOnce
		if late && w.sent {
			return // it waits until what is on its way has arrived
		}
		may(who+" looks again", func(n *world) {
			n.force = n.force && !late
			set(n, 2)
		})
	case 2:
		may(who+" records it", func(n *world) { n.undone = n.undone || open; set(n, 3) })
	case 3:
		may(who+" takes the run off the list", func(n *world) { n.listed = false; set(n, 4) })
	}
}

// responsible reports whether something will remove the fault: a process that can act,
// or the list and the journal together, which keep the next run from starting and tell
// recover what to do.
func (w world) responsible() bool {
	open, _ := w.leftover()
	return w.life == alive && w.run < runDismisses || w.watchdog < watchdogEnded || w.recover != recoverIdle || w.listed && open
}

// explore visits every world that can be reached from one, and returns the steps that lead to
// the first one that is wrong.
func explore(begin world, without flaw) (worlds int, trace []string) {
	type origin struct {
		from world
		by   string
	}
	seen := map[world]origin{begin: {}}
	history := func(w world) []string {
		var list []string
		for w != begin {
			list = append(list, seen[w].by)
			w = seen[w].from
		}
		slices.Reverse(list)
		return list
	}
	for queue := []world{begin}; len(queue) > 0; queue = queue[1:] {
		w := queue[0]
		if wrong := w.wrong(w.steps(without)); wrong != "" {
			return len(seen), append(history(w), wrong)
		}
		for _, s := range w.steps(without) {
			if _, known := seen[s.to]; !known {
				seen[s.to] = origin{w, s.name}
				queue = append(queue, s.to)
			}
		}
	}
	return len(seen), nil
}

// wrong says what is wrong with a world; empty if nothing is.
func (w world) wrong(next []step) string {
	harmful := w.force || w.sent
	switch {
	case harmful && !w.responsible():
		return fmt.Sprintf("a fault is in force and nothing will remove it: %+v", w)
	case w.force && !w.intended:
		return fmt.Sprintf("a fault is in force and no journal knows it: %+v", w)
	case len(next) == 0 && (w.force || w.listed):
		return fmt.Sprintf("everything has come to its end and it is not clean: %+v", w)
	case w.watchdog == watchdogEnded && w.life == dead && harmful:
		return fmt.Sprintf("a watchdog that was not killed has ended and a fault is in force: %+v", w)
	}
	return ""
}

func TestSomethingIsAlwaysResponsibleForAFault(t *testing.T) {
	t.Parallel()
	least := 1000
	for _, scan := range []bool{false, true} {
		worlds, trace := explore(world{listed: true, scan: scan}, none)
		if trace != nil {
			t.Fatalf("after %d worlds:\n%s", worlds, strings.Join(trace, "\n"))
		}
		if worlds < least {
			t.Errorf("only %d worlds were reached: the model is broken", worlds)
		}
		least = worlds * 3 / 2 // a scan has a second injection
		t.Logf("%d worlds", worlds)
	}
}

// Each rule is needed: without it the model finds a way to a fault that stays.
func TestEveryRuleIsNeeded(t *testing.T) {
	t.Parallel()
	for _, without := range []flaw{injectFirst, recordsAnyTime, leavesAfterFence, looksOnce, unlistsFirst, watchdogIdles} {
		for _, scan := range []bool{false, true} {
			worlds, trace := explore(world{listed: true, scan: scan}, without)
			if trace == nil {
				t.Errorf("%s: %d worlds and nothing is wrong", without, worlds)
				continue
			}
			t.Logf("%s:\n  %s", without, strings.Join(trace, "\n  "))
		}
	}
}
