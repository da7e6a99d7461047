package preflight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/check"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// tryShows begins what a command shows of a journey.
const tryShows = "`blastgauge try` shows "

// unanswered says why a request got no answer, and what to do.
func unanswered(x journey.Exchange) (came, do string) {
	v := x.Verdict
	at, detail := cmp.Or(v.Key, x.URL), shorten(v.Detail)
	switch v.Cause {
	case journal.NotAllowed:
		return v.Detail, "" // it says what to write
	case journal.DNS:
		return "the name " + at + " has no address: " + detail, "correct the name in the system file, or make it known to this machine"
	case journal.Refused:
		return "nobody listens at " + at + " (connection refused)", "is the system up? Start it, or correct the address in the system file"
	case journal.TLS:
		return "TLS with " + at + " failed: " + detail, "is it https there? tls.ca_file and tls.server_name in the system file say which authority and which name are right"
	case journal.Timeout:
		return "no answer from " + at + " within " + seconds(x.Took), "is what answers there up, and what it calls? Where it needs longer, raise the timeout of the journey or the step"
	case journal.Reset:
		return at + " reset the connection: " + detail, "is what listens there up, and does it speak HTTP? A proxy resets where nobody listens behind it"
	case journal.Closed:
		return at + " closed the connection: " + detail, "is what listens there up, and does it speak HTTP? A proxy closes the connection where nobody listens behind it"
	}
	return detail + " (" + at + ")", "does what listens there speak HTTP? " + tryShows + "what was sent"
}

// adviceOnAnswer is what to do about an answer that is not as expected.
func adviceOnAnswer(x journey.Exchange) string {
	switch {
	case x.Verdict.Cause == journal.Redirects && x.Verdict.Key == journal.Loop:
		return "does the system know its own name, and whether it is asked by https? Is the journey logged in? " + tryShows + "each redirect"
	case x.Verdict.Cause == journal.Redirects && x.Verdict.Key == journal.SecretBody:
		return "is it right that the system redirects there? Then send what is secret to that host in a step of its own, without follow in the one before"
	case x.Verdict.Cause == journal.Redirects:
		return "does the step have to follow that many? " + tryShows + "each redirect"
	case x.Verdict.Cause != journal.Status:
		return "is the expectation right, and the data of the system? " + tryShows + "the whole answer"
	case x.Status == http.StatusUnauthorized, x.Status == http.StatusForbidden, x.Status == http.StatusProxyAuthRequired:
		return "are the credentials of the journey right, and its variables set for this environment?"
	case x.Status >= 300 && x.Status < 400:
		return "redirects are followed where the step says follow: 5. Is the URL right, and the journey logged in? Where a redirect is the right answer, expect its status"
	case x.Status == http.StatusTooManyRequests:
		return "the system limits how much it takes: have it let the journeys of a run pass, which carry the header Blastgauge-Run"
	case x.Status >= 500:
		return "look at the system's own log: it answers, and cannot do its work"
	}
	return "is the request right? " + tryShows + "it and the whole answer"
}

// adviceOnAttempt is what to do about the problem with which an attempt ended. It does
// not recommend the attempt that was just made, and it knows that embedded proxies, and
// the system behind them, come and go with a run: outside of one, nothing of it stands.
func adviceOnAttempt(s *experiments.System, p *Problem) string {
	do, _, _ := strings.Cut(p.Do, tryShows)
	do = strings.TrimSpace(do)
	if s.Toxiproxy != experiments.Embedded || errors.Is(p.Err, experiments.ErrRefused) {
		return do
	}
	start := "toxiproxy: embedded has proxies only while `blastgauge run -- COMMAND ARG...` runs, which starts the system behind them. To try a journey, start `blastgauge proxy -f " + s.File + "` and then the system, each in a terminal of its own"
	if do == "" || p.cause == journal.Refused {
		return start
	}
	return do + " And " + start
}

// advise says more of what fails on the arm that goes through the proxies: which
// dependency does not answer there, and that the other arm works.
func (c *checker) advise(ctx context.Context, problems []*Problem) {
	suspect := func(p *Problem) bool {
		return p.Journey != "" && p.arm == plan.FaultArm && !errors.Is(p.Err, experiments.ErrRefused) && (!p.answered || p.status >= 500)
	}
	if !slices.ContainsFunc(problems, suspect) {
		return
	}
	silent := c.silentDependencies(ctx)
	for _, p := range problems {
		if !suspect(p) || p.cause == journal.Refused {
			continue
		}
		works := ""
		if c.passed.has(p.Journey, plan.ControlArm) {
			works = "the same journey works on the control arm. "
		}
		switch {
		case len(silent) > 0:
			p.Do = works + "Through its proxy, a dependency does not answer: " + strings.Join(silent, "; ")
		case works != "":
			p.Do = works + "Does each dependency answer behind its proxy, and does the system reach it there?"
		}
	}
}

// silentDependencies are those that do not answer through their proxies, with what came.
func (c *checker) silentDependencies(ctx context.Context) []string {
	var asked []plan.Fault
	add := func(f plan.Fault) {
		known := slices.ContainsFunc(asked, func(g plan.Fault) bool { return g.Listen == f.Listen })
		if f.Listen != "" && !known {
			asked = append(asked, f)
		}
	}
	for _, e := range c.Plan.Experiments {
		for _, f := range e.Faults {
			add(f)
		}
	}
	for _, d := range c.Plan.System.Dependencies {
		add(plan.Fault{Fault: experiments.Fault{Into: d.Name}, Listen: d.Listen, Upstream: d.Upstream})
	}
	list := make([]string, len(asked))
	var all sync.WaitGroup
	for i, f := range asked {
		all.Go(func() {
			if err := check.Reach(ctx, f, c.Plan.System.Hosts()); err != nil {
				list[i] = fmt.Sprintf("%s (its proxy at %s leads to %s): %s", f.Into, f.Listen, f.Upstream, shorten(err.Error()))
			}
		})
	}
	all.Wait()
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}
