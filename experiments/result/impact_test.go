package result

import "testing"

func TestImpactIsShareTimesTraffic(t *testing.T) {
	t.Parallel()
	traffic := &Traffic{CheckoutsPerHour: 12_000, Value: 40, Currency: "EUR", Journey: "checkout"}
	with := func(v Verdict, b BlastRadius) *Experiment {
		return &Experiment{Verdict: v, Journeys: []Journey{{Name: "browse", BlastRadius: &BlastRadius{Estimate: 1, Low: 1, High: 1}}, {Name: "checkout", BlastRadius: &b}}}
	}
	got := traffic.impact(with(Refuted, BlastRadius{Estimate: 0.25, Low: 0.125, High: 0.5}))
	if got == nil || got.Checkouts != (Amount{3000, 1500, 6000}) || *got.Money != (Amount{120_000, 60_000, 240_000}) || got.Currency != "EUR" {
		t.Errorf("a quarter of 12,000 checkouts of 40 EUR: %+v", got)
	}
	if got := traffic.impact(with(Held, BlastRadius{Estimate: -0.01, Low: -0.02, High: 0.01})); got.Checkouts != (Amount{0, 0, 120}) {
		t.Errorf("where no harm is shown: %+v, want at most 120", got.Checkouts)
	}
	if got := (&Traffic{CheckoutsPerHour: 10, Journey: "checkout"}).impact(with(Held, BlastRadius{Estimate: 0.5})); got.Money != nil || got.Currency != "" {
		t.Errorf("without a value: %+v, want no money", got)
	}
	for name, e := range map[string]*Experiment{
		"an invalid one": with(Invalid, BlastRadius{}), "one that was not run": with(NotRun, BlastRadius{}), "one without the journey": {Verdict: Held},
	} {
		if got := traffic.impact(e); got != nil {
			t.Errorf("%s has an impact: %+v", name, got)
		}
	}
	if got := (*Traffic)(nil).impact(with(Held, BlastRadius{})); got != nil {
		t.Errorf("without traffic: %+v", got)
	}
}
