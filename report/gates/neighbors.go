package gates

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/charts"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// A neighbor is the candidate with one more change, in words.
type neighbor struct {
	*gate.Neighbor
	Limit float64 // of its journey; below 0: not known
}

// neighbors are those that are listed, the nearest first.
func (s *summary) neighbors() (list []neighbor) {
	for i := range first(s.r.Neighborhood, mostNear) {
		list = append(list, s.neighborOf(&s.r.Neighborhood[i]))
	}
	return list
}

func (s *summary) neighborOf(n *gate.Neighbor) neighbor {
	limit := n.Limit
	if limit <= 0 {
		limit = s.limitOf(n.Journey)
	}
	return neighbor{n, limit}
}

// nearest is the neighbor that fails and is nearest to the candidate; nil where none failed.
func (s *summary) nearest() *neighbor {
	for i := range s.r.Neighborhood {
		if s.r.Neighborhood[i].Verdict == result.Refuted {
			n := s.neighborOf(&s.r.Neighborhood[i])
			return &n
		}
	}
	return nil
}

// Place names what is changed.
func (n neighbor) Place() string { return place(n.Pointer) }

// Change says what is changed, beside the place: "30 → 300", or the change in words.
func (n neighbor) Change() string {
	if len(n.From) > 0 && len(n.Value) > 0 && n.Pointer != "" {
		return value(n.From) + " → " + value(n.Value)
	}
	return short(n.What, mostPointer)
}

// Also is the change in words, where [neighbor.Change] has only its values.
func (n neighbor) Also() string {
	if text := short(n.What, mostPointer); text != n.Change() {
		return text
	}
	return ""
}

// text is the place and the change.
func (n neighbor) text() string {
	if n.Pointer == "" {
		return n.Change()
	}
	return n.Place() + " " + n.Change()
}

// Harmed is the harm in a table.
func (n neighbor) Harmed() string { return harmShort(n.Harm) }

// Why says why the verdict is what it is, where the number does not say it.
func (n neighbor) Why() string {
	beyond := n.Harm != nil && n.Verdict == result.Refuted && n.Limit >= 0 && n.Harm.Low > n.Limit
	if beyond || n.Harm != nil && n.Verdict == result.Held {
		return ""
	}
	return n.Reason
}

// measure says what was measured, or why it was not.
func (n neighbor) measure() string {
	return strings.Join(words.NonEmpty(harmText(n.Harm, n.Journey, n.Limit), n.Why()), "; ")
}

// nearestText says what of the neighborhood fails first: "/retries 300 fails (30 in the
// candidate)". It is empty where there is no neighborhood.
func (s *summary) nearestText() string {
	n := s.nearest()
	switch {
	case n == nil && len(s.r.Neighborhood) == 0:
		return ""
	case n == nil:
		if open := s.openNeighbors(); open > 0 {
			return "nothing that was tried near it was shown to fail: " + figures.Count(open) + " of " + figures.Count(len(s.r.Neighborhood)) + " undecided"
		}
		return "nothing that was tried near it fails"
	}
	return n.text() + " fails: " + n.measure()
}

// openNeighbors is of how many neighbors nobody knows whether they fail.
func (s *summary) openNeighbors() int {
	counts := s.counts()
	return len(s.r.Neighborhood) - counts[result.Held] - counts[result.Refuted]
}

// counts is how many neighbors have a verdict.
func (s *summary) counts() map[result.Verdict]int {
	counts := map[result.Verdict]int{}
	for _, n := range s.r.Neighborhood {
		counts[n.Verdict]++
	}
	return counts
}

// counted counts the neighbors by verdict: "10 held, 2 refuted".
func (s *summary) counted() string {
	counts := s.counts()
	var parts []string
	for _, v := range words.Severity() {
		if counts[v] > 0 {
			parts = append(parts, figures.Count(counts[v])+" "+words.Verdict(v))
			delete(counts, v)
		}
	}
	other := 0
	for _, n := range counts {
		other += n
	}
	if other > 0 {
		parts = append(parts, figures.Count(other)+" "+words.Unknown)
	}
	return strings.Join(parts, ", ")
}

// mostCharts is of how many pointers the page has a chart.
const mostCharts = 6

// An edge is a place where numbers were tried, with its chart.
type edge struct {
	Name  string
	Chart template.HTML
}

// edges are the places where at least two numbers have been measured.
func (s *summary) edges() (list []edge) {
	var pointers []string
	for _, n := range s.r.Neighborhood {
		if _, is := number(n.Value); is && n.Harm != nil && !slices.Contains(pointers, n.Pointer) {
			pointers = append(pointers, n.Pointer)
		}
	}
	for _, p := range pointers {
		if len(list) == mostCharts {
			break
		}
		if e, ok := s.edgeAt(p); ok {
			list = append(list, e)
		}
	}
	return list
}

// edgeAt is the edge at a pointer. Each number is about the journey that it harms most. The
// limit is drawn where all of them have the same.
func (s *summary) edgeAt(pointer string) (edge, bool) {
	m := s.moveAt(pointer)
	v := charts.ValueChart{Limit: -1, BeforeName: "served now"}
	own := m.to
	for _, n := range s.neighbors() {
		at, is := number(n.Value)
		if n.Pointer != pointer || !is || n.Harm == nil {
			continue
		}
		switch {
		case len(v.Values) == 0:
			v.Limit = n.Limit
		case v.Limit != n.Limit:
			v.Limit = -1
		}
		if len(own) == 0 {
			own = n.From
		}
		v.Values = append(v.Values, valueOf(at, value(n.Value), n.Harm, n.Verdict, n.Journey, n.Limit))
	}
	if at, is := number(own); is {
		if w := s.worst(); w != nil {
			c := valueOf(at, value(own)+", the candidate", w.Harm, w.Verdict, w.Journey, w.Limit)
			c.Name = "candidate"
			v.Values = append(v.Values, c)
		}
	}
	if before, is := number(m.from); is {
		v.Before = &before
	}
	if len(v.Values) < 2 {
		return edge{}, false
	}
	v.Title = "Share of journeys harmed, by the value of " + place(pointer)
	return edge{place(pointer), charts.Values(v)}, true
}

// valueOf is a number in a chart.
func valueOf(at float64, name string, h *statement.Harm, v result.Verdict, journey string, limit float64) charts.Value {
	return charts.Value{
		Number: at, Low: h.Low, Estimate: h.Estimate, High: h.High, Verdict: v,
		Text: name + ": " + words.Verdict(v) + ", " + harmText(h, journey, limit),
	}
}
