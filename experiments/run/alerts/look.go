package alerts

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A Finding is something that keeps an alert from being judged.
type Finding struct {
	Asked    string // the question
	Expected string
	Came     string
	Do       string // what to do about it
	Err      error  // nil where the server answered
}

// Look asks, before a run, whether an alert can be judged at all. It returns the first
// thing that keeps it from that; nil: nothing does. The remarks are what a reader should
// know even so.
func Look(ctx context.Context, s *experiments.System, getenv func(string) (string, bool), a experiments.Alert) (*Finding, []string) {
	to, err := newServer(s, getenv)
	if err != nil {
		return &Finding{Asked: s.Alerts.URL(), Came: err.Error(), Err: err, Do: "set the variable, or leave token out"}, nil
	}
	defer to.close()
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	now := to.ask(ctx, []string{a.Name})
	if now.err != nil {
		return to.silent("its alerts", now.err), nil
	}
	var remarks []string
	if look := now.look(a, func(text string) string { return text }); look.State == journal.AlertFiring {
		remarks = append(remarks, fmt.Sprintf("the alert %s fires already (%s): unless it clears before the fault, it cannot be judged", a.Selector(), look.Example))
	}
	if s.Alerts.Kind() == "alertmanager" {
		return nil, append(remarks, fmt.Sprintf("an Alertmanager knows no rules: whether there is one named %s, only the run will show", a.Name))
	}
	rules, err := to.rules(ctx)
	if err != nil {
		return to.silent("its rules", err), nil
	}
	f, more := checkRules(rules, a)
	return f, append(remarks, more...)
}

// silent is that the server does not say what it was asked for.
func (s *server) silent(asked string, err error) *Finding {
	name := map[string]string{"prometheus": "a Prometheus", "alertmanager": "an Alertmanager"}[s.source.Kind()]
	return &Finding{Asked: asked + ", of " + s.source.URL(), Came: explain(err), Err: err, Do: "is " + name + " at this address, and may this machine reach it?"}
}

// A rule is an alerting rule.
type rule struct {
	Name          string            `json:"name"`
	Labels        map[string]string `json:"labels"`
	Duration      float64           `json:"duration"`      // seconds that its condition has to be met for
	KeepFiringFor float64           `json:"keepFiringFor"` // seconds that it fires on after that
	Health        string            `json:"health"`
	LastError     string            `json:"lastError"`
	interval      float64           // seconds between two evaluations
}

// rules are the alerting rules of a Prometheus.
func (s *server) rules(ctx context.Context) (list []rule, err error) {
	text, _, err := s.get(ctx, "api/v1/rules", url.Values{"type": {"alert"}})
	if err != nil {
		return nil, err
	}
	return decodeRules(text)
}

// decodeRules reads the answer of /api/v1/rules.
func decodeRules(text []byte) (list []rule, err error) {
	data, err := open[struct {
		Groups []struct {
			Interval float64 `json:"interval"`
			Rules    []rule  `json:"rules"`
		} `json:"groups"`
	}](text)
	if err != nil {
		return nil, err
	}
	for _, g := range data.Groups {
		for _, r := range g.Rules {
			r.interval = g.Interval
			list = append(list, r)
		}
	}
	return list, nil
}

// checkRules looks for a rule that can fire as the alert asks for.
func checkRules(rules []rule, a experiments.Alert) (*Finding, []string) {
	asked := "the alerting rule " + a.Selector()
	var named, fit []rule
	for _, r := range rules {
		if r.Name != a.Name {
			continue
		}
		named = append(named, r)
		if clash(r, a) == "" {
			fit = append(fit, r)
		}
	}
	switch {
	case len(named) == 0:
		return &Finding{Asked: asked, Expected: "a rule of this name", Came: sayRules(rules), Do: "write name: as the rule has it after alert:, or load its file into Prometheus"}, nil
	case len(fit) == 0:
		return &Finding{Asked: asked, Expected: "a rule with these labels", Came: clash(named[0], a), Do: "write labels: as the rule has them, or leave them out"}, nil
	}
	if bad := slices.IndexFunc(fit, func(r rule) bool { return r.Health != "err" }); bad < 0 {
		return &Finding{Asked: asked, Expected: "a rule that can be evaluated", Came: cut(fit[0].LastError, mostError), Do: "correct its expression: it cannot fire like this"}, nil
	}
	return nil, remarks(fit, a)
}

// clash says which label of the alert no alert of a rule can have; empty where all may.
// What a template makes of a label only an evaluation shows.
func clash(r rule, a experiments.Alert) string {
	for label, want := range a.Labels {
		if has, ok := r.Labels[label]; ok && has != want && !strings.Contains(has, "{{") {
			return fmt.Sprintf("one with %s=%q", label, has)
		}
	}
	return ""
}

// remarks say where a rule takes longer by itself than the alert may.
func remarks(fit []rule, a experiments.Alert) (list []string) {
	quickest, cleared := fit[0], fit[0]
	for _, r := range fit {
		if r.Duration < quickest.Duration {
			quickest = r
		}
		if r.KeepFiringFor < cleared.KeepFiringFor {
			cleared = r
		}
	}
	if pending := span(quickest.Duration); pending >= a.FiresWithin {
		list = append(list, fmt.Sprintf("the rule of %s waits for %s (for:) before it fires, and fires_within is %s: it can only be late", a.Selector(), figures.Span(pending), figures.Span(a.FiresWithin)))
	} else if pending+span(quickest.interval) > a.FiresWithin {
		list = append(list, fmt.Sprintf("the rule of %s waits for %s (for:) and is evaluated every %s, and fires_within is %s: it has hardly a chance to be in time", a.Selector(), figures.Span(pending), figures.Span(span(quickest.interval)), figures.Span(a.FiresWithin)))
	}
	if keeps := span(cleared.KeepFiringFor); a.ClearsWithin > 0 && keeps >= a.ClearsWithin {
		list = append(list, fmt.Sprintf("the rule of %s fires on for %s (keep_firing_for:), and clears_within is %s: it can only clear late", a.Selector(), figures.Span(keeps), figures.Span(a.ClearsWithin)))
	}
	return list
}

// span is a number of seconds as a duration, within what a run can last.
func span(seconds float64) time.Duration {
	return time.Duration(min(max(seconds, 0), journal.LongestRun.Seconds()) * float64(time.Second))
}

// sayRules names a few rules that there are.
func sayRules(rules []rule) string {
	const shown = 5
	var names []string
	for _, r := range rules {
		if !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "no alerting rule at all"
	}
	more := len(names) - shown
	names = names[:min(shown, len(names))]
	for i := range names {
		names[i] = cut(names[i], 60)
	}
	if more > 0 {
		names = append(names, figures.Plural(more, "other", "others"))
	}
	return figures.List(names, "and")
}
