package link

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// followAtLeast is how many redirects a step may follow that followed one: another
// journey may meet another.
const followAtLeast = 5

// followRedirects makes one step of a request and of what its redirects led to, where
// nothing is taken from the answers between and the last one tells whether it is the
// right one. A failure is redirected, too.
func (l *linker) followRedirects() {
	var out []*step
	for i := 0; i < len(l.steps); i++ {
		last := i
		for last+1 < len(l.steps) && last-i < experiments.MaxFollow && l.isFollowed(last, i) {
			last++
		}
		for last > i && !l.steps[last].tells(l.steps[i].Method) {
			last--
		}
		s := l.steps[i]
		if last > i {
			merged := *l.steps[last]
			merged.request, merged.name, merged.follow = s.request, s.name, max(last-i, followAtLeast)
			s, i = &merged, last
		}
		out = append(out, s)
	}
	l.steps = out
}

// isFollowed reports whether a browser would send the request after step i for its
// answer, and would send the headers of the first one.
func (l *linker) isFollowed(i, first int) bool {
	s, next := l.steps[i], l.steps[i+1]
	_, target, ok := location(s.Exchange)
	if !ok || s.poll || next.poll || target != next.URL.RequestURI() || next.request.Body != nil || next.request.JSON != nil || len(next.request.Form)+len(next.request.Multipart) > 0 {
		return false
	}
	switch s.Answer.Status {
	case 301, 302, 303:
		if next.Method != "GET" {
			return false
		}
	case 307, 308:
		if next.Method != s.Method || s.Method != "GET" {
			return false
		}
	default:
		return false
	}
	for _, c := range s.captures {
		if c.from != experiments.FromHeader || c.expr != "Location" || l.isUsedAfter(c, i+1) {
			return false
		}
	}
	return slices.Equal(headerLines(l.steps[first].request), headerLines(next.request))
}

// isUsedAfter reports whether a step after step i uses a capture.
func (l *linker) isUsedAfter(c *capture, i int) bool {
	return slices.ContainsFunc(l.steps[i+1:], func(s *step) bool { return slices.Contains(s.uses, c) })
}

// headerLines returns the headers of a request but those of its body.
func headerLines(r *draft.Request) (lines []string) {
	for _, h := range r.Headers {
		if h.Key != "Content-Type" && h.Key != "Accept" {
			lines = append(lines, h.Key+": "+h.Text())
		}
	}
	return lines
}

// tells reports whether an answer is known from that of a failure. The token of a form
// is on every page, and a sum is on the one that a failure leads back to.
func (s *step) tells(method string) bool {
	return len(s.checks) > 0 || slices.ContainsFunc(s.captures, func(c *capture) bool {
		return method == "GET" || !redact.IssuedName(c.key)
	})
}
