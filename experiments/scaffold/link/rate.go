package link

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// fastestRate is the highest rate of a draft, in journeys a second.
const fastestRate = 10

// carried returns a rate that the recorded system has shown to carry: as many requests at
// once as the browser sent, each journey taking as long as it took. why says so; both are
// empty where the recording has no times.
func carried(rec *recording.Recording, origin string, steps []*step) (rate, why string) {
	var took time.Duration
	for _, s := range steps {
		took += s.Took
	}
	most := atOnce(rec.Spans[origin])
	if took <= 0 || most == 0 {
		return "", ""
	}
	why = fmt.Sprintf("recorded: %s a journey, %d at once", took.Round(10*time.Millisecond), most)
	perSecond := float64(most) / took.Seconds()
	if perSecond >= 1 {
		return fmt.Sprintf("%d/s", roundDown(min(perSecond, fastestRate))), why
	}
	return fmt.Sprintf("%d/min", roundDown(max(perSecond*60, 1))), why
}

// roundDown returns the next of 1, 2, 5, 10, 20, 50 below a number of at least 1.
func roundDown(x float64) int {
	n := 1
	for _, next := range []int{2, 5, 10, 20, 50} {
		if float64(next) <= x {
			n = next
		}
	}
	return n
}

// atOnce returns how many spans overlap at most.
func atOnce(spans []recording.Span) int {
	type edge struct {
		at   time.Time
		step int
	}
	var edges []edge
	for _, s := range spans {
		edges = append(edges, edge{s.From, 1}, edge{s.To, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.step, b.step)) })
	most, now := 0, 0
	for _, e := range edges {
		now += e.step
		most = max(most, now)
	}
	return most
}
