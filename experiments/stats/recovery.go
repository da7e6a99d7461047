package stats

import (
	"math"
	"time"
)

// RecoveryStep is how long the windows are that [FindRecovery] asks for, and so how finely
// "back at the control's level" is known.
const RecoveryStep = 500 * time.Millisecond

// StepsWithoutHarm returns how many steps without harm show that it is over, where a
// recovery has so many: half of them where it takes less than six seconds.
func StepsWithoutHarm(steps int) int { return min(6, max(2, steps/2)) }

// A RecoveryTime is when harm was back at the control's level.
type RecoveryTime struct {
	// Window is the index of the first window from which harm stayed there.
	Window int
	// Proven reports whether harm was shown to stay there until the end: the fault arm
	// is not inferior to the control, nor to what it was before the fault.
	Proven bool
	// Ended reports whether harm was seen to end at Window, although too few trials
	// followed to prove that it stays away.
	Ended bool
	// StillHarmed reports that the last windows were harmed, without a break since the
	// removal where no simultaneous control tells whose harm it is. If none of the three
	// is true, too little was seen after the last harm.
	StillHarmed bool
	// System reports that the whole system has not come back: from Window on both arms
	// are worse than each was before the fault.
	System bool
	// Worse reports that the fault arm, at the end, is worse than it was before the fault,
	// and not shown to be non-inferior.
	Worse bool
	// Later is the first window of a bad stretch, of ten seconds or until the end, that
	// does not follow the removal without a break, where no simultaneous control tells whose it is; 0 if there is none.
	Later int
}

// Trials after a removal are what [FindRecovery] looks at.
type Trials struct {
	// Fault and Control are windows of [RecoveryStep] from the removal on. Control holds
	// the windows of the same moments, or, where there is only a level from before the
	// fault, that one count.
	Fault, Control []Count
	// FaultBefore and ControlBefore are what each arm was before the fault. ControlBefore
	// is needed only where Control is simultaneous.
	FaultBefore, ControlBefore Count
	// Fell is the first window that began after harm fell, where that is known, or 0. Harm
	// before its fall says nothing about harm since.
	Fell int
	// Least is how many windows without harm show that it is over.
	Least int
	// Limit is the largest share that the fault may harm.
	Limit float64
}

// Bounds of the margins of [FindRecovery], in shares of trials.
const (
	relapseMargin  = 0.02
	nonInferiority = 0.05
	leastMargin    = 0.005
)

// marginsOf are, for a limit of harm, how far beyond the control harm may be in a stretch
// that does not count as harmed, and how far at the most in a system that has recovered:
// a stretch of time with a smaller upper end is non-inferior to the control. A system of
// which little harm matters has not recovered while little harm goes on.
func marginsOf(limit float64) (relapse, inferior float64) {
	return max(leastMargin, min(relapseMargin, limit/2)), max(2*leastMargin, min(nonInferiority, limit))
}

// shortestRelapse is how many windows are needed to hold them against a system: ten
// seconds. Because every stretch is looked at, some moment of a few seconds is bad by
// chance in many a recovery phase.
const shortestRelapse = 20

// shortestBreak is how many windows without harm, at the least, are a break: a second and
// a half. Less is left out between two journeys that hang.
const shortestBreak = 3

// FindRecovery finds the first window from which the fault arm was not inferior to the
// control until the end. A window is still harmed if, over it alone or over any
// longer stretch that begins with it, harm is beyond the control's level by more than
// two points, or half of the limit, at the lower end. Harm that follows the removal
// without a break counts window by window. With a simultaneous control a relapse moves
// the answer behind it, if it lasts ten seconds or until the end. Without one nothing
// tells a relapse from a bad moment of the system, so it is reported beside the answer,
// which rests on what came before it.
//
// From there to the end there must be at least so many windows as Least says, and the
// upper end of the excess over all of them must be within five points, or the limit,
// beyond the control, and over all or the last quarter of them beyond the fault arm's own
// level from before the fault.
//
// With a simultaneous control a bad moment of both arms is not a relapse: at the same
// moments, too, the fault arm must be worse. It assumes independent trials
// within a window. Because it tests every stretch, the lower end is that of a 99.9 %
// interval. The upper end is that of a 90 % interval, which is a test of non-inferiority
// at 5 %.
//
// Note: a little harm that lasts for a few windows only is not proven in any of them,
// and the answer is then early. [FindChangePoint] sees such harm, as it knows the harm
// of the fault. The system recovered no sooner than harm fell.
//
// Source: W. C. Blackwelder, "'Proving the null hypothesis' in clinical trials",
// Controlled Clinical Trials 3 (1982), 345-353, with the interval of Newcombe
// (1998) in place of the normal one.
func FindRecovery(t Trials) RecoveryTime {
	n := len(t.Fault)
	h := newWindows(t)
	r := RecoveryTime{}
	later := 0
	if h.simultaneous() {
		r.Window = h.lastHarmed(n)
	} else {
		r.Window = h.unbroken(n)
		if later = h.later(max(r.Window, t.Fell)+1, n); later > 0 {
			r.Later = h.beginning(later, min(n, later+shortestRelapse))
		}
	}
	r.Ended = h.endsAt(r.Window, n)
	r.StillHarmed = n >= t.Least && !r.Ended && h.harmedFrom(n-t.Least, n, 1) && (h.simultaneous() || r.Window > n-t.Least)
	at := min(max(r.Window, t.Fell), n)
	if later > 0 {
		// What comes then is not known to be the fault's. Harm of the same level all
		// along does not begin where most of it happened to be.
		if n = later; h.rises(at, r.Later, min(len(t.Fault), r.Later+shortestRelapse)) {
			n = r.Later
		}
	}
	f, c := h.over(at, n)
	endFault, endControl := h.over(n-(n-at)/4, n)
	r.System = n-at >= t.Least && h.systemWorse(endFault, endControl)
	if n-at >= t.Least && f.N > 0 {
		r.Proven = h.nonInferior(f, c) && (h.nonInferior(f, t.FaultBefore) || h.nonInferior(endFault, t.FaultBefore))
		r.Worse = !r.Proven && h.worse(at, n)
	}
	return r
}

// Two-sided points of the standard normal distribution.
const (
	z90  = 1.6448536269514722
	z99  = 2.5758293035489004
	z999 = 3.290526731491926
)

// CanShowRecovery reports whether so many journeys after a removal, none of them harmed,
// suffice for [FindRecovery] to show that harm is back at the level of so many of the
// control, where the fault may harm a share of limit.
func CanShowRecovery(fault, control int, limit float64) bool {
	_, inferior := marginsOf(limit)
	return fault > 0 && control > 0 && newcombe(Count{N: fault}, Count{N: control}, z90).High <= inferior
}

// windows are the harm of both arms by window.
type windows struct {
	Trials
	level             Count // of the whole control
	relapse, inferior float64
}

func newWindows(t Trials) windows {
	h := windows{Trials: t, level: Total(t.Control)}
	h.relapse, h.inferior = marginsOf(t.Limit)
	return h
}

// simultaneous reports whether the control's windows are those of the fault arm.
func (h *windows) simultaneous() bool { return len(h.Control) == len(h.Fault) }

// over is the harm of both arms in a stretch of windows.
func (h *windows) over(from, to int) (fault, control Count) {
	if h.simultaneous() {
		return Total(h.Fault[from:to]), Total(h.Control[from:to])
	}
	return Total(h.Fault[from:to]), h.level
}

// lastHarmed is the window after the last from which harm goes on.
func (h *windows) lastHarmed(n int) int {
	at := h.unbroken(n)
	for from := at; from < n; from++ {
		if h.harmedFrom(from, n, shortestRelapse) {
			at = from + 1
		}
	}
	return at
}

// unbroken is the window after the harm that follows the removal without a break. Only
// as it goes on, one more window is looked at, so a stretch of any length counts.
func (h *windows) unbroken(n int) int {
	at := 0
	for at < n {
		to := min(n, at+shortestRelapse)
		if !h.harmedFrom(at, to, 1) || !h.simultaneous() && h.breaksOff(at, to) {
			break
		}
		at++
	}
	return at
}

// breaksOff reports whether windows from to to begin with a break: their harm is that of
// the rest, which is harmed more than the break at the lower end. A stretch that reaches
// over a break would take the harm of something else for what is left of the fault's.
func (h *windows) breaksOff(from, to int) bool {
	var f Count
	end := from
	for i := from; i < to; i++ {
		if f = f.plus(h.Fault[i]); f.Share() > h.level.Share()+h.relapse {
			break
		}
		end = i + 1
	}
	return end-from >= shortestBreak && h.rises(from, end, to)
}

// rises reports whether windows middle to to are shown to be harmed more than those from
// from to middle.
func (h *windows) rises(from, middle, to int) bool {
	if from >= middle || middle >= to {
		return false
	}
	before, since := Total(h.Fault[from:middle]), Total(h.Fault[middle:to])
	return before.N > 0 && since.N > 0 && newcombe(since, before, z999).Low > h.relapse
}

// later is the first window from on of a bad stretch of ten seconds, or of one that goes
// on until the end and would be long enough to show that harm is over; 0 if there is none.
func (h *windows) later(from, n int) int {
	for ; from+shortestRelapse <= n; from++ {
		if h.harmedFrom(from, from+shortestRelapse, shortestRelapse) {
			return from
		}
	}
	for at := n - 1; at >= from && h.harmedFrom(at, n, 1); at-- {
		if at == from || n-at >= h.Least && !h.harmedFrom(at-1, n, 1) {
			return at
		}
	}
	return 0
}

// beginning is the window of a bad stretch from which most harm beyond the level came:
// the stretch is ten seconds long, and may have begun well.
func (h *windows) beginning(from, to int) int {
	at, sum, most := from, 0.0, math.Inf(-1)
	for i := to - 1; i >= from; i-- {
		sum += float64(h.Fault[i].Hits) - float64(h.Fault[i].N)*(h.level.Share()+h.relapse)
		if sum >= most {
			at, most = i, sum
		}
	}
	return at
}

// harmedFrom reports whether any stretch that begins with window from, and ends before
// window to at the latest, is harmed. Only stretches of shortest windows or more count,
// and the one that ends with window to.
func (h *windows) harmedFrom(from, to, shortest int) bool {
	var f, c Count
	for i := from; i < to; i++ {
		f = f.plus(h.Fault[i])
		if h.simultaneous() {
			c = c.plus(h.Control[i])
		}
		if i-from+1 < shortest && i+1 < to {
			continue
		}
		if f.N == 0 || h.level.N == 0 || newcombe(f, h.level, z999).Low <= h.relapse {
			continue
		}
		if !h.simultaneous() || c.N > 0 && newcombe(f, c, z99).Low > 0 {
			return true
		}
	}
	return false
}

// worse reports whether the fault arm is harmed more, at the end of windows from to to,
// than before the fault: over the last quarter, and ten seconds at least. Where there
// are fewer, a single journey or one bad moment would do, so it takes what
// systemWorse takes.
func (h *windows) worse(from, to int) bool {
	last := max((to-from)/4, shortestRelapse)
	z, margin := z95, 0.0
	if last > to-from {
		last, z, margin = to-from, z999, h.relapse
	}
	f, _ := h.over(to-last, to)
	return f.N > 0 && h.FaultBefore.N > 0 && newcombe(f, h.FaultBefore, z).Low > margin
}

// endsAt reports whether harm that went on until window at was seen to end there: had it
// gone on as before, the windows since would have had a harmed trial in all but one of
// twenty cases.
func (h *windows) endsAt(at, n int) bool {
	if at == 0 {
		return false
	}
	before, since := Total(h.Fault[:at]), Total(h.Fault[at:n])
	level := h.level.Share()
	if p := before.Share(); p <= level+h.relapse || since.Share() > level+h.relapse {
		return false
	}
	return math.Pow(1-before.Share(), float64(since.N)) < 0.05
}

// systemWorse reports whether both arms are worse, in a stretch after the removal, than
// each was before the fault. A bad moment of both arms excuses a relapse, but never the
// end: what both share may be what the fault broke.
func (h *windows) systemWorse(fault, control Count) bool {
	if !h.simultaneous() {
		return false
	}
	worse := func(now, before Count) bool {
		return now.N > 0 && before.N > 0 && newcombe(now, before, z999).Low > h.relapse
	}
	return worse(fault, h.FaultBefore) && worse(control, h.ControlBefore)
}

// nonInferior reports whether harm is shown to be within the margin of a control.
func (h *windows) nonInferior(fault, control Count) bool {
	return control.N > 0 && newcombe(fault, control, z90).High <= h.inferior
}
