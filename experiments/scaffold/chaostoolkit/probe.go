package chaostoolkit

import (
	"cmp"
	"fmt"
	"math"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// steadyState makes the journey of the HTTP probes of the steady state.
func (r *reader) steadyState(root shape.Node) {
	state, ok := root.Lookup("steady-state-hypothesis")
	if !ok || state.Kind() == shape.Null {
		return
	}
	if state.Kind() != shape.Mapping {
		r.d.FailKind(state, "steady-state-hypothesis is a mapping (key: value)")
		return
	}
	r.out.Hypothesis = line(textOf(state, "title"))
	probes, ok := state.Lookup("probes")
	if !ok {
		return
	}
	list := r.activities(probes)
	r.chooseEntry(list)
	for _, a := range list {
		switch {
		case a.call != nil:
			r.proxyProbe(a, *a.call)
		case a.via != "http":
			r.leave(a.node, a.says(), a.why())
		default:
			if s, why := r.step(a, false); why != "" {
				r.leave(a.node, a.says(), why)
			} else if len(r.journey.Steps) == draft.MaxSteps {
				r.leave(a.node, a.says(), fmt.Sprintf("a journey has at most %d steps", draft.MaxSteps))
			} else {
				r.journey.Steps = append(r.journey.Steps, s)
				if known := r.probes[a.name]; known != nil {
					known.step = s.Name
				}
			}
		}
	}
}

// chooseEntry finds the origin that most probes ask.
func (r *reader) chooseEntry(list []activity) {
	if r.journey.Origin = r.options.Origin; r.journey.Origin != "" {
		return
	}
	count := map[string]int{}
	for _, a := range list {
		if t, why := r.locate(textOf(a.provider, "url")); a.via == "http" && a.call == nil && why == "" {
			origin := r.template(t.origin)
			if count[origin]++; count[origin] > count[r.journey.Origin] {
				r.journey.Origin = origin
			}
		}
	}
}

// step makes a step of an HTTP probe; whole says that it is one of a guardrail, whose
// target is a whole URL. why says why there is none.
func (r *reader) step(a activity, whole bool) (s *draft.Step, why string) {
	t, why := r.locate(textOf(a.provider, "url"))
	if why != "" {
		return nil, why
	}
	method := strings.ToUpper(cmp.Or(textOf(a.provider, "method"), "GET"))
	switch {
	case !slices.Contains(experiments.Methods(), method):
		return nil, "requests have no method " + line(method)
	case whole && !slices.Contains([]string{"GET", "HEAD", "POST"}, method):
		return nil, "a guardrail asks and changes nothing, and " + method + " changes the system"
	}
	elsewhere := whole || r.template(t.origin) != r.journey.Origin
	if why := r.mayAsk(t, elsewhere); why != "" {
		return nil, why
	}
	s = &draft.Step{Name: a.name, Request: &draft.Request{Method: method}}
	if !whole {
		s.Name = draft.UniqueName(cmp.Or(draft.Slug(a.name), "probe"), "-", r.steps)
	}
	r.takeHeaders(s, a)
	if why := r.takeArguments(s, a, &t); why != "" {
		return nil, why
	}
	r.takeTarget(s.Request, t)
	if why := r.tolerate(s, a); why != "" {
		return nil, why
	}
	r.waits(s, a)
	r.hide(s, a)
	if elsewhere {
		r.wholeURL(s.Request, t)
	}
	return s, ""
}

// mayAsk says why a request to another origin than the entry's cannot be sent.
func (r *reader) mayAsk(t target, elsewhere bool) string {
	origin, known := shown(t.origin)
	if !elsewhere {
		return ""
	}
	if !known {
		return "its address is only known when Chaos Toolkit runs"
	}
	if host, ok := hostOf(origin); !ok || !r.mayDial(host) {
		return line(origin) + " may not be dialled unless you say so (--allow-host)"
	}
	return ""
}

func (r *reader) mayDial(host string) bool {
	return r.options.MayDial != nil && r.options.MayDial(host)
}

// hostOf returns the host of an origin.
func hostOf(origin string) (string, bool) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return "", false
	}
	return u.Hostname(), true
}

const (
	maxHeader = 8 << 10 // bytes of a header
	maxKey    = 200     // bytes of the name of a field
)

func (r *reader) takeHeaders(s *draft.Step, a activity) {
	list, ok := a.provider.Lookup("headers")
	if !ok {
		return
	}
	for _, key := range list.Keys() {
		name, value := key.Text(), textOf(list, key.Text())
		slot := r.slot(draft.InHeader, textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value))
		switch {
		case strings.EqualFold(name, "host"):
			s.Notes = append(s.Notes, r.remark(key, "the header Host is left out: host: in this file sets it for all requests"))
		case slices.Contains([]string{"content-length", "transfer-encoding", "connection", "blastgauge-run"}, strings.ToLower(name)):
		case !experiments.IsHeaderName(name) || len(value) > maxHeader || strings.ContainsFunc(slot.Text(), isControl):
			s.Notes = append(s.Notes, r.remark(key, "a header that cannot be sent is left out"))
		case slices.ContainsFunc(s.Request.Headers, func(h *draft.Slot) bool { return h.Key == slot.Key }):
			s.Notes = append(s.Notes, r.remark(key, "the header %s is given twice; the first is sent", slot.Key))
		default:
			s.Request.Headers = append(s.Request.Headers, slot)
		}
	}
}

func isControl(ch rune) bool { return ch < ' ' && ch != '\t' || ch == 0x7f }

// waits keeps how long a probe waits for its answer: a step that takes longer is slow.
func (r *reader) waits(s *draft.Step, a activity) {
	if strings.EqualFold(textOf(a.provider, "verify_tls"), "false") && !strings.HasPrefix(textOf(a.provider, "url"), "http://") {
		s.Notes = append(s.Notes, r.remark(a.provider, "verify_tls: false has no twin: tls: {ca_file: ca.pem} in this file says who signs the certificate"))
	}
	n, ok := a.provider.Lookup("timeout")
	if !ok {
		return
	}
	total := 0.0
	for _, one := range valuesOf(n) { // to connect, and to read
		text, _ := shown(r.expand(one.Text()))
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || !(seconds > 0 && seconds <= 3600) {
			return
		}
		total += seconds
	}
	s.SlowAfter = time.Duration(math.Round(total*1000)) * time.Millisecond
}

// hide replaces what no document may hold.
func (r *reader) hide(s *draft.Step, a activity) {
	s.Request.TakeApart()
	for _, slot := range s.Request.Slots() {
		if slot.Secrecy() != draft.Public && !slot.IsResolved() && !slot.HasVariable() {
			r.vault.HideIn(slot, fmt.Sprintf("%s %s of %s", slot.In, slot.Key, a.name))
		}
	}
	r.vault.HideKnown(s.Request)
	r.vault.HideExpected(s, a.name)
}

// finishJourney gives the journey its budget: what its probes wait for together.
func (r *reader) finishJourney() {
	j := r.journey
	j.Made = fmt.Sprintf("Made of the steady state of %s", r.name)
	j.SlowAfter, j.Timeout = experiments.DefaultSlowAfter, experiments.DefaultTimeout
	var total time.Duration
	all := true
	for _, s := range j.Steps {
		total += s.SlowAfter
		all = all && s.SlowAfter > 0
	}
	total = (total + time.Second - 1).Truncate(time.Second)
	if all {
		j.SlowAfter = total
		j.Remarks = append(j.Remarks, "slow_after is the time that the probes wait for their answers.")
	}
	j.SlowAfter = max(j.SlowAfter, total)
	if j.Timeout < j.SlowAfter {
		j.Timeout = 2 * j.SlowAfter
	}
	if len(j.Steps) == 1 {
		j.Steps[0].SlowAfter = 0 // the journey says it
	}
	if last := j.Steps[len(j.Steps)-1]; len(last.Checks)+len(last.Body) == 0 {
		last.Vague = true
	}
}
