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
	return words.Harm(j) + " of " + j.Journey + " journeys, limit " + words.Limit(c.m.LimitOf(j.Journey))
}

// asDeclared reports whether the cell harms, and does what was declared.
func (c cellOf) asDeclared() bool {
	return c.Verdict == scan.Harmful && c.of.Declared == hard && !c.m.Weak(c.of, c.Cell)
}

// source says where the verdict comes from, if not from a trial of its own in this scan.
func (c cellOf) source() string {
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

// chance is said of harm that may be one of chance, seen among all cells.
const chance = "may be chance among this many cells"

// unsure reports whether the harm of a cell may be chance, and nobody declared it.
func (c cellOf) unsure() bool { return c.chance() != "" && c.of.Declared != hard }

// unseen is said where nobody was harmed, perhaps because nobody called.
const unseen = "nobody knows whether journeys call it: its server does not count, and no fault of it showed"

// unseen reports whether that nobody is harmed is no answer, as nobody may have called.
func (c cellOf) unseen() bool {
	return c.Verdict == scan.Harmless && c.of.Name != "" && c.of.Unseen()
}

// chance says that a harmful cell may be one of chance; empty where it is not.
func (c cellOf) chance() string {
	if c.Verdict != scan.Harmful || c.Significant || len(c.Broken) > 0 {
		return ""
	}
	return chance
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

// reason says why a cell has no answer, or only part of one.
func (c cellOf) reason() string { return strings.Trim(reasonOf(c.m, c.Cell), " ()") }

// facts are what else is known of a cell, in the order in which reports tell it.
func (c cellOf) facts() []string {
	var list []string
	for _, b := range c.Broken {
		list = append(list, "“"+b.Invariant+"” broke: "+brokenWords(b))
	}
	for _, b := range c.Unsettled {
		list = append(list, unsettledWords(b))
	}
	if !c.Verdict.Decided() || c.Why != "" {
		list = append(list, c.reason())
	}
	if len(c.Faults) > 0 {
		list = append(list, met(c.Faults[0]))
	}
	if c.Seconds > 0 && !c.Pooled && !c.TakenOver {
		list = append(list, "in force for "+figures.Duration(c.Seconds))
	}
	if !c.TakenOver {
		list = append(list, back(c.Cell))
	}
	return words.NonEmpty(append(list, c.Detail, unjudged(c.Cell), c.chance(), c.source())...)
}

// unsettledWords says what broke, and what else may have broken it.
func unsettledWords(b scan.Broken) string {
	var others []string
	for _, f := range b.Or {
		others = append(others, f.Dependency+" "+f.Mode.Does())
	}
	return "“" + b.Invariant + "” broke: " + brokenWords(b) + "; this, or that " + figures.List(others, "or") + " shortly before, broke it"
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
	for _, b := range c.Unsettled {
		parts = append(parts, unsettledWords(b))
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
	return c.of.Name + " " + c.mode.Does() + ": " + strings.Join(words.NonEmpty(append(parts, c.source())...), "; ")
}

// causes are why journeys were harmed, each with its journey. A cause begins with its step,
// which may have the name of the journey.
func causes(list []scan.CellJourney) (texts []string) {
	for _, j := range list {
		if j.Cause != "" {
			texts = append(texts, j.Journey+": "+strings.TrimPrefix(j.Cause, j.Journey+": "))
		}
	}
	return texts
}

// fallbackSentence says what is called instead of a dependency: "pricing → carts when it
// refuses connections: 4.5 calls per journey instead of 3.1".
func fallbackSentence(from string, f scan.Fallback) string {
	return from + " → " + f.To + " " + words.When(f.Mode) + ": " + f.To + " gets " + figures.Short(f.Calls, 2) + " calls per journey instead of " + figures.Short(f.Before, 2)
}

// pairSentence says what a pair did: "primary refuses connections and standby hangs: harmful,
// 94.1% (…) of browse journeys, limit 5%".
func (s *summary) pairSentence(p *scan.Cell) string {
	c := s.pair(p)
	text := pairName(p) + ": " + words.CellVerdict(p.Verdict)
	if p.Verdict.Decided() {
		return strings.Join(words.NonEmpty(text, c.measured(), c.chance(), c.source()), ", ")
	}
	return text + reasonOf(s.m, p)
}

// poolsTitle is the title of what is said of pools.
const poolsTitle = "Several soft dependencies at once"

// poolSentence says what a pool did: "mail and reviews at once, each hangs: harmful, …".
func (s *summary) poolSentence(p *scan.Cell) string {
	var names []string
	for _, f := range p.Faults {
		names = append(names, f.Dependency)
	}
	text := figures.List(names, "and") + " at once, each " + modeOf(p).Does() + ": " + words.CellVerdict(p.Verdict)
	return strings.Join(words.NonEmpty(text, s.pair(p).measured()), ", ")
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

// breaks says where the breaking point of a dependency is, and why it is not known better.
func (r row) breaks() string {
	text := words.BreakingPoint(r.BreakingPoint)
	if b := r.BreakingPoint; b != nil && b.Kind == words.OpenBreak && r.ended != "" && !b.TakenOver {
		text += ": " + r.ended
	}
	return text
}

// breakingPoint says where the breaking point of a dependency is, and where its own p99 is.
func (r row) breakingPoint() string {
	text := r.breaks()
	if p99 := ownP99(r.BreakingPoint); p99 != "" {
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
