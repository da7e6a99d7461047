package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// A view shows a run while it goes on. Its methods are called from several
// goroutines, and never wait for anything but their writer.
type view interface {
	event(journal.Event)
	observe(journal.Observation)
	close()
}

// A tee gives the view the same events as the disk, after the disk.
type tee struct {
	log  *journal.Log
	view view
}

func (t *tee) Record(e journal.Event) error {
	if err := t.log.Record(e); err != nil {
		return err
	}
	t.view.event(e)
	return nil
}

func (t *tee) Observe(o journal.Observation) error {
	t.view.observe(o)
	return t.log.Observe(o)
}

// An aside shows a run through another view without ever holding it up: what
// the view is too slow for, it does not see. A fault must not stay in force
// because a terminal does not scroll.
type aside struct {
	to    view
	queue chan any // journal.Event or journal.Observation
	done  chan struct{}
}

const asideQueue = 4096 // some ten seconds of events and journeys

func newAside(to view) *aside {
	a := &aside{to, make(chan any, asideQueue), make(chan struct{})}
	go func() {
		defer close(a.done)
		for item := range a.queue {
			switch item := item.(type) {
			case journal.Event:
				to.event(item)
			case journal.Observation:
				to.observe(item)
			}
		}
		to.close()
	}()
	return a
}

func (a *aside) event(e journal.Event)         { a.put(e) }
func (a *aside) observe(o journal.Observation) { a.put(o) }

func (a *aside) put(item any) {
	select {
	case a.queue <- item:
	default:
	}
}

// close waits for what is still to be shown, but not for ever.
func (a *aside) close() {
	close(a.queue)
	select {
	case <-a.done:
	case <-time.After(2 * time.Second):
	}
}

// A screen is where runs are shown while they go on: one run, or several side by
// side, each under a label of its own.
type screen struct {
	how    string // bar, lines or none
	w      io.Writer
	labels []string // of the runs; none where there is one run
	frame  *frame   // what bars are drawn in
}

// screen chooses how progress is shown.
func (a *app) screen(how string, labels ...string) *screen {
	term, _ := a.getenv("TERM")
	s := &screen{how: how, w: a.stderr, labels: labels}
	switch {
	case how == "none":
	case how == "bar", how == "auto" && isTerminal(a.stderr) && term != "dumb" && width(a.stderr) >= 60:
		s.how, s.frame = "bar", newFrame(a.stderr)
	default:
		s.how, s.w = "lines", &oneByOne{w: a.stderr}
	}
	return s
}

// A viewer makes the view of a run when it begins.
type viewer func(*plan.Plan) view

// viewer is that of one of the runs. The last one also shows how far all are.
func (s *screen) viewer(run int) viewer {
	label := ""
	if len(s.labels) > 0 {
		label = s.labels[run]
	}
	return func(p *plan.Plan) view {
		switch s.how {
		case "none":
			return silent{}
		case "bar":
			return newAside(newBars(s.frame, p, label, run, run+1 >= len(s.labels)))
		}
		return newAside(newLines(s.w, p, label, time.Now))
	}
}

// close is called when all views are closed.
func (s *screen) close() {
	if s.frame != nil {
		s.frame.progress.Wait()
	}
}

// oneByOne lets several runs write lines without mixing them.
type oneByOne struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *oneByOne) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(p)
}

type silent struct{}

func (silent) event(journal.Event)         {}
func (silent) observe(journal.Observation) {}
func (silent) close()                      {}

// A score counts the journeys of the current phase: of each kind, by arm.
type score []tally

type tally struct{ journeys, harmed [2]int }

func (s *score) add(o journal.Observation) {
	for len(*s) <= o.Journey {
		*s = append(*s, tally{})
	}
	t := &(*s)[o.Journey]
	t.journeys[o.Arm]++
	if o.Harmed() {
		t.harmed[o.Arm]++
	}
}

// of is the tally of one kind of journey.
func (s score) of(journey int) tally {
	if journey >= len(s) {
		return tally{}
	}
	return s[journey]
}

// worst is the kind of journey that the fault harms most beyond the control: what
// is shown while a run goes on, as kinds are never pooled.
func (s score) worst() int {
	worst, most := 0, 0.0
	for i, t := range s {
		if excess := t.harm(plan.FaultArm) - t.harm(plan.ControlArm); excess > most {
			worst, most = i, excess
		}
	}
	return worst
}

// harm is the share that was harmed; 0 where there was nothing.
func (t tally) harm(arm plan.Arm) float64 {
	return float64(t.harmed[arm]) / float64(max(1, t.journeys[arm]))
}

func (t tally) text(arm plan.Arm) string {
	if t.journeys[arm] == 0 {
		return "no journeys yet"
	}
	return fmt.Sprintf("%.1f%% of %d", 100*t.harm(arm), t.journeys[arm])
}

// lines are one line per event, with the time of day in UTC, and a sign of life
// in between so that CI does not take the job for dead.
type lines struct {
	w     io.Writer
	p     *plan.Plan
	label string // of the run; empty where there is one
	now   func() time.Time

	mu    sync.Mutex
	index int
	phase journal.Phase
	score score
	last  time.Time
}

const heartbeat = 10 * time.Second

func newLines(w io.Writer, p *plan.Plan, label string, now func() time.Time) *lines {
	if label != "" {
		label = fmt.Sprintf("%-8s ", label)
	}
	return &lines{w: w, p: p, label: label, now: now, index: -1, last: now()}
}

func (l *lines) close() {}

func (l *lines) observe(o journal.Observation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.score.add(o)
	if now := l.now(); now.Sub(l.last) >= heartbeat {
		l.last = now
		l.print(now, "progress", l.standing())
	}
}

func (l *lines) standing() string {
	worst := l.score.worst()
	t, name := l.score.of(worst), ""
	if journeys := l.p.Experiments[max(0, l.index)].Journeys; len(journeys) > 1 {
		name = journeys[worst].Name + " "
	}
	text := fmt.Sprintf("%s: %sharmed %s in the fault arm", l.phase, name, t.text(plan.FaultArm))
	if t.journeys[plan.ControlArm] > 0 {
		text += fmt.Sprintf(", %s in control", t.text(plan.ControlArm))
	}
	return text
}

func (l *lines) print(at time.Time, what, text string) {
	fmt.Fprintf(l.w, "%s %s%-8s %s\n", at.UTC().Format("15:04:05Z"), l.label, what, text)
}

func (l *lines) event(e journal.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = l.now()
	switch e.Kind {
	case journal.ExperimentStarted:
		l.index++
		l.print(e.At, "start", fmt.Sprintf("%s %d/%d %s", e.Experiment, l.index+1, len(l.p.Experiments), faultsText(l.p.Experiments[l.index])))
	case journal.PhaseStarted:
		if l.phase == journal.Fault || l.phase == journal.Baseline {
			l.print(e.At, "counts", l.standing())
		}
		l.phase, l.score = e.Phase, nil
		l.print(e.At, "phase", string(e.Phase))
	default:
		if what, text := eventText(l.p, e); what != "" {
			l.print(e.At, what, text)
		}
	}
}

// eventText tells an event in a few words; what is empty for events that are
// of no interest while a run goes on.
func eventText(p *plan.Plan, e journal.Event) (what, text string) {
	switch e.Kind {
	case journal.FaultInjected:
		return "fault", "injected, read back: " + faultText(p, e.Fault)
	case journal.FaultVanished:
		return "fault", "VANISHED: " + e.Detail
	case journal.FaultRemoved:
		if !e.Verified {
			return "fault", "NOT REMOVED: " + faultText(p, e.Fault) + ": " + e.Error
		}
		return "fault", "removed, read back as gone: " + faultText(p, e.Fault)
	case journal.GuardrailTripped:
		return "guard", "TRIPPED " + e.Detail
	case journal.InvariantChecked:
		return readingText(e.Reading)
	case journal.Interrupted:
		return "stop", e.Detail + " received: the faults are removed"
	case journal.SuiteStopped:
		return "stop", e.Detail
	case journal.ExperimentEnded:
		if e.Error != "" {
			return "end", e.Experiment + ": " + e.Error
		}
		return "end", e.Experiment
	}
	return "", ""
}

func readingText(r *journal.Reading) (what, text string) {
	switch {
	case r == nil:
		return "", ""
	case r.Error != "":
		return "invar", fmt.Sprintf("%s: could not be asked: %s", r.Invariant, r.Error)
	case r.Holds:
		return "invar", r.Invariant + ": holds"
	}
	return "invar", fmt.Sprintf("%s: BROKEN: %s", r.Invariant, r.Detail)
}

func faultsText(e plan.Experiment) string {
	text := ""
	for i, f := range e.Faults {
		if i > 0 {
			text += "; "
		}
		text += describe(f)
	}
	return text
}

func faultText(p *plan.Plan, name string) string {
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if f.Name == name {
				return describe(f)
			}
		}
	}
	return name
}

func describe(f plan.Fault) string {
	kind, _ := injectors.Lookup(f.Inject)
	way := ""
	if f.Stream == experiments.Upstream { // the other one is what is expected
		way = ", on the way upstream,"
	}
	return kind.Describe(f.Bare()) + way + " into " + f.Into
}
