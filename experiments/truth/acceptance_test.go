package truth

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	accept = flag.Bool("accept", false, "play -runs of each case behind the rows, and print their table")
	limit  = flag.Duration("for", 0, "end the table after this time with the runs that there are; 0: after -runs")
	only   = flag.String("only", "", "play the cases whose names begin with this")
	kept   = flag.String("state", "", "keep each run in this `FILE`, and go on from what is in it")
)

// fewRuns is how many runs of each case go test plays: together they show rows that are
// missed by far.
const fewRuns = 1

// Every row of the table of what is promised is met: a few runs of each case in go test,
// and as many as are wanted for the table itself, which go run ./cmd/measure truth prints.
func TestAcceptance(t *testing.T) {
	t.Parallel()
	n := fewRuns
	if *accept {
		n = *runs
	}
	a := &acceptance{cases: cases(), of: map[string]readings{}}
	a.cases = slices.DeleteFunc(a.cases, func(c oneCase) bool { return !strings.HasPrefix(c.name, *only) })
	if !*accept {
		a.cases = sampled(a.cases)
	}
	a.resume(t, *kept)
	a.play(t, n)
	for _, r := range rows() {
		list, z := a.of[r.id], 3.0
		if *accept {
			list, _ = list.worst(r)
			z = zFor(len(a.of[r.id].names()))
		}
		if list.verdict(r, z) == missed && !r.known {
			t.Errorf("%s: want %s, %s", r.what, r.target(), list.describe(r))
		}
	}
	if *accept {
		fmt.Print(a.table())
		return
	}
	if oneIn == 1 && len(a.of) < len(rows())*3/4 { // a few runs do not meet what is rare
		t.Errorf("%d of %d rows are measured", len(a.of), len(rows()))
	}
}

// sampled is one in [oneIn] of the cases; without the heavy ones where that is not each.
func sampled(all []oneCase) []oneCase {
	if oneIn == 1 {
		return all
	}
	all = slices.DeleteFunc(all, func(c oneCase) bool { return c.heavy })
	var some []oneCase
	for i := 0; i < len(all); i += oneIn {
		some = append(some, all[i])
	}
	return some
}

// An acceptance plays cases and keeps what they showed. A case is one kind of experiment
// against one kind of system.
type acceptance struct {
	cases []oneCase

	mu   sync.Mutex
	of   map[string]readings // guarded by mu: by row
	done map[string]bool     // guarded by mu: cases with their seeds that were played
	next int                 // guarded by mu: index of the next job
	file *os.File            // guarded by mu; nil: nothing is kept
}

// play plays each case with the seeds 1 to n: all cases with one seed, then all with the
// next, so that rows have as many runs whenever it ends.
func (a *acceptance) play(t *testing.T, n int) {
	begun := time.Now()
	t.Run("cases", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for !t.Failed() && (*limit == 0 || time.Since(begun) < *limit) {
					c, seed, ok := a.take(n)
					if !ok {
						return
					}
					heard := &hearing{}
					c.play(t, seed, heard)
					a.keep(t, played{c.name, seed, heard.list})
				}
			})
		}
	})
}

// take is the next case and its seed; false where none is left.
func (a *acceptance) take(n int) (oneCase, uint64, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for ; a.next < n*len(a.cases); a.next++ {
		c, seed := a.cases[a.next%len(a.cases)], uint64(a.next/len(a.cases)+1)
		if a.done[played{Case: c.name, Seed: seed}.key()] || c.heavy && seed > 1 && !*accept {
			continue
		}
		if a.next++; *accept && a.next%len(a.cases) == 0 {
			fmt.Fprintf(os.Stderr, "%d of %d runs of %d cases\n", seed, n, len(a.cases))
		}
		return c, seed, true
	}
	return oneCase{}, 0, false
}

// A row is one promise. Bounds are shares, seconds or factors.
type row struct {
	id, what    string
	kind        kind
	least, most float64 // most 0 with least 0: none of the runs; most infinite: no bound
	free        bool    // nothing is promised
	known       bool    // it is not met, and the README of stats says why
}

type kind int

const (
	share  kind = iota // of runs
	median             // over runs, in seconds
	ratio              // of two means over runs
)

func (r row) number(v float64) string {
	switch r.kind {
	case share:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", 100*v), ".0")
	case median:
		return fmt.Sprintf("%.2f", v)
	case ratio:
	}
	return fmt.Sprintf("%.2f", v)
}

func (r row) unit() string {
	return map[kind]string{share: " %", median: " s"}[r.kind]
}

func (r row) target() string {
	switch {
	case r.free:
		return "–"
	case r.kind == ratio:
		return r.number(r.least) + " to " + r.number(r.most)
	case r.least > 0:
		return "≥ " + r.number(r.least) + r.unit()
	case r.most == 0:
		return "0"
	}
	return "≤ " + r.number(r.most) + r.unit()
}

// A verdict says how a measurement stands to its target.
type verdict string

const (
	met        verdict = "met"
	missed     verdict = "missed"
	open       verdict = "open" // the target is within what the runs leave open
	unmeasured verdict = "not measured"
	noTarget   verdict = "–"
)

// table is a line for each row: the worst of its cases decides, and where only its interval
// is beyond the target that is open.
func (a *acceptance) table() string {
	var b strings.Builder
	b.WriteString("| what | target | all cases | the worst case | runs of a case | |\n|---|---:|---:|---|---:|---|\n")
	for _, r := range rows() {
		list := a.of[r.id]
		if len(list) == 0 {
			fmt.Fprintf(&b, "| %s | %s | | | 0 | %s |\n", r.what, r.target(), unmeasured)
			continue
		}
		worst, name := list.worst(r)
		v := worst.verdict(r, zFor(len(list.names())))
		fmt.Fprintf(&b, "| %s | %s | %s | %s: %s | %d | %s |\n", r.what, r.target(), list.describe(r), name, worst.describe(r), len(worst), v)
	}
	return b.String()
}

// names lists cases with what they showed of a row.
func (l readings) names() []string {
	var names []string
	for _, x := range l {
		if !slices.Contains(names, x.of) {
			names = append(names, x.of)
		}
	}
	slices.Sort(names)
	return names
}
