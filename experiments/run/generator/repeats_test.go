package generator

import (
	"strconv"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

func at(trace string, o journal.Observation) *said { return &said{Observation: o, trace: trace} }

// The same journey is told once; another start, arm, journey or trace is another journey.
func TestAJourneyThatIsToldTwice(t *testing.T) {
	t.Parallel()
	r := newRepeats()
	for _, o := range []*said{
		at("a", journal.Observation{}), at("b", journal.Observation{}), at("a", journal.Observation{Journey: 1}), at("a", journal.Observation{Arm: plan.ControlArm}),
		at("a", journal.Observation{Intended: time.Millisecond}), at("", journal.Observation{}), at("", journal.Observation{}),
	} {
		if r.again(o) {
			t.Errorf("%+v is known", o)
		}
	}
	if !r.again(at("a", journal.Observation{Outcome: journal.Failed})) {
		t.Error("a journey is told twice")
	}
}

// However many come, the memory of them is bounded, and the last ones are in it.
func TestTheMemoryOfLinesIsBounded(t *testing.T) {
	t.Parallel()
	r := newRepeats()
	for n := range 2*mostRemembered + 7 {
		if r.again(at(strconv.Itoa(n), journal.Observation{})) {
			t.Fatalf("%d is known", n)
		}
	}
	if len(r.known) != mostRemembered || len(r.last) != mostRemembered {
		t.Errorf("%d and %d are remembered", len(r.known), len(r.last))
	}
	if !r.again(at(strconv.Itoa(mostRemembered+7), journal.Observation{})) || r.again(at("6", journal.Observation{})) {
		t.Error("it does not remember the last ones")
	}
}
