package stats

import (
	"testing"
)

// stretches puts counts at every minute, from the first on.
func stretches(from float64, counts ...Count) []Stretch {
	list := make([]Stretch, len(counts))
	for i, c := range counts {
		list[i] = Stretch{c, 60 * (from + float64(i))}
	}
	return list
}

// alternate puts every second minute into control, the others into fault.
func alternate(counts ...Count) (control, fault []Stretch) {
	for i, s := range stretches(0, counts...) {
		if i%2 == 0 {
			control = append(control, s)
		} else {
			fault = append(fault, s)
		}
	}
	return control, fault
}

// Against a drift of 1 point a turn, three turns of 10 points more are exactly 10
// points, and the interval is that of independent trials, as nothing scatters.
func TestTurnsBalanceADrift(t *testing.T) {
	t.Parallel()
	control, fault := alternate(Count{0, 100}, Count{11, 100}, Count{2, 100}, Count{13, 100}, Count{4, 100}, Count{15, 100})
	d := Turns(control, fault)
	near(t, "estimate", d.Estimate, 0.1, 1e-12)
	near(t, "width", d.High-d.Low, d.Newcombe.High-d.Newcombe.Low, 1e-12)
	if d.Method != Repeated || d.Batches != 3 {
		t.Errorf("%+v", d)
	}
}

// Turns without any harm do not show that there is none: the interval is as wide as
// that of all trials together.
func TestTurnsAlwaysHaveAWidth(t *testing.T) {
	t.Parallel()
	control, fault := alternate(Count{0, 20}, Count{0, 20}, Count{0, 20}, Count{0, 20}, Count{0, 20}, Count{0, 20})
	d := Turns(control, fault)
	if width := d.High - d.Low; width < d.Newcombe.High-d.Newcombe.Low || width < 0.1 {
		t.Errorf("%+v: %g wide after 60 journeys in each", d, width)
	}
}

// Worked by hand: two turns are no estimate of how much turns vary, and an empty one
// says nothing.
func TestTurnsFallBack(t *testing.T) {
	t.Parallel()
	control, fault := alternate(Count{0, 20}, Count{5, 20}, Count{0, 20}, Count{5, 20}, Count{1, 20}, Count{}, Count{1, 20}, Count{5, 20})
	for name, d := range map[string]Difference{
		"two turns":     Turns(control[:2], fault[:2]),
		"an empty turn": Turns(control, fault),
		"one control":   Turns(control[:1], fault[:2]),
		"nothing":       Turns(nil, nil),
	} {
		if d.Method != Independent || d.Batches != 0 {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// ten are ten batches of 100 trials whose hits rise from first by step, six seconds
// apart.
func ten(from float64, first, step int) []Stretch {
	list := make([]Stretch, 10)
	for i := range list {
		list[i] = Stretch{Count{first + step*i, 100}, from + 6*float64(i)}
	}
	return list
}

// A base that rises by a point each six seconds is no harm of the fault, which the
// time before it alone would call 10 points and more.
func TestBeforeAndAfterTakesNoDriftForHarm(t *testing.T) {
	t.Parallel()
	before, fault, after := ten(0, 0, 1), ten(60, 10, 1), ten(120, 20, 1)
	d := BeforeAndAfter(before, fault, after)
	near(t, "estimate", d.Estimate, 0, 1e-12)
	if d.Method != Surrounded || d.Batches != 10 || d.Low >= 0 || d.High <= 0 {
		t.Errorf("%+v", d)
	}
	if alone := UnpairedBatches(counts(fault), counts(before)); alone.Low <= 0 {
		t.Errorf("%+v: the drift is too small to show anything", alone)
	}
}

// Harm that goes away again is the fault's, and known as well as the trials tell: the
// interval is wider only by Student's t, as how much batches vary is an estimate.
func TestBeforeAndAfterFindsHarm(t *testing.T) {
	t.Parallel()
	d := BeforeAndAfter(ten(0, 1, 0), ten(60, 11, 0), ten(120, 1, 0))
	near(t, "estimate", d.Estimate, 0.1, 1e-12)
	near(t, "width", (d.High-d.Low)/(d.Newcombe.High-d.Newcombe.Low), student(10)/z95, 0.01)
	if d.Low <= 0.05 {
		t.Errorf("%+v", d)
	}
}

func TestBeforeAndAfterFallsBack(t *testing.T) {
	t.Parallel()
	before, fault, after := ten(0, 1, 0), ten(60, 11, 0), ten(120, 1, 0)
	want := UnpairedBatches(counts(fault), counts(before))
	empty := ten(120, 1, 0)
	empty[3].Count = Count{}
	for name, after := range map[string][]Stretch{"no time after": nil, "little time after": after[:5], "an empty batch": empty} {
		if d := BeforeAndAfter(before, fault, after); d != want {
			t.Errorf("%s: %+v, want %+v", name, d, want)
		}
	}
}

// A share of batches that are alike is known as well as the trials tell; one of
// batches that are not is known worse.
func TestShareMindsBursts(t *testing.T) {
	t.Parallel()
	alike, bursts := counts(ten(0, 5, 0)), counts(ten(0, 0, 0))
	if got, want := Share(alike), Wilson(Count{50, 1000}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	bursts[4].Hits = 50
	if got, naive := Share(bursts), Wilson(Count{50, 1000}); got.Estimate != naive.Estimate || got.Low >= naive.Low/2 {
		t.Errorf("%+v of one burst, %+v if trials were independent", got, naive)
	}
	if got, want := Share(bursts[:3]), Wilson(Count{0, 300}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Worked by hand: deviations that follow each other with a correlation of a third
// double the variance of their mean; those that alternate, or are all zero, change
// nothing.
func TestPersistence(t *testing.T) {
	t.Parallel()
	near(t, "alike", persistence([]float64{1, 1, -1, -1, 1, 1, -1, -1, 1}), 1, 1e-12)
	near(t, "two long runs", persistence([]float64{1, 1, 1, -1, -1, -1}), 3, 1e-12)
	near(t, "a third", persistence([]float64{1, 1, -1}, []float64{1, 1, -1, -1, -1, -1}), 2, 1e-12)
	near(t, "alternating", persistence([]float64{1, -1, 1, -1}), 1, 1e-12)
	near(t, "nothing", persistence([]float64{0, 0}), 1, 1e-12)
}
