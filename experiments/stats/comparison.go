package stats

import "math"

// A Comparison is the difference between two sides that were measured apart, each by
// one run or several.
type Comparison struct {
	Interval            // head minus base
	Base, Head Interval // the mean of each side's runs
	// Drift is the standard deviation from run to run beyond what the runs' own
	// intervals explain. It is known only if Repeated.
	Drift    float64
	Repeated bool // a side has several runs, so Drift is in the intervals

	below, above float64 // standard errors of the estimate, to the side of Low and of High, but for what varies from run to run
	perRun       float64 // the variance from run to run counts so often: 1/n of base plus 1/n of head
	df           int     // degrees of freedom that Drift is known by
	spread       bool    // the variance from run to run is that of a suite, see [Comparison.WithSpread]
	variance     float64 // of a run, beyond what its own interval explains
}

// Compare is the difference of the means of two sides, whose runs are estimates
// with intervals of their own: for blast radii, which are differences between
// two arms, it is a difference of differences.
//
// With one run on each side it is [Minus]. It assumes that the two runs are
// independent. It does not contain what varies from run to run, which no arithmetic can
// tell from a change.
//
// With several runs on a side the bounds are the wider of two. The first adds to
// the runs' own intervals the variance between runs that these do not explain,
// estimated by moments over all sides with several runs; the second takes each
// run as one number, Student's interval of the difference of means with a pooled
// variance, whatever the runs say of themselves. The first is right where runs are
// of unlike precision, as with many on one side and one on the other; the second
// where runs of one side happen to look too much alike. Both assume that the
// variance from run to run is that of both sides.
//
// Sources: for the difference, Zou and Donner as in [Minus]; for the variance
// between runs, R. DerSimonian and N. Laird, "Meta-analysis in clinical trials",
// Controlled Clinical Trials 7 (1986), 177-188, with equal weights; for Student's
// t in it, J. Hartung and G. Knapp, "On tests of the overall treatment effect in
// meta-analysis with normally distributed responses", Statistics in Medicine 20
// (2001), 1771-1782; for the pooled variance, Student (1908) as in [Repeats]. How
// often the interval is right is simulated in TestComparisonCovers.
func Compare(base, head []Interval) Comparison {
	b, h := newSide(base), newSide(head)
	c := Comparison{Base: b.within, Head: h.within}
	df := b.n + h.n - 2
	c.perRun, c.df = 1/float64(b.n)+1/float64(h.n), df
	own := Minus(h.within, b.within)
	c.below, c.above = (own.Estimate-own.Low)/z95, (own.High-own.Estimate)/z95
	if df > 0 {
		all := (b.squares + h.squares) / float64(df)
		beyond := max(0, all-(b.explained*float64(b.n-1)+h.explained*float64(h.n-1))/float64(df))
		t := student(df + 1)
		c.Drift, c.Repeated, c.variance = math.Sqrt(beyond), true, beyond
		c.Base = c.Base.widened(t, beyond/float64(b.n), all/float64(b.n))
		c.Head = c.Head.widened(t, beyond/float64(h.n), all/float64(h.n))
		c.Interval = own.widened(t, beyond*c.perRun, all*c.perRun)
	} else {
		c.Interval = own
	}
	c.Base, c.Head = bounded(c.Base), bounded(c.Head)
	c.Low, c.High = max(-2, c.Low), min(2, c.High)
	return c
}

// widened adds a variance to the interval and makes it no narrower than one of
// the other variance alone, both with the point t of Student's distribution.
func (i Interval) widened(t, add, least float64) Interval {
	wider := func(distance float64) float64 {
		return max(math.Hypot(distance, t*math.Sqrt(add)), t*math.Sqrt(least))
	}
	return Interval{i.Estimate, i.Estimate - wider(i.Estimate-i.Low), i.Estimate + wider(i.High-i.Estimate)}
}

// A side is the runs of one side.
type side struct {
	n         int
	within    Interval // their mean, as far as their own intervals tell
	squares   float64  // of their deviations from the mean
	explained float64  // mean variance of a run, by its own interval
}

func newSide(runs []Interval) side {
	s := side{n: len(runs)}
	n := float64(s.n)
	var below, above float64
	for _, r := range runs {
		r = r.ordered()
		s.within.Estimate += r.Estimate / n
		below += (r.Estimate - r.Low) * (r.Estimate - r.Low)
		above += (r.High - r.Estimate) * (r.High - r.Estimate)
		sd := (r.High - r.Low) / (2 * z95)
		s.explained += sd * sd / n
	}
	s.within.Low = s.within.Estimate - math.Sqrt(below)/n
	s.within.High = s.within.Estimate + math.Sqrt(above)/n
	for _, r := range runs {
		s.squares += (r.Estimate - s.within.Estimate) * (r.Estimate - s.within.Estimate)
	}
	return s
}

// ordered makes sure that the estimate is between its bounds: those of a
// confidence sequence need not be around the mean.
func (i Interval) ordered() Interval {
	return Interval{i.Estimate, min(i.Low, i.Estimate), max(i.High, i.Estimate)}
}
