package scan

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// rate is how many journeys per second the fault arm of a world has.
const rate = 25

// afterCell is the healthy time after each cell.
const afterCell = 2 * time.Second

// A world is a system whose reactions to faults are known, and an engine that performs
// cells in it.
type world struct {
	names     []string // of the dependencies
	soft      []string // those that are declared soft
	hard      []string // those that are declared hard
	modes     []plan.FailureMode
	calls     map[string]float64 // per journey; 1 where not given
	health    map[string]float64 // calls per second without journeys
	harms     map[place]float64  // share of journeys that a failure mode harms
	class     map[place]string   // of the cause of harm
	breaks    map[place]string   // an invariant
	settles   time.Duration      // its within
	masks     map[place][]string // what journeys do not come to while it fails
	fallbacks map[string]string  // what is called instead of a dependency that fails
	instead   float64            // the share of its calls that the fallback takes; all where 0
	together  map[[2]string]bool // pairs that harm
	from, to  time.Duration      // latencies of a dependency that harm, see window
	window    string             // the dependency
	p99       time.Duration      // of its own answers; not known where 0
	patience  time.Duration      // the latency of a dependency whose hanging harms from which it does as well
	pace      [2]time.Duration   // how long a cell takes with the healthy time after it: a harmful one, and a harmless one
	stuck     place              // the system does not come back after it
	blind     bool               // the server does not count
	evidence  float64            // the e-value of what is harmful; 1e6 where not given
	budget    time.Duration
	seed      uint64
	since     *Known
	// busy are the numbers of cells in which this machine stands still for a second: all
	// journeys are harmed, and late. Number 0 stands for all of them.
	busy map[int]bool
	shed map[int]bool // likewise, those of the control are shed
	// alter changes what became of a cell.
	alter func(journal.Cell, *journal.CellEnd)
}

func (w *world) plan() *plan.Plan {
	p := &plan.Plan{Run: "20260101t000000z-000000", Seed: w.seed, Commit: "abc"}
	e := plan.Experiment{ID: plan.ScanID, Control: plan.Concurrent, Limits: plan.Limits{BlastRadius: 0.05}}
	for _, name := range []string{"browse", "checkout"} {
		e.Journeys = append(e.Journeys, plan.Journey{Journey: experiments.Journey{Name: name, Rate: rate, SlowAfter: 3 * time.Second}, Limit: 0.05})
	}
	kinds := map[plan.FailureMode]experiments.Fault{
		plan.Hang:       {Inject: "timeout", Attributes: injectors.Attributes{"timeout": 0.0}},
		plan.Refuse:     {Inject: "down"},
		plan.Slow:       {Inject: "latency", Attributes: injectors.Attributes{"latency": 3.0}},
		plan.Error:      {Inject: "http_error", Attributes: injectors.Attributes{"status": 503.0}},
		plan.ErrorAfter: {Inject: "http_error", Attributes: injectors.Attributes{"status": 503.0, "when": "after"}},
		plan.Reset:      {Inject: "reset_peer"},
	}
	if w.modes == nil {
		w.modes = plan.FailureModes()
	}
	for _, name := range w.names {
		d := experiments.Dependency{Name: name, Proxy: "proxy-" + name}
		switch {
		case slices.Contains(w.soft, name):
			d.Criticality = experiments.Soft
		case slices.Contains(w.hard, name):
			d.Criticality = experiments.Hard
		}
		p.System.Dependencies = append(p.System.Dependencies, d)
		for _, mode := range w.modes {
			f := kinds[mode]
			f.Into, f.Share = name, 1
			e.Faults = append(e.Faults, plan.Fault{Name: fmt.Sprintf("blastgauge.%s.%d", p.Run, len(e.Faults)+1), Fault: f, Proxy: d.ProxyName(), Mode: mode})
		}
	}
	if w.budget == 0 {
		w.budget = time.Hour
	}
	e.Invariants = w.invariants()
	p.Experiments = []plan.Experiment{e}
	p.Scan = &plan.Scan{Budget: w.budget, Modes: w.modes, Dependencies: w.names, Thresholds: true, Pairs: true, Slow: 3 * time.Second}
	return p
}

// A play is a scan of a world: what was found live, and the events of its journal.
type play struct {
	plan   *plan.Plan
	scan   *Scan
	events []journal.Event
	cells  []journal.Cell
}

// play performs the scan of a world to its end.
func (w *world) play(t *testing.T) *play {
	t.Helper()
	p := w.plan()
	if err := w.since.Into(p); err != nil {
		t.Fatal(err)
	}
	r := &play{plan: p, scan: New(p)}
	now := 20 * time.Second
	exercise := w.exercise(now)
	r.scan.Exercised(exercise)
	r.event(journal.Event{Since: now, Kind: journal.Exercised, Exercise: &exercise})
	for range 1000 {
		cell, ok := r.scan.Next(now)
		if !ok {
			r.event(journal.Event{Since: now, Kind: journal.ScanEnded, Detail: r.scan.Why()})
			return r
		}
		r.cells = append(r.cells, cell)
		r.event(journal.Event{Since: now, Kind: journal.CellStarted, Cell: &cell})
		end := w.perform(cell, now)
		now = end.To + afterCell
		r.scan.Ended(end)
		r.event(journal.Event{Since: now, Kind: journal.CellEnded, CellEnd: &end})
		if end.Back < 0 {
			r.event(journal.Event{Since: now, Kind: journal.ScanEnded, Detail: journal.ScanUnhealthy})
			return r
		}
	}
	t.Fatal("the scan does not end")
	return nil
}

func (p *play) event(e journal.Event) {
	e.Seq, e.Experiment = len(p.events), plan.ScanID
	p.events = append(p.events, e)
}

// replay draws the map of some events.
func (p *play) replay(events []journal.Event) *Map {
	s := New(p.plan)
	for _, e := range events {
		s.Event(e)
	}
	return s.Map()
}

func (w *world) exercise(to time.Duration) journal.Exercise {
	from := 5 * time.Second
	n := int(rate * (to - from).Seconds())
	e := journal.Exercise{From: from, To: to}
	for range 2 {
		e.Journeys = append(e.Journeys, journal.ArmCounts{Fault: journal.Tally{Of: n}, Control: journal.Tally{Of: n}})
	}
	if w.blind {
		return e
	}
	e.Carried = w.carried(nil, to-from)
	if w.p99 > 0 {
		e.Answers = []journal.AnswerTime{{Proxy: "proxy-" + w.window, P99: w.p99}}
	}
	for name, calls := range w.health {
		e.Idle = append(e.Idle, journal.IdleRate{Proxy: "proxy-" + name, Connections: calls, Calls: calls, Seconds: 3})
	}
	return e
}

// carried is what each proxy carries under some faults.
func (w *world) carried(faults []plan.Fault, took time.Duration) []journal.Traffic {
	if w.blind {
		return nil
	}
	list := []journal.Traffic{}
	for _, name := range w.names {
		n := int64(took.Seconds() * (2*rate*w.called(name, faults) + w.health[name]))
		list = append(list, journal.Traffic{Proxy: "proxy-" + name, Connections: n, Bytes: 100 * n, Calls: &n})
	}
	return list
}

// called is how often a journey calls a dependency under some faults.
func (w *world) called(name string, faults []plan.Fault) float64 {
	calls, given := w.calls[name]
	if !given {
		calls = 1
	}
	for _, f := range faults {
		if slices.Contains(w.masks[placeOf(f)], name) {
			return 0
		}
		if w.fallbacks[f.Into] == name {
			calls += cmp.Or(w.instead, 1)
		}
	}
	return calls
}

// harm is the share of journeys that some faults harm, and the class of its cause.
func (w *world) harm(faults []plan.Fault) (share float64, class string) {
	for _, f := range faults {
		at := placeOf(f)
		if w.called(f.Into, faults) == 0 {
			continue
		}
		if h := w.harms[at]; h > share {
			share, class = h, w.class[at]
		}
		if latency := f.Attributes.Duration("latency"); at == (place{w.window, plan.Slow}) && latency >= w.from && latency < w.to {
			share, class = 1, "slow"
		}
		if w.patience > 0 && at.mode == plan.Slow && f.Attributes.Duration("latency") >= w.patience {
			share, class = max(share, w.harms[place{at.dependency, plan.Hang}]), "slow"
		}
		for _, g := range faults {
			if w.together[[2]string{f.Into, g.Into}] {
				share, class = 1, "status"
			}
		}
	}
	return share, class
}

// perform plays a cell.
func (w *world) perform(c journal.Cell, now time.Duration) journal.CellEnd {
	share, class := w.harm(c.Faults)
	pace := w.pace
	if pace == [2]time.Duration{} {
		pace = [2]time.Duration{6 * time.Second, 8 * time.Second}
	}
	took := pace[1] - afterCell
	if share > 0.05 {
		took = pace[0] - afterCell
	}
	end := journal.CellEnd{Number: c.Number, Why: journal.CellDecided, From: now, To: now + took, Back: time.Second, Carried: w.carried(c.Faults, took)}
	n := int(rate * took.Seconds())
	for i := range 2 {
		j := journal.CellJourney{ArmCounts: journal.ArmCounts{Fault: journal.Tally{Of: n}, Control: journal.Tally{Of: n}}, Started: n}
		if share > 0.05 && i == 1 { // checkout calls everything; browse goes on
			j.Fault.Harmed = int(share * float64(n))
			j.Decision, j.Harmful, j.Share = journal.Harmful, cmp.Or(w.evidence, 1e6), journal.Share{Estimate: share, Low: share - 0.1, High: min(1, share+0.1)}
			j.Cause = &journal.SeenCause{Number: 1, Journey: "checkout", Step: "pay", Class: class}
		} else {
			j.Decision, j.Harmful, j.Harmless, j.Share = journal.Harmless, 0.1, 30, journal.Share{High: 0.03}
		}
		end.Journeys = append(end.Journeys, j)
	}
	for _, f := range c.Faults {
		met := int64(took.Seconds() * 2 * rate * w.called(f.Into, c.Faults))
		end.Met = append(end.Met, journal.CellMet{Fault: f.Name, Counted: !w.blind, Refuses: f.Mode == plan.Refuse, Met: met, Of: met})
		if name := w.breaks[placeOf(f)]; name != "" {
			end.Broken = append(end.Broken, journal.CheckResult{Invariant: name, Violations: 3})
		}
		if placeOf(f) == w.stuck {
			end.Back = -1
		}
	}
	if w.busy[c.Number] || w.busy[0] {
		spoil(&end)
		end.Late = []journal.Lateness{{P99: 0.004}, {P99: 0.97}}
	}
	if w.shed[c.Number] {
		spoil(&end)
		end.Late = []journal.Lateness{{}, {Shed: 3}}
	}
	if w.alter != nil {
		w.alter(c, &end)
	}
	return end
}

// spoil harms all journeys of a cell.
func spoil(end *journal.CellEnd) {
	for i := range end.Journeys {
		j := &end.Journeys[i]
		j.Fault.Harmed, j.Decision, j.Harmful, j.Share = j.Fault.Of, journal.Harmful, 1e9, journal.Share{Estimate: 1, Low: 0.9, High: 1}
		j.Cause = &journal.SeenCause{Number: 2, Class: "slow"}
	}
	if end.Back < 0 {
		end.LateAfter = []journal.Lateness{{}, {P99: 5}}
	}
}

// verdicts are those of all cells, by place.
func (m *Map) verdicts() map[place]Verdict {
	all := map[place]Verdict{}
	for _, d := range m.Dependencies {
		for _, c := range d.Cells {
			all[place{d.Name, c.Faults[0].Mode}] = c.Verdict
		}
	}
	return all
}

func (m *Map) dependency(t *testing.T, name string) Dependency {
	t.Helper()
	for _, d := range m.Dependencies {
		if d.Name == name {
			return d
		}
	}
	t.Fatalf("no dependency %s", name)
	return Dependency{}
}
