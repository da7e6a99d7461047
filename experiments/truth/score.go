package truth

import (
	"fmt"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A Score is how often results told the truth. All but Runs are shares of the runs,
// those of the interval shares of the runs that have one.
type Score struct {
	Runs                                 int
	Held, Refuted, Inconclusive, Invalid float64
	Stopped                              float64            // by a guardrail
	Uninjected                           float64            // ended with its baseline
	Contaminated                         float64            // the control was called harmed as well
	Covered                              float64            // the interval holds the truth
	Above, Below                         float64            // the interval lies above, and below the truth
	Found                                float64            // the interval lies above zero
	Estimate, Width                      float64            // means
	RefutedBy                            map[string]float64 // by name of the criterion
}

// Tally plays a scene a number of times, with the seeds 1, 2 and so on. also, if not
// nil, sees each result.
func Tally(t *testing.T, runs int, truth float64, scene func(seed uint64) *Scene, also func(*result.Experiment)) *Score {
	t.Helper()
	s := &Score{Runs: runs, RefutedBy: map[string]float64{}}
	intervals := 0.0
	for seed := range uint64(runs) {
		e := scene(seed + 1).Play(t)
		s.add(e)
		if b := e.BlastRadius; b != nil {
			intervals++
			s.addInterval(b, truth)
		}
		if also != nil {
			also(e)
		}
	}
	each, ofIntervals := float64(max(1, runs)), max(1, intervals)
	for _, p := range []*float64{&s.Held, &s.Refuted, &s.Inconclusive, &s.Invalid, &s.Stopped, &s.Uninjected} {
		*p /= each
	}
	for name := range s.RefutedBy {
		s.RefutedBy[name] /= each
	}
	for _, p := range []*float64{&s.Contaminated, &s.Covered, &s.Above, &s.Below, &s.Found, &s.Estimate, &s.Width} {
		*p /= ofIntervals
	}
	return s
}

func (s *Score) add(e *result.Experiment) {
	switch e.Verdict {
	case result.Held:
		s.Held++
	case result.Refuted:
		s.Refuted++
	case result.Inconclusive:
		s.Inconclusive++
	case result.Invalid:
		s.Invalid++
	}
	if e.HasReason(result.ReasonBaselineHarmed) && e.Faults[0].Injected.IsZero() {
		s.Uninjected++
	}
	if e.Guardrail != nil {
		s.Stopped++
	}
	for _, c := range e.Criteria {
		if c.Verdict == result.Refuted {
			s.RefutedBy[c.Name]++
		}
	}
}

func (s *Score) addInterval(b *result.BlastRadius, truth float64) {
	if b.Control == result.ContaminatedControl {
		s.Contaminated++
	}
	switch {
	case truth < b.Low:
		s.Above++
	case truth > b.High:
		s.Below++
	default:
		s.Covered++
	}
	if b.Low > 0 {
		s.Found++
	}
	s.Estimate += b.Estimate
	s.Width += b.High - b.Low
}

func (s *Score) String() string {
	return fmt.Sprintf("held %.1f refuted %.1f inconclusive %.1f invalid %.1f | stopped %.1f contaminated %.1f | covered %.1f (above %.1f, below %.1f) found %.1f estimate %.2f width %.2f | %.2v of %d",
		100*s.Held, 100*s.Refuted, 100*s.Inconclusive, 100*s.Invalid, 100*s.Stopped, 100*s.Contaminated,
		100*s.Covered, 100*s.Above, 100*s.Below, 100*s.Found, 100*s.Estimate, 100*s.Width, s.RefutedBy, s.Runs)
}
