package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// mean is Student's interval of a mean. It assumes independent values that are
// roughly normal, and needs at least two.
//
// Source: Student, "The probable error of a mean", Biometrika 6 (1908), 1-25.
func mean(values []float64) Interval {
	n := float64(len(values))
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	centre, squares := sum/n, 0.0
	for _, v := range values {
		squares += (v - centre) * (v - centre)
	}
	half := student(len(values)) * math.Sqrt(squares/(n-1)/n)
	return Interval{centre, centre - half, centre + half}
}

// The hours of sleep gained by ten patients with one drug and another, from
// Student (1908): the difference and its interval are in every textbook.
func TestMeanOfStudentsSleep(t *testing.T) {
	t.Parallel()
	a := []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2}
	b := []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	gain := make([]float64, len(a))
	for i := range a {
		gain[i] = a[i] - b[i]
	}
	got := mean(gain)
	near(t, "mean", got.Estimate, -1.58, 1e-12)
	near(t, "low", got.Low, -2.4598858, 5e-8)
	near(t, "high", got.High, -0.7001142, 5e-8)
}

// The two-sided 95 % points of Student's t, from the tables.
func TestStudentsTable(t *testing.T) {
	t.Parallel()
	for values, want := range map[int]float64{2: 12.706, 8: 2.365, 10: 2.262, 12: 2.201, 31: 2.042} {
		near(t, "t", student(values), want, 5e-4)
	}
}

// In batches of one size the variance is that of the mean of the batches'
// differences, whatever the shape of the interval made from it.
func TestPairedBatchesHaveTheVarianceOfTheirDifferences(t *testing.T) {
	t.Parallel()
	fault := []int{9, 2, 14, 1, 8, 3, 11, 0, 7, 5}
	control := []int{1, 0, 3, 0, 2, 0, 1, 1, 0, 2}
	var list []Pair
	var differences []float64
	for i := range fault {
		list = append(list, Pair{Count{fault[i], 50}, Count{control[i], 50}})
		differences = append(differences, float64(fault[i]-control[i])/50)
	}
	got := PairedBatches(list)
	want := mean(differences)
	near(t, "estimate", got.Estimate, want.Estimate, 1e-12)
	// The standard error of 0.1, 0.04, 0.22, … is 0.02529; independent trials
	// would have had √(0.12·0.88/500 + 0.02·0.98/500) = 0.01582.
	near(t, "design effect", 500/got.Effective, 0.0252982*0.0252982/(0.0158240*0.0158240), 1e-3)
	// The score interval of the effective size is not Student's, but close to it.
	near(t, "half width", (got.High-got.Low)/2, (want.High-want.Low)/2, 0.004)
	if got.Method != Paired || got.Batches != 10 || got.Newcombe != Newcombe(Count{60, 500}, Count{10, 500}) {
		t.Errorf("PairedBatches() = %+v", got)
	}
	if got.Low >= got.Newcombe.Low || got.High <= got.Newcombe.High {
		t.Errorf("%v is not wider than %v, although batches differ more than chance", got.Interval, got.Newcombe)
	}
}

func TestWhatHarmsBothArmsCancelsOut(t *testing.T) {
	t.Parallel()
	var paired []Pair
	var fault, control []Count
	for i := range 10 {
		burst := 40 * (i % 2)
		paired = append(paired, Pair{Count{burst + i%3, 100}, Count{burst + (i+1)%3, 100}})
		fault, control = append(fault, paired[i].Fault), append(control, paired[i].Control)
	}
	p, u := PairedBatches(paired), UnpairedBatches(fault, control)
	if p.Interval != p.Newcombe {
		t.Errorf("paired = %v, want no more than %v: the bursts are in both arms", p.Interval, p.Newcombe)
	}
	if width := u.High - u.Low; width < 4*(p.High-p.Low) {
		t.Errorf("unpaired is %v wide, paired %v: it cannot know that bursts are shared", width, p.High-p.Low)
	}
	if u.Effective > 100 || u.Method != Unpaired {
		t.Errorf("unpaired = %+v, want few effective trials of 1,000", u)
	}
}

// Without any harm batches do not vary at all, which does not make zero certain.
func TestNoHarmIsNotCertainty(t *testing.T) {
	t.Parallel()
	list := make([]Pair, 10)
	counts := make([]Count, 10)
	for i := range list {
		list[i], counts[i] = Pair{Count{0, 20}, Count{0, 20}}, Count{0, 20}
	}
	for _, d := range []Difference{PairedBatches(list), UnpairedBatches(counts, counts)} {
		if d.Interval != d.Newcombe || d.Batches != 10 {
			t.Errorf("%+v, want Newcombe's interval", d)
		}
	}
}

func TestFewBatchesFallBackToIndependence(t *testing.T) {
	t.Parallel()
	list := make([]Pair, LeastBatches-1)
	counts := make([]Count, LeastBatches-1)
	for i := range list {
		list[i], counts[i] = Pair{Count{20 * (i % 2), 20}, Count{0, 20}}, Count{20 * (i % 2), 20}
	}
	for name, d := range map[string]Difference{
		"paired":       PairedBatches(list),
		"unpaired":     UnpairedBatches(counts, counts),
		"one arm only": UnpairedBatches(counts, append(counts, counts...)),
		"nothing":      PairedBatches(nil),
		"empty arm":    PairedBatches(make([]Pair, 10)),
	} {
		if d.Method != Independent || d.Batches != 0 || d.Interval != d.Newcombe {
			t.Errorf("%s: %+v, want Newcombe and its name", name, d)
		}
	}
}

// What a plan promises is what comes out, on average, of harm that is independent.
func TestHalfWidthIsWhatComesOut(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for _, tt := range []struct {
		share       float64
		n, batches  int
		unpredicted float64 // the promise that knows of no batches, as a part of it
	}{{0.05, 1000, 10, 0.94}, {0.05, 300, 8, 0.94}, {0.3, 2000, 10, 0.94}} {
		sum, runs := 0.0, 400
		for range runs {
			pairs := make([]Pair, tt.batches)
			for i := range tt.n {
				p := &pairs[i%tt.batches]
				p.Fault.N++
				p.Control.N++
				if r.Float64() < tt.share {
					p.Fault.Hits++
				}
			}
			i := PairedBatches(pairs).Interval
			sum += (i.High - i.Low) / 2 / float64(runs)
		}
		promised := halfWidth(tt.share, tt.n, tt.n, tt.batches)
		near(t, "half width, as a part of what was promised", sum/promised, 1, 0.06)
		if halfWidth(tt.share, tt.n, tt.n, 1)/promised > tt.unpredicted {
			t.Errorf("%d batches cost nothing", tt.batches)
		}
	}
}

// halfWidth is the expected half width of the interval of a difference, in shares, when
// share of n trials in one arm are hits, and none of m in the other, in so many batches
// of each, for harm that does not come in bursts. With fewer than [LeastBatches] it is the half width of [Newcombe]; with more it is
// wider, as in [PairedBatches].
func halfWidth(share float64, n, m, batches int) float64 {
	hits, scale := int(math.Round(share*float64(n))), 1.0
	if batches >= LeastBatches {
		scale = penalty(batches)
	}
	i := Minus(wilson(Count{hits, n}, scale, z95), wilson(Count{0, m}, scale, z95))
	return (i.High - i.Low) / 2
}
