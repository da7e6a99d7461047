package journey

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/run/journey/cookies"
	"github.com/blastgauge/blastgauge/experiments/site"
)

// cookieAddress returns what decides which cookies belong to a request: the Host that is
// sent, which need not be what is dialled, and the path on the request line. It reports
// false for a target that leads nowhere.
func cookieAddress(s *site.Site, target string) (cookies.Address, bool) {
	p, err := s.Locate(target)
	return cookies.Address{Host: p.Host, Path: site.Escape(p.Path)}, err == nil
}

// keepCookies keeps the cookies that the answer sets, until the journey ends. A poll
// may be given new ones each time.
func (e *Execution) keepCookies() error {
	set := e.resp.Header("Set-Cookie")
	size := 0
	for _, line := range set {
		size += len(line)
	}
	if size == 0 {
		return nil
	}
	if err := e.lease.keep(size); err != nil {
		return err
	}
	if from, ok := cookieAddress(e.site, e.req.Target); ok {
		e.cookies.Keep(from, set)
	}
	return nil
}

// addCookies adds the cookies of the moment to the headers of the request. There is one
// Cookie header: what the step says itself, and then what the journey was given.
func (e *Execution) addCookies() {
	if e.cookies.Empty() {
		return
	}
	to, ok := cookieAddress(e.site, e.req.Target)
	if !ok {
		return
	}
	given := ""
	for _, h := range e.req.Headers {
		if isCookie(h) {
			given = h.Value
		}
	}
	if header := e.cookies.Header(to, given); header != given {
		e.req.Headers = append(slices.DeleteFunc(slices.Clone(e.req.Headers), isCookie), experiments.Field{Name: "Cookie", Value: header})
	}
}

func isCookie(h experiments.Field) bool { return strings.EqualFold(h.Name, "Cookie") }

// cookieValues returns the values that Set-Cookie lines set for a cookie, in order and as
// they were sent, without those that delete it; and whether any line is about it.
func cookieValues(lines []string, name string) (list []string, named bool) {
	for _, line := range lines {
		c, ok := cookies.Parse(line)
		if !ok || c.Name != name {
			continue
		}
		named = true
		if !c.Deleted() {
			list = append(list, c.Value)
		}
	}
	return list, named
}

// cookieValues returns the values that the answer sets for a cookie; where it says nothing
// of it, those of the redirect before it, and so on.
func (a *answer) cookieValues(name string) []string {
	list, named := cookieValues(a.resp.Header("Set-Cookie"), name)
	for _, h := range slices.Backward(a.hops) {
		if named {
			break
		}
		list, named = cookieValues(h.cookies, name)
	}
	return list
}
