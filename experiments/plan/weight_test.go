package plan

import (
	"bytes"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
)

// A weight makes another journey, and is no part of the load. Without one, digests are what
// they always were, see [TestDigestsStayWhatTheyWere].
func TestWeightsAreInTheDigest(t *testing.T) {
	t.Parallel()
	digests := func(w experiments.Weight) Digests {
		s, x := documents()
		s.Journeys[0].Steps = []experiments.Step{{Name: "look"}, {Name: "pay", Weight: w}}
		return makeOne(t, s, x, Options{}).Digests
	}
	none, some, more := digests(0), digests(0.3), digests(0.4)
	if none.Journeys == some.Journeys || some.Journeys == more.Journeys || none.Load != some.Load || none.Faults != some.Faults {
		t.Errorf("%+v, %+v and %+v", none, some, more)
	}
}

// A plan says who takes a step, and warns where so few do that their certain harm would be
// within the limit.
func TestWeightsInAPlan(t *testing.T) {
	t.Parallel()
	const warned = "the limit allows harm of"
	for name, tt := range map[string]struct {
		needs  []string
		weight experiments.Weight
		limit  float64
		warns  bool
	}{
		"few of a loose limit":      {[]string{"payments"}, 0.05, 0.1, true},
		"more than the limit":       {[]string{"payments"}, 0.3, 0.1, false},
		"all":                       {[]string{"payments"}, 0, 1, false},
		"nothing is known of needs": {nil, 0.05, 0.1, false},
	} {
		s, x := documents()
		s.Journeys[0].Steps = []experiments.Step{{Name: "look"}, {Name: "pay", Weight: tt.weight, Needs: tt.needs}}
		x.Settings.Limits.BlastRadius = &tt.limit
		p, err := Make(s, []*experiments.Experiment{x}, Options{Phases: NoOverride()})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(p.Experiments[0].Warnings, "\n"), warned); got != tt.warns {
			t.Errorf("%s: warnings %q", name, p.Experiments[0].Warnings)
		}
		var b bytes.Buffer
		if err := p.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "step pay by "+tt.weight.String()); got != (tt.weight > 0) {
			t.Errorf("%s: the plan is\n%s", name, b.String())
		}
	}
}
