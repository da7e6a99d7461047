package results

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// A summary is what every report for people says of a run, before each report puts it
// into its own words.
type summary struct {
	r       *result.Result
	names   map[string]bool      // of the result, which texts may begin with
	order   []*result.Experiment // worst first: what broke an invariant, then what harmed most
	counts  map[result.Verdict]int
	worst   *result.Experiment // of the largest blast radius that can be trusted; nil if there is none
	dearest *result.Experiment // that costs the real system most; nil where no traffic is declared, or nothing is lost
	broken  []brokenInvariant
	unasked []unaskedInvariants
	fails   []string // how each dependency fails, what matters most first
	next    []nextStep
	left    []faultOf // injected, and not proven gone
	removed int       // faults proven gone
}

// A brokenInvariant is an invariant that a fault broke.
type brokenInvariant struct {
	of  *result.Experiment
	inv *result.Invariant
}

// A faultOf is a fault with its experiment.
type faultOf struct {
	of    *result.Experiment
	fault *result.Fault
}

// Of links to the experiment.
func (f faultOf) Of() *page.Link { return link(f.of) }

// Fault is the fault.
func (f faultOf) Fault() *result.Fault { return f.fault }

// summarize puts the experiments in order, counts their verdicts, and collects what
// the reports say of all of them.
func summarize(r *result.Result) *summary {
	s := &summary{r: r, names: names(r), counts: map[result.Verdict]int{}}
	for i := range r.Experiments {
		e := &r.Experiments[i]
		s.order = append(s.order, e)
		s.counts[e.Verdict]++
		s.countFaults(e)
	}
	slices.SortStableFunc(s.order, func(a, b *result.Experiment) int {
		return cmp.Or(cmp.Compare(slices.Index(words.Severity(), a.Verdict), slices.Index(words.Severity(), b.Verdict)),
			cmp.Compare(brokenIn(b), brokenIn(a)), cmp.Compare(estimate(b), estimate(a)))
	})
	for _, e := range s.order {
		if trustedRadius(e) != nil && (s.worst == nil || isLarger(e.BlastRadius, s.worst.BlastRadius)) {
			s.worst = e
		}
		if c := s.cost(e); c > 0 && (s.dearest == nil || c > s.cost(s.dearest)) {
			s.dearest = e
		}
		s.unasked = append(s.unasked, unasked(e)...)
		for i := range e.Invariants {
			if invariantVerdict(e, &e.Invariants[i]) == result.Refuted {
				s.broken = append(s.broken, brokenInvariant{e, &e.Invariants[i]})
			}
		}
		s.addSteps(s.steps(e))
	}
	s.fails = fails(r)
	for _, f := range slices.Backward(s.left) {
		if !slices.ContainsFunc(s.next, func(n nextStep) bool { return n.of == f.of && n.verb == removeFirst }) {
			s.next = slices.Insert(s.next, 0, nextStep{of: f.of, verb: removeFirst, text: "blastgauge recover DIR, where DIR is the directory of this run", owners: s.owners(f.of)})
		}
	}
	return s
}

// brokenIn is 1 for an experiment that broke an invariant, else 0: wrong books stay when
// the fault is gone.
func brokenIn(e *result.Experiment) int {
	if slices.ContainsFunc(e.Invariants, func(inv result.Invariant) bool { return invariantVerdict(e, &inv) == result.Refuted }) {
		return 1
	}
	return 0
}

// trusted reports whether a report may show the numbers of an experiment.
func trusted(e *result.Experiment) bool {
	return e.Trusted()
}

// trustedRadius is the blast radius of an experiment whose measurement can be
// trusted. It is nil for any other, so that no report sets a void number beside a
// verdict.
func trustedRadius(e *result.Experiment) *result.BlastRadius {
	if !trusted(e) {
		return nil
	}
	return e.BlastRadius
}

// estimate orders experiments by their blast radius; those without one come last.
func estimate(e *result.Experiment) float64 {
	if b := trustedRadius(e); b != nil {
		return b.Estimate
	}
	return -1
}

// isLarger reports whether more harm is shown of blast radius a than of b: an estimate
// with a wide interval may be anything. Where as much is shown, the estimates decide.
func isLarger(a, b *result.BlastRadius) bool {
	return cmp.Or(cmp.Compare(max(0, a.Low), max(0, b.Low)), cmp.Compare(a.Estimate, b.Estimate)) > 0
}

// countFaults counts the faults of an experiment that are gone, and keeps those that
// are not proven gone.
func (s *summary) countFaults(e *result.Experiment) {
	for i := range e.Faults {
		f := &e.Faults[i]
		begun := f.Intended || !f.Injected.IsZero()
		switch {
		case begun && f.RemovalVerified:
			s.removed++
		case begun:
			s.left = append(s.left, faultOf{e, f})
		}
	}
}

// owners are who answers for an experiment.
func (s *summary) owners(e *result.Experiment) []string { return s.r.Owners(e) }

// headline is the answer in one line.
func (s *summary) headline() string {
	line := s.verdicts()
	before := ""
	switch {
	case len(s.left) > 0:
		before = "Fault not removed: "
	case s.r.Run.Outcome == result.Interrupted:
		before = "Interrupted: "
	case s.r.Run.Outcome == result.FailedRun:
		before = "The run failed: "
	default:
		return line
	}
	return before + strings.ToLower(line[:1]) + line[1:]
}

// verdicts counts the verdict that matters most: "2 of 4 hypotheses refuted".
func (s *summary) verdicts() string {
	n := len(s.order)
	c := s.counts
	switch {
	case n == 0 || c[result.NotRun] == n:
		return "No hypothesis was tested"
	case n == 1:
		return singleHeadline(s.order[0].Verdict)
	case c[result.Held] == n:
		return "All " + figures.Count(n) + " hypotheses held"
	case c[result.Refuted] > 0:
		return figures.Count(c[result.Refuted]) + " of " + figures.Plural(n, "hypothesis", "hypotheses") + " refuted"
	case c[result.Invalid] > 0:
		return figures.Count(c[result.Invalid]) + " of " + figures.Plural(n, "measurement", "measurements") + " invalid"
	case c[result.Inconclusive] > 0:
		return figures.Count(c[result.Inconclusive]) + " of " + figures.Plural(n, "hypothesis", "hypotheses") + " inconclusive"
	}
	return figures.Count(c[result.Held]) + " of " + figures.Plural(n, "hypothesis", "hypotheses") + " held"
}

// singleHeadline is the headline of a run of one experiment.
func singleHeadline(v result.Verdict) string {
	switch v {
	case result.Held:
		return "The hypothesis held"
	case result.Refuted:
		return "The hypothesis is refuted"
	case result.Invalid:
		return "The measurement is invalid"
	}
	return "The hypothesis is inconclusive"
}

// others counts the verdicts that the headline leaves out: "1 inconclusive", "4
// held".
func (s *summary) others() []string {
	var list []string
	head := s.verdicts()
	for _, v := range words.Severity() {
		n := s.counts[v]
		if n == 0 || n == len(s.order) || strings.Contains(head, words.Verdict(v)) {
			continue
		}
		list = append(list, figures.Count(n)+" "+words.Verdict(v))
	}
	return list
}

// removal says what became of the faults. It is not ok if one may still be active.
func (s *summary) removal() (text string, ok bool) {
	all := s.removed + len(s.left)
	switch {
	case all == 0:
		return "Nothing was injected.", true
	case len(s.left) > 0:
		return figures.Count(len(s.left)) + " of " + figures.Plural(all, "fault is", "faults are") + " not proven gone and may still be in force.", false
	case all == 1:
		return "The fault was removed and verified absent.", true
	case all == 2:
		return "Both faults were removed and verified absent.", true
	}
	return "All " + figures.Count(all) + " faults were removed and verified absent.", true
}

// invariantVerdict is the verdict of the criterion about an invariant. In a result
// without criteria, a fault broke an invariant if there was no violation before it
// and there is one after it.
func invariantVerdict(e *result.Experiment, inv *result.Invariant) result.Verdict {
	if c := e.Criterion(result.InvariantCriterion, inv.Name); c != nil {
		return c.Verdict
	}
	switch { // a result of an older version
	case inv.Before == nil || inv.After == nil || *inv.Before > 0:
		return result.Inconclusive
	case *inv.After > 0:
		return result.Refuted
	}
	return result.Held
}

// limitOf is the limit of the journey that the experiment's blast radius is about.
func limitOf(e *result.Experiment) float64 {
	if j := headJourney(e); j != nil {
		return j.Limit
	}
	return e.Limits.BlastRadius
}

// headJourney is the journey that the experiment's blast radius is about; nil if there
// is none.
func headJourney(e *result.Experiment) *result.Journey {
	for i := range e.Journeys {
		if e.BlastRadius != nil && e.Journeys[i].Name == e.BlastRadius.Journey {
			return &e.Journeys[i]
		}
	}
	return nil
}

// harmedPercent writes the share of journeys that were harmed.
func harmedPercent(c result.Counts) string {
	return figures.Percent(figures.Share(c.Harmed(), c.Journeys))
}

// compared returns the counts that the fault arm of a journey is compared with, and
// what they are called.
func compared(j *result.Journey) (c result.Counts, name string) {
	if j.Arms.Control != nil && (j.BlastRadius == nil || j.BlastRadius.Control != result.BaselineControl) {
		return *j.Arms.Control, "control"
	}
	return j.Baseline.Fault, "baseline"
}

// A caveat is a warning with the experiments that it is about; it has none if it is
// about the whole run, or about all of them.
type caveat struct {
	text string
	of   []*result.Experiment
}

// Text is the warning.
func (c caveat) Text() string { return c.text }

// Of links to the experiments.
func (c caveat) Of() []*page.Link {
	var list []*page.Link
	for _, e := range c.of {
		list = append(list, link(e))
	}
	return list
}

// caveats are the warnings of the run and of its experiments, each once.
func (s *summary) caveats() []caveat {
	var list []caveat
	for _, text := range s.r.Warnings {
		list = append(list, caveat{text: text})
	}
	for _, e := range s.order {
		for _, text := range warnings(e) {
			i := slices.IndexFunc(list, func(c caveat) bool { return c.text == text && c.of != nil })
			if i < 0 {
				list = append(list, caveat{text: text})
				i = len(list) - 1
			}
			if !slices.Contains(list[i].of, e) {
				list[i].of = append(list[i].of, e)
			}
		}
	}
	for i := range list {
		if len(list[i].of) == len(s.order) && len(s.order) > 1 {
			list[i].of = nil
		}
	}
	return list
}

// warnings are the warnings of an experiment. They always say what kind of control
// there was, even if the result has no warning about it.
func warnings(e *result.Experiment) []string {
	list := append(slices.Clone(e.Warnings), uncheckedTexts(e)...)
	if slices.ContainsFunc(e.Warnings, func(text string) bool { return strings.Contains(text, "control") }) {
		return list
	}
	for _, kind := range []string{result.ContaminatedControl, result.BaselineControl} {
		i := slices.IndexFunc(e.Journeys, func(j result.Journey) bool { return j.BlastRadius != nil && j.BlastRadius.Control == kind })
		if i >= 0 {
			list = append(list, controlText(e.Journeys[i].BlastRadius))
		}
	}
	return list
}

// experimentList names a few experiments and counts the others: "a, b, c and 2
// others".
func experimentList(list []*result.Experiment, name func(*result.Experiment) string) string {
	const shown = 3
	var names []string
	for _, e := range list[:min(shown, len(list))] {
		names = append(names, name(e))
	}
	if more := len(list) - shown; more > 0 {
		names = append(names, figures.Plural(more, "other", "others"))
	}
	return figures.List(names, "and")
}

// dependencies are the names of the system's dependencies, sorted.
func dependencies(r *result.Result) []string {
	return slices.Sorted(maps.Keys(r.System.Dependencies))
}
