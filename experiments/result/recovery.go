package result

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/injectors"
)

// cutTime is left out after a removal that cuts connections. The tool harms the
// journeys on these connections, whether the system has recovered or not.
const cutTime = 500 * time.Millisecond

// slowestRecovery is the recovery of the journey that took longest. It is nil where
// nothing was watched after the removal.
func (r *experimentRun) slowestRecovery(measured []Journey) *Recovery {
	var slowest *Recovery
	for i := range r.journeys {
		rec := r.recoveryOf(r.plan.Journeys[i], &r.journeys[i])
		if rec == nil {
			continue
		}
		if b := measured[i].BlastRadius; b == nil || b.Low <= 0 && !rec.harmAfter(b) {
			rec.setUnharmed()
		}
		if limit := seconds(r.plan.Limits.Recovery); slowest == nil || rec.isWorseThan(slowest, limit, limit) {
			slowest = rec
		}
	}
	return slowest
}

// harmAfter reports whether harm was shown although none beyond the control was shown
// under the fault: right after the removal, as where a cache still holds what was bad, or
// in both arms alike.
func (r *Recovery) harmAfter(b *BlastRadius) bool {
	return r.Harmed > 0 || b.AgainstBaseline != nil && b.AgainstBaseline.Low > 0
}

// RecoveryFromHarm is the recovery of the experiment. Older versions wrote that the system
// was back at once where nothing was shown to be harmed; there is nothing to recover from.
func (e *Experiment) RecoveryFromHarm() *Recovery {
	r := e.Recovery
	if r == nil || r.Unharmed || r.Censored || r.Seconds > 0 {
		return r
	}
	measured := false
	for _, j := range e.Journeys {
		if b := j.BlastRadius; b != nil && (b.Low > 0 || r.harmAfter(b)) {
			return r
		}
		measured = measured || j.BlastRadius != nil
	}
	if !measured {
		return r
	}
	kept := *r
	kept.setUnharmed()
	return &kept
}

// setUnharmed keeps of a recovery what does not depend on harm by the fault.
func (r *Recovery) setUnharmed() {
	if r.Later == 0 && r.Harmed > 0 {
		r.Later = r.Harmed
	}
	*r = Recovery{Unharmed: true, SystemHarmed: r.SystemHarmed, Worse: r.Worse, Later: r.Later}
}

// A RecoveryState is what a recovery came to, as programs read it.
type RecoveryState string

// States of a recovery. None is that it was not measured.
const (
	RecoveryShown    RecoveryState = "recovered"
	RecoveryNotShown RecoveryState = "not_shown" // before the run ended
	RecoveryUnneeded RecoveryState = "unharmed"  // no harm by the fault was shown, so there is nothing to recover from
	RecoveryWorse    RecoveryState = "worse"     // nor was it shown, but the system is harmed more than before
	RecoveryNotBack  RecoveryState = "not_back"  // both arms are harmed more than each was before the fault
)

// State is what a recovery came to. All that tells of one tells this: its numbers alone say
// 0 s of a system that is not back, too.
func (r *Recovery) State() RecoveryState {
	switch {
	case r == nil:
		return ""
	case r.SystemHarmed:
		return RecoveryNotBack
	case r.Unharmed && r.Worse:
		return RecoveryWorse
	case r.Unharmed:
		return RecoveryUnneeded
	case r.Censored:
		return RecoveryNotShown
	}
	return RecoveryShown
}

// Took is how many seconds the system took to come back; nil where it was not seen to, or had
// no need to.
func (r *Recovery) Took() *float64 {
	if r.State() != RecoveryShown {
		return nil
	}
	return &r.Seconds
}

// KnownRecovery is the recovery from harm that a report may tell of; nil where it was not
// watched, or where an invariant decided and the numbers are void.
func (e *Experiment) KnownRecovery() *Recovery {
	if len(e.Void) > 0 {
		return nil
	}
	return e.RecoveryFromHarm()
}

// AtLeast is how long a recovery is proven to have taken, in seconds: one that was not
// shown until the end took no longer for that. It is 0 where nothing is proven.
func (r *Recovery) AtLeast() float64 {
	if r.Censored && !r.Metastable {
		return r.Harmed
	}
	return r.Seconds
}

// RecoversSlowerThan orders experiments by what is worst to know of their recoveries, each
// by its own limit. It is false of one that has none.
func (e *Experiment) RecoversSlowerThan(other *Experiment) bool {
	r, o := e.RecoveryFromHarm(), other.RecoveryFromHarm()
	return r != nil && (o == nil || r.isWorseThan(o, e.Limits.Recovery, other.Limits.Recovery))
}

// isWorseThan orders recoveries by what is worst to know of them, each by its limit in
// seconds; 0: there is none. Among those of one rank the longer one is worse.
func (r *Recovery) isWorseThan(other *Recovery, limit, otherLimit float64) bool {
	return cmp.Or(
		cmp.Compare(r.rank(limit), other.rank(otherLimit)), cmp.Compare(r.AtLeast(), other.AtLeast()),
		compareBool(r.Worse, other.Worse),
	) > 0
}

// rank orders recoveries by kind: a system that has not come back is the worst, then one
// that is shown to take longer than its limit, then one that is not shown to be over. Where
// nothing was harmed nothing had to recover.
func (r *Recovery) rank(limit float64) int {
	switch {
	case r.SystemHarmed:
		return 4
	case r.Unharmed:
		return 0
	case limit > 0 && r.isLate(limit):
		return 3
	case r.Censored:
		return 2
	}
	return 1
}

// isLate reports whether a recovery from harm is shown to take longer than a limit in
// seconds.
func (r *Recovery) isLate(limit float64) bool {
	if r.Censored && r.Metastable {
		return r.Seconds >= limit
	}
	return r.AtLeast() > limit
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (r *experimentRun) recoveryOf(p plan.Journey, j *journeyRecord) *Recovery {
	harm := j.recovery.harm[plan.FaultArm]
	n := len(harm)
	if n < 2 {
		return nil
	}
	t := stats.Trials{
		Fault: harm, Control: []stats.Count{j.before[plan.FaultArm].harm()},
		FaultBefore: j.before[plan.FaultArm].harm(), ControlBefore: j.before[plan.ControlArm].harm(),
		Least: stats.StepsWithoutHarm(r.recoverySteps(n)), Limit: p.Limit,
	}
	if r.plan.Control == plan.Concurrent {
		t.Control = j.recovery.harm[plan.ControlArm]
	}
	rec := &Recovery{}
	if fell, ok := j.recovery.fell(); ok && max(j.excess.difference().Low, j.ownBefore.difference().Low) > 0 && !isLater(t, fell) {
		rec.FellAt, rec.Seconds = &fell, fell.Seconds
	}
	t.Fell = int(math.Ceil(rec.Seconds / stats.RecoveryStep.Seconds()))
	back := stats.FindRecovery(t)
	rec.Harmed = seconds(time.Duration(back.Window) * stats.RecoveryStep)
	rec.Seconds = max(rec.Seconds, rec.Harmed)
	rec.SystemHarmed, rec.Worse = back.System, back.Worse
	rec.Later = seconds(time.Duration(back.Later) * stats.RecoveryStep)
	if !back.Proven && !back.Ended {
		rec.Seconds, rec.Censored, rec.Metastable = seconds(r.moments.end-r.moments.removed), true, back.StillHarmed
	}
	return rec
}

// recoverySteps is how many steps of n a recovery phase has: an interruption that leaves
// fewer does not make less show that harm is over.
func (r *experimentRun) recoverySteps(n int) int {
	if r.cut == nil {
		return n
	}
	return max(n, int(r.plan.Phases.Recovery/stats.RecoveryStep))
}

// isLater reports whether harm fell at the end of a bad stretch that does not follow the
// removal: without a simultaneous control it is not known to be the fault's.
func isLater(t stats.Trials, fell Fell) bool {
	later := stats.FindRecovery(t).Later
	return later > 0 && fell.Seconds > seconds(time.Duration(later)*stats.RecoveryStep)
}

// recoveredTail is the harm of the fault arm after it is shown to have come back, in
// batches of time. steps are that harm, or a part of it, in steps of [stats.RecoveryStep] since
// the removal. It is nil where that is not shown, or where too little time follows.
func (r *experimentRun) recoveredTail(p plan.Journey, j *journeyRecord, steps []stats.Count) []stats.Stretch {
	rec := r.recoveryOf(p, j)
	if rec == nil || rec.Censored {
		return nil
	}
	from := int(math.Ceil((rec.Seconds + stats.Settling.Seconds()) / stats.RecoveryStep.Seconds()))
	if from >= len(steps) {
		return nil
	}
	steps = steps[from:]
	n := stats.BatchesOf(time.Duration(len(steps))*stats.RecoveryStep, r.plan.BatchEvery)
	if n < stats.LeastBatches {
		return nil
	}
	list := make([]stats.Stretch, n)
	for i := range list {
		first, last := i*len(steps)/n, (i+1)*len(steps)/n
		list[i].Count = stats.Total(steps[first:last])
		middle := time.Duration(2*from+first+last) * stats.RecoveryStep / 2
		list[i].Middle = (j.recovery.watched.from + middle).Seconds()
	}
	return list
}

// removalHarm is for how long after the removal the removal itself harms journeys.
func (r *experimentRun) removalHarm() time.Duration {
	for _, f := range r.faults {
		if kind, ok := injectors.Lookup(f.plan.Inject); ok && kind.CutsOnRemoval {
			return cutTime
		}
	}
	return 0
}

// A recoveryWindow is the harm after the removal in steps, by arm, and the harm of the
// fault arm from the last fault period on in slices of time.
type recoveryWindow struct {
	removal span // in which the removal itself harms journeys
	watched span
	harm    [2][]stats.Count // by arm and step
	// Harm of the fault arm in steps that counts for the blast radius, and harm before any
	// step that needs what is broken.
	counted, beforeNeed     []stats.Count
	isCounted, isBeforeNeed func(*journal.Observation) bool

	falling span
	width   time.Duration // of a slice
	before  int           // how many slices are before the removal
	slices  []timeSlice
}

// A timeSlice is so short that few have more than one journey.
type timeSlice struct {
	stats.Count
	first, last time.Duration // intended starts
}

const (
	shortestSlice = 10 * time.Millisecond
	mostSlices    = 20_000
	// mostSteps is how long a recovery is watched: four hours. The rest of the phase says
	// nothing more, and a number in a journal decides no amount of memory.
	mostSteps = int(4 * time.Hour / stats.RecoveryStep)
)

func newRecoveryWindow(m moments, removalHarm time.Duration, isCounted, isBeforeNeed func(*journal.Observation) bool) recoveryWindow {
	n := min(mostSteps, max(0, int((m.end-m.removed)/stats.RecoveryStep)))
	w := recoveryWindow{
		removal: span{m.removed, m.removed + removalHarm},
		watched: span{m.removed, m.removed + time.Duration(n)*stats.RecoveryStep},
		harm:    [2][]stats.Count{make([]stats.Count, n), make([]stats.Count, n)},
		counted: make([]stats.Count, n), beforeNeed: make([]stats.Count, n),
		isCounted: isCounted, isBeforeNeed: isBeforeNeed,
		falling: span{m.lastInjected, m.end},
	}
	w.width = max(shortestSlice, (max(m.end, m.removed)-min(m.lastInjected, m.removed))/mostSlices)
	w.before = w.slicesOf(m.removed - m.lastInjected)
	w.slices = make([]timeSlice, w.before+w.slicesOf(m.end-m.removed))
	return w
}

func (w *recoveryWindow) slicesOf(d time.Duration) int { return max(0, int((d+w.width-1)/w.width)) }

func (w *recoveryWindow) add(o *journal.Observation) {
	if w.removal.contains(o.Intended) {
		return
	}
	since := o.Intended - w.watched.from // the removal
	if w.watched.contains(o.Intended) {
		w.addStep(o, int(since/stats.RecoveryStep))
	}
	if o.Arm != plan.FaultArm || !w.falling.contains(o.Intended) {
		return
	}
	k := w.before + int(since/w.width)
	if since < 0 { // no slice lies on both sides of the removal
		k = w.before - 1 - int((-since-1)/w.width)
	}
	s := &w.slices[k]
	if s.N == 0 || o.Intended < s.first {
		s.first = o.Intended
	}
	s.last = max(s.last, o.Intended)
	addHit(&s.Count, o.Harmed(), o.Times())
}

func (w *recoveryWindow) addStep(o *journal.Observation, k int) {
	addHit(&w.harm[o.Arm][k], o.Harmed(), o.Times())
	if o.Arm == plan.FaultArm {
		addHit(&w.counted[k], w.isCounted(o), o.Times())
		addHit(&w.beforeNeed[k], w.isBeforeNeed(o), o.Times())
	}
}

// fell finds the moment at which harm fell. The change point may be before the removal,
// because the removal rescues journeys in flight; harm then fell at once.
func (w *recoveryWindow) fell() (Fell, bool) {
	var counts []stats.Count
	used := slices.DeleteFunc(slices.Clone(w.slices), func(s timeSlice) bool { return s.N == 0 })
	for _, s := range used {
		counts = append(counts, s.Count)
	}
	c, ok := stats.FindChangePoint(counts)
	if !ok {
		return Fell{}, false
	}
	removed := w.watched.from
	at := func(k int) float64 {
		if used[k-1].last < removed { // the last slice before it was sent under the fault
			return 0
		}
		return seconds(used[k].first - removed)
	}
	return Fell{at(c.At), at(c.Low), at(c.High)}, true
}
