package scans

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/words"
)

// worst is the journey that the cell harms most; nil where nothing was counted. That of a
// cell which a pool cleared is the pool's.
func (c cellOf) worst() *scan.CellJourney {
	numbers := scan.Cell{Journeys: c.m.Numbers(c.Cell)}
	return numbers.Worst()
}

// share is the number of a cell: "63.0%", or "≤1.9%" where no harm is shown. It is empty
// where nothing was counted, or an invariant alone broke.
func (c cellOf) share() string {
	j := c.worst()
	if j == nil || c.onlyBroke() {
		return ""
	}
	return words.HarmShare(j)
}

// onlyBroke reports whether an invariant broke and no journey was harmed beyond its limit.
func (c cellOf) onlyBroke() bool {
	j := c.worst()
	return c.Verdict == scan.Harmful && len(c.Broken) > 0 && (j == nil || j.Verdict != scan.Harmful)
}

// measured is the number of a cell with its interval, its journey and the limit: "63.0%
// (59.1 to 66.8) of checkout journeys, limit 5%". It is empty where nothing was counted.
func (c cellOf) measured() string {
	j := c.worst()
	if j == nil {
		return ""
	}
	return words.Harm(j) + " of " + j.Journey + " journeys, limit " + words.Limit(limitOf(c.m, j.Journey))
}

// asDeclared reports whether the cell harms, and does what was declared.
func (c cellOf) asDeclared() bool {
	return c.Verdict == scan.Harmful && c.of.Declared == hard && !c.m.Weak(c.of, c.Cell)
}

// how says where the verdict comes from, if not from a trial of its own in this scan.
func (c cellOf) how() string {
	switch {
	case c.TakenOver && c.m.Since != "":
		return "taken over from scan " + c.m.Since
	case c.TakenOver:
		return "taken over from an earlier scan"
	case c.Pooled:
		return "cleared in a pool"
	}
	return ""
}

// chance says that a harmful cell may be one of chance, seen among all of them.
func (c cellOf) chance() string {
	if c.Verdict != scan.Harmful || c.Significant || len(c.Broken) > 0 {
		return ""
	}
	return "may be chance among this many cells"
}

// met says how often the fault was met, where that was counted.
func met(f scan.Fault) string {
	switch {
	case f.Met == nil:
		return ""
	case f.Of == nil:
		return "met " + figures.Plural(int(*f.Met), "time", "times")
	}
	return "met " + figures.Count(int(*f.Met)) + " of " + figures.Plural(int(*f.Of), "time", "times")
}

// back says when the system was healthy again; empty where no fault was in force.
func back(c *scan.Cell) string {
	switch {
	case c.Number == 0 || c.Pooled || !c.Verdict.Decided() && c.Seconds == 0:
		return ""
	case c.NotBack:
		return "the system did not come back within its time"
	case c.Back == nil:
		return "nobody waited for the system to come back"
	}
	return "healthy again after " + figures.Duration(*c.Back)
}

// unjudged names the invariants that could not be asked; empty where all could.
func unjudged(c *scan.Cell) string {
	if len(c.Unjudged) == 0 {
		return ""
	}
	return "not asked: “" + strings.Join(c.Unjudged, "”, “") + "”"
}

// facts are what else is known of a cell, in the order in which reports tell it.
func (c cellOf) facts() []string {
	var list []string
	for _, b := range c.Broken {
		list = append(list, "“"+b.Invariant+"” broke: "+brokenWords(b))
	}
	if !c.Verdict.Decided() || c.Why != "" {
		list = append(list, strings.Trim(reasonOf(c.m, c.Cell), " ()"))
	}
	if len(c.Faults) > 0 {
		list = append(list, met(c.Faults[0]))
	}
	if c.Seconds > 0 && !c.Pooled {
		list = append(list, "in force for "+figures.Duration(c.Seconds))
	}
	if !c.TakenOver {
		list = append(list, back(c.Cell))
	}
	return words.NonEmpty(append(list, c.Detail, unjudged(c.Cell), c.chance(), c.how())...)
}

// harmed says in one line what a harmful cell harmed, and why. Where the cell says nothing of
// its journeys, only an invariant broke for certain.
func (c cellOf) harmed() string {
	why := words.CellWhy(c.Cell)
	var parts []string
	if why == "" {
		parts = append(parts, c.measured())
	}
	for _, b := range c.Broken {
		parts = append(parts, "“"+b.Invariant+"” broke: "+brokenWords(b))
	}
	if j := c.worst(); j != nil && why == "" {
		parts = append(parts, j.Cause)
	}
	parts = append(parts, why)
	if c.asDeclared() {
		parts = append(parts, "as declared")
	}
	parts = append(parts, c.chance())
	if c.NotBack {
		parts = append(parts, back(c.Cell))
	}
	parts = append(parts, unjudged(c.Cell))
	return c.of.Name + " " + words.Mode(c.mode) + ": " + strings.Join(words.NonEmpty(append(parts, c.how())...), "; ")
}

// causes are why journeys were harmed, each with its journey.
func causes(list []scan.CellJourney) (texts []string) {
	for _, j := range list {
		if j.Cause != "" {
			texts = append(texts, j.Journey+": "+j.Cause)
		}
	}
	return texts
}

// fallbackSentence says what is called instead of a dependency: "pricing → carts when it
// refuses connections: 4.5 calls per journey instead of 3.1".
func fallbackSentence(from string, f scan.Fallback) string {
	return from + " → " + f.To + " " + words.When(f.Mode) + ": " + f.To + " gets " + figures.Short(f.Calls, 2) + " calls per journey instead of " + figures.Short(f.Before, 2)
}

// pairSentence says what a pair did: "recommendations refuses and reviews refuses: harmful,
// 94.1% (…) of browse journeys, limit 5%".
func pairSentence(m *scan.Map, p *scan.Cell) string {
	c := cellOf{Cell: p, of: &scan.Dependency{}, m: m}
	text := pairName(p) + ": " + words.CellVerdict(p.Verdict)
	if p.Verdict.Decided() {
		return strings.Join(words.NonEmpty(text, c.measured()), ", ")
	}
	return text + reasonOf(m, p)
}

// poolSentence says what a pool did: "mail, recommendations and reviews hang at once:
// harmful, …".
func poolSentence(m *scan.Map, p *scan.Cell) string {
	var names []string
	for _, f := range p.Faults {
		names = append(names, f.Dependency)
	}
	c := cellOf{Cell: p, of: &scan.Dependency{}, m: m}
	text := figures.List(names, "and") + ", all at once (" + words.Mode(modeOf(p)) + "): " + words.CellVerdict(p.Verdict)
	return strings.Join(words.NonEmpty(text, c.measured()), ", ")
}

// fallbacks are what is called instead of what, as sentences.
func (s *summary) fallbacks() (list []string) {
	for _, r := range s.rows {
		for _, f := range r.Fallbacks {
			list = append(list, fallbackSentence(r.Name, f))
		}
	}
	return list
}

// breakingPoint says where the breaking point of a dependency is, and where its own p99 is.
func breakingPoint(d *scan.Dependency) string {
	text := words.BreakingPoint(d.BreakingPoint)
	if p99 := ownP99(d.BreakingPoint); p99 != "" {
		text += "; its own p99 is " + p99
	}
	return text
}

// ownP99 is the 99th percentile of what the dependency takes by itself; empty where that is
// not known, or too short to be timed.
func ownP99(b *scan.BreakingPoint) string {
	switch {
	case b == nil || b.P99 == nil || *b.P99 <= 0:
		return ""
	case b.P99AtLeast:
		return "at least " + figures.Latency(*b.P99)
	}
	return figures.Latency(*b.P99)
}
