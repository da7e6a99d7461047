package faulttest

import (
	"cmp"
	"context"
	"fmt"
	"testing"
	"time"
)

// A Measurement says what is measured: a journey, first without a fault and then under it.
type Measurement struct {
	// Journey is what one user does. It returns an error where the user would be harmed:
	// no answer, or a wrong one. Many run at once. Its context ends with the test, and at
	// twice SlowAfter.
	Journey func(ctx context.Context) error
	// Into is the dependency that gets the fault.
	Into *Dependency
	// Fault is what goes wrong while journeys are measured under it.
	Fault Fault
	// Rate is how many journeys start in a second; default 100. They start on time however
	// long those before them take.
	Rate float64
	// For is how long journeys start, once without the fault and once under it; default
	// 3 s. With -short it is a third of it.
	For time.Duration
	// SlowAfter is the time that a journey may take from when it should have started; default
	// 1 s. One that takes longer is harmed.
	SlowAfter time.Duration
	// Limit is the share of journeys that the fault may harm, beyond those that are harmed
	// without it; default 0.05. The smaller it is, the more journeys it takes to tell.
	Limit float64
	// Baseline is the share that may be harmed without the fault; default 0.02.
	Baseline float64
	// AllowInconclusive skips the test where nothing is shown, and does not fail it. So does
	// -short.
	AllowInconclusive bool
}

// Defaults of a [Measurement].
const (
	defaultRate      = 100
	defaultFor       = 3 * time.Second
	defaultSlowAfter = time.Second
	defaultLimit     = 0.05
	defaultBaseline  = 0.02
)

// mostRate is more than any machine can start on time.
const mostRate = 1_000_000

func (m Measurement) withDefaults(short bool) Measurement {
	m.Rate, m.For = cmp.Or(m.Rate, defaultRate), cmp.Or(m.For, defaultFor)
	m.SlowAfter, m.Limit, m.Baseline = cmp.Or(m.SlowAfter, defaultSlowAfter), cmp.Or(m.Limit, defaultLimit), cmp.Or(m.Baseline, defaultBaseline)
	if short {
		m.For /= 3
		m.AllowInconclusive = true
	}
	return m
}

// check returns what is wrong with a measurement that is complete; it is empty where nothing
// is.
func (m Measurement) check() string {
	isShare := func(v float64) bool { return v > 0 && v < 1 }
	isTime := func(d time.Duration) bool { return d > 0 && d <= time.Hour }
	switch {
	case m.Journey == nil || m.Into == nil:
		return "Measure needs a Journey, and the dependency that the fault goes Into"
	case !(m.Rate > 0 && m.Rate <= mostRate):
		return fmt.Sprintf("Rate must be journeys per second, up to %d, not %g", mostRate, m.Rate)
	case !isTime(m.For) || !isTime(m.SlowAfter):
		return fmt.Sprintf("For and SlowAfter must be above 0 and at most an hour, not %v and %v", m.For, m.SlowAfter)
	case !isShare(m.Limit) || !isShare(m.Baseline):
		return fmt.Sprintf("Limit and Baseline must be shares between 0 and 1, such as 0.05, not %g and %g", m.Limit, m.Baseline)
	}
	return ""
}

// Measure sends the journey for a while without the fault and for as long under it, and
// judges the share that the fault harmed: the difference of both, with an interval that
// holds the truth in 95 of 100 measurements. The verdict has the words of blastgauge's
// reports, see [Verdict]; in a test there is a sub-test for each thing that had to be true:
//
//	baseline      journeys are not harmed without the fault, and start on time
//	fault met     the fault acted on something
//	blast radius  the share that it harmed, against the limit
//
// What is refuted or invalid fails, and so does what is inconclusive, unless that is allowed:
// then it is skipped. Measure returns when the last journey has.
//
// In a benchmark an operation is a journey under the fault, one after the other, and the
// share that the fault harmed is reported as harmed/op, with the ends of its interval beside
// it. A benchmark has no limit: it fails where journeys are harmed without the fault, or
// nobody met it.
//
// Nothing but the fault should change between both parts: a cache that fills and a breaker
// that stays open from an earlier fault are taken for its doing. A short while of journeys
// comes before the first part and is not measured.
func Measure(tb testing.TB, m Measurement) Harm {
	tb.Helper()
	m = m.withDefaults(testing.Short())
	if wrong := m.check(); wrong != "" {
		tb.Fatal("faulttest: " + wrong)
	}
	if b, ok := tb.(*testing.B); ok {
		return m.benchmark(b)
	}
	ctx := tb.Context()
	m.send(ctx, m.For/10) // connections are made, and code is paged in
	h := Harm{Fault: m.Fault.String(), Limit: m.Limit}
	h.Control = m.send(ctx, m.For)
	i := m.Into.inject(tb, m.Fault)
	func() {
		defer m.Into.remove(tb, i)
		h.Under = m.send(ctx, m.For)
	}()
	h.judge(m, i)
	if t, ok := tb.(subtests); ok {
		h.report(t, m.AllowInconclusive)
	} else {
		h.tell(tb, m.AllowInconclusive)
	}
	return h
}

// subtests are what a test has and a benchmark has otherwise.
type subtests interface {
	Helper()
	Run(name string, f func(t *testing.T)) bool
}

// benchmark measures journeys one after the other.
func (m Measurement) benchmark(b *testing.B) Harm {
	b.Helper()
	ctx := b.Context()
	h := Harm{Fault: m.Fault.String(), Limit: m.Limit}
	for begun := time.Now(); time.Since(begun) < m.For; {
		m.one(ctx, time.Now(), func(e end) { h.Control.add(e, 0) })
	}
	i := m.Into.inject(b, m.Fault)
	func() {
		defer m.Into.remove(b, i)
		for b.Loop() {
			m.one(ctx, time.Now(), func(e end) { h.Under.add(e, 0) })
		}
	}()
	h.judge(m, i)
	b.ReportMetric(h.Share, "harmed/op")
	b.ReportMetric(h.Low, "harmed-low/op")
	b.ReportMetric(h.High, "harmed-high/op")
	h.tellInvalid(b)
	return h
}
