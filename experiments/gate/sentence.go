package gate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// sentence is the verdict in one sentence, for people.
func (r *Report) sentence(of *result.Result) string {
	name := path.Base(filepath.ToSlash(r.Candidate.File))
	text := ""
	switch r.Verdict {
	case result.Refuted:
		blamed, many := r.blamed()
		text = fmt.Sprintf("%s may not ship: %s %s", name, blamed, r.sayFailure(many))
	case result.Held:
		text = fmt.Sprintf("%s may ship: it %s%s", name, sayHeld(of), r.sayNear())
	case result.Inconclusive:
		text = fmt.Sprintf("%s is undecided: %s", name, r.sayWhy(of))
	default:
		text = fmt.Sprintf("%s was not judged: %s", name, r.sayWhy(of))
	}
	return inert.Text(text)
}

// blamed is what of the change is to blame, as the subject of a sentence, and whether it is
// several things.
func (r *Report) blamed() (text string, many bool) {
	if s := r.Smallest; s != nil && len(s.Pointers) > 0 {
		words := make([]string, 0, len(s.Pointers))
		for _, p := range s.Pointers[:min(2, len(s.Pointers))] {
			words = append(words, r.sayChange(p))
		}
		text := figures.List(words, "and")
		if more := len(s.Pointers) - len(words); more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		if len(s.Pointers) > 1 {
			text += " together"
		}
		return text, len(s.Pointers) > 1
	}
	switch len(r.Changed) {
	case 0:
		return "it", false
	case 1:
		return r.sayChange(r.Changed[0].Pointer), false
	}
	return fmt.Sprintf("its %d changes together", len(r.Changed)), true
}

// sayChange is "/price/factor 1 → 100".
func (r *Report) sayChange(pointer string) string {
	for _, c := range r.Changed {
		if c.Pointer == pointer {
			return fmt.Sprintf("%s %s → %s", sayPointer(pointer), sayValue(c.From), sayValue(c.To))
		}
	}
	return sayPointer(pointer)
}

func sayPointer(p string) string {
	if p == "" {
		return "the document"
	}
	return p
}

// mostShown is how many characters of a value a sentence shows.
const mostShown = 40

// sayValue is a value in one line; large ones by their size.
func sayValue(value json.RawMessage) string {
	if value == nil {
		return "nothing"
	}
	var b bytes.Buffer
	if json.Compact(&b, value) != nil || b.Len() > mostShown {
		return figures.Plural(len(value), "byte", "bytes")
	}
	return b.String()
}

// sayFailure is what the worst failure harms.
func (r *Report) sayFailure(many bool) string {
	s := "s"
	if many {
		s = ""
	}
	if len(r.Failures) == 0 {
		return "fail" + s
	}
	f := r.Failures[0]
	if x := r.Smallest; x != nil && len(x.Pointers) > 0 && isBeyond(x.Harm, x.Limit) && !isBeyond(f.Harm, f.Limit) {
		if x.Journey != f.Journey {
			f.Step = "" // of another journey
		}
		f.Journey, f.Harm, f.Limit = x.Journey, x.Harm, x.Limit // it is what is blamed
	}
	switch {
	case isBeyond(f.Harm, f.Limit):
	case len(f.Violations) > 0:
		return "break" + s + " " + f.Violations[0].say()
	default:
		return "refute" + s + " " + f.Experiment + ": " + first(f.Reasons)
	}
	text := fmt.Sprintf("harm%s %s of %s journeys (%s interval %s to %s, limit %s)", s, figures.Percent(f.Harm.Estimate), f.Journey,
		figures.ShortPercent(f.Harm.Confidence, 0), figures.Percent(f.Harm.Low), figures.Percent(f.Harm.High), figures.ShortPercent(f.Limit, 1))
	if f.Step == "" {
		return text
	}
	return text + ", first at step " + f.Step + f.sayCause()
}

// isBeyond reports whether harm is shown to be beyond its limit.
func isBeyond(h *statement.Harm, limit float64) bool { return h != nil && h.Low > limit }

// say is what broke, and what customers suffer by it where the document says that.
func (v Violation) say() string {
	often := figures.Plural(int(v.New), "new violation", "new violations")
	if v.Means == "" {
		return fmt.Sprintf("the invariant %q: %s", v.Name, often)
	}
	return fmt.Sprintf("the invariant %q: %s (%s)", v.Name, v.Means, often)
}

// sayCause is why journeys were harmed, with an example where there is one.
func (f *Failure) sayCause() string {
	if f.Cause == "" {
		return ""
	}
	text := ": " + f.Cause
	if f.CauseKey != "" {
		text += " " + f.CauseKey
	}
	switch x := f.Example; {
	case x == nil:
	case x.Found != "" && x.Expected != "":
		text += fmt.Sprintf(", such as %s in place of %s", shortened(x.Found), shortened(x.Expected))
	case x.Detail != "":
		text += ", such as: " + shortened(x.Detail)
	}
	return text
}

func shortened(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// sayHeld is the highest harm that may be of any journey, beside its limit.
func sayHeld(of *result.Result) string {
	var worst *result.Journey
	for i := range of.Experiments {
		if j := Worst(&of.Experiments[i]); j != nil && (worst == nil || j.BlastRadius.High > worst.BlastRadius.High) {
			worst = j
		}
	}
	if worst == nil {
		return "held"
	}
	return fmt.Sprintf("harms at most %s of %s journeys (limit %s)", figures.UpperPercent(max(0, worst.BlastRadius.High)), worst.Name, figures.ShortPercent(worst.Limit, 1))
}

// sayNear is what is known of what is near the candidate.
func (r *Report) sayNear() string {
	if n := r.NearestFailing(); n != nil {
		in := ""
		if n.From != nil && n.Value != nil {
			in = fmt.Sprintf(" %s (%s in the candidate)", sayValue(n.Value), sayValue(n.From))
		} else {
			in = ", " + n.Operator
		}
		return "; nearest that fails: " + sayPointer(n.Pointer) + in
	}
	switch held := r.count(result.Held); {
	case held == 0:
		return ""
	case held == len(r.Neighborhood):
		return "; none of what was measured near it fails: " + figures.Plural(held, "change", "changes")
	default:
		return fmt.Sprintf("; of %s near it that were measured, %d held and none is shown to fail", figures.Plural(len(r.Neighborhood), "change", "changes"), held)
	}
}

func (r *Report) count(v result.Verdict) (n int) {
	for i := range r.Neighborhood {
		if r.Neighborhood[i].Verdict == v {
			n++
		}
	}
	return n
}

// sayWhy is the first reason why there is no verdict.
func (r *Report) sayWhy(of *result.Result) string {
	for _, f := range r.Failures {
		if f.Verdict == r.Verdict && len(f.Reasons) > 0 {
			return first(f.Reasons)
		}
	}
	if of.Run.Error != "" {
		return of.Run.Error
	}
	return "its run was " + of.Run.Outcome
}

func first(list []string) string {
	if len(list) == 0 {
		return "no reason is known"
	}
	return strings.TrimSuffix(list[0], ".")
}
