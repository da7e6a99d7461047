package result

import "github.com/blastgauge/blastgauge/experiments"

// Traffic is what the real system carries, as its document says.
type Traffic struct {
	CheckoutsPerHour float64 `json:"checkouts_per_hour"`
	Value            float64 `json:"value,omitempty"`    // of one checkout
	Currency         string  `json:"currency,omitempty"` // of Value
	Journey          string  `json:"journey"`            // that stands for a checkout
}

// Impact is what an hour of such an incident would do to the real system's traffic. It is
// arithmetic, not a measurement: the blast radius of the journey that stands for a
// checkout, times the traffic. Its bounds are those of the blast radius. How well staging
// stands for the real system is not known.
type Impact struct {
	Journey   string `json:"journey"`
	Checkouts Amount `json:"checkouts"` // harmed per hour
	// Money is what they are worth per hour; absent where the value is not declared.
	Money    *Amount `json:"money,omitempty"`
	Currency string  `json:"currency,omitempty"`
}

// Amount is an estimate with its bounds. Low is 0 where no harm is shown.
type Amount struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

func newTraffic(t *experiments.Traffic) *Traffic {
	if t == nil || t.PerHour == 0 {
		return nil
	}
	return &Traffic{CheckoutsPerHour: t.PerHour, Value: t.Value.Amount, Currency: t.Value.Currency, Journey: t.Journey}
}

// impact is nil for an experiment whose measurement cannot be trusted, and where no
// traffic is declared.
func (t *Traffic) impact(e *Experiment) *Impact {
	if t == nil || !e.Trusted() {
		return nil
	}
	for _, j := range e.Journeys {
		b := j.BlastRadius
		if j.Name != t.Journey || b == nil {
			continue
		}
		share := Amount{max(b.Estimate, 0), max(b.Low, 0), max(b.High, 0)}
		i := &Impact{Journey: j.Name, Checkouts: share.Times(t.CheckoutsPerHour)}
		if t.Currency != "" {
			money := i.Checkouts.Times(t.Value)
			i.Money, i.Currency = &money, t.Currency
		}
		return i
	}
	return nil
}

// Times converts the amount to another unit.
func (a Amount) Times(by float64) Amount { return Amount{a.Estimate * by, a.Low * by, a.High * by} }
