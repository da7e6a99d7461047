package result

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A countedStory is an experiment of 60 s of baseline, 60 s of fault and 20 s of recovery
// whose journeys counters of some targets count, each scraped at its own times.
type countedStory struct {
	*story
	scrape  time.Duration
	targets int
	rate    float64 // journeys a second of each target and arm
	hangs   float64 // seconds for which journeys hang under the fault before they end
}

const (
	countedBaseline = 5
	countedFault    = 65
	countedRemoved  = 125
	countedEnd      = 145
	usualHarm       = 0.01
)

func newCounted(scrape time.Duration, control plan.Control) *countedStory {
	c := &countedStory{story: newStory(), scrape: scrape, targets: 5, rate: 20}
	e := &c.plan.Experiments[0]
	e.Control, e.BatchEvery, e.Limits.Recovery, e.Limits.Baseline = control, scrape, 0, 0.05
	e.Phases.Baseline, e.Phases.Fault, e.Phases.Recovery, e.Faults[0].Until = 60*time.Second, 60*time.Second, 20*time.Second, 60*time.Second
	e.Journeys[0].SlowAfter, e.Journeys[0].Steps = scrape*3/2, nil
	c.at(0, journal.Event{Kind: journal.RunStarted, Plan: c.plan, Toxiproxy: &journal.Toxiproxy{Kind: "blastgauge", Version: "1"}})
	c.at(0, journal.Event{Kind: journal.ExperimentStarted})
	c.at(countedBaseline, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline})
	c.at(countedFault-0.01, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault})
	c.at(countedFault-0.01, journal.Event{Kind: journal.FaultIntended, Fault: "blastgauge.r.1"})
	c.at(countedFault, journal.Event{Kind: journal.FaultInjected, Fault: "blastgauge.r.1", Evidence: &journal.Evidence{Present: true, Counted: true}})
	c.at(countedRemoved, journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.r.1", Verified: true, Began: countedRemoved * time.Second, Evidence: metAll})
	c.at(countedRemoved, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Recovery})
	return c
}

// end writes how complete the counts were, and that the run is over.
func (c *countedStory) end(m journal.Measurement) *countedStory {
	m.Scrape = c.scrape
	c.at(countedEnd, journal.Event{Kind: journal.Measured, Measurement: &m})
	c.at(countedEnd, journal.Event{Kind: journal.ExperimentEnded})
	c.at(countedEnd, journal.Event{Kind: journal.RunEnded})
	return c
}

// count observes what counters count if the fault harms excess of the journeys.
func (c *countedStory) count(excess float64, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	draw := func(mean float64) (n int) { // of Poisson's distribution
		for t := rng.ExpFloat64(); t < mean; t += rng.ExpFloat64() {
			n++
		}
		return n
	}
	for _, arm := range c.plan.Experiments[0].Arms() {
		for target := range c.targets {
			step := c.scrape.Seconds()
			for from := step * float64(target) / float64(c.targets); from+step < countedEnd; from += step {
				under := 0.0 // seconds of the interval in which what the fault harmed ended
				if arm == plan.FaultArm {
					under = max(0, min(from+step, countedRemoved+c.hangs)-max(from, countedFault+c.hangs))
				}
				harmed := draw(c.rate * (usualHarm*(step-under) + (usualHarm+excess)*under))
				lost := 0.0 // seconds in which those that hang have not ended yet
				if arm == plan.FaultArm {
					lost = max(0, min(from+step, countedFault+c.hangs)-max(from, countedFault))
				}
				ok := draw(c.rate * ((1-usualHarm)*step - excess*under - excess*lost))
				o := journal.Observation{Arm: arm, Step: -1, Intended: time.Duration(from * float64(time.Second)), Took: c.scrape}
				for _, of := range []struct {
					n       int
					outcome journal.Outcome
					cause   journal.Cause
				}{{ok, journal.OK, journal.NoCause}, {harmed, journal.Failed, journal.Counted}} {
					o.Outcome, o.Cause, o.Count = of.outcome, of.cause, of.n
					if of.n > 0 {
						c.obs = append(c.obs, o)
					}
				}
			}
		}
	}
}

// An interval of 95 % made of counts holds the truth in 95 of 100 runs, as far as so many
// can tell: with the baseline as the control and with a label that tells the arms apart, and
// scraped every second and every five.
func TestCountsCoverPlantedHarm(t *testing.T) {
	t.Parallel()
	const runs = 150
	for _, scrape := range []time.Duration{time.Second, 5 * time.Second} {
		for _, control := range []plan.Control{plan.Baseline, plan.Concurrent} {
			for _, truth := range []float64{0, 0.1} {
				covered, width := stats.Count{N: runs}, 0.0
				for seed := range uint64(runs) {
					c := newCounted(scrape, control)
					c.count(truth, seed)
					e := c.end(journal.Measurement{}).fold(t).Experiments[0]
					b := e.BlastRadius
					if b == nil || b.Batches < stats.LeastBatches {
						t.Fatalf("%s, %s: %+v", scrape, control, e.Reasons)
					}
					if b.Low <= truth && truth <= b.High {
						covered.Hits++
					}
					width += b.High - b.Low
				}
				if i := stats.Wilson(covered); i.High < 0.95 || truth > 0 && covered.Hits == runs {
					t.Errorf("%s, %s, %.2f: %d of %d", scrape, control, truth, covered.Hits, runs)
				}
				t.Logf("%s, %s, %.2f: %d of %d, mean width %.4f", scrape, control, truth, covered.Hits, runs, width/runs)
			}
		}
	}
}

// What hangs is counted when it ends: without its lag the first seconds of a fault would look
// harmless.
func TestTheLagOfHangingJourneysDoesNotCount(t *testing.T) {
	t.Parallel()
	bias := func(lag time.Duration) (sum float64) {
		const runs = 20
		for seed := range uint64(runs) {
			c := newCounted(time.Second, plan.Concurrent)
			c.plan.Experiments[0].Lag, c.hangs = lag, 10
			c.count(0.3, seed)
			sum += c.end(journal.Measurement{}).fold(t).Experiments[0].BlastRadius.Estimate - 0.3
		}
		return sum / runs
	}
	if with, without := bias(10*time.Second), bias(0); with < -0.01 || with > 0.01 || without > -0.03 {
		t.Errorf("off by %.3f with the lag, by %.3f without", with, without)
	}
}

// Nothing is said of how long each journey took, of its lateness, or of retries.
func TestCountsSayNothingOfSingleJourneys(t *testing.T) {
	t.Parallel()
	c := newCounted(time.Second, plan.Concurrent)
	c.count(0.2, 1)
	loss := journal.Loss{Journey: "checkout", Why: "restart", From: 80 * time.Second, To: 84 * time.Second, Targets: 1, Of: 5}
	slice := func(arm string, from float64, counts ...int64) journal.BucketSlice {
		at := time.Duration(from * float64(time.Second))
		return journal.BucketSlice{Journey: "checkout", Arm: arm, From: at, To: at + time.Second, Buckets: []journal.Bucket{{Seconds: 0.5, Count: counts[0]}, {Seconds: 1, Count: counts[1]}, {Above: true, Count: counts[2]}}}
	}
	e := c.end(journal.Measurement{
		Losses: []journal.Loss{loss}, Counts: []journal.MeasuredCount{{Journey: "checkout", Arm: "fault", Targets: 5, Total: 100, Harmed: 20}},
		Durations: []journal.BucketSlice{slice("fault", 30, 90, 99, 100), slice("fault", 64.5, 0, 0, 1000), slice("fault", 70, 40, 60, 100), slice("fault", 71, 0, 20, 100), slice("control", 70, 0, 100, 100)},
	}).fold(t).Experiments[0]
	j := e.Journeys[0]
	if e.Lateness != nil || e.Amplification != nil || j.Latency.Fault != nil || j.Latency.Ratio != nil || j.Ended != nil || j.SlowAfter != 0 || j.Arms.Fault.FailedBy != (FailedBy{}) {
		t.Errorf("%+v", j)
	}
	if len(j.Causes) != 1 || j.Causes[0].Class != "counted" || j.Causes[0].Fault.Fault != j.Arms.Fault.Failed {
		t.Errorf("causes %+v of %+v", j.Causes, j.Arms.Fault)
	}
	want := LatencyBounds{
		Fault:    []PercentileBounds{{0.5, 1, 0}, {0.9, 1, 0}, {0.99, 1, 0}},
		Control:  []PercentileBounds{{0.5, 0.5, 1}, {0.9, 0.5, 1}, {0.99, 0.5, 1}},
		Baseline: []PercentileBounds{{0.5, 0, 0.5}, {0.9, 0, 0.5}, {0.99, 0.5, 1}},
	}
	if b := j.LatencyBounds; b == nil || !slices.Equal(b.Fault, want.Fault) || !slices.Equal(b.Control, want.Control) || !slices.Equal(b.Baseline, want.Baseline) {
		t.Errorf("bounds %+v", b)
	}
	if m := e.Measured; m == nil || m.By != ByPrometheus || m.Scrape != 1 || len(m.Losses) != 1 || m.Losses[0].From != 80 {
		t.Errorf("%+v", m)
	}
	if e.Verdict == Invalid || !slices.ContainsFunc(e.Warnings, func(w string) bool { return strings.Contains(w, "1 counter that began anew") }) {
		t.Errorf("%s: %q", e.Verdict, e.Warnings)
	}
}

// Counts that nobody can trust are no answer, and say why.
func TestCountsThatCannotBeTrusted(t *testing.T) {
	t.Parallel()
	gap := func(from, to float64, targets, of int) journal.Measurement {
		return journal.Measurement{Losses: []journal.Loss{{Journey: "checkout", Why: "gap", From: time.Duration(from * float64(time.Second)), To: time.Duration(to * float64(time.Second)), Targets: targets, Of: of}}}
	}
	for name, tt := range map[string]struct {
		m    journal.Measurement
		want ReasonCode // empty: none
	}{
		"all is known":                         {journal.Measurement{}, ""},
		"a gap of a tenth":                     {gap(70, 76, 5, 5), ""},
		"a gap of a quarter":                   {gap(70, 85, 5, 5), ReasonScrapesMissing},
		"a gap of half, of one target in five": {gap(70, 100, 1, 5), ""},
		"a gap in the baseline":                {gap(20, 40, 5, 5), ReasonScrapesMissing},
		"a gap in the recovery":                {gap(126, 144, 5, 5), ""},
		"more than are told":                   {journal.Measurement{Lost: 1003, Untold: 3}, ReasonScrapesMissing},
		"no scrape came any more":              {journal.Measurement{Blind: true}, ReasonScrapesMissing},
		"clocks that drift":                    {journal.Measurement{ClockMoved: 600 * time.Millisecond}, ReasonClocksDiffer},
		"an answer that took too long":         {journal.Measurement{ClockUncertain: 600 * time.Millisecond}, ReasonClocksDiffer},
		"an hour between the clocks":           {journal.Measurement{ClockAhead: time.Hour}, ""},
		"a part that is more than the whole":   {journal.Measurement{Counts: []journal.MeasuredCount{{Journey: "checkout", Arm: "fault", Total: 1000, Harmed: 1100}}}, ReasonCountersDisagree},
		"one that is under the fault alone":    {journal.Measurement{Counts: []journal.MeasuredCount{{Journey: "checkout", Arm: "fault", Phase: journal.Baseline, Total: 100_000}, {Journey: "checkout", Arm: "fault", Phase: journal.Fault, Total: 1000, Harmed: 1100}}}, ReasonCountersDisagree},
		"a moment's worth":                     {journal.Measurement{Counts: []journal.MeasuredCount{{Journey: "checkout", Arm: "fault", Total: 1000, Harmed: 1005}}}, ""},
		"harmed that are timed as well":        {journal.Measurement{Counts: []journal.MeasuredCount{{Journey: "checkout", Arm: "fault", Total: 1000, Harmed: 300, Timed: 1000}}}, ReasonCountersDisagree},
	} {
		c := newCounted(time.Second, plan.Baseline)
		c.count(0.2, 3)
		e := c.end(tt.m).fold(t).Experiments[0]
		if tt.want == "" && e.Verdict == Invalid || tt.want != "" && (e.Verdict != Invalid || !e.HasReason(tt.want)) {
			t.Errorf("%s: %s, %v: %q", name, e.Verdict, e.ReasonCodes, e.Reasons)
		}
	}
	c := newCounted(time.Second, plan.Baseline)
	c.count(0.2, 3)
	c.at(countedEnd, journal.Event{Kind: journal.ExperimentEnded})
	c.at(countedEnd, journal.Event{Kind: journal.RunEnded})
	if e := c.fold(t).Experiments[0]; e.Verdict != Invalid || !e.HasReason(ReasonScrapesMissing) {
		t.Errorf("without a word on how complete it is: %s, %q", e.Verdict, e.Reasons)
	}
}

// Real traffic never rests: what a proxy carried before the experiment began is no health
// checks, and a fault that met as much was met by journeys.
func TestRealTrafficIsNeverIdle(t *testing.T) {
	t.Parallel()
	c := newCounted(time.Second, plan.Baseline)
	c.count(0, 3)
	calls := int64(0)
	sample := func(second float64, moment string, n int64) {
		calls += n
		total := calls
		since := time.Duration(second * float64(time.Second))
		c.events = append(c.events, journal.Event{Kind: journal.Sampled, Experiment: "payments-slow", Since: since, Began: since, Detail: moment, Traffic: []journal.Traffic{{Proxy: "payments", Connections: total, Bytes: 100 * total, Calls: &total}}})
	}
	sample(0, journal.BeforeIdle, 1000)
	sample(1, journal.BeforeTraffic, 100)
	sample(countedBaseline, journal.BeforeBaseline, 400)
	sample(countedFault, journal.BeforeFault, 6000)
	sample(countedRemoved, journal.AfterFault, 6000)
	if e := c.end(journal.Measurement{}).fold(t).Experiments[0]; e.Verdict == Invalid {
		t.Errorf("%s: %q", e.Verdict, e.Reasons)
	}
}

// A hundred thousand journeys a second cost no more than their scrapes.
func TestMillionsOfCountedJourneysAreFoldedAtOnce(t *testing.T) {
	t.Parallel()
	c := newCounted(time.Second, plan.Concurrent)
	c.rate = 10_000 // of 5 targets on 2 arms: 14 million journeys
	c.count(0.1, 1)
	begun := time.Now()
	e := c.end(journal.Measurement{}).fold(t).Experiments[0]
	if n := e.Journeys[0].Arms.Fault.Journeys; n < 2_000_000 || e.BlastRadius.Low < 0.09 || e.BlastRadius.High > 0.11 {
		t.Errorf("%d journeys, %+v", n, e.BlastRadius)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

// Counters know a journey by its end: where most hang and the others are well, the fault is
// not shown to be harmless. Where as many end as before, it is.
func TestJourneysThatNeverEndAreNoneThatHeld(t *testing.T) {
	t.Parallel()
	for _, control := range []plan.Control{plan.Baseline, plan.Concurrent} {
		for _, hang := range []float64{0, 0.9} {
			fell := 0
			for seed := range uint64(20) {
				c := newCounted(time.Second, control)
				c.plan.Experiments[0].Journeys[0].Limit = 0.05
				c.count(0, seed)
				under := func(o *journal.Observation) bool {
					return o.Arm == plan.FaultArm && o.Intended >= countedFault*time.Second && o.Intended < countedRemoved*time.Second
				}
				c.obs = slices.DeleteFunc(c.obs, func(o journal.Observation) bool { return hang > 0 && o.Outcome != journal.OK && under(&o) })
				for i := range c.obs {
					if o := &c.obs[i]; under(o) {
						o.Count -= int(hang * float64(o.Count))
					}
				}
				e := c.end(journal.Measurement{}).fold(t).Experiments[0]
				if e.HasReason(ReasonFewerEnded) {
					fell++
				}
				if hang > 0 && e.Verdict == Held {
					t.Errorf("%s, seed %d: %s, %q", control, seed, e.Verdict, e.Reasons)
				}
			}
			if hang == 0 && fell > 0 || hang > 0 && fell < 18 {
				t.Errorf("%s: %d of 20 with %.1f that hang", control, fell, hang)
			}
		}
	}
}

// lossOf is a loss of an arm under the fault, of targets that carried a share of it.
func lossOf(arm, why string, from, to, share float64) journal.Loss {
	return journal.Loss{Journey: "checkout", Arm: arm, Why: why, From: time.Duration(from * float64(time.Second)), To: time.Duration(to * float64(time.Second)), Targets: 1, Of: 10, Share: share, First: []string{"shop a"}}
}

// A canary that restarts all the time is lost whole, however many targets the control has;
// and little that is lost may be harm as well, where it would matter.
func TestLossesAreOfTheirArm(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		loss    journal.Loss
		verdict Verdict
		code    ReasonCode // empty: any
		warns   bool
	}{
		"none":                           {journal.Loss{}, Held, "", false},
		"all of the fault arm":           {lossOf("fault", "restart", 66, 120, 1), Invalid, ReasonScrapesMissing, false},
		"all of the control":             {lossOf("control", "gap", 66, 120, 1), Invalid, ReasonScrapesMissing, false},
		"a tenth of the fault arm":       {lossOf("fault", "silent", 66, 125, 0.1), Inconclusive, ReasonScrapesMissing, false},
		"a tenth of the control":         {lossOf("control", "silent", 66, 125, 0.1), Held, "", false},
		"half a second of the fault arm": {lossOf("fault", "restart", 80, 80.5, 1), Held, "", true},
		"before the fault":               {lossOf("fault", "restart", 30, 40, 1), Held, "", false},
	} {
		c := newCounted(time.Second, plan.Concurrent)
		c.plan.Experiments[0].Journeys[0].Limit = 0.05
		c.count(0, 3)
		m := journal.Measurement{}
		if tt.loss.Targets > 0 {
			m.Losses = append(m.Losses, tt.loss)
		}
		e := c.end(m).fold(t).Experiments[0]
		if e.Verdict != tt.verdict || tt.code != "" && !e.HasReason(tt.code) {
			t.Errorf("%s: %s, %v: %q", name, e.Verdict, e.ReasonCodes, e.Reasons)
		}
		if warned := slices.ContainsFunc(e.Warnings, func(w string) bool { return strings.Contains(w, "none of the control") }); warned != tt.warns && e.Verdict != Invalid {
			t.Errorf("%s: %q", name, e.Warnings)
		}
		if tt.verdict == Invalid && tt.loss.Arm == "fault" && !strings.Contains(e.Reasons[0], "shop a") {
			t.Errorf("%s: no target is named: %q", name, e.Reasons)
		}
	}
}

// A measurement that was blind before its fault was in force says so.
func TestABlindMeasurementBeforeItsFaultIsInvalid(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]struct {
		journal.Measurement
		want ReasonCode
	}{
		"blind":  {journal.Measurement{Blind: true}, ReasonScrapesMissing},
		"clocks": {journal.Measurement{ClockMoved: 600 * time.Millisecond}, ReasonClocksDiffer},
		"parts":  {journal.Measurement{Counts: []journal.MeasuredCount{{Journey: "checkout", Arm: "fault", Total: 1000, Harmed: 1100}}}, ReasonCountersDisagree},
	} {
		c := newCounted(time.Second, plan.Concurrent)
		c.events = c.events[:3] // up to the baseline
		e := c.end(m.Measurement).fold(t).Experiments[0]
		if e.Verdict != Invalid || !e.HasReason(m.want) {
			t.Errorf("%s: %s, %v, %q", name, e.Verdict, e.ReasonCodes, e.Reasons)
		}
	}
}

// The counts of all phases are one row, and a run without any counter of harm says so.
func TestCountersOfAllPhasesAreOneRow(t *testing.T) {
	t.Parallel()
	c := newCounted(time.Second, plan.Concurrent)
	c.count(0, 3)
	counts := []journal.MeasuredCount{{Journey: "checkout", Arm: "fault", Phase: journal.Baseline, Targets: 2, Total: 100}, {Journey: "checkout", Arm: "fault", Phase: journal.Fault, Targets: 3, Total: 50, Harmed: 5}}
	e := c.end(journal.Measurement{Counts: counts, Unharmed: []string{"checkout"}}).fold(t).Experiments[0]
	if k := e.Measured.Counters; len(k) != 1 || k[0] != (MeasuredCounter{"checkout", "fault", 3, 150, 5}) {
		t.Errorf("%+v", k)
	}
	if !slices.ContainsFunc(e.Warnings, func(w string) bool { return strings.Contains(w, "not one counter of harm") }) {
		t.Errorf("%q", e.Warnings)
	}
}
