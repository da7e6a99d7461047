package stats

// A Return is when harm was back at the control's level.
type Return struct {
	// At is the index of the first window from which harm stayed there.
	At int
	// Back tells whether it was proven to. Beyond tells whether the opposite was:
	// the last windows were harmed. Neither means that too little was seen after
	// the last harm.
	Back, Beyond bool
}

// Margins of [Back], in shares of journeys.
const (
	// relapse is how far beyond the control harm may be without being held
	// against a window.
	relapse = 0.02
	// NonInferior is how far beyond the control harm may be, at the most, for a
	// system that is back: a stretch of time with a smaller upper end is
	// non-inferior to the control.
	NonInferior = 0.05
)

// Back finds the first window from which the fault arm was not inferior to the
// control until the end. A window is still harmed if, over it alone or over any
// longer stretch that begins with it, harm is beyond the control's level by more
// than two points at the lower end; a relapse moves the answer behind it. From
// there to the end the upper end of the excess must be within [NonInferior] over
// at least `least` windows; otherwise the answer is censored.
//
// fell is the first window that began after harm fell, where that is known, or 0:
// what harm was before its fall says nothing of how it is since.
//
// The control's windows are those of the same moments, and a bad moment of both
// arms is no relapse: at the same moments, too, the fault arm must be worse.
// Where there is only a level from before the fault, control holds that one
// count. It assumes independent journeys within a window. Because every stretch
// is looked at, the lower end is that of a 99.9 % interval; the upper end is that
// of a 90 % interval, which is a test of non-inferiority at 5 %.
//
// Note: little harm that lasts for a few windows only is not proven in any of
// them, and the answer is then early. [Fall] sees it, as it knows the harm of the
// fault: harm is back no sooner than it fell.
//
// Source: W. C. Blackwelder, "'Proving the null hypothesis' in clinical trials",
// Controlled Clinical Trials 3 (1982), 345-353, with the interval of Newcombe
// (1998) in place of the normal one.
func Back(fault, control []Count, fell, least int) Return {
	n := len(fault)
	h := harm{fault, control, Total(control)}
	at := 0
	for from := range n {
		if h.from(from, n) {
			at = from + 1
		}
	}
	r := Return{At: at, Beyond: n >= least && h.from(n-least, n)}
	at = min(max(at, fell), n)
	if f, c := h.over(at, n); n-at >= least && f.N > 0 && c.N > 0 {
		r.Back = newcombe(f, c, loose).High <= NonInferior
	}
	return r
}

// loose is the two-sided point of 90 %.
const loose = 1.6448536269514722

// CanShowBack tells whether so many journeys after a removal, none of them harmed,
// are enough for [Back] to prove that harm is back at the level of so many of the
// control.
func CanShowBack(fault, control int) bool {
	return fault > 0 && control > 0 && newcombe(Count{N: fault}, Count{N: control}, loose).High <= NonInferior
}

// harm is that of both arms by window.
type harm struct {
	fault, control []Count
	level          Count // of the whole control
}

// together tells whether the control's windows are those of the fault arm.
func (h harm) together() bool { return len(h.control) == len(h.fault) }

func (h harm) over(from, to int) (fault, control Count) {
	if h.together() {
		return Total(h.fault[from:to]), Total(h.control[from:to])
	}
	return Total(h.fault[from:to]), h.level
}

// from tells whether a stretch that begins with this window is harmed.
func (h harm) from(from, to int) bool {
	const strict, beside = 3.290526731491926, 2.5758293035489004 // two-sided points of 99.9 % and 99 %
	var f, c Count
	for i := from; i < to; i++ {
		f = f.plus(h.fault[i])
		if h.together() {
			c = c.plus(h.control[i])
		}
		if f.N == 0 || h.level.N == 0 || newcombe(f, h.level, strict).Low <= relapse {
			continue
		}
		if !h.together() || c.N > 0 && newcombe(f, c, beside).Low > 0 {
			return true
		}
	}
	return false
}
