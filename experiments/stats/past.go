package stats

// recent is how many seconds before a fault are the control on one route. A scan takes many
// minutes, over which a system drifts.
const recent = 120

// A past is the healthy time before a fault, as a [HarmTest] uses it.
type past struct {
	concurrent bool
	all        Pair
	share      Interval // of the fault's route; the control of one route
	burst      float64  // design effect
}

func newPast(before []Pair, concurrent bool) past {
	p := past{concurrent: concurrent, burst: 1}
	if !concurrent {
		before = before[max(0, len(before)-recent):]
	}
	for _, b := range before {
		p.all.Fault, p.all.Control = p.all.Fault.plus(b.Fault), p.all.Control.plus(b.Control)
	}
	if len(before) >= LeastBatches {
		p.burst = max(1, p.effectOf(before))
	}
	p.share = wilson(p.all.Fault, p.burst, z95)
	return p
}

// effectOf is the design effect of these seconds: of the difference between the arms on two
// routes, of the share on one.
func (p past) effectOf(seconds []Pair) float64 {
	if p.concurrent {
		d := newPaired(seconds)
		return effect(d.variance, d.independent)
	}
	counts := make([]Count, len(seconds))
	for i, s := range seconds {
		counts[i] = s.Fault
	}
	all := Total(counts)
	if all.N == 0 {
		return 1
	}
	d := deviations(counts)
	return effect(variance(d), all.variance()) * persistence(d)
}

// evidence is a test of an excess beyond a limit: above it for direction 1, below it for −1.
func (p past) evidence(limit, direction float64) *evidence {
	if !p.concurrent {
		edge := p.share.High + limit
		if direction < 0 {
			edge = p.share.Low + limit
		}
		return newOneArm(edge, direction, p.burst*mostOfBlock)
	}
	e := newEProcess(limit, p.all, 1, direction)
	if direction < 0 {
		e.favour(p.share.Estimate)
	}
	list := &evidence{ratios: e, most: mostOfBlock}
	for _, r := range e.rivals {
		list.priors = append(list.priors, r.prior)
	}
	return list
}
