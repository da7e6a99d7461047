package journey

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// A hop is an answer that redirected, and what was asked for.
type hop struct {
	method, target string
	status         int
	location       string   // as it came
	cookies        []string // the Set-Cookie lines
	took           time.Duration
}

// follow asks for what an answer redirects to, once each, until an answer does not
// redirect. It is as if the answers before had never come, but for their cookies. The
// verdict is that the step goes no further; nil where the last answer is to be judged. The
// error says why there is none.
//
// Afterwards the request is again that of the step, because a poll sends it again.
func (e *Execution) follow(ctx context.Context, s *step, took time.Duration) (*Verdict, error) {
	asked := e.req
	defer func() { e.req = asked }()
	headers := s.headersOf(e)
	for {
		h, to, ok := e.redirect()
		if !ok {
			return nil, nil
		}
		h.took = took
		if err := e.addHop(h); err != nil {
			return nil, err
		}
		if len(e.answer.hops) > s.follow {
			return e.tooManyRedirects(s.follow, to), nil
		}
		if e.keepsNoBody(h.status) {
			e.req.Method, e.req.Body, e.req.Files = http.MethodGet, nil, nil
			headers = without(headers, describesBody)
		}
		if host, ok := e.mayTakeBody(to); !ok {
			return e.secretBody(host), nil
		}
		if e.leaves(to) {
			headers = without(headers, e.isCredential)
		}
		e.req.Target = to
		begun := time.Now()
		if err := e.send(ctx, s, headers); err != nil {
			shown, _, _ := strings.Cut(to, "?") // what follows is often a credential
			return nil, fmt.Errorf("redirect %d, to %s: %w", len(e.answer.hops), shown, err)
		}
		took = time.Since(begun)
	}
}

// addHop keeps a hop as long as the step lasts. The memory of all journeys counts it: a
// head is large, and a step has many of them.
func (e *Execution) addHop(h hop) error {
	if err := e.lease.keep(h.size()); err != nil {
		return err
	}
	e.answer.hops = append(e.answer.hops, h)
	return nil
}

// dropHops forgets the hops.
func (e *Execution) dropHops() {
	for _, h := range e.answer.hops {
		_ = e.lease.keep(-h.size()) // giving back never fails
	}
	clear(e.answer.hops)
	e.answer.hops = e.answer.hops[:0]
}

// size is how much of answers a hop keeps, in bytes.
func (h *hop) size() int {
	size := len(h.target) + len(h.location)
	for _, line := range h.cookies {
		size += len(line)
	}
	return size
}

// redirect returns the answer as a hop, and what it redirects to. It reports false for any
// other answer, also for one that leads to where no HTTP request can go: browsers leave
// that to another program, and it is for the step to judge.
func (e *Execution) redirect() (h hop, to string, ok bool) {
	if !slices.Contains([]int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}, e.resp.Status) {
		return hop{}, "", false
	}
	locations := e.resp.Header("Location")
	if len(locations) == 0 || locations[0] == "" {
		return hop{}, "", false
	}
	to, ok = e.site.Resolve(e.req.Target, locations[0])
	return hop{e.req.Method, e.req.Target, e.resp.Status, locations[0], e.resp.Header("Set-Cookie"), 0}, to, ok
}

// keepsNoBody reports whether a redirect makes the request a GET (WHATWG Fetch, 4.4).
func (e *Execution) keepsNoBody(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound:
		return e.req.Method == http.MethodPost
	case http.StatusSeeOther:
		return e.req.Method != http.MethodGet && e.req.Method != http.MethodHead
	}
	return false
}

// leaves reports whether a target is at another host or port than the request before it.
func (e *Execution) leaves(to string) bool {
	before, _ := e.site.Locate(e.req.Target)
	after, _ := e.site.Locate(to)
	return before.Own != after.Own || before.Scheme != after.Scheme || before.Name != after.Name || before.Port != after.Port
}

// mayTakeBody reports whether a redirect takes no secret in the body to another host, which
// it names. The step cannot be sent without it, as it can without a header, and who chose
// the host is what answered.
func (e *Execution) mayTakeBody(to string) (host string, ok bool) {
	before, _ := e.site.Locate(e.req.Target)
	after, _ := e.site.Locate(to)
	if before.Own == after.Own && before.Name == after.Name {
		return after.Name, true
	}
	body := string(e.req.Body)
	return after.Name, e.hidden().Text(body, 2*len(body)) == body
}

// secretBody is the verdict on a step that a redirect would have sent a secret to another
// host. It is the answer that is wrong, and no rule of the documents: the host may well be
// allowed.
func (e *Execution) secretBody(host string) *Verdict {
	text := fmt.Sprintf("redirect %d, to %s, would take the body there, and a secret in it goes to no other host", len(e.answer.hops), host)
	return &Verdict{Outcome: journal.Failed, Cause: journal.Redirects, Key: journal.SecretBody, Detail: e.hidden().Text(text, maxRedirects)}
}

// isCredential reports whether a header is for the host alone that the step names.
func (e *Execution) isCredential(h experiments.Field) bool {
	if isCookie(h) || redact.SecretName(h.Name) {
		return true
	}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "WWW-Authenticate"} {
		if strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return e.hidden().Text(h.Value, 2*len(h.Value)) != h.Value // it holds ${env:…}
}

// describesBody reports whether a header is about the body that is not sent any more.
func describesBody(h experiments.Field) bool {
	return strings.HasPrefix(strings.ToLower(h.Name), "content-")
}

func without(headers []experiments.Field, drop func(experiments.Field) bool) []experiments.Field {
	return slices.DeleteFunc(slices.Clone(headers), drop)
}

// tooManyRedirects is the verdict on a step whose last hop leads further than it follows.
func (e *Execution) tooManyRedirects(limit int, to string) *Verdict {
	v := &Verdict{Outcome: journal.Failed, Cause: journal.Redirects, Key: strconv.Itoa(limit)}
	text := fmt.Sprintf("more than %d redirects", limit)
	if limit == 1 {
		text = "more than 1 redirect"
	}
	if slices.ContainsFunc(e.answer.hops, func(h hop) bool { return e.sameTarget(h.target, to) }) {
		v.Key, text = journal.Loop, "redirects in a loop"
	}
	var way []string
	for _, h := range e.answer.hops {
		way = append(way, e.hidden().Excerpt([]byte(h.location), maxLocation))
	}
	v.Detail = e.hidden().Text(text+": "+strings.Join(way, " -> "), maxRedirects)
	return v
}

// How much is said of redirects, in bytes.
const (
	maxLocation  = 200  // of one
	maxRedirects = 2000 // of all of a step
)

// sameTarget reports whether two targets are one and the same request.
func (e *Execution) sameTarget(a, b string) bool {
	first, err := e.site.Locate(a)
	second, otherErr := e.site.Locate(b)
	return err == nil && otherErr == nil && first == second
}

// referenced returns the target that begins with a captured value, which may be a reference
// of the answer that it was captured from. A path is one below the entry, where it is not
// there already.
func (e *Execution) referenced(target, from string) string {
	at, err := e.site.Locate(from)
	if err != nil {
		return target
	}
	if at.Own && strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") && !e.site.HasPrefix(target) {
		return target
	}
	if resolved, ok := e.site.Resolve(from, target); ok {
		return resolved
	}
	return target
}
