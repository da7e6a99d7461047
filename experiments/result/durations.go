package result

import (
	"iter"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/stats"
)

// mostSorted is how many durations are kept and sorted at the most. Of more there is a
// sketch, which knows them to a thousandth and does not grow.
const mostSorted = 4096

// durations are known one by one while they are few, and to a thousandth when they are
// many.
type durations struct {
	exact  []time.Duration
	sorted bool
	sketch stats.Sketch // of microseconds
}

func (d *durations) add(took time.Duration) {
	if len(d.exact) < mostSorted && d.sketch.N() == 0 {
		d.exact, d.sorted = append(d.exact, took), false
		return
	}
	for _, t := range d.exact {
		d.sketch.Add(t.Microseconds())
	}
	d.exact = nil
	d.sketch.Add(took.Microseconds())
}

// n is how many there are.
func (d *durations) n() int { return len(d.exact) + d.sketch.N() }

// at is the duration of a rank, from 1.
func (d *durations) at(rank int) time.Duration {
	if d.exact == nil {
		return time.Duration(d.sketch.At(rank)) * time.Microsecond
	}
	if !d.sorted {
		slices.Sort(d.exact)
		d.sorted = true
	}
	return d.exact[rank-1]
}

// quantile is 0 where there are none.
func (d *durations) quantile(q float64) time.Duration {
	n := d.n()
	if n == 0 {
		return 0
	}
	return d.at(stats.Rank(q, n))
}

// percentiles have the bounds that order statistics give as if journeys were
// independent.
func (d *durations) percentiles(points []float64) []Percentile {
	n := d.n()
	if n == 0 {
		return nil
	}
	rows := make([]Percentile, 0, len(points))
	for _, p := range points {
		row := Percentile{P: p, Seconds: seconds(d.at(stats.Rank(p, n)))}
		if low, high, ok := stats.QuantileRanks(n, p); ok {
			row.Low, row.High = seconds(d.at(low)), seconds(d.at(high))
		}
		rows = append(rows, row)
	}
	return rows
}

// all yields the durations in nanoseconds, the shortest first, and how many there are of
// each.
func (d *durations) all() iter.Seq2[int64, int] {
	return func(yield func(int64, int) bool) {
		if d.exact == nil {
			for at, n := range d.sketch.All() {
				if !yield(at*int64(time.Microsecond), n) {
					return
				}
			}
			return
		}
		for rank := range d.exact {
			if !yield(int64(d.at(rank+1)), 1) {
				return
			}
		}
	}
}

// lifetimes are durations of what ended, and of what was given up before it did.
type lifetimes struct{ ended, givenUp durations }

func (l *lifetimes) add(took time.Duration, ended bool) {
	if ended {
		l.ended.add(took)
	} else {
		l.givenUp.add(took)
	}
}

// completed is the share that ended; false where there is none.
func (l *lifetimes) completed() (float64, bool) {
	n := l.ended.n() + l.givenUp.n()
	return round(float64(l.ended.n()) / float64(max(1, n))), n > 0
}

// percentiles are those of all, as far as they are known.
func (l *lifetimes) percentiles(points []float64) []Percentile {
	if l.givenUp.n() == 0 {
		return l.ended.percentiles(points)
	}
	s := stats.NewSurvival(l.ended.all(), l.givenUp.all())
	var rows []Percentile
	for _, p := range points {
		at, known := s.Quantile(p)
		if !known {
			continue
		}
		row := Percentile{P: p, Seconds: seconds(time.Duration(at))}
		if low, high, ok := s.QuantileBounds(p); ok {
			row.Low, row.High = seconds(time.Duration(low)), seconds(time.Duration(high))
		}
		rows = append(rows, row)
	}
	return rows
}

// lateness is nil where no journey was sent.
func (d *durations) lateness() *Lateness {
	if d.n() == 0 {
		return nil
	}
	return &Lateness{seconds(d.quantile(0.5)), seconds(d.quantile(0.99)), seconds(d.quantile(1))}
}

// seconds rounds to microseconds, so that reports hold no noise digits.
func seconds(d time.Duration) float64 { return d.Round(time.Microsecond).Seconds() }
