package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func repeat(hit bool, n int) []bool { return slices.Repeat([]bool{hit}, n) }

// single are blocks of one trial each.
func single(hits []bool) []Count {
	list := make([]Count, len(hits))
	for i, h := range hits {
		list[i].N = 1
		if h {
			list[i].Hits = 1
		}
	}
	return list
}

// Worked by hand: ten hits and then ten misses are twenty times ln 2 more likely
// with the change than with a share of a half; one trial to either side makes
// that 3.35 less, two 4.9.
func TestChangePointByHand(t *testing.T) {
	t.Parallel()
	got, ok := FindChangePoint(single(append(repeat(true, 10), repeat(false, 10)...)))
	near(t, "gain", got.LikelihoodGain, 20*math.Ln2, 1e-12)
	if got.LikelihoodGain = 0; !ok || got != (ChangePoint{At: 10, Low: 9, High: 11, Before: 1}) {
		t.Errorf("FindChangePoint() = %+v, %v", got, ok)
	}
}

// Blocks of several trials say the same where harm falls between two of them.
func TestChangePointOfBlocks(t *testing.T) {
	t.Parallel()
	got, ok := FindChangePoint([]Count{{4, 4}, {6, 6}, {0, 5}, {0, 5}})
	near(t, "gain", got.LikelihoodGain, 20*math.Ln2, 1e-12)
	if got.LikelihoodGain = 0; !ok || got != (ChangePoint{At: 2, Low: 2, High: 2, Before: 1}) {
		t.Errorf("FindChangePoint() = %+v, %v", got, ok)
	}
}

func TestNoChangePoint(t *testing.T) {
	t.Parallel()
	for name, hits := range map[string][]bool{
		"nothing": nil, "one": {true}, "never": repeat(false, 100), "always": repeat(true, 100),
		"a rise": append(repeat(false, 50), repeat(true, 50)...), "one early hit": append([]bool{true}, repeat(false, 30)...),
	} {
		if got, ok := FindChangePoint(single(hits)); ok {
			t.Errorf("%s: FindChangePoint() = %+v", name, got)
		}
	}
}

// A trace is the harm of 25 journeys a second for 20 s of fault and 40 s after.
func trace(r *rand.Rand, share func(second float64) float64) []bool {
	list := make([]bool, 1500)
	for i := range list {
		list[i] = r.Float64() < share(float64(i)/25)
	}
	return list
}

func windowed(hits []bool) []Count {
	var list []Count
	for w := range slices.Chunk(hits, 12) { // about half a second
		c := Count{N: len(w)}
		for _, h := range w {
			if h {
				c.Hits++
			}
		}
		list = append(list, c)
	}
	return list
}

// TestRecoveryCalibration simulates systems that recover three seconds after the
// removal, at once or fading over ten seconds, with one journey in a hundred
// harmed anyway.
//
//	go test ./experiments/stats -run TestRecoveryCalibration -calibrate -v
//
// prints the table of 2,000 runs each.
func TestRecoveryCalibration(t *testing.T) {
	t.Parallel()
	runs := 60
	if *calibrate {
		runs = 2000
	}
	results := newTable(t, "harm\tends\tfell at: median\tmedian error\tinterval covers\tback at: median\tproven")
	for _, tt := range []struct {
		name         string
		share        float64
		fade         float64
		within, late float64 // bounds of the median error of the change, and of how late "back" is
	}{
		{"90 % to 1 %, at once", 0.9, 0, 0.2, 0.5}, {"30 % to 1 %, at once", 0.3, 0, 0.3, 0.8}, {"10 % to 1 %, at once", 0.1, 0, 1, 1.2},
		{"60 % to 1 %, over 10 s", 0.6, 10, 8, 3},
	} {
		r := rand.New(rand.NewPCG(5, 8))
		var fell, wrong, back []float64
		covered, proven, end := 0, 0, 23+tt.fade
		for range runs {
			hits := trace(r, func(second float64) float64 {
				return 0.01 + (tt.share-0.01)*max(0, min(1, (end-second)/max(tt.fade, 1e-9)))
			})
			at, after := 0.0, 0
			if c, ok := FindChangePoint(single(hits)); ok {
				at, after = float64(c.At)/25, windowAfter(c)
				fell, wrong = append(fell, at), append(wrong, math.Abs(at-23))
				if float64(c.Low)/25 <= 23 && 23 <= float64(c.High)/25 {
					covered++
				}
			}
			if b := FindRecovery(afterLevel(windowed(hits[500:]), Count{15, 1500}, after, 6)); b.Proven {
				proven++
				back = append(back, max(at, 20+float64(b.Window)*0.48)) // as results do
			}
		}
		slices.Sort(fell)
		slices.Sort(wrong)
		slices.Sort(back)
		results.row("%s\t%g s\t%.2f s\t%.2f s\t%s %%\t%.2f s\t%s %%", tt.name, end, quantile(fell, 0.5), quantile(wrong, 0.5),
			pc(float64(covered)/float64(runs)), quantile(back, 0.5), pc(float64(proven)/float64(runs)))
		if got := quantile(wrong, 0.5); got > tt.within || len(fell) < runs*9/10 {
			t.Errorf("%s: a fall was found in %d of %d runs, with a median error of %v s", tt.name, len(fell), runs, got)
		}
		if got := quantile(back, 0.5); math.Abs(got-end) > tt.late || proven < runs*9/10 {
			t.Errorf("%s: back in %d of %d runs, at a median of %v s, want %v", tt.name, proven, runs, got, end)
		}
		if least := 0.95 - 3*math.Sqrt(0.95*0.05/float64(runs)); tt.fade == 0 && float64(covered)/float64(runs) < least {
			t.Errorf("%s: the interval holds the fall in %d of %d runs", tt.name, covered, runs)
		}
	}
	results.flush()
}

// afterLevel are trials after a removal where only a level from before the fault is
// known, with the widest margins.
func afterLevel(fault []Count, level Count, fell, least int) Trials {
	return Trials{Fault: fault, Control: []Count{level}, FaultBefore: level, Fell: fell, Least: least, Limit: 1}
}

func TestFindRecovery(t *testing.T) {
	t.Parallel()
	good, bad, none, one := Count{0, 20}, Count{9, 20}, Count{}, Count{1, 20}
	clean := slices.Repeat([]Count{good}, 8)
	after := func(head ...Count) []Count { return append(head, clean...) }
	level := []Count{{5, 1000}}
	for name, tt := range map[string]struct {
		fault, control []Count
		want           RecoveryTime
	}{
		"at once":                       {clean, level, RecoveryTime{Window: 0, Proven: true, StillHarmed: false}},
		"after two":                     {after(bad, bad), level, RecoveryTime{Window: 2, Proven: true, Ended: true}},
		"one unlucky journey":           {after(bad, good, one), level, RecoveryTime{Window: 1, Proven: true, Ended: true}},
		"a moment is no relapse":        {after(bad, good, good, good, good, good, good, bad), level, RecoveryTime{Window: 1, Proven: true}},
		"never":                         {slices.Repeat([]Count{bad}, 9), level, RecoveryTime{Window: 9, Proven: false, StillHarmed: true}},
		"a bad moment in a short phase": {append(slices.Clone(clean), bad, good), level, RecoveryTime{}},
		"harm to the end":               {slices.Repeat([]Count{{1, 20}}, 24), level, RecoveryTime{Worse: true}},
		"harm of a whole short phase":   {slices.Repeat([]Count{{2, 20}}, 10), level, RecoveryTime{Window: 8, StillHarmed: true}},
		"too short to say":              {[]Count{bad, good, good}, level, RecoveryTime{Window: 1, Ended: true}},
		"too few journeys to say":       {slices.Repeat([]Count{{0, 2}}, 10), level, RecoveryTime{Window: 0, Proven: false, StillHarmed: false}},
		"lingering harm":                {slices.Repeat([]Count{{3, 20}}, 20), level, RecoveryTime{Window: 20, Proven: false, StillHarmed: true}},
		"empty windows say nothing":     {after(bad, none, none), level, RecoveryTime{Window: 1, Proven: true, Ended: true}},
		"nothing":                       {nil, level, RecoveryTime{Window: 0, Proven: false, StillHarmed: false}},
		"a bad moment of both arms":     {slices.Concat(after(good, bad), clean, clean, clean), slices.Concat(after(good, bad), clean, clean, clean), RecoveryTime{Proven: true}},
		"a bad moment of the fault arm": {after(good, bad), after(good, good), RecoveryTime{Window: 2, Proven: true, Ended: true}},
		"no control":                    {clean, nil, RecoveryTime{Window: 0, Proven: false, StillHarmed: false}},
		"both arms stay harmed":         {slices.Repeat([]Count{{4, 20}}, 20), slices.Repeat([]Count{{4, 20}}, 20), RecoveryTime{System: true, Worse: true}},
		"a relapse of ten seconds": {
			append(append([]Count{bad}, slices.Repeat([]Count{good}, 9)...), append(slices.Repeat([]Count{{3, 20}}, 20), slices.Repeat([]Count{good}, 30)...)...),
			slices.Repeat([]Count{good}, 60), RecoveryTime{Window: 28, Proven: true, Ended: true},
		},
		"a bad stretch that may be anybody's": {
			append(append([]Count{bad}, slices.Repeat([]Count{good}, 30)...), slices.Repeat([]Count{{3, 20}}, 25)...),
			level, RecoveryTime{Window: 1, Proven: true, Later: 31},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trials := Trials{Fault: tt.fault, Control: tt.control, FaultBefore: Count{5, 1000}, ControlBefore: Count{5, 1000}, Least: 3, Limit: 1}
			if got := FindRecovery(trials); got != tt.want {
				t.Errorf("FindRecovery() = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// Harm of every journey that ends seconds after the removal has ended, although too
// little was watched to prove that it stays away: the end is the answer.
func TestHarmThatWasSeenToEnd(t *testing.T) {
	t.Parallel()
	for gone := 4; gone <= 11; gone++ {
		fault, control := slices.Repeat([]Count{{0, 5}}, 12), slices.Repeat([]Count{{0, 5}}, 12)
		for i := range gone {
			fault[i].Hits = 5
		}
		r := FindRecovery(Trials{Fault: fault, Control: control, FaultBefore: Count{0, 100}, ControlBefore: Count{0, 100}, Fell: gone, Least: 6, Limit: 0.05})
		if r.Window != gone || !r.Ended || r.StillHarmed {
			t.Errorf("harm of %d windows: %+v", gone, r)
		}
	}
}

// On one route a dependency that dies after the removal is not what is left of a fault:
// between the two comes a break, whenever that is. Its moment is told.
func TestAnOutageAfterABreakIsNotTheFaults(t *testing.T) {
	t.Parallel()
	good, bad, level := Count{0, 5}, Count{5, 5}, Count{0, 60}
	for name, tt := range map[string]struct {
		good, bad, back int
		want            RecoveryTime
	}{
		"two seconds after":          {4, 15, 0, RecoveryTime{Window: 1, Later: 5}},
		"four seconds after":         {8, 11, 0, RecoveryTime{Window: 1, Later: 9}},
		"eight seconds after, of 20": {16, 23, 0, RecoveryTime{Window: 1, Proven: true, Later: 17}},
		"and it comes back":          {16, 10, 13, RecoveryTime{Window: 1, Proven: true, Later: 17}},
		"no break: it goes on":       {0, 19, 0, RecoveryTime{Window: 20, StillHarmed: true}},
		"no break: a second of luck": {2, 17, 0, RecoveryTime{Window: 20, StillHarmed: true}},
	} {
		fault := slices.Concat([]Count{{4, 5}}, slices.Repeat([]Count{good}, tt.good), slices.Repeat([]Count{bad}, tt.bad), slices.Repeat([]Count{good}, tt.back))
		got := FindRecovery(afterLevel(fault, level, 0, 6))
		got.Worse = false // told as well
		if got != tt.want {
			t.Errorf("%s: FindRecovery() = %+v, want %+v", name, got, tt.want)
		}
	}
}

// A system of which little harm matters has not recovered while little harm goes on.
func TestMarginsFollowTheLimit(t *testing.T) {
	t.Parallel()
	fault, control := slices.Repeat([]Count{{1, 50}}, 60), slices.Repeat([]Count{{0, 50}}, 60)
	before := Count{0, 3000}
	for limit, want := range map[float64]bool{0.05: true, 0.01: false} {
		r := FindRecovery(Trials{Fault: fault, Control: control, FaultBefore: before, ControlBefore: before, Least: 6, Limit: limit})
		if r.Proven != want {
			t.Errorf("two points for good, limit %g: %+v", limit, r)
		}
	}
}

// A few journeys are harmed for a second, and none after that: no window is proven to
// be harmed, but it is known when harm fell. Too little of the time after it shows
// nothing.
func TestRecoverySinceHarmFell(t *testing.T) {
	t.Parallel()
	fault := append([]Count{{2, 10}, {2, 10}}, slices.Repeat([]Count{{0, 10}}, 10)...)
	level := Count{0, 100}
	for fell, want := range map[int]bool{0: false, 2: true, 6: true, 9: false, 10: false, 12: false, 13: false} {
		if got := FindRecovery(afterLevel(fault, level, fell, 3)); got.Window != 0 || got.Proven != want {
			t.Errorf("FindRecovery() since window %d = %+v, want %v", fell, got, want)
		}
	}
}

// windowAfter is the first window of a trace that began after a change.
func windowAfter(c ChangePoint) int { return max(0, c.At-500+11) / 12 }

// TestStillHarmedCalibration simulates systems that stay six points worse after harm has
// fallen. Such a system must not be proven to be back, wherever the change point is.
//
//	go test ./experiments/stats -run TestStillHarmedCalibration -calibrate -v
func TestStillHarmedCalibration(t *testing.T) {
	t.Parallel()
	runs := 300
	if *calibrate {
		runs = 2000
	}
	results := newTable(t, "harm\tproven to be back\tthe same without the fall")
	for _, before := range []float64{0.1, 0.3, 0.9} {
		r := rand.New(rand.NewPCG(5, 9))
		proven, without := 0, 0
		for range runs {
			hits := trace(r, func(second float64) float64 {
				if second < 23 {
					return before
				}
				return 0.07
			})
			after := 0
			if c, ok := FindChangePoint(single(hits)); ok {
				after = windowAfter(c)
			}
			for i, fell := range []int{after, 0} {
				if FindRecovery(afterLevel(windowed(hits[500:]), Count{15, 1500}, fell, 6)).Proven {
					*[]*int{&proven, &without}[i]++
				}
			}
		}
		share := float64(proven) / float64(runs)
		results.row("%g %% to 7 %%, 1 %% of the control\t%s %%\t%s %%", 100*before, pc(share), pc(float64(without)/float64(runs)))
		if share > 0.05+3*math.Sqrt(0.05*0.95/float64(runs)) {
			t.Errorf("from %v: proven to be back in %d of %d runs", before, proven, runs)
		}
	}
	results.flush()
}

// What can be shown is what FindRecovery shows where nothing is harmed.
func TestCanShowRecoveryAgreesWithFindRecovery(t *testing.T) {
	t.Parallel()
	for n := 1; n < 400; n += 7 {
		windows := make([]Count, 6)
		for i := range n {
			windows[i%6].N++
		}
		if got, want := CanShowRecovery(n, 500, 1), FindRecovery(afterLevel(windows, Count{0, 500}, 0, 6)).Proven; got != want {
			t.Errorf("CanShowRecovery(%d) = %v, FindRecovery says %v", n, got, want)
		}
	}
}
