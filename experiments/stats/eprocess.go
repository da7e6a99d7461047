package stats

import "math"

// An EProcess is evidence, gathered block by block, that the fault arm's share is
// beyond the control's by more than a limit. It may be read after every block and
// acted on at any time: whatever the null hypothesis, "in no block is
// the excess beyond the limit", the probability that the evidence ever reaches
// 1/α is at most α (Ville's inequality). Peeking at an ordinary interval every
// second is wrong in 19 to 36 of 100 runs at a nominal 5 %.
//
// It is a mixture, over shares of the fault arm that follow a Beta
// distribution beyond the limit, of likelihood ratios against the point of the
// null that is nearest to each, which makes every factor an e-variable (Turner,
// Ly and Grünwald). Part of the evidence starts afresh at every [EProcess.Renew],
// so that harm that begins late is not held up by the quiet before it
// (Shin, Ramdas and Rinaldo).
//
// It assumes that journeys of one block are independent given what came before,
// while both shares may change freely from block to block: bad moments that
// both arms share are no excess. Which journeys are in a block must not depend
// on their outcome.
//
// Sources: R. J. Turner, A. Ly and P. Grünwald, "Generic E-variables for exact
// sequential k-sample tests that allow for optional stopping", Journal of
// Statistical Planning and Inference 230 (2024), 106116; M. Lindon and A. Malek,
// "Anytime-valid inference for multinomial count data", NeurIPS 35 (2022); J.
// Shin, A. Ramdas and A. Rinaldo, "E-detectors: a nonparametric framework for
// sequential change detection", New England Journal of Statistics in Data
// Science 2 (2024), 229-260.
type EProcess struct {
	limit  float64
	rivals []rival
	unused float64 // weight of starts to come
	starts int
	known  map[[2]int][]factor // by the sizes of a block's arms
	held   Pair                // journeys that wait for one of the other arm
}

// A rival is one pair of shares beyond the limit, with the evidence for it.
type rival struct {
	fault, control float64
	prior          float64
	wealth         float64
}

// A factor is what one journey adds to the logarithm of a rival's likelihood
// ratio, by arm and outcome.
type factor struct {
	fault, faultHarmed, control, controlHarmed float64
}

// firstPart is the part of the evidence that counts from the beginning. The rest pays
// for fresh starts, the j-th with a part of 1/(j(j+1)).
const firstPart = 0.75

// NewEProcess gathers evidence for an excess beyond limit, 0 to 1. The counts of both
// arms before the fault say where to expect the control; being wrong about that costs
// time, not validity.
func NewEProcess(limit float64, before Pair) *EProcess {
	return newEProcess(limit, before, firstPart, 1)
}

// newEProcess is for an excess above the limit, or below it for direction −1.
func newEProcess(limit float64, before Pair, part, direction float64) *EProcess {
	e := &EProcess{limit: limit, rivals: newRivals(limit, before, direction), unused: 1, known: map[[2]int][]factor{}}
	e.start(part)
	return e
}

// Renew starts part of the evidence afresh.
func (e *EProcess) Renew() {
	j := float64(e.starts)
	e.start((1 - firstPart) / (j * (j + 1)))
}

func (e *EProcess) start(part float64) {
	e.starts++
	e.unused -= part
	for i := range e.rivals {
		e.rivals[i].wealth += part * e.rivals[i].prior
	}
}

// Add takes the journeys of one block into account and returns the evidence: 1
// for none, 1/α to act with a risk of α. A block of one arm alone says nothing of a
// difference, so it is joined with the next: at low rates hardly any block has journeys
// of both.
func (e *EProcess) Add(block Pair) float64 {
	most := math.MaxFloat64 / float64(len(e.rivals)+1) // of a rival, so that the sum is finite
	for i, gain := range e.gains(block) {
		e.rivals[i].wealth = min(e.rivals[i].wealth*math.Exp(gain), most)
	}
	return e.Evidence()
}

// gains are what a block, with what was held, adds to the logarithms of the rivals'
// likelihood ratios; nothing where it is held for the next.
func (e *EProcess) gains(block Pair) []float64 {
	e.held = Pair{e.held.Fault.plus(block.Fault), e.held.Control.plus(block.Control)}
	fault, control := e.held.Fault, e.held.Control
	if fault.N == 0 || control.N == 0 {
		return nil
	}
	e.held = Pair{}
	list := make([]float64, len(e.rivals))
	for i, f := range e.factors(fault.N, control.N) {
		list[i] = float64(fault.Hits)*f.faultHarmed + float64(fault.N-fault.Hits)*f.fault +
			float64(control.Hits)*f.controlHarmed + float64(control.N-control.Hits)*f.control
	}
	return list
}

// Evidence is what was gathered so far.
func (e *EProcess) Evidence() float64 {
	sum := e.unused
	for _, r := range e.rivals {
		sum += r.wealth
	}
	return sum
}

// rivalsPerControl is how many rivals stand between the limit and the largest possible
// share: in the middles of equally likely slices of a Beta(1/2, 1) distribution, which
// are densest at the limit.
const rivalsPerControl = 12

// beyondEdge is how far beyond the edge a rival is, as a part of what there is: the middle
// of a slice of the distribution, whose quantiles are squares.
func beyondEdge(slice int) float64 {
	x := (float64(slice) + 0.5) / rivalsPerControl
	return x * x
}

// newRivals are pairs of shares beyond the limit: above it for direction 1, below
// it for −1.
func newRivals(limit float64, before Pair, direction float64) []rival {
	both := before.Fault.plus(before.Control)
	usual := (float64(both.Hits) + 0.5) / (float64(both.N) + 1)
	if both.N == 0 {
		usual = 0.01
	}
	var list []rival
	sum := 0.0
	for _, c := range []struct{ share, prior float64 }{{max(usual, 0.001), 0.7}, {min(0.9, 0.05+2*usual), 0.2}, {0.3, 0.1}} {
		edge := min(max(c.share+limit, 0), 1)
		if edge == 1 && direction > 0 || edge == 0 && direction < 0 {
			continue // no share is beyond it
		}
		for i := range rivalsPerControl {
			x := beyondEdge(i)
			fault := edge + (1-edge)*x
			if direction < 0 {
				fault = edge * (1 - x)
			}
			list = append(list, rival{fault: fault, control: c.share, prior: c.prior / rivalsPerControl})
			sum += c.prior / rivalsPerControl
		}
	}
	for i := range list {
		list[i].prior /= sum
	}
	return list
}

// factors are those of every rival for a block of the given sizes. They are kept,
// because there are few sizes and many blocks.
func (e *EProcess) factors(fault, control int) []factor {
	const most = 256
	sizes := [2]int{fault, control}
	if list, ok := e.known[sizes]; ok {
		return list
	}
	if len(e.known) >= most {
		clear(e.known)
	}
	list := make([]factor, len(e.rivals))
	for i, r := range e.rivals {
		x := r.nearest(e.limit, float64(fault), float64(control))
		y := x - e.limit
		list[i] = factor{
			fault: math.Log1p(-r.fault) - math.Log1p(-x), faultHarmed: math.Log(r.fault / x),
			control: math.Log1p(-r.control) - math.Log1p(-y), controlHarmed: math.Log(r.control / y),
		}
	}
	e.known[sizes] = list
	return list
}

// nearest is the fault arm's share of the point on the edge of the null, where
// the excess is the limit, with the least divergence from the rival. There the slope of
// the divergence is zero, which the Illinois method finds.
//
// Source: M. Dowell and P. Jarratt, "A modified regula falsi method for computing the root
// of an equation", BIT 11 (1971), 168-174.
func (r rival) nearest(limit, fault, control float64) float64 {
	slope := func(x float64) float64 { // times a positive number
		y := x - limit
		return fault*(x-r.fault)*y*(1-y) + control*(y-r.control)*x*(1-x)
	}
	low, high := min(r.fault, r.control+limit), max(r.fault, r.control+limit)
	low, high = max(low, limit, 0), min(high, 1+limit, 1) // both shares are between 0 and 1
	atLow, atHigh := slope(low), slope(high)
	if atLow >= 0 {
		return low
	}
	if atHigh <= 0 {
		return high
	}
	x, side := low, 0
	for range 60 {
		last := x
		x = (low*atHigh - high*atLow) / (atHigh - atLow)
		switch at := slope(x); {
		case at == 0 || math.Abs(x-last) < 1e-14:
			return x
		case at < 0:
			if low, atLow = x, at; side < 0 {
				atHigh /= 2
			}
			side = -1
		default:
			if high, atHigh = x, at; side > 0 {
				atLow /= 2
			}
			side = 1
		}
	}
	return x
}

// ExcessSequence is the confidence sequence of the excess after these blocks: at
// a confidence of 1 − α it holds at every moment at once, so also at the moment
// at which a guardrail stopped the fault because of what it had seen. It is the set of
// excesses against which an [EProcess] for each side has gathered less than 2/α. It
// assumes what EProcess assumes, and that the excess was the same in every block. If
// the excess changed, it contains one of the values that the excess had. It is wider
// than an interval for a fixed time, because it may be read at any time.
//
// Source: as for EProcess; for the construction A. Ramdas, P. Grünwald, V. Vovk and
// G. Shafer, "Game-theoretic statistics and safe anytime-valid inference",
// Statistical Science 38 (2023), 576-601, section 5.
func ExcessSequence(blocks []Pair, before Pair) Interval {
	var all Pair
	for _, b := range blocks {
		all.Fault, all.Control = all.Fault.plus(b.Fault), all.Control.plus(b.Control)
	}
	estimate := all.Fault.Share() - all.Control.Share()
	refuted := func(excess, direction float64) bool {
		e := newEProcess(excess, before, 1, direction)
		for _, b := range blocks {
			e.Add(b)
		}
		return e.Evidence() >= 2/(1-Confidence)
	}
	return Interval{
		Estimate: estimate,
		Low:      bisect(estimate, -1, func(x float64) bool { return refuted(x, 1) }),
		High:     bisect(estimate, 1, func(x float64) bool { return refuted(x, -1) }),
	}
}

// bisect finds where, on the way from the estimate to the edge, values become refuted,
// to within a thousandth of the way. It is the edge itself if none is.
func bisect(estimate, edge float64, refuted func(float64) bool) float64 {
	in, out := estimate, edge
	for range 10 {
		mid := (in + out) / 2
		if refuted(mid) {
			out = mid
		} else {
			in = mid
		}
	}
	return out // the last value that is not refuted lies before it
}
