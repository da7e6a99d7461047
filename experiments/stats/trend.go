package stats

// A Stretch is the trials of one stretch of time.
type Stretch struct {
	Count
	Middle float64 // seconds, on any clock that all stretches share
}

// LeastTurns is how many turns of control and fault are needed to estimate how much
// they vary beside a trend.
const LeastTurns = 3

// Turns is the interval of the difference where control and fault take turns on one
// route: least squares of the shares of all stretches on a level, a straight trend and
// the fault, with Student's t for the 2k − 3 degrees of freedom that k turns leave. No
// stretch is used twice, so the scatter around the line is the variance of the
// difference. As in [PairedBatches] that variance becomes a number of independent
// trials, so that turns without any harm do not give an interval without a width, and
// the interval is never narrower than that of independent trials.
//
// It assumes that turns are independent of each other, that the base moves in a
// straight line, and that the fault's harm comes and goes within a stretch. With fewer
// than [LeastTurns] turns, or with an empty stretch, it falls back to [Newcombe].
//
// Sources: D. R. Cox, "Planning of Experiments" (1958), section 14.2, on balance
// against a trend; as for PairedBatches, on effective sizes.
func Turns(control, fault []Stretch) Difference {
	d := independent(total(fault), total(control))
	stretches := append(marked(control, 0), marked(fault, 1)...)
	if len(fault) < LeastTurns || len(control) < LeastTurns || !usable(stretches) {
		return d
	}
	line, ok := fitTrend(stretches)
	if !ok {
		return d
	}
	free := float64(len(stretches) - 3)
	squares := 0.0
	for _, r := range line.residuals {
		squares += r * r
	}
	weights := 0.0
	for _, w := range line.weights {
		weights += w * w
	}
	d.adopt(line.fault, squares/free*weights, total(fault), total(control), len(stretches)-2)
	d.Method, d.Batches = Repeated, len(fault)
	return d
}

// BeforeAndAfter is the interval of the difference of a fault from the time before and
// after it on one route, where the system is shown to have come back: least squares of
// the shares of batches of time on a level, a straight trend and the fault. So a base
// that drifts in a straight line is not taken for harm, and twice as much control is
// known. Each of the three phases varies on its own, and none is known better than
// the burstiness of all three together says; bad moments that outlast a batch count as
// [persistence] says; t has nine degrees of freedom, as the scatter of one phase rests
// on ten batches.
//
// It assumes what [PairedBatches] assumes of batches, that the base moves in a straight
// line, and that after holds none of the fault's harm. Where a phase has fewer than
// [LeastBatches] batches, or one is empty, it falls back to [UnpairedBatches] of before
// and fault.
//
// Sources: as for [Turns] and [UnpairedBatches].
func BeforeAndAfter(before, fault, after []Stretch) Difference {
	fallback := UnpairedBatches(counts(fault), counts(before))
	phases := [][]stretchUnder{marked(before, 0), marked(fault, 1), marked(after, 0)}
	var all []stretchUnder
	for _, p := range phases {
		if len(p) < LeastBatches || !usable(p) {
			return fallback
		}
		all = append(all, p...)
	}
	line, ok := fitTrend(all)
	if !ok {
		return fallback
	}
	control := total(before).plus(total(after))
	d := independent(total(fault), control)
	d.adopt(line.fault, varianceByPhase(phases, line), total(fault), control, mostBatches)
	d.Method, d.Batches = Surrounded, min(len(before), len(fault), len(after))
	return d
}

// varianceByPhase is the variance of the fault's coefficient where each phase has a
// variance of its own.
func varianceByPhase(phases [][]stretchUnder, line trend) float64 {
	var scatter [][]float64      // residuals, by phase
	var weights, alone []float64 // by phase: squares of its weights, and what the square of a residual of independent trials would be
	measured, expected := 0.0, 0.0
	k := 0
	for _, phase := range phases {
		share, trials, squares := pooledShare(phase), 0.0, 0.0
		scatter = append(scatter, line.residuals[k:k+len(phase)])
		for _, s := range phase {
			measured += line.residuals[k] * line.residuals[k]
			trials += share * (1 - share) / float64(s.N)
			squares += line.weights[k] * line.weights[k]
			k++
		}
		expected += trials
		weights, alone = append(weights, squares), append(alone, trials/float64(len(phase)))
	}
	n := float64(len(line.residuals))
	larger := n / (n - 3) * persistence(scatter...) // the line takes three degrees of freedom from the residuals
	pool := effect(measured, expected)
	sum := 0.0
	for p := range phases {
		own := 0.0
		for _, r := range scatter[p] {
			own += r * r / float64(len(scatter[p]))
		}
		sum += weights[p] * max(larger*own, larger*pool*alone[p], alone[p])
	}
	return sum
}

func pooledShare(stretches []stretchUnder) float64 {
	all := Count{}
	for _, s := range stretches {
		all = all.plus(s.Count)
	}
	return all.Share()
}

// adopt makes the interval of an estimate whose variance was measured with Student's t
// for values of as many: the score intervals of as many independent trials as would
// have that variance, moved to the estimate.
func (d *Difference) adopt(estimate, measured float64, fault, control Count, values int) {
	design := effect(measured, fault.variance()+control.variance())
	scale := max(1, design*penalty(values))
	i := Minus(wilson(fault, scale, z95), wilson(control, scale, z95))
	shift := estimate - i.Estimate
	d.Interval = bounded(Interval{estimate, i.Low + shift, i.High + shift})
	d.Effective = float64(min(fault.N, control.N)) / max(1, design)
}

// A stretchUnder is a stretch with the fault (1) or without it (0).
type stretchUnder struct {
	Stretch
	fault float64
}

func marked(stretches []Stretch, fault float64) []stretchUnder {
	list := make([]stretchUnder, len(stretches))
	for i, s := range stretches {
		list[i] = stretchUnder{s, fault}
	}
	return list
}

func usable(stretches []stretchUnder) bool {
	for _, s := range stretches {
		if s.N == 0 {
			return false
		}
	}
	return len(stretches) > 0
}

func counts(stretches []Stretch) []Count {
	list := make([]Count, len(stretches))
	for i, s := range stretches {
		list[i] = s.Count
	}
	return list
}

func total(stretches []Stretch) Count { return Total(counts(stretches)) }

// A trend is the least squares line through the shares of stretches of time, with a
// step where the fault is.
type trend struct {
	fault     float64   // the step
	weights   []float64 // of each share in it
	residuals []float64
}

// fitTrend fits a trend. It reports false where the stretches do not determine one.
func fitTrend(stretches []stretchUnder) (trend, bool) {
	n := len(stretches)
	if n < 4 {
		return trend{}, false
	}
	origin := 0.0 // the mean time, which keeps the numbers small
	for _, s := range stretches {
		origin += s.Middle / float64(n)
	}
	columns, shares := [3][]float64{}, make([]float64, n)
	for i, s := range stretches {
		for j, v := range [3]float64{1, s.Middle - origin, s.fault} {
			columns[j] = append(columns[j], v)
		}
		shares[i] = s.Share()
	}
	f, ok := factorize(columns)
	if !ok {
		return trend{}, false
	}
	weights := f.weights()
	return trend{fault: dot(weights, shares), weights: weights, residuals: f.residuals(shares)}, true
}
