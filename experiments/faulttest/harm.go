package faulttest

import (
	"fmt"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A Verdict is what a measurement says of its limit.
type Verdict string

// The verdicts.
const (
	// Held: the fault was met, and harmed a share that is shown to be within the limit.
	Held Verdict = "held"
	// Refuted: the share that it harmed is shown to be above the limit.
	Refuted Verdict = "refuted"
	// Inconclusive: neither is shown. More journeys would tell.
	Inconclusive Verdict = "inconclusive"
	// Invalid: journeys were harmed without the fault, they started late, or nobody met
	// the fault.
	Invalid Verdict = "invalid"
)

// Harm is what a fault did to a journey.
type Harm struct {
	Verdict Verdict
	// Share is the share of journeys that the fault harmed beyond those harmed without it:
	// from -1 to 1. The truth lies from Low to High in 95 of 100 measurements; where For is
	// below 16 s, as far as journeys are harmed independently of each other.
	Share, Low, High float64
	Limit            float64
	Fault            string   // describes it
	Met              int64    // connections, requests, commands or statements it acted on
	Control          Outcomes // without the fault
	Under            Outcomes // under it

	broken    string // why the journeys cannot be trusted
	unmet     string // why nobody met the fault
	uncounted string // why nobody can say whether it was met
	settles   string // what would settle what is inconclusive
}

// String is the verdict in one sentence.
func (h Harm) String() string {
	return fmt.Sprintf("%s: %s harmed %s of the journeys (95%% interval %s to %s, limit %s): %d of %d under the fault, %d of %d without it",
		h.Verdict, h.Fault, figures.Percent(h.Share), figures.Percent(h.Low), figures.Percent(h.High), figures.ShortPercent(h.Limit, 2),
		h.Under.Harmed(), h.Under.Journeys, h.Control.Harmed(), h.Control.Journeys)
}

// judge fills in what follows from the outcomes.
func (h *Harm) judge(m Measurement, i *injection) {
	d := stats.UnpairedBatches(h.Under.batches, h.Control.batches)
	h.Share, h.Low, h.High = d.Estimate, d.Low, d.High
	h.Met = i.last.Met
	h.broken = m.distrust(h.Control, h.Under)
	switch {
	case i.last.Met > 0:
	case i.last.Refusing && h.Low > 0: // the journeys have shown it
	case i.last.Refusing:
		h.uncounted = "no harm beyond the limit, but nobody can count whom a port refuses: accept and reset connections with Share(0.999)"
	default:
		h.unmet = fmt.Sprintf("nobody met %s into %s: %s", h.Fault, m.Into.Name, i.unmet(m.Into.now()))
	}
	if h.Verdict = h.verdict(); h.Verdict == Inconclusive && h.uncounted == "" {
		h.settles = fmt.Sprintf("about %s journeys with and without the fault instead of %d would tell: raise Rate or For",
			figures.Rough(float64(stats.NeededToSettle(d.Interval, min(h.Under.Journeys, h.Control.Journeys), h.Limit))), min(h.Under.Journeys, h.Control.Journeys))
	}
}

// verdict is the table: the first row that matches wins.
func (h *Harm) verdict() Verdict {
	switch {
	case h.broken != "" || h.unmet != "":
		return Invalid
	case h.Low > h.Limit:
		return Refuted
	case h.High <= h.Limit && h.uncounted == "":
		return Held
	}
	return Inconclusive
}

// distrust says why a difference of journeys means nothing; it is empty where it does.
func (m Measurement) distrust(control, under Outcomes) string {
	late, most := max(control.lateness(), under.lateness()), m.SlowAfter/10
	switch harmed := stats.Share(control.batches); {
	case min(control.Journeys, under.Journeys) == 0:
		return "the test ended before any journey did"
	case control.Shed > 0:
		return fmt.Sprintf("%d journeys could not be started without the fault: too many were on their way", control.Shed)
	case harmed.Low > m.Baseline:
		return fmt.Sprintf("%s of the journeys were harmed without the fault (%d of %d; at most %s allowed)%s",
			figures.Percent(harmed.Estimate), control.Harmed(), control.Journeys, figures.ShortPercent(m.Baseline, 2), control.example())
	case late > most:
		return fmt.Sprintf("one journey in a hundred started %s late or more (at most %s, a tenth of SlowAfter, are allowed): this machine is too busy; lower Rate or raise SlowAfter",
			figures.Duration(late.Seconds()), figures.Duration(most.Seconds()))
	}
	return ""
}

// example is what a journey that failed says.
func (o Outcomes) example() string {
	if o.First == nil {
		return ""
	}
	return ": " + o.First.Error()
}

// report runs a sub-test for each thing that had to be true.
func (h Harm) report(t subtests, allow bool) {
	t.Helper()
	t.Run("baseline", func(t *testing.T) {
		if h.broken != "" {
			t.Fatalf("%s: %s", Invalid, h.broken)
		}
	})
	t.Run("fault met", func(t *testing.T) {
		if h.unmet != "" {
			t.Fatalf("%s: %s", Invalid, h.unmet)
		}
	})
	t.Run("blast radius", func(t *testing.T) { h.tellShare(t, allow) })
}

// tell reports everything in the test itself.
func (h Harm) tell(tb testing.TB, allow bool) {
	tb.Helper()
	h.tellInvalid(tb)
	h.tellShare(tb, allow)
}

func (h Harm) tellInvalid(tb testing.TB) {
	tb.Helper()
	for _, why := range []string{h.broken, h.unmet} {
		if why != "" {
			tb.Errorf("%s: %s", Invalid, why)
		}
	}
}

func (h Harm) tellShare(tb testing.TB, allow bool) {
	tb.Helper()
	switch h.Verdict {
	case Held:
		tb.Log(h)
	case Refuted:
		tb.Errorf("%v%s", h, h.Under.example())
	case Invalid:
		tb.Skip("nothing is known of it: the measurement is invalid")
	case Inconclusive:
		if allow {
			tb.Skipf("%v; %s%s", h, h.uncounted, h.settles)
		}
		tb.Errorf("%v; %s%s", h, h.uncounted, h.settles)
	}
}
