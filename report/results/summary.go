package results

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// A summary is what every report for people says of a run, before it is put
// into words of its own.
type summary struct {
	r       *result.Result
	order   []*result.Experiment // worst first
	counts  map[result.Verdict]int
	worst   *result.Experiment // of the largest blast radius that can be trusted; nil if there is none
	broken  []brokenInvariant
	next    []nextStep
	stuck   []faultOf // begun, and not proven gone
	removed int       // faults proven gone
}

// A brokenInvariant holds at most what was found, never a judgement of ours.
type brokenInvariant struct {
	of  *result.Experiment
	inv *result.Invariant
}

// A nextStep is what to do, as the experiment says or as its reasons say.
type nextStep struct {
	of     *result.Experiment
	verb   string // such as "Settle"; empty where the text is the experiment's own
	text   string
	owners []string
}

// removeFirst comes before anything else is done.
const removeFirst = "Remove the fault of"

type faultOf struct {
	of    *result.Experiment
	fault *result.Fault
}

func summarize(r *result.Result) *summary {
	s := &summary{r: r, counts: map[result.Verdict]int{}}
	for i := range r.Experiments {
		e := &r.Experiments[i]
		s.order = append(s.order, e)
		s.counts[e.Verdict]++
		s.faults(e)
	}
	slices.SortStableFunc(s.order, func(a, b *result.Experiment) int {
		return cmp.Or(cmp.Compare(slices.Index(words.Severity(), a.Verdict), slices.Index(words.Severity(), b.Verdict)),
			cmp.Compare(estimate(b), estimate(a)))
	})
	for _, e := range s.order {
		if trustedRadius(e) != nil && (s.worst == nil || estimate(e) > estimate(s.worst)) {
			s.worst = e
		}
		for i := range e.Invariants {
			if invariantVerdict(e, &e.Invariants[i]) == result.Refuted {
				s.broken = append(s.broken, brokenInvariant{e, &e.Invariants[i]})
			}
		}
		s.next = append(s.next, s.steps(e)...)
	}
	for _, f := range slices.Backward(s.stuck) {
		if !slices.ContainsFunc(s.next, func(n nextStep) bool { return n.of == f.of && n.verb == removeFirst }) {
			s.next = slices.Insert(s.next, 0, nextStep{of: f.of, verb: removeFirst, text: "blastgauge recover DIR, where DIR is the directory of this run", owners: s.owners(f.of)})
		}
	}
	return s
}

// trusted tells whether the numbers of an experiment may lead a report.
func trusted(e *result.Experiment) bool {
	return e.Verdict == result.Refuted || e.Verdict == result.Inconclusive || e.Verdict == result.Held
}

// known is the blast radius of an experiment whose measurement can be trusted;
// nil for any other, so that no report sets a void number beside a verdict.
func trustedRadius(e *result.Experiment) *result.BlastRadius {
	if !trusted(e) {
		return nil
	}
	return e.BlastRadius
}

func estimate(e *result.Experiment) float64 {
	if b := trustedRadius(e); b != nil {
		return b.Estimate
	}
	return -1
}

func (s *summary) faults(e *result.Experiment) {
	for i := range e.Faults {
		f := &e.Faults[i]
		begun := f.Intended || !f.Injected.IsZero()
		switch {
		case begun && f.RemovalVerified:
			s.removed++
		case begun:
			s.stuck = append(s.stuck, faultOf{e, f})
		}
	}
}

func (s *summary) steps(e *result.Experiment) []nextStep {
	switch e.Verdict {
	case result.Refuted:
		if e.IfRefuted == "" {
			return nil // we invent no advice
		}
		return []nextStep{{of: e, text: e.IfRefuted, owners: s.owners(e)}}
	case result.Inconclusive:
		return []nextStep{{of: e, verb: "Settle", text: words.FirstReason(e.Reasons), owners: s.owners(e)}}
	case result.Invalid:
		return []nextStep{{of: e, verb: "Measure again", text: words.FirstReason(e.Reasons), owners: s.owners(e)}}
	}
	return nil
}

// owners are those of the dependencies that the experiment's faults go into.
func (s *summary) owners(e *result.Experiment) []string {
	var list []string
	for _, f := range e.Faults {
		if o := s.r.System.Dependencies[f.Into].Owner; o != "" && !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	return list
}

// headline is the answer in one line.
func (s *summary) headline() string {
	line := s.verdicts()
	before := ""
	switch {
	case len(s.stuck) > 0:
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

func (s *summary) verdicts() string {
	n := len(s.order)
	c := s.counts
	switch {
	case n == 0 || c[result.NotRun] == n:
		return "No hypothesis was tested"
	case n == 1:
		return alone(s.order[0].Verdict)
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

func alone(v result.Verdict) string {
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

// others are the verdicts that the headline does not count: "1 inconclusive",
// "4 held".
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

// removal says what became of the faults; ok is false if one may still be in
// force.
func (s *summary) removal() (text string, ok bool) {
	all := s.removed + len(s.stuck)
	switch {
	case all == 0:
		return "Nothing was injected.", true
	case len(s.stuck) > 0:
		return figures.Count(len(s.stuck)) + " of " + figures.Plural(all, "fault is", "faults are") + " not proven gone and may still be in force.", false
	case all == 1:
		return "The fault was removed and verified absent.", true
	case all == 2:
		return "Both faults were removed and verified absent.", true
	}
	return "All " + figures.Count(all) + " faults were removed and verified absent.", true
}

// invariantVerdict is that of the experiment's criterion, which is the judge;
// a result without criteria is read by the rule that violations must be new.
func invariantVerdict(e *result.Experiment, inv *result.Invariant) result.Verdict {
	if c := e.Criterion(result.InvariantCriterion, inv.Name); c != nil {
		return c.Verdict
	}
	switch {
	case inv.Before == nil || inv.After == nil || *inv.Before > 0:
		return result.Inconclusive
	case *inv.After > 0:
		return result.Refuted
	}
	return result.Held
}

// limitOf is that of the journey which the experiment's blast radius is of.
func limitOf(e *result.Experiment) float64 {
	if j := headJourney(e); j != nil {
		return j.Limit
	}
	return e.Limits.BlastRadius
}

func headJourney(e *result.Experiment) *result.Journey {
	for i := range e.Journeys {
		if e.BlastRadius != nil && e.Journeys[i].Name == e.BlastRadius.Journey {
			return &e.Journeys[i]
		}
	}
	return nil
}

// compared are the counts that the fault arm of a journey is compared with, and
// what they are called.
func compared(j *result.Journey) (c result.Counts, name string) {
	if j.Arms.Control != nil && (j.BlastRadius == nil || j.BlastRadius.Control == result.ConcurrentControl) {
		return *j.Arms.Control, "control"
	}
	return j.Baseline.Fault, "baseline"
}

// A caveat is a warning and the experiments that it is about; none where it is
// about the whole run.
type caveat struct {
	text string
	of   []*result.Experiment
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
	return list
}

// warnings are those of the experiment. What kind of control there was is
// always said, also where the result has no warning of it.
func warnings(e *result.Experiment) []string {
	list := slices.Clone(e.Warnings)
	if slices.ContainsFunc(list, func(text string) bool { return strings.Contains(text, "control") }) {
		return list
	}
	for _, kind := range []string{result.ContaminatedControl, result.BaselineControl} {
		if slices.ContainsFunc(e.Journeys, func(j result.Journey) bool { return j.BlastRadius != nil && j.BlastRadius.Control == kind }) {
			list = append(list, controlText(kind))
		}
	}
	return list
}

// ids names a few experiments.
func ids(list []*result.Experiment) string {
	const some = 3
	var names []string
	for _, e := range list[:min(some, len(list))] {
		names = append(names, e.ID)
	}
	if more := len(list) - some; more > 0 {
		names = append(names, figures.Plural(more, "other", "others"))
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// dependencies are sorted: a map has no order of its own.
func dependencies(r *result.Result) []string {
	return slices.Sorted(maps.Keys(r.System.Dependencies))
}
