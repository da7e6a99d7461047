package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	// leastJourneys is how many journeys an arm needs before anything is concluded.
	leastJourneys = 30
	// longest is the longest phase that is advised.
	longest = 24 * time.Hour
	// recoveryUnit is how finely the length of a recovery phase is advised.
	recoveryUnit = 5 * time.Second
)

// WritePhasesFor writes, for people, how long the phases of each experiment must be for a
// limit, such as 5%. The error says what is wrong with limit.
func (p *Plan) WritePhasesFor(w io.Writer, limit string) error {
	share, err := shape.ParseShare(strings.TrimSpace(limit))
	if err == nil && (share == 0 || share == 1) {
		err = errors.New("give more than 0% and less than 100%")
	}
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "\n  Phases for %s, with which a fault that harms nobody is held in four of five runs:\n", figures.ShortPercent(share, 1))
	for _, e := range p.Experiments {
		fmt.Fprintf(&b, "      %s: %s\n", e.ID, e.sayPhasesFor(share))
	}
	_, err = io.WriteString(w, inert.Lines(b.String()))
	return err
}

func (e Experiment) sayPhasesFor(limit float64) string {
	for _, j := range e.Journeys {
		if e.rateUnknown(j) {
			return "nobody knows how many " + j.Name + " journeys come: give rate: beside its counters"
		}
	}
	x, longestOf, ok := e.longEnough(limit)
	if !ok {
		return fmt.Sprintf("a fault phase of %s is not enough for %s: send more journeys", figures.Span(longest), longestOf.Name)
	}
	turn := ""
	if e.Repeat > 1 {
		turn = fmt.Sprintf(" in each of %d turns", e.Repeat)
	}
	text := fmt.Sprintf("%s baseline and %s fault%s, %s recovery", figures.Span(x.Phases.Baseline), figures.Span(x.faultPeriod()), turn, figures.Span(x.Phases.Recovery))
	if slices.ContainsFunc(e.Faults, func(f Fault) bool { return f.For > 0 }) {
		text += ", with at and for of its faults longer alike"
	}
	return text + fmt.Sprintf(": %s takes the longest, with about %s journeys per arm", longestOf.Name, figures.Count(x.perArm(longestOf)))
}

// sayNeeded says how many journeys of j show that a fault which harms nobody is within
// its limit, where the phases have too few; empty where they have enough.
func (e Experiment) sayNeeded(j Journey) string {
	if e.rateUnknown(j) || e.canHold(j) {
		return ""
	}
	e.Journeys = []Journey{j}
	x, j, ok := e.longEnough(j.Limit)
	if !ok {
		return j.Name + ": too few journeys to show in four of five runs that a fault which harms nobody is within the limit, also in a day: send more"
	}
	return fmt.Sprintf("%s: a fault that harms nobody is shown to hold in four of five runs with about %s journeys per arm instead of %s",
		j.Name, figures.Count(x.perArm(j)), figures.Count(e.perArm(j)))
}

// perArm is how many journeys of j count in the arm that has fewer.
func (e Experiment) perArm(j Journey) int {
	fault, control := e.Cohort(j)
	return min(fault, control)
}

// PhasesFor returns the shortest phases, in the proportions of the experiment, with which a
// fault that harms nobody is shown to be within limit in as many runs as [stats.Power] says,
// and back in time, and the journey that takes the longest. The phase of the fault is that
// of one turn. It reports false if a day is not enough.
func (e Experiment) PhasesFor(limit float64) (experiments.Phases, string, bool) {
	x, longestOf, ok := e.longEnough(limit)
	if !ok {
		return experiments.Phases{}, longestOf.Name, false
	}
	phases := x.Phases
	phases.Fault = x.faultPeriod()
	return phases, longestOf.Name, true
}

// longEnough is the experiment with phases that are long enough for a limit, which all its
// journeys then have, and the journey that takes the longest.
func (e Experiment) longEnough(limit float64) (x Experiment, longestOf Journey, ok bool) {
	factor, longestOf := e.factorFor(limit)
	if math.IsInf(factor, 1) {
		return Experiment{}, longestOf, false
	}
	return e.lengthened(factor, limit), longestOf, true
}

// factorFor is how many times as long phases must be for a limit of all journeys, and
// the one that takes the longest; infinite if a day is not enough.
func (e Experiment) factorFor(limit float64) (factor float64, longestOf Journey) {
	for _, j := range e.Journeys {
		j.Limit = limit
		if f := e.factorOf(j); f > factor {
			factor, longestOf = f, j
		}
	}
	// A design may change with the phases, and with it how much they show.
	for !math.IsInf(factor, 1) && !e.lengthened(factor, limit).allCanHold() {
		if factor *= 1.05; factor > e.mostFactor() {
			factor = math.Inf(1)
		}
	}
	return factor, longestOf
}

// lengthened is the experiment with longer phases and one limit of all journeys. Its
// recovery phase is long enough to show that one is in time, if any length is.
func (e Experiment) lengthened(factor, limit float64) Experiment {
	x := e.scaled(factor)
	x.Journeys = slices.Clone(e.Journeys)
	for i := range x.Journeys {
		x.Journeys[i].Limit = limit
	}
	x.Phases.Recovery = max(x.Phases.Recovery, x.Limits.Recovery)
	if !slices.ContainsFunc(x.Journeys, func(j Journey) bool { return !x.baselineShowsRecovery(j) }) {
		for len(x.recoveryWarnings()) > 0 && x.Phases.Recovery < longest {
			x.Phases.Recovery += recoveryUnit
		}
	}
	return x
}

// mostFactor is how many times as long the longest fault phase is.
func (e Experiment) mostFactor() float64 { return longest.Seconds() / e.faultPeriod().Seconds() }

// factorOf is how many times as long phases must be for the limit of j. It looks from the
// shortest on, in steps that leave out little: longer phases may have another design, or
// batches, and then need to be longer still.
func (e Experiment) factorOf(j Journey) float64 {
	const step = 1.25
	low := e.shortestPhase(j).Seconds() / e.faultPeriod().Seconds()
	high := low
	for !e.scaled(high).canHold(j) {
		if high >= e.mostFactor() {
			return math.Inf(1)
		}
		low, high = high, min(high*step, e.mostFactor())
	}
	return e.factorBetween(low, high, j)
}

// factorBetween is factorOf between a factor that is not enough and one that is.
func (e Experiment) factorBetween(low, high float64, j Journey) float64 {
	for high/low > 1.03 {
		if middle := math.Sqrt(low * high); e.scaled(middle).canHold(j) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

func (e Experiment) canHold(j Journey) bool {
	fault, control := e.Cohort(j)
	if min(fault, control) < leastJourneys || e.Control == Concurrent && e.armBaseline(j) < leastJourneys {
		return false
	}
	return e.outlook(j, 0).Holds(e.base(j), j.Limit) >= stats.Power
}

// allCanHold reports whether the phases show enough of all journeys.
func (e Experiment) allCanHold() bool {
	return len(e.recoveryWarnings()) == 0 && !slices.ContainsFunc(e.Journeys, func(j Journey) bool { return !e.canHold(j) })
}

// baselineShowsRecovery reports whether the baseline has journeys enough to tell that harm
// is back at its level, if no recovery phase is too long.
func (e Experiment) baselineShowsRecovery(j Journey) bool {
	if e.Limits.Recovery == 0 || e.Control == Concurrent {
		return true
	}
	return stats.CanShowRecovery(int(j.Rate*longest.Seconds()), int(j.Rate*e.Phases.Baseline.Seconds()), j.Limit)
}

// scaled is the experiment with longer or shorter phases. On one route the recovery phase
// stays long enough to be a second control, if it is now.
func (e Experiment) scaled(factor float64) Experiment {
	times := func(d time.Duration) time.Duration {
		unit := time.Second
		if d = time.Duration(float64(d) * factor); d > time.Minute {
			unit = 5 * time.Second
		}
		return (d + unit - 1) / unit * unit
	}
	x := e
	x.Phases.Baseline, x.Phases.Fault, x.FaultPeriod = times(e.Phases.Baseline), times(e.Phases.Fault), times(e.FaultPeriod)
	if e.Control == Baseline && e.Repeat < 2 && e.Phases.Recovery >= e.recoveryOfSecondControl() {
		x.Phases.Recovery = max(times(e.Phases.Recovery), e.recoveryOfSecondControl()+e.shortestBatch()*2)
	}
	if e.Repeat > 1 {
		x.Phases.Fault = time.Duration(e.Repeat)*(x.FaultPeriod+x.Phases.Baseline) - x.Phases.Baseline
	}
	if e.Turns != nil {
		x.Turns = turnsOf(e.Shares(), x.Phases.Fault, e.advisedTurn())
	}
	cycle, longer := e.FaultPeriod+e.Phases.Baseline, x.FaultPeriod+x.Phases.Baseline
	x.Faults = make([]Fault, len(e.Faults))
	for i, f := range e.Faults {
		was, is := time.Duration(f.Period)*cycle, time.Duration(f.Period)*longer
		f.At = is + min(x.faultPeriod(), times(f.At-was))
		f.Until = is + min(x.faultPeriod(), times(f.Until-was))
		x.Faults[i] = f
	}
	return x
}
