package result

import (
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Why a fault met nothing is told by what the proxy saw instead.
func TestWhyAFaultMetNothing(t *testing.T) {
	t.Parallel()
	zero, some := int64(0), int64(80)
	for name, tt := range map[string]struct {
		before, after *journal.Traffic // nil: not sampled
		evidence      journal.Evidence
		want          UnmetCode
	}{
		"nothing is known": {nil, nil, journal.Evidence{}, UnmetNothingCounted},
		"no connection came": {&journal.Traffic{Connections: 7, Bytes: 700}, &journal.Traffic{Connections: 7, Bytes: 700},
			journal.Evidence{}, UnmetNoConnection},
		"calls on older connections": {&journal.Traffic{Connections: 7, Calls: &zero}, &journal.Traffic{Connections: 7, Calls: &some},
			journal.Evidence{}, UnmetNothingCounted},
		"bytes on older connections": {&journal.Traffic{Connections: 7, Bytes: 1}, &journal.Traffic{Connections: 7, Bytes: 9},
			journal.Evidence{}, UnmetNothingCounted},
		"the dependency could not be reached": {&journal.Traffic{Connections: 5, DialFailed: 2}, &journal.Traffic{Connections: 14, DialFailed: 11},
			journal.Evidence{}, UnmetNotDialled},
		"it could for some": {&journal.Traffic{}, &journal.Traffic{Connections: 9, DialFailed: 3, Bytes: 99}, journal.Evidence{}, UnmetNothingCounted},
		"requests came, and none matched": {&journal.Traffic{}, &journal.Traffic{Connections: 9, Bytes: 99, Calls: &some},
			journal.Evidence{Seen: 80, Missed: []journal.Missed{{What: "POST /charge", Count: 78}, {What: "GET /health", Count: 2}}}, UnmetNoMatch},
		"requests came, of which no server says more": {nil, nil, journal.Evidence{Seen: 80}, UnmetNoMatch},
		"a server that started anew":                  {&journal.Traffic{Connections: 9}, &journal.Traffic{}, journal.Evidence{}, UnmetNothingCounted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			s.writeJournal()
			for moment, traffic := range map[string]*journal.Traffic{journal.BeforeFault: tt.before, journal.AfterFault: tt.after} {
				if traffic != nil {
					traffic.Proxy = "payments"
					s.at(faultAt, journal.Event{Kind: journal.Sampled, Detail: moment, Traffic: []journal.Traffic{*traffic}})
				}
			}
			tt.evidence.Present, tt.evidence.Counted = true, true
			s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Evidence = &tt.evidence })
			e := s.fold(t).Experiments[0]
			x := e.Faults[0].Exercised
			if x.Grade != GradeNo || x.Unmet != tt.want || x.Note == "" || e.ReasonCodes[0] != ReasonNotExercised {
				t.Errorf("%s %s: %q", x.Grade, x.Unmet, x.Note)
			}
			known := tt.before != nil && tt.after.Connections >= tt.before.Connections
			if (x.Connections != nil) != known || x.Requests != tt.evidence.Seen || len(x.Missed) != len(tt.evidence.Missed) {
				t.Errorf("evidence = %+v", x)
			}
		})
	}
}

// The cause comes before its consequence: a system that failed anyway is told before the
// fault that it did not meet.
func TestAHarmedBaselineComesBeforeWhatWasNotExercised(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = func(plan.Arm, float64) float64 { return 0.3 }
	s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Evidence = &journal.Evidence{Present: true, Counted: true} })
	codes := s.fold(t).Experiments[0].ReasonCodes
	harmed, unmet := slices.Index(codes, ReasonBaselineHarmed), slices.Index(codes, ReasonNotExercised)
	if harmed != 0 || unmet < harmed {
		t.Errorf("reasons %v", codes)
	}
}
