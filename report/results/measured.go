package results

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Measuring says what an experiment was measured by; empty where journeys were sent.
func (e *experiment) Measuring() string { return measuring(e.Experiment) }

func measuring(e *result.Experiment) string {
	m := e.Measured
	if m == nil {
		return ""
	}
	by := m.By
	if by == result.ByPrometheus {
		by = "Prometheus"
	}
	text := fmt.Sprintf("%s, scraped every %s", by, figures.Duration(m.Scrape))
	if n := len(m.Losses); n > 0 {
		text += "; of " + figures.Plural(n, "stretch", "stretches") + " of time nothing is known"
	}
	return text
}

// A boundsRow is between which edges of a histogram the percentiles of an arm are.
type boundsRow struct {
	Name   string
	Values []string
}

// BoundsHead names the percentiles of which bounds are known; empty where none are.
func (b block) BoundsHead() (list []string) {
	if b.LatencyBounds == nil {
		return nil
	}
	for _, p := range b.LatencyBounds.Fault {
		list = append(list, percentileName(p.P))
	}
	return list
}

// BoundsRows are the bounds of each arm, in the order of BoundsHead.
func (b block) BoundsRows() (rows []boundsRow) {
	if b.LatencyBounds == nil {
		return nil
	}
	for _, arm := range []struct {
		name string
		list []result.PercentileBounds
	}{{"Fault arm", b.LatencyBounds.Fault}, {"Control arm", b.LatencyBounds.Control}, {"Fault arm in the baseline", b.LatencyBounds.Baseline}} {
		if arm.list == nil {
			continue
		}
		row := boundsRow{Name: arm.name}
		for _, p := range arm.list {
			row.Values = append(row.Values, between(p))
		}
		rows = append(rows, row)
	}
	return rows
}

func percentileName(p float64) string { return "p" + strconv.FormatFloat(p*100, 'g', 4, 64) }

// between writes bounds in words.
func between(p result.PercentileBounds) string {
	switch {
	case p.High == 0:
		return "more than " + figures.Latency(p.Low)
	case p.Low == 0:
		return "at most " + figures.Latency(p.High)
	}
	return "between " + figures.Latency(p.Low) + " and " + figures.Latency(p.High)
}

// boundsText compares the percentiles under the fault with those that they are compared
// with, as far as a histogram knows them; empty where none is.
func boundsText(j *result.Journey) string {
	l := j.LatencyBounds
	if l == nil || len(l.Fault) == 0 {
		return ""
	}
	against, name := l.Baseline, "the baseline"
	if len(l.Control) == len(l.Fault) {
		against, name = l.Control, "the control"
	}
	if len(against) != len(l.Fault) {
		return ""
	}
	var parts []string
	for i, p := range l.Fault {
		parts = append(parts, percentileName(p.P)+" "+between(p)+" ("+between(against[i])+")")
	}
	return "latency by its histogram, and in " + name + ": " + strings.Join(parts, ", ")
}
