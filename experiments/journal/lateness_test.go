package journal

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Each kind of journey has its own measure: a tenth of its slow_after. A journal from
// elsewhere may name more kinds than its plan.
func TestDistrustOfACell(t *testing.T) {
	t.Parallel()
	journeys := []plan.Journey{
		{Journey: experiments.Journey{Name: "checkout", SlowAfter: time.Second}},
		{Journey: experiments.Journey{Name: "browse", SlowAfter: 3 * time.Second}},
	}
	for name, tt := range map[string]struct {
		late   []Lateness
		want   string
		latest int
	}{
		"not measured":          {nil, "", -1},
		"in time":               {[]Lateness{{P99: 0.002}, {P99: 0.2}}, "", -1},
		"at the bound":          {[]Lateness{{P99: 0.1}, {P99: 0.3}}, "", -1},
		"too late":              {[]Lateness{{P99: 0.101}, {P99: 0.2}}, CellLate, 0},
		"both, and one more so": {[]Lateness{{P99: 0.2}, {P99: 0.5}}, CellLate, 1},
		"shed":                  {[]Lateness{{}, {Shed: 1}}, CellShed, -1},
		"late and shed":         {[]Lateness{{Shed: 1}, {P99: 1}}, CellLate, 1},
		"of no journey":         {[]Lateness{{}, {}, {P99: 5}}, "", -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := CellEnd{Late: tt.late, LateAfter: tt.late}
			if got, latest := c.Distrust(journeys), LateAmong(tt.late, journeys); got != tt.want || latest != tt.latest || c.LateBack(journeys) != (tt.latest >= 0) {
				t.Errorf("%q, %d, late after it %t; want %q, %d", got, latest, c.LateBack(journeys), tt.want, tt.latest)
			}
		})
	}
}
