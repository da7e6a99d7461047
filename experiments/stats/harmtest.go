package stats

import "math"

// A Decision is what is known of the excess harm of one kind of journey.
type Decision int

// Decisions.
const (
	Undecided Decision = iota
	Harmful            // the excess is beyond the limit
	Harmless           // the excess is within the limit
)

const (
	// cellRisk is the risk of a decision on one cell of a scan, in each direction.
	cellRisk = 0.05
	// levelRisk is that of one level of a [ThresholdSearch], which makes about ten.
	levelRisk = cellRisk / 10
	// blocksPerSecond is how many blocks make one tally of a second.
	blocksPerSecond = 4
	// cellQuiet and levelQuiet are how many blocks of the last age show that there is no harm
	// in a cell and at a level. A level asks for more evidence anyway.
	cellQuiet  = 6 * blocksPerSecond
	levelQuiet = 5 * blocksPerSecond
)

// A HarmTest decides whether a fault harms one kind of journey beyond a limit, block by
// block while the fault is in force. It may be asked after every block, and the fault
// may be removed as soon as it has decided: a wrong decision has a probability of at most
// 5 % in each direction, whenever one stops. What stays between is [Undecided].
//
// Journeys are judged at several ages, because a refused call shows at once and a hanging
// one late. Harmful takes the mean of the evidence over all ages, Harmless that of the
// last age alone, since a young journey may still come to harm. Harmful is also what is
// beyond the limit from some second on: harm may begin late, as where a pool runs dry.
//
// On two routes the control runs at the same time: see [EProcess] for what that assumes.
// On one route the healthy time before is the control. That assumes that nothing but the
// fault changed, and that the system is as bursty under the fault as it was before; no
// arithmetic can check either. There the fault arm is compared with the bounds of 95 % of
// the share in the last two minutes of that time, so that little time before makes harm near
// the limit undecided. That these miss it comes on top of the risk.
//
// Evidence of an [EProcess] takes journeys as independent. In bursts they are not: the
// evidence is tempered, as if there were as many independent journeys as vary as much from
// second to second (in the cell, and before it). On two routes that is so where part of the
// journeys is harmed; where none or all are, there is nothing that could vary. On one route
// the burstiness before counts always, because a pause harms all journeys as a fault does.
// No block counts for more than a factor of 2.5, so that a pause of one arm of less than a second
// decides nothing, and Harmless takes six seconds of a cell at least, however many journeys
// there are: harm that comes in bursts leaves single seconds out.
//
// Sources: as for [EProcess]; for the tempering P. Grünwald and T. van Ommen,
// "Inconsistency of Bayesian inference for misspecified linear models, and a proposal for
// repairing it", Bayesian Analysis 12 (2017), 1069-1103.
type HarmTest struct {
	risk       float64
	leastQuiet int // blocks of the last age, for Harmless
	past       past
	ages       []*harmAtAge
	decision   Decision
}

// NewHarmTest tests a limit, 0 to 1, for one cell of a scan. before is the healthy time so
// far, one Pair a second; its Control is empty on one route. concurrent says that the
// blocks to come have a control of their own. Journeys are judged at so many ages, the
// last of which is the full age.
func NewHarmTest(limit float64, before []Pair, concurrent bool, ages int) *HarmTest {
	return newHarmTest(limit, before, concurrent, ages, cellRisk, cellQuiet)
}

// NewThresholdTest is a HarmTest for one level of a [ThresholdSearch], with a risk of 0.5 %
// in each direction: a search asks about ten of them, and one that is wrong spoils it.
// Harmless takes five seconds at least.
func NewThresholdTest(limit float64, before []Pair, concurrent bool, ages int) *HarmTest {
	return newHarmTest(limit, before, concurrent, ages, levelRisk, levelQuiet)
}

func newHarmTest(limit float64, before []Pair, concurrent bool, ages int, risk float64, leastQuiet int) *HarmTest {
	t := &HarmTest{risk: risk, leastQuiet: leastQuiet, past: newPast(before, concurrent)}
	for range max(1, ages) {
		t.ages = append(t.ages, newHarmAtAge(t.past, limit))
	}
	return t
}

// Add takes into account what is known, at one age of 0 to ages−1, of the journeys that
// were to start in the next 250 ms. Each journey counts once per age, harmed or not. An
// empty block is time that passed; before the first journey of an age it is ignored. On one
// route the Control of the block is ignored.
func (t *HarmTest) Add(age int, block Pair) {
	a := t.ages[age]
	if !t.past.concurrent {
		block.Control = Count{}
	}
	if len(a.blocks) == 0 && block.Fault.N+block.Control.N == 0 {
		return
	}
	a.add(block)
	harmful, harmless := t.Evidence()
	switch {
	case harmful >= 1/t.risk:
		t.decision = Harmful
	case harmless >= 1/t.risk && len(t.ages[len(t.ages)-1].blocks) >= t.leastQuiet && t.decision == Undecided:
		t.decision = Harmless
	}
}

// Decision is what was decided so far. It stays, except that Harmless gives way where
// harm shows later.
func (t *HarmTest) Decision() Decision { return t.decision }

// Evidence is that for harm beyond the limit and that for harm within it, as e-values:
// below 1 or about 1 for none, 20 for a risk of 5 %. It is as of now, and can be less than
// it was when it decided.
func (t *HarmTest) Evidence() (harmful, harmless float64) {
	for _, a := range t.ages {
		harmful += a.harm(a.above, t.past) / float64(len(t.ages))
	}
	last := t.ages[len(t.ages)-1]
	return harmful, last.below.since(0, last.effect(0, t.past))
}

// Share is the share of journeys harmed beyond the control: of the last age, or of the first
// where that is empty. Each bound is one of 95 % that holds at every moment, and belongs to
// the evidence: the lower one is beyond the limit where Evidence says harmful at 5 %, the
// upper one within it where it says harmless. It assumes that the excess was the same all the time.
func (t *HarmTest) Share() Interval {
	of := t.ages[len(t.ages)-1]
	if of.empty() {
		of = t.ages[0]
	}
	if of.empty() {
		return Interval{0, -1, 1}
	}
	estimate := of.excess(t.past)
	return Interval{
		Estimate: estimate,
		Low:      bisect(estimate, -1, func(x float64) bool { return t.beyond(x) >= 1/cellRisk }),
		High:     bisect(estimate, 1, func(x float64) bool { return of.quiet(x, t.past) >= 1/cellRisk }),
	}
}

// beyond is the evidence that the excess is more than x, over all ages.
func (t *HarmTest) beyond(x float64) float64 {
	sum, e := 0.0, t.past.evidence(x, 1)
	for _, a := range t.ages {
		sum += a.harm(a.gather(e), t.past) / float64(len(t.ages))
	}
	return sum
}

// harmAtAge is what was seen of the journeys of one age.
type harmAtAge struct {
	above, below *evidence
	blocks       []Pair
	seconds      []Pair
	all          Pair
}

func newHarmAtAge(p past, limit float64) *harmAtAge {
	return &harmAtAge{above: p.evidence(limit, 1), below: p.evidence(limit, -1)}
}

func (a *harmAtAge) empty() bool { return a.all.Fault.N == 0 }

func (a *harmAtAge) add(block Pair) {
	if len(a.blocks)%blocksPerSecond == 0 {
		a.seconds = append(a.seconds, Pair{})
	}
	a.blocks = append(a.blocks, block)
	last := &a.seconds[len(a.seconds)-1]
	last.Fault, last.Control = last.Fault.plus(block.Fault), last.Control.plus(block.Control)
	a.all.Fault, a.all.Control = a.all.Fault.plus(block.Fault), a.all.Control.plus(block.Control)
	a.above.add(block)
	a.below.add(block)
}

func (a *harmAtAge) excess(p past) float64 {
	if p.concurrent {
		return a.all.Fault.Share() - a.all.Control.Share()
	}
	return a.all.Fault.Share() - p.all.Fault.Share()
}

// gather is the evidence from these journeys, beginning anew.
func (a *harmAtAge) gather(e *evidence) *evidence {
	e.reset()
	for _, b := range a.blocks {
		e.add(b)
	}
	return e
}

// quiet is the evidence for an excess of less than x.
func (a *harmAtAge) quiet(x float64, p past) float64 {
	return a.gather(p.evidence(x, -1)).since(0, a.effect(0, p))
}

// harm is the evidence for an excess. A part of it starts afresh every second, so that harm
// that begins late is not held up by the quiet before it. It is weighted as that of
// [EProcess.Renew].
func (a *harmAtAge) harm(e *evidence, p past) float64 {
	sum, unused := 0.0, 1.0
	for j := range max(1, len(a.seconds)) {
		part := firstPart
		if j > 0 {
			part = (1 - firstPart) / float64(j*(j+1))
		}
		unused -= part
		sum += part * e.since(j*blocksPerSecond, a.effect(j, p))
	}
	return sum + unused
}

const (
	// enoughHits is how many journeys of each outcome show that harm is partial.
	enoughHits = 5
	// priorSeconds is for how many seconds of a cell the burstiness before it stands.
	priorSeconds = 4
)

// effect is the design effect by which the evidence from a second on is tempered.
func (a *harmAtAge) effect(from int, p past) float64 {
	seconds := a.seconds[min(from, len(a.seconds)):]
	var all Count
	for _, s := range seconds {
		all = all.plus(s.Fault)
	}
	minority := min(all.Hits, all.N-all.Hits)
	partial := min(1, float64(minority)/enoughHits)
	least := 1.0
	if !p.concurrent {
		least = p.burst
	}
	k := float64(len(seconds))
	if k < 2 || minority == 0 {
		return least + partial*(p.burst-least)
	}
	effect := (p.effectOf(seconds)*(k-1) + p.burst*priorSeconds) / (k - 1 + priorSeconds)
	return max(least, effect*(1+partial/math.Sqrt(k)))
}
