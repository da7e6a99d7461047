package plan

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// Phases are just long enough for a limit, whatever the design and however few journeys
// there are.
func TestPhasesFor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit float64
		edit  func(*experiments.System, *experiments.Experiment)
	}{
		"second route":       {0.05, func(s *experiments.System, _ *experiments.Experiment) { s.ControlURL = "http://127.0.0.1:8081" }},
		"a journey a second": {0.05, func(s *experiments.System, _ *experiments.Experiment) { s.Journeys[0].Rate, s.Journeys[1].Rate = 1, 1 }},
		"before and after":   {0.02, func(*experiments.System, *experiments.Experiment) {}},
		"baseline only":      {0.05, func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Phases.Recovery = 5 * time.Second }},
		"turns":              {0.05, func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Repeat = 4 }},
		"a fault with an end": {0.05, func(_ *experiments.System, e *experiments.Experiment) {
			e.Faults[0].At, e.Faults[0].For = time.Second, 20*time.Second
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, doc := documents()
			s.ControlURL = ""
			tt.edit(s, doc)
			e := makeOne(t, s, doc, Options{})
			factor, _ := e.factorFor(tt.limit)
			holds := func(factor float64) bool { return e.lengthened(factor, tt.limit).allCanHold() }
			if !holds(factor) || holds(factor*0.6) {
				t.Errorf("%.2f times as long: enough %v, 0.6 of that enough %v", factor, holds(factor), holds(factor*0.6))
			}
			t.Log(e.sayPhasesFor(tt.limit))
		})
	}
}

// What takes a little more than a day takes too long: no phase longer than a day is advised.
func TestNoPhaseIsLongerThanADay(t *testing.T) {
	t.Parallel()
	s, doc := documents()
	s.ControlURL, s.Journeys = "http://127.0.0.1:8081", s.Journeys[:1]
	e := makeOne(t, s, doc, Options{})
	const limit = 0.005
	e.Journeys[0].Rate = 20
	phases, of, ok := e.PhasesFor(limit)
	if !ok || phases.Fault > longest {
		t.Fatalf("%+v, %v", phases, ok)
	}
	for _, days := range []float64{0.9, 1.1, 1.15, 1.3, 1.5, 1.7} { // as many journeys in so many days
		e.Journeys[0].Rate = 20 * phases.Fault.Hours() / 24 / days
		if slower, name, ok := e.PhasesFor(limit); name != of || ok != (days < 1) || slower.Fault > longest {
			t.Errorf("%.1f days: %+v, %v", days, slower, ok)
		}
	}
}

// What no phase can show is said, and what is no limit is refused.
func TestWritePhasesFor(t *testing.T) {
	t.Parallel()
	s, doc := documents()
	p, err := Make(s, []*experiments.Experiment{doc}, Options{Phases: NoOverride()})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.WritePhasesFor(&b, "5%"); err != nil || !strings.Contains(b.String(), "payments-slow: ") || !strings.Contains(b.String(), "browse takes the longest") {
		t.Errorf("%v: %s", err, b.String())
	}
	b.Reset()
	if err := p.WritePhasesFor(&b, "0.001%"); err != nil || !strings.Contains(b.String(), "send more journeys") {
		t.Errorf("%v: %s", err, b.String())
	}
	for _, wrong := range []string{"", "5", "0%", "-1%", "NaN%", "100%", "x%"} {
		if err := p.WritePhasesFor(&b, wrong); err == nil {
			t.Errorf("%q is taken for a limit", wrong)
		}
	}
}

// Phases that are advised for a limit give no warning when they are planned: there are
// enough journeys, and a recovery can be shown in time.
func TestAdvisedPhasesGiveNoWarning(t *testing.T) {
	t.Parallel()
	second := func(s *experiments.System, _ *experiments.Experiment) { s.ControlURL = "http://127.0.0.1:8081" }
	none := func(*experiments.System, *experiments.Experiment) {}
	for name, tt := range map[string]struct {
		rate, limit         float64
		recovery, recoverIn time.Duration
		edit                func(*experiments.System, *experiments.Experiment)
	}{
		"few journeys after the removal": {1, 0.05, 5 * time.Second, 5 * time.Second, second},
		"a phase shorter than its limit": {20, 0.05, 5 * time.Second, 30 * time.Second, second},
		"one route":                      {1, 0.05, 20 * time.Second, 10 * time.Second, none},
		"one route, a low limit":         {5, 0.01, 30 * time.Second, 10 * time.Second, none},
		"one route, a high limit":        {2, 0.3, 5 * time.Second, 5 * time.Second, none},
		"turns":                          {2, 0.1, 5 * time.Second, 10 * time.Second, func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Repeat = 4 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, doc := documents()
			s.ControlURL = ""
			tt.edit(s, doc)
			s.Journeys[0].Rate, s.Journeys[1].Rate = tt.rate, 2*tt.rate
			doc.Settings.Limits.Recovery, doc.Settings.Limits.BlastRadius = &tt.recoverIn, &tt.limit
			doc.Settings.Phases.Baseline, doc.Settings.Phases.Fault, doc.Settings.Phases.Recovery = 8*time.Second, 10*time.Second, tt.recovery
			e := makeOne(t, s, doc, Options{})
			if len(e.Warnings) == 0 || e.sayNeeded(e.Journeys[0]) == "" {
				t.Fatalf("these phases are long enough already: %q", e.Warnings)
			}
			phases, _, ok := e.PhasesFor(tt.limit)
			if !ok {
				t.Fatal("no phases are long enough")
			}
			doc.Settings.Phases = phases
			e = makeOne(t, s, doc, Options{})
			for _, j := range e.Journeys {
				if text := e.sayNeeded(j); text != "" {
					e.Warnings = append(e.Warnings, text)
				}
			}
			if len(e.Warnings) > 0 {
				t.Errorf("advised: %+v: %q", phases, e.Warnings)
			}
		})
	}
}

// How many journeys show that a fault harms nobody has one answer, wherever it is asked, and
// minds what is known of harm without the fault and of bursts.
func TestOneNumberOfJourneys(t *testing.T) {
	t.Parallel()
	s, doc := documents()
	s.Journeys = s.Journeys[:1]
	s.Journeys[0].Rate = 1
	e := makeOne(t, s, doc, Options{})
	j := e.Journeys[0]
	said := regexp.MustCompile(`about ([0-9,]+) journeys per arm`)
	number := func(text string) string {
		if m := said.FindStringSubmatch(text); m != nil {
			return m[1]
		}
		return text
	}
	inBursts := Last{Known: true, Base: 0.01, Effect: 4}
	for name, last := range map[string]Last{"nothing known": {}, "bursts": inBursts} {
		j.Last, e.Journeys[0].Last = last, last
		x, of, ok := e.longEnough(j.Limit)
		if !ok || of.Name != j.Name {
			t.Fatalf("%s: %v of %q", name, ok, of.Name)
		}
		want := figures.Count(x.perArm(of))
		if plan, length := number(e.sayNeeded(j)), number(e.sayPhasesFor(j.Limit)); plan != want || length != want {
			t.Errorf("%s: the plan says %s, the phases %s, want %s", name, plan, length, want)
		}
		if held := x.outlook(of, 0).Holds(x.base(of), of.Limit); held < stats.Power {
			t.Errorf("%s: held in %g of runs", name, held)
		}
	}
	e.Journeys[0].Last = inBursts
	bursts, _, _ := e.longEnough(j.Limit)
	e.Journeys[0].Last = Last{Known: true, Base: 0.01, Effect: 1}
	if even, _, _ := e.longEnough(j.Limit); bursts.perArm(e.Journeys[0]) < 2*even.perArm(e.Journeys[0]) {
		t.Errorf("%d journeys where harm comes in bursts, %d where it is even", bursts.perArm(e.Journeys[0]), even.perArm(e.Journeys[0]))
	}
}
