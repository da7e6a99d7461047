package compare

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// amplification has a row for each dependency that both sides counted.
func amplification(base, head []experimentRun) []Amplification {
	var list []Amplification
	for _, r := range head {
		for _, a := range r.Amplification {
			if slices.ContainsFunc(list, func(o Amplification) bool { return o.Dependency == a.Dependency && o.Unit == a.Unit }) {
				continue
			}
			row := Amplification{Dependency: a.Dependency, Unit: a.Unit}
			row.Base, row.BaseStorm = meanFactor(a, base)
			row.Head, row.HeadStorm = meanFactor(a, head)
			if row.Base > 0 && row.Head > 0 {
				list = append(list, row)
			}
		}
	}
	return list
}

// meanFactor is the mean factor of a dependency over the runs that have one, 0 if
// none has, and whether there was a retry storm in any.
func meanFactor(of result.Amplification, side []experimentRun) (mean float64, storm bool) {
	sum, n := 0.0, 0.0
	for _, r := range side {
		for _, a := range r.Amplification {
			if a.Dependency == of.Dependency && a.Unit == of.Unit && a.Factor > 0 {
				sum, n, storm = sum+a.Factor, n+1, storm || a.Storm
			}
		}
	}
	return sum / max(n, 1), storm
}

// impact is the change of the journey that stands for a checkout, in the units of
// the real system's traffic; nil where head does not declare that traffic.
func (e *Experiment) impact(head []experimentRun) *result.Impact {
	traffic := head[len(head)-1].in.Result.System.Traffic
	if traffic == nil {
		return nil
	}
	for _, j := range e.Journeys {
		if j.Name != traffic.Journey || j.Change == nil {
			continue
		}
		i := &result.Impact{Journey: j.Name, Currency: traffic.Currency}
		i.Checkouts = result.Amount{Estimate: j.Change.Estimate, Low: j.Change.Low, High: j.Change.High}.Times(traffic.CheckoutsPerHour)
		if traffic.Currency != "" {
			money := i.Checkouts.Times(traffic.Value)
			i.Money = &money
		}
		return i
	}
	return nil
}
