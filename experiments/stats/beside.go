package stats

// DifferenceInDifferences is the interval of the harm by a fault where trials of another
// kind run beside those that the fault may harm: how much more are hits than of the other
// kind under the fault, minus the same before it. Each pair is one batch of time, with
// the trials of the other kind as its Control. What harms both kinds in the same batch
// cancels out, and so does what they differ by always. Each stretch of time varies on its
// own, and neither is known better than both together say; bad moments that outlast a
// batch count as [persistence] says.
//
// It assumes what [PairedBatches] assumes of batches, and that the fault does not touch
// the other kind: if it does, the difference is too small. With fewer than [LeastBatches]
// batches in either stretch, or an empty group, it reports false.
//
// Sources: D. Card and A. B. Krueger, "Minimum Wages and Employment", American Economic
// Review 84 (1994), 772-793, on the design; for the rest as [PairedBatches] and [Minus].
func DifferenceInDifferences(before, under []Pair) (Difference, bool) {
	b, u := newPaired(before), newPaired(under)
	if min(len(before), len(under)) < LeastBatches || min(b.fault.N, b.control.N, u.fault.N, u.control.N) == 0 {
		return Difference{}, false
	}
	pooled := effect(b.variance+u.variance, b.independent+u.independent)
	longer := persistence(b.residuals, u.residuals)
	effectOf := func(p paired) float64 { return longer * max(pooled, effect(p.variance, p.independent)) }
	of := func(p paired) Interval {
		scale := max(1, effectOf(p)*penalty(len(p.residuals)))
		return Minus(wilson(p.fault, scale, z95), wilson(p.control, scale, z95))
	}
	d := Difference{
		Interval: bounded(Minus(of(u), of(b))), Method: Beside, Batches: min(len(before), len(under)),
		Newcombe: bounded(Minus(newcombe(u.fault, u.control, z95), newcombe(b.fault, b.control, z95))),
	}
	d.Effective = min(float64(u.fault.N)/max(1, effectOf(u)), float64(b.fault.N)/max(1, effectOf(b)))
	return d, true
}

// paired is what batches of two kinds of trials have in common.
type paired struct {
	fault, control Count
	residuals      []float64 // of the difference of their shares, by batch
	variance       float64   // of that difference, as measured
	independent    float64   // the same, if trials were independent
	alone          float64   // variance of the share of fault, as measured
}

func newPaired(batches []Pair) paired {
	fault, control := make([]Count, len(batches)), make([]Count, len(batches))
	for i, b := range batches {
		fault[i], control[i] = b.Fault, b.Control
	}
	p := paired{fault: Total(fault), control: Total(control)}
	if len(batches) < 2 || p.fault.N == 0 || p.control.N == 0 {
		return p
	}
	p.residuals = deviations(fault)
	p.alone = variance(p.residuals)
	for i, r := range deviations(control) {
		p.residuals[i] -= r
	}
	p.variance, p.independent = variance(p.residuals), p.fault.variance()+p.control.variance()
	return p
}

// ShareMoments reports whether two kinds of trials have their bad moments at the same
// time, from batches in which the fault touches neither: then the difference of the two
// varies less than the first kind alone, and the second kind tells something of it.
func ShareMoments(batches []Pair) bool {
	p := newPaired(batches)
	if len(batches) < LeastBatches || p.residuals == nil {
		return false
	}
	return p.variance < p.alone
}

// AllowForSpread minds that harm at the places that count is not all harm. spread is the
// harm at all other places. Where it is shown to have grown, all harm counts; then it
// reports true. Where it seems to have grown by a quarter of the limit, the upper end is
// that of all harm if that is further up. The lower end of harm that counts stays true in
// any case, because other harm only adds to it.
func AllowForSpread(counted, all, spread Interval, limit float64) (Interval, bool) {
	high := max(counted.High, all.High)
	switch {
	case spread.Low > 0:
		low := max(counted.Low, all.Low)
		return Interval{max(low, all.Estimate), low, high}, true
	case spread.Estimate > limit/4:
		return Interval{counted.Estimate, counted.Low, high}, false
	}
	return counted, false
}
