package result

import (
	"cmp"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// An experimentRun folds one experiment of a run: first its events, then its journeys.
type experimentRun struct {
	plan     *plan.Experiment
	traceURL string         // where people look at traces
	command  string         // that sends the journeys; empty: blastgauge does
	first    *experimentRun // of the run: nothing was broken before its traffic

	// From its events.
	start    journal.Event
	end      *journal.Event
	phases   []journal.Event
	faults   []*faultRecord // in the order of the plan
	entries  [2]*entry      // where journeys enter the system, by arm
	spared   []plan.Fault   // those that the end of the fault phase came before
	trip     *journal.Event // of a guardrail
	vanished *journal.Event
	harmed   *journal.Event           // the baseline was, so that the fault was not injected
	shared   *sharedBaseline          // the baseline was measured by the experiment before
	own      *journal.Event           // why it was not, although baselines are shared
	cut      *journal.Event           // the run was interrupted in the middle of it
	fenced   bool                     // another process ended it
	waiting  *journal.Event           // a game day did, for a decision about it
	decided  *journal.Event           // what that was
	fate     fate                     // of its run
	turns    []turn                   // of the shares that faults touch, as far as they began
	readings []journal.Event          // of invariants
	samples  map[string]journal.Event // of the counters of proxies, by moment
	counters []counterReading         // from the beginning of the baseline on
	causes   map[int]seenCause        // of harm, by number
	audit    *journal.TrafficAudit    // of the journeys that another program sent
	alerts   []alertRecord            // in the order of the plan
	// measurement is how complete the counts are that it was measured by.
	measurement *journal.Measurement

	// From its journeys. All but late are there only if it was measured.
	late     durations // how much later than planned journeys started
	moments  moments
	batches  callBatches
	journeys []journeyRecord // by index in the plan
}

// A faultRecord is what the journal knows of one fault.
type faultRecord struct {
	plan                        plan.Fault
	intended, injected, removed *journal.Event
	told                        bool // the run itself wrote down a removal, also where it failed
	probe                       *journal.ExchangePair
	evidence                    journal.Evidence // the last one
}

func newExperimentRun(s *experiments.System, e *plan.Experiment) *experimentRun {
	r := &experimentRun{plan: e, traceURL: s.TraceURL, command: s.Traffic.Program(), samples: map[string]journal.Event{}, causes: map[int]seenCause{}}
	for _, f := range e.Faults {
		r.faults = append(r.faults, &faultRecord{plan: f})
	}
	for _, a := range e.Alerts {
		r.alerts = append(r.alerts, alertRecord{plan: a})
	}
	return r
}

func (r *experimentRun) event(e journal.Event) {
	switch e.Kind {
	case journal.TrafficAudited:
		r.audit = cmp.Or(r.audit, e.Audit)
	case journal.ExperimentStarted:
		r.start = e
	case journal.HarmSeen:
		r.seeCause(e)
	case journal.ExperimentEnded:
		r.end = &e
	case journal.PhaseStarted:
		r.phases = append(r.phases, e)
	case journal.GuardrailTripped:
		r.trip = cmp.Or(r.trip, &e)
	case journal.Measured:
		r.measurement = e.Measurement
	case journal.TurnStarted:
		r.turnStarted(e)
	case journal.FaultVanished:
		r.vanished = cmp.Or(r.vanished, &e)
	case journal.BaselineOwn:
		r.own = cmp.Or(r.own, &e)
	case journal.BaselineHarmed:
		r.harmed = cmp.Or(r.harmed, &e)
	case journal.Waiting:
		r.waiting = cmp.Or(r.waiting, &e)
	case journal.Decided:
		r.decided = cmp.Or(r.decided, &e)
	case journal.AlertChanged:
		r.sawAlert(e)
	case journal.InvariantChecked:
		r.readings = append(r.readings, e)
	case journal.Sampled:
		r.samples[e.Detail] = e
		if e.Detail != journal.BeforeIdle && e.Detail != journal.BeforeTraffic {
			r.counters = append(r.counters, newCounterReading(e))
		}
	default:
		if i := slices.IndexFunc(r.faults, func(f *faultRecord) bool { return f.plan.Name == e.Fault }); i >= 0 {
			r.faults[i].event(e)
		}
	}
}

func (f *faultRecord) event(e journal.Event) {
	if e.Evidence != nil {
		f.evidence = *e.Evidence
	}
	switch e.Kind {
	case journal.FaultIntended:
		f.intended = &e
	case journal.FaultInjected:
		f.injected = &e
	case journal.FaultRemoved:
		f.removed, f.told = &e, f.told || e.Seq > 0
	case journal.Exchanged:
		f.probe = e.Exchanges
	}
}

// dangling reports whether the fault may still be in force.
func (f *faultRecord) dangling() bool {
	return f.intended != nil && (f.removed == nil || !f.removed.Verified)
}

// undone reports whether another process removed the fault: what the run itself did has a
// number.
func (f *faultRecord) undone() bool { return f.removed != nil && f.removed.Seq == 0 }

// lost reports whether the fault was in force, and nothing tells what it met: the run
// writes that down with its removal, whoever removes the fault again later.
func (f *faultRecord) lost() bool { return f.injected != nil && !f.told }

// measured reports whether the experiment got as far as a removed fault.
func (r *experimentRun) measured() bool {
	for _, f := range r.faults {
		if f.injected == nil || f.removed == nil || f.undone() {
			return false
		}
	}
	return len(r.faults) > 0 && r.phaseStart(journal.Baseline) >= 0
}
