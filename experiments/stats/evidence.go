package stats

import "math"

// mostOfBlock is the logarithm of the largest factor of one block. Less than a second of
// blocks then decides nothing.
const mostOfBlock = 0.916 // a factor of 2.5

// evidence is what a [HarmTest] gathers block by block: a mixture over rivals of likelihood
// ratios, from any block on.
type evidence struct {
	ratios ratios
	priors []float64   // of the rivals
	most   float64     // that a block may add to a logarithm
	sums   [][]float64 // logarithms for each rival, after each block
	always bool        // no null is possible
}

// ratios are the logarithms of the likelihood ratios of a block, one for each rival. There
// are none where the block is held for the next one.
type ratios interface {
	gains(block Pair) []float64
	// drop forgets what is held.
	drop()
}

func (e *evidence) add(block Pair) {
	sums := make([]float64, len(e.priors))
	if n := len(e.sums); n > 0 {
		copy(sums, e.sums[n-1])
	}
	for i, gain := range e.ratios.gains(block) {
		sums[i] += min(gain, e.most)
	}
	e.sums = append(e.sums, sums)
}

// reset forgets all blocks.
func (e *evidence) reset() {
	e.sums = e.sums[:0]
	e.ratios.drop()
}

// since is the evidence of the blocks from one on, as if there were effect times fewer
// journeys.
func (e *evidence) since(block int, effect float64) float64 {
	switch {
	case e.always:
		return math.MaxFloat64
	case len(e.priors) == 0 || block >= len(e.sums):
		return 1
	}
	const most = 500 // so that sums of evidence are finite
	sum := 0.0
	for i, to := range e.sums[len(e.sums)-1] {
		if block > 0 {
			to -= e.sums[block-1][i]
		}
		sum += e.priors[i] * math.Exp(min(most, to/effect))
	}
	return sum
}

// favour gives half of the weight to the absence of any excess, which is what most faults
// that are within the limit do: that is found sooner.
func (e *EProcess) favour(usual float64) {
	usual = max(usual, 0.001)
	if e.limit <= 0 || usual+e.limit >= 1 {
		return
	}
	for i := range e.rivals {
		e.rivals[i].prior /= 2
	}
	e.rivals = append(e.rivals, rival{fault: usual, control: usual, prior: 0.5})
}

func (e *EProcess) drop() { e.held = Pair{} }

// oneArm compares the share of one arm with an edge: likelihood ratios against the edge
// itself, which is the nearest share of the null.
type oneArm struct {
	edge   float64
	rivals []float64
}

func newOneArm(edge, direction, most float64) *evidence {
	e := &evidence{most: most, always: edge < 0 && direction > 0 || edge > 1 && direction < 0}
	o := oneArm{edge: edge}
	e.ratios = &o
	if edge <= 0 || edge >= 1 {
		return e
	}
	for i := range rivalsPerControl {
		share := edge + (1-edge)*beyondEdge(i)
		if direction < 0 {
			share = edge * (1 - beyondEdge(i))
		}
		o.rivals = append(o.rivals, share)
		e.priors = append(e.priors, 1.0/rivalsPerControl)
	}
	return e
}

func (o *oneArm) drop() {}

func (o *oneArm) gains(block Pair) []float64 {
	list := make([]float64, len(o.rivals))
	hits, misses := float64(block.Fault.Hits), float64(block.Fault.N-block.Fault.Hits)
	for i, r := range o.rivals {
		list[i] = hits*math.Log(r/o.edge) + misses*(math.Log1p(-r)-math.Log1p(-o.edge))
	}
	return list
}
