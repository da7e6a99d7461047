package truth

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/stats"
)

// z95 is the normal point of the intervals that are printed.
const z95 = 1.959964

// A reading is what one run showed of a row: 0 or 1 of a share, a number of a median, and
// both terms of a ratio.
type reading struct {
	Row string  `json:"row"`
	A   float64 `json:"a"`
	B   float64 `json:"b,omitempty"`
	of  string  // the case
}

// A hearing collects what a run shows.
type hearing struct{ list []reading }

func (h *hearing) share(row string, hit bool) {
	a := 0.0
	if hit {
		a = 1
	}
	h.list = append(h.list, reading{Row: row, A: a})
}

func (h *hearing) value(row string, a float64) { h.list = append(h.list, reading{Row: row, A: a}) }

func (h *hearing) ratio(row string, a, b float64) {
	h.list = append(h.list, reading{Row: row, A: a, B: b})
}

// played is a run as it is kept, one a line.
type played struct {
	Case     string    `json:"case"`
	Seed     uint64    `json:"seed"`
	Readings []reading `json:"readings"`
}

func (p played) key() string { return fmt.Sprint(p.Case, "/", p.Seed) }

func (a *acceptance) add(p played) {
	for _, x := range p.Readings {
		x.of = p.Case
		a.of[x.Row] = append(a.of[x.Row], x)
	}
	a.done[p.key()] = true
}

// keep adds what a run showed, and writes it down.
func (a *acceptance) keep(t *testing.T, p played) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.add(p)
	if a.file == nil {
		return
	}
	line, err := json.Marshal(p)
	if err == nil {
		_, err = a.file.Write(append(line, '\n'))
	}
	if err != nil {
		t.Error(err)
	}
}

// resume reads the runs that are kept in a file, if one is named. What a line that was cut short would have said is
// played again.
func (a *acceptance) resume(t *testing.T, file string) {
	t.Helper()
	a.done = map[string]bool{}
	if file == "" {
		return
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var p played
		if json.Unmarshal(lines.Bytes(), &p) == nil && !a.done[p.key()] {
			a.add(p)
		}
	}
	a.file = f
	if _, err := f.WriteString("\n"); err != nil { // after a line that was cut short
		t.Fatal(err)
	}
}

// readings are what runs showed of one row.
type readings []reading

func (l readings) byCase() map[string]readings {
	m := map[string]readings{}
	for _, x := range l {
		m[x.of] = append(m[x.of], x)
	}
	return m
}

// worst is the case that is furthest beyond the target, or nearest to it.
func (l readings) worst(r row) (worst readings, name string) {
	by, most := l.byCase(), math.Inf(-1)
	for _, of := range l.names() {
		v := by[of].measure(r.kind, z95).Estimate
		beyond := max(r.least-v, v-r.most)
		if r.least > 0 && r.kind != ratio {
			beyond = r.least - v
		}
		if beyond > most {
			worst, name, most = by[of], of, beyond
		}
	}
	return worst, name
}

// zFor is the normal point of an interval that minds that the worst of n cases is looked
// at.
func zFor(n int) float64 { return math.Sqrt2 * math.Erfinv(1-0.05/float64(max(1, n))) }

// measure is what the readings show of their kind, with an interval to a normal point z.
func (l readings) measure(k kind, z float64) stats.Interval {
	n := float64(len(l))
	switch k {
	case share:
		hits := 0
		for _, x := range l {
			hits += int(x.A)
		}
		return wilsonTo(stats.Count{Hits: hits, N: len(l)}, z)
	case median:
		sorted := slices.Clone(l)
		slices.SortFunc(sorted, func(a, b reading) int {
			switch {
			case a.A < b.A:
				return -1
			case a.A > b.A:
				return 1
			}
			return 0
		})
		at := func(rank float64) float64 { return sorted[max(0, min(len(l)-1, int(rank)))].A }
		return stats.Interval{Estimate: at(n / 2), Low: at(n/2 - z*math.Sqrt(n)/2 - 1), High: at(n/2 + z*math.Sqrt(n)/2)}
	case ratio:
	}
	var a, b, squares float64
	for _, x := range l {
		a, b = a+x.A, b+x.B
	}
	q := a / b
	for _, x := range l {
		squares += (x.A - q*x.B) * (x.A - q*x.B)
	}
	half := z * math.Sqrt(squares/max(1, n-1)/n) / (b / n)
	return stats.Interval{Estimate: q, Low: q - half, High: q + half}
}

// wilsonTo is the score interval to a normal point.
func wilsonTo(c stats.Count, z float64) stats.Interval {
	n, p := float64(c.N), c.Share()
	centre := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return stats.Interval{Estimate: p, Low: max(0, min(centre-half, p)), High: min(1, max(centre+half, p))}
}

// verdict is met where the target holds of what was measured, and missed where it holds of
// nothing within the interval to z.
func (l readings) verdict(r row, z float64) verdict {
	switch {
	case len(l) == 0:
		return unmeasured
	case r.free:
		return noTarget
	}
	i := l.measure(r.kind, z)
	most := r.most
	if r.least > 0 && r.kind != ratio {
		most = math.Inf(1)
	}
	switch {
	case i.Estimate >= r.least && i.Estimate <= most:
		return met
	case i.High < r.least || i.Low > most:
		return missed
	}
	return open
}

func (l readings) describe(r row) string {
	if len(l) == 0 {
		return "nothing"
	}
	i := l.measure(r.kind, z95)
	return fmt.Sprintf("%s%s (%s to %s)", r.number(i.Estimate), r.unit(), r.number(i.Low), r.number(i.High))
}
