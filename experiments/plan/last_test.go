package plan

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
)

// A plan says what it goes by, foresees wider intervals where harm came in bursts, and
// advises a longer fault phase where the last run met few episodes.
func TestAPlanGoesByTheLastRun(t *testing.T) {
	t.Parallel()
	s, doc := documents()
	e := makeOne(t, s, doc, Options{})
	j := e.Journeys[0]
	alone := e.Precision(j)
	j.Last = Last{Known: true, Base: 0.01, Effect: 5, InFlight: 400 * time.Millisecond, Episodes: 2}
	if bursts := e.Precision(j); bursts < 1.3*alone {
		t.Errorf("± %g with bursts, ± %g without", bursts, alone)
	}
	e.Journeys[0], e.LastRun = j, "20261101t030000z-aaaaaa"
	var b bytes.Buffer
	e.writeText(&b)
	for _, want := range []string{
		"as in run 20261101t030000z-aaaaaa: 1% harmed without the fault, in bursts: 5 journeys tell as much as an independent one; 95 % take at most 400ms",
		"harm of checkout came in 2 episodes", "lengthen the fault phase to " + figures.Span(4*e.Phases.Fault),
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %s", want, b.String())
		}
	}
	p := Plan{Experiments: []Experiment{e}}
	if got := p.Advice(); len(got) != 1 || !strings.HasPrefix(got[0], e.ID+": harm of checkout came in 2 episodes") {
		t.Errorf("advice: %q", got)
	}
	e.Journeys[0].Last.Episodes = 8
	if got := p.Advice(); len(got) != 0 {
		t.Errorf("advice of eight episodes: %q", got)
	}
}

// The effect of bursts is the one with which the last interval would have been as wide,
// and weighs less beside more harm.
func TestEffectOf(t *testing.T) {
	t.Parallel()
	s, doc := documents()
	e := makeOne(t, s, doc, Options{})
	j := e.Journeys[0]
	j.Last = Last{Known: true, Base: 0.02}
	alone := e.outlook(j, 0).HalfWidth(0.02, 0, j.Limit)
	if got := e.EffectOf(j, alone/2); got != 1 {
		t.Errorf("an interval narrower than independent journeys give has effect %g", got)
	}
	j.Last.Effect = e.EffectOf(j, 2*alone)
	if j.Last.Effect < 2.5 || j.Last.Effect > 5 {
		t.Errorf("twice as wide has effect %g", j.Last.Effect)
	}
	if got := e.EffectOf(j, 1e3); got > mostEffect {
		t.Errorf("effect %g", got)
	}
	if same, more := j.Last.effect(0.02, 0), j.Last.effect(0.02, 0.3); same < 0.99*j.Last.Effect || more < 1 || more > 0.5*same {
		t.Errorf("effect %g beside no harm, %g beside much", same, more)
	}
}
