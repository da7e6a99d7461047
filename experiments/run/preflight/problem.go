package preflight

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// ErrFailed means that the system does not work as its documents say, before anything
// was injected.
var ErrFailed = errors.New("the system does not work before any fault")

// A Problem is one thing that the system does not do as its documents say. No text of
// it holds a secret.
type Problem struct {
	Journey, Step string
	Arms          []string // through which the journey failed in this way
	Check         string   // the invariant or the guardrail; empty for a journey
	Others        []string // journeys that fail for the same reason, as "JOURNEY, step STEP"

	Asked    string // the request line with its URL, the query or the command
	Expected string // empty where only an answer was
	Came     string // in one line: a status, a value, or why there was no answer
	Shows    string // the first bytes of the answer; empty if there are none
	Do       string // what to do about it
	Tries    int
	Err      error // its class; nil where there was an answer

	arm      plan.Arm
	answered bool
	status   int
	cause    journal.Cause
}

// An Error is a preflight that failed: all problems, each once. It is of class
// [ErrFailed], and of class [experiments.ErrRefused] where a host is not allowed.
type Error struct {
	Problems []*Problem
	Asked    int // how many questions
}

func (e *Error) Error() string {
	var b strings.Builder
	verb := "are"
	if len(e.Problems) == 1 {
		verb = "is"
	}
	fmt.Fprintf(&b, "the preflight failed, so nothing was injected: %s %s not as the documents say (%s asked; --no-preflight skips this)",
		figures.Plural(len(e.Problems), "answer", "answers"), verb, figures.Plural(e.Asked, "question was", "questions were"))
	for _, p := range e.Problems {
		b.WriteString("\n\n" + p.text())
	}
	return b.String()
}

// Unwrap returns the classes of the error.
func (e *Error) Unwrap() []error {
	list := []error{ErrFailed}
	for _, p := range e.Problems {
		if errors.Is(p.Err, experiments.ErrRefused) {
			list = append(list, p.Err)
		}
	}
	return list
}

// Lines are the problems in a line each, for journals and reports.
func (e *Error) Lines() []string {
	list := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		list[i] = p.line()
	}
	return list
}

// who is whose problem it is.
func (p *Problem) who() string {
	if p.Check != "" {
		return p.Check
	}
	arms := ""
	if len(p.Arms) > 0 {
		arms = " (" + figures.List(p.Arms, "and") + " arm" + strings.Repeat("s", min(1, len(p.Arms)-1)) + ")"
	}
	return p.Journey + ", step " + p.Step + arms
}

func (p *Problem) line() string {
	text := p.who() + ": " + p.Asked
	if p.Expected != "" {
		text += " expected " + p.Expected + ","
	}
	text += " came " + p.Came
	if p.Shows != "" {
		text += ": " + p.Shows
	}
	return text
}

// text is the problem for a terminal, in several lines.
func (p *Problem) text() string {
	var b strings.Builder
	b.WriteString("  " + p.who() + "\n")
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "    %-9s %s\n", name, value)
		}
	}
	row("asked", p.Asked)
	row("expected", p.Expected)
	came := p.Came
	if p.Tries > 1 {
		came += fmt.Sprintf(" (%d times)", p.Tries)
	}
	row("came", came)
	row("", p.Shows)
	row("as well", strings.Join(p.Others, "; "))
	row("to do", p.Do)
	return strings.TrimSuffix(b.String(), "\n")
}

const (
	maxShown = 200 // bytes of an answer
	maxTold  = 300 // bytes of any other text
)

// shorten makes one short line of a text, in which the values of variables are hidden
// already.
func shorten(text string) string { return oneLine(text, maxTold) }

func oneLine(text string, most int) string {
	var known *redact.Secrets
	return known.Plain(known.Excerpt([]byte(text), most), most)
}

func quoted(name string) string { return strconv.Quote(name) }

// exchangeProblem says what was wrong with the last exchange of a journey or a check.
func exchangeProblem(x journey.Exchange) *Problem {
	v := x.Verdict
	p := &Problem{Asked: x.Method + " " + x.URL, Err: v.Err, answered: x.Answered, status: x.Status, cause: v.Cause}
	if len(x.Expected) > 0 {
		p.Expected = x.Expected[0].Says
	}
	if !x.Answered {
		p.Came, p.Do = unanswered(x)
		return p
	}
	if v.Cause == journal.Redirects {
		p.Expected, p.Came, p.Do = "an answer that does not redirect", shorten(v.Detail), adviceOnAnswer(x)
		return p
	}
	p.Came = statusText(x.Status)
	if n := len(x.Hops); n > 0 {
		p.Came += fmt.Sprintf(", after %s to %s", figures.Plural(n, "redirect", "redirects"), shorten(x.Hops[n-1].URL))
	}
	switch at := slices.IndexFunc(x.Expected, func(e journey.Expectation) bool { return !e.Met }); {
	case at > 0:
		p.Expected = x.Expected[at].Says
		p.Came += ", but " + shorten(x.Expected[at].Came)
	case at < 0: // nothing to capture, or too large an answer
		p.Came += ", but " + shorten(v.Detail)
	}
	for _, f := range x.Answer {
		if f.Name == "Location" || f.Name == "Retry-After" || f.Name == "WWW-Authenticate" {
			p.Came += ", " + f.Name + ": " + shorten(f.Value)
		}
	}
	if p.Shows = oneLine(strings.TrimSpace(x.Content), maxShown); p.Shows == "" {
		p.Came += ", without a body"
	}
	p.Do = adviceOnAnswer(x)
	return p
}

// merge makes one problem of those that have one reason, so that each is told once.
func merge(list []*Problem) []*Problem {
	var merged []*Problem
	byReason := map[string]*Problem{}
	for _, p := range list {
		known := byReason[p.reason()]
		if known == nil {
			byReason[p.reason()] = p
			merged = append(merged, p)
			continue
		}
		known.Tries = max(known.Tries, p.Tries)
		switch {
		case p.Journey == known.Journey && p.Step == known.Step && p.Check == known.Check:
			for _, arm := range p.Arms {
				if !slices.Contains(known.Arms, arm) {
					known.Arms = append(known.Arms, arm)
				}
			}
		case !slices.Contains(known.Others, p.who()):
			known.Others = append(known.Others, p.who())
		}
	}
	return merged
}

// reason is equal for problems that have one reason: nobody listens, whoever asks. What
// was answered belongs to the step that asked.
func (p *Problem) reason() string {
	if !p.answered && p.Err != nil && p.Journey != "" {
		return p.Came
	}
	return fmt.Sprintf("%q", []string{p.Check, p.Journey, p.Step, p.Expected, p.Came, p.Do})
}

// seconds is a duration for people, to a millisecond.
func seconds(d time.Duration) string { return figures.Span(cmp.Or(d.Round(time.Millisecond), d)) }
