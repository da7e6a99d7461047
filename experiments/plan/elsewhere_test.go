package plan

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
)

// Another program sends other journeys, and a plan says which it is.
func TestAPlanNamesTheProgramThatSends(t *testing.T) {
	t.Parallel()
	with := func(command ...string) Experiment {
		s, x := documents()
		s.Traffic = &experiments.Traffic{Command: command}
		return makeOne(t, s, x, Options{})
	}
	if with("a", "b").Digests.Journeys == with("a", "c").Digests.Journeys || with("a").Digests.Journeys == with().Digests.Journeys {
		t.Error("the digest does not follow the command")
	}
	for _, command := range [][]string{nil, {"locust", "-f", "a b", "http://joe:hunter2@shop.test"}} {
		s, x := documents()
		s.Traffic = &experiments.Traffic{Command: command}
		p, err := Make(s, []*experiments.Experiment{x}, Options{Phases: NoOverride()})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := p.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), `sent by locust -f "a b" http://`); got != (command != nil) || strings.Contains(b.String(), "allow_hosts") != got || strings.Contains(b.String(), "hunter2") {
			t.Errorf("%v: %s", command, b.String())
		}
	}
}

// One line is of no more journeys than an arm starts in a second.
func TestHowManyJourneysALineMayBeOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		control Control
		stages  []experiments.Stage
		want    int
	}{
		{Concurrent, nil, 24}, {Baseline, nil, 46}, {Concurrent, []experiments.Stage{{Rate: 400}, {Rate: 4}}, 222},
	} {
		e := Experiment{Control: tt.control}
		if got := e.MostTogether(Journey{Journey: experiments.Journey{Rate: 40, Stages: tt.stages}}); got != tt.want {
			t.Errorf("%s, %v: %d, want %d", tt.control, tt.stages, got, tt.want)
		}
	}
}

// What needs journeys of our own is refused before anything happens.
func TestWhatAProgramCannotSend(t *testing.T) {
	t.Parallel()
	s, x := documents()
	s.Propagates = experiments.PropagatesBaggage
	x.Saturation = []float64{0, 1}
	s.Traffic = &experiments.Traffic{Command: []string{"locust"}}
	if _, err := Make(s, []*experiments.Experiment{x}, Options{Phases: NoOverride()}); !errors.Is(err, ErrImpossible) || !strings.Contains(err.Error(), "traffic.command") {
		t.Errorf("saturation: %v", err)
	}
	if _, err := MakeScan(s, DefaultScan()); !errors.Is(err, ErrImpossible) || !strings.Contains(err.Error(), "traffic.command") {
		t.Errorf("a scan: %v", err)
	}
}
