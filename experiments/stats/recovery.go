package stats

// A RecoveryTime is when harm was back at the control's level.
type RecoveryTime struct {
	// Window is the index of the first window from which harm stayed there.
	Window int
	// Proven reports whether harm was shown to stay there until the end. StillHarmed
	// reports that the opposite was shown: the last windows were harmed. If neither is
	// true, too little was seen after the last harm.
	Proven, StillHarmed bool
}

// Margins of [FindRecovery], in shares of journeys.
const (
	// relapseMargin is how far beyond the control harm may be in a window that does not
	// count as harmed.
	relapseMargin = 0.02
	// nonInferiority is how far beyond the control harm may be, at the most, in a system
	// that has recovered: a stretch of time with a smaller upper end is non-inferior to
	// the control.
	nonInferiority = 0.05
)

// FindRecovery finds the first window from which the fault arm was not inferior to the
// control until the end. A window is still harmed if, over it alone or over any
// longer stretch that begins with it, harm is beyond the control's level by more
// than two points at the lower end; a relapse moves the answer behind it. From there to
// the end there must be at least so many windows as least says, and the upper end of the
// excess over all of them must be within five points; otherwise the answer is censored.
//
// fell is the first window that began after harm fell, where that is known, or 0. Harm
// before its fall says nothing about harm since.
//
// The control's windows are those of the same moments. A bad moment of both arms is
// not a relapse: at the same moments, too, the fault arm must be worse. Where there is
// only a level from before the fault, control holds that one count. FindRecovery
// assumes independent journeys within a window. Because it tests every stretch, the
// lower end is that of a 99.9 % interval. The upper end is that of a 90 % interval, which
// is a test of non-inferiority at 5 %.
//
// Note: a little harm that lasts for a few windows only is not proven in any of them,
// and the answer is then early. [FindChangePoint] sees such harm, as it knows the harm
// of the fault. The system recovered no sooner than harm fell.
//
// Source: W. C. Blackwelder, "'Proving the null hypothesis' in clinical trials",
// Controlled Clinical Trials 3 (1982), 345-353, with the interval of Newcombe
// (1998) in place of the normal one.
func FindRecovery(fault, control []Count, fell, least int) RecoveryTime {
	n := len(fault)
	h := windows{fault, control, Total(control)}
	at := 0
	for from := range n {
		if h.harmedFrom(from, n) {
			at = from + 1
		}
	}
	r := RecoveryTime{Window: at, StillHarmed: n >= least && h.harmedFrom(n-least, n)}
	at = min(max(at, fell), n)
	if f, c := h.over(at, n); n-at >= least && f.N > 0 && c.N > 0 {
		r.Proven = newcombe(f, c, z90).High <= nonInferiority
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
// control.
func CanShowRecovery(fault, control int) bool {
	return fault > 0 && control > 0 && newcombe(Count{N: fault}, Count{N: control}, z90).High <= nonInferiority
}

// windows are the harm of both arms by window.
type windows struct {
	fault, control []Count
	level          Count // of the whole control
}

// simultaneous reports whether the control's windows are those of the fault arm.
func (h windows) simultaneous() bool { return len(h.control) == len(h.fault) }

// over is the harm of both arms in a stretch of windows.
func (h windows) over(from, to int) (fault, control Count) {
	if h.simultaneous() {
		return Total(h.fault[from:to]), Total(h.control[from:to])
	}
	return Total(h.fault[from:to]), h.level
}

// harmedFrom reports whether any stretch that begins with window from, and ends before
// window to at the latest, is harmed.
func (h windows) harmedFrom(from, to int) bool {
	var f, c Count
	for i := from; i < to; i++ {
		f = f.plus(h.fault[i])
		if h.simultaneous() {
			c = c.plus(h.control[i])
		}
		if f.N == 0 || h.level.N == 0 || newcombe(f, h.level, z999).Low <= relapseMargin {
			continue
		}
		if !h.simultaneous() || c.N > 0 && newcombe(f, c, z99).Low > 0 {
			return true
		}
	}
	return false
}
