package prometheus

import (
	"context"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A Finding is something that keeps a journey from being measured.
type Finding struct {
	Asked    string // the query
	Expected string
	Came     string
	Do       string // what to do about it
	Err      error  // nil where Prometheus answered
}

// lookedBack is how many scrapes are looked back at.
const lookedBack = 6

// Look asks Prometheus for the counters of a journey, and returns the first thing that keeps
// it from being measured; nil: nothing does.
func Look(ctx context.Context, s *experiments.System, getenv func(string) (string, bool), j experiments.MeasuredJourney) *Finding {
	c, err := newClient(s, getenv)
	if err != nil {
		return &Finding{Asked: s.Measure.Prometheus, Came: err.Error(), Err: err, Do: "set the variable, or leave token out"}
	}
	return look(ctx, c, s.Measure, j)
}

func look(ctx context.Context, c *client, m *experiments.Measure, j experiments.MeasuredJourney) *Finding {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	r, at := reader{j}, clock{epoch: time.Now()}
	if err := at.look(ctx, c); err != nil {
		return &Finding{Asked: "time() of " + c.url, Expected: "a number", Came: err.Error(), Err: err, Do: "is a Prometheus at this address, and may this machine reach it?"}
	}
	list, err := r.read(ctx, c, at.there(), lookedBack*m.Scrape)
	if err != nil {
		return &Finding{Asked: "the counters of " + j.Name, Came: err.Error(), Err: err, Do: "ask Prometheus the same by hand"}
	}
	for _, check := range []func([]series, time.Duration) *Finding{r.checkThere, r.checkScrape, r.checkWhole, r.checkPlace, r.checkParts, r.checkBuckets} {
		if f := check(list, m.Scrape); f != nil {
			return r.withValues(ctx, c, f, at.there(), m.Scrape)
		}
	}
	if f := r.checkHarmed(ctx, c, list, at.there(), m.Scrape); f != nil {
		return f
	}
	if f := r.checkFresh(ctx, c, list, &at, m.Scrape); f != nil {
		return f
	}
	return r.checkTargets(list, m)
}

// checkFresh wants samples that are new, and none that is from a time that is to come: an
// experiment acts on them as they come.
func (r reader) checkFresh(ctx context.Context, c *client, list []series, clock *clock, scrape time.Duration) *Finding {
	there := clock.there()
	later, err := c.samples(ctx, r.Total, there.Add(ahead), ahead-lateAnswer)
	if err != nil {
		return &Finding{Asked: r.Total, Came: err.Error(), Err: err, Do: "ask Prometheus the same by hand"}
	}
	asked := "the newest sample of " + r.Total
	if len(later) > 0 {
		return &Finding{Asked: asked, Expected: "none of a time that is to come", Came: later[0].name + " has one", Do: "let Prometheus give samples its own time (honor_timestamps: false), or set the clock of what writes them"}
	}
	newest := int64(0)
	for _, s := range of(list, total) {
		if n := len(s.samples); n > 0 {
			newest = max(newest, s.samples[n-1].at)
		}
	}
	if old, most := there.Sub(time.UnixMilli(newest)), 2*scrape+lateAnswer; old > most {
		return &Finding{Asked: asked, Expected: "one that is at most " + figures.Span(most) + " old", Came: "one that is " + figures.Span(old.Round(100*time.Millisecond)) + " old",
			Do: "ask the Prometheus that scrapes the system itself, and not one that is told of it later"}
	}
	return nil
}

// ahead is how far samples are looked for in the time that is to come.
const ahead = time.Minute

// checkTargets wants intervals to be known. Where several Prometheus write the series of one
// target, each with a label of its own, none is; one that is lost may be a restart.
func (r reader) checkTargets(list []series, m *experiments.Measure) *Finding {
	all, lost := map[string]int{}, map[string]map[lossReason]int{}
	for _, i := range newTargets(m.Longest()).add(list) {
		all[i.target]++
		if i.lost != "" {
			if lost[i.target] == nil {
				lost[i.target] = map[lossReason]int{}
			}
			lost[i.target][i.lost]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(lost)) {
		for _, why := range slices.Sorted(maps.Keys(lost[name])) {
			if n := lost[name][why]; n < 2 || n*2 <= all[name] {
				continue
			}
			return &Finding{Asked: "the counters of " + r.Name + " of job and instance " + strconv.Quote(name), Expected: "the same series at each scrape",
				Came: fmt.Sprintf("%d of %d intervals between scrapes tell nothing (%s); its labels: %s", lost[name][why], all[name], why, labelsOf(list, name)),
				Do:   "select the series of one scrape alone: a label such as replica or prometheus, or a job that federates, mixes those of several"}
		}
	}
	return nil
}

// labelsOf are the labels in which the series of a target differ.
func labelsOf(list []series, target string) string {
	values := map[string][]string{}
	for _, s := range list {
		if s.target != target || s.role != total {
			continue
		}
		for label, v := range s.labels {
			if !slices.Contains(values[label], v) {
				values[label] = append(values[label], v)
			}
		}
	}
	var texts []string
	for _, label := range slices.Sorted(maps.Keys(values)) {
		if v := values[label]; len(v) > 1 {
			texts = append(texts, fmt.Sprintf("%s=%q", label, v[:min(len(v), mostValues)]))
		}
	}
	if texts == nil {
		return "all alike"
	}
	return strings.Join(texts, ", ")
}

// checkPlace wants each counter of harm on an arm and on a target of the total: elsewhere
// nobody knows whose journeys it counts.
func (r reader) checkPlace(list []series, _ time.Duration) *Finding {
	targets := map[string]bool{}
	for _, s := range of(list, total) {
		targets[s.target] = true
	}
	for _, s := range list {
		switch {
		case s.role == total:
		case s.armless:
			return &Finding{Asked: s.name, Expected: "the label " + r.Arm.Label + ", as total has it", Came: "no such label", Do: "give the counter the label of the arm, or select others"}
		case !targets[s.target]:
			return &Finding{Asked: s.name, Expected: "a target (job and instance) that exposes total as well: " + r.Total, Came: "job and instance " + strconv.Quote(s.target), Do: "let total and harmed select counters of the same processes"}
		}
	}
	return nil
}

var (
	metricForm  = regexp.MustCompile(`^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)`)
	matcherForm = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!=|!~|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`)
)

// metric is the name of a selector's metric; empty where it names none.
func metric(selector string) string {
	if m := metricForm.FindStringSubmatch(selector); m != nil {
		return m[1]
	}
	return ""
}

// checkHarmed wants counters of harm to be possible where there are none yet: a label that
// is misspelt selects nothing, and nothing would ever be harmed.
func (r reader) checkHarmed(ctx context.Context, c *client, list []series, at time.Time, scrape time.Duration) *Finding {
	if len(of(list, harmed)) > 0 {
		return nil
	}
	whole, name := of(list, total), metric(r.Harmed)
	if name != "" && name != metric(r.Total) {
		return r.checkMetric(ctx, c, name, at, scrape)
	}
	for _, m := range matcherForm.FindAllStringSubmatch(r.Harmed, -1) {
		label := m[1]
		if label == nameLabel || slices.ContainsFunc(whole, func(s series) bool { _, has := s.labels[label]; return has }) {
			continue
		}
		return &Finding{Asked: "harmed: " + r.Harmed, Expected: "labels that the counters of total have", Came: "none has the label " + label, Do: "is the label spelt right? As it is, no journey will ever be harmed"}
	}
	return nil
}

// checkMetric wants a metric to have series.
func (r reader) checkMetric(ctx context.Context, c *client, name string, at time.Time, scrape time.Duration) *Finding {
	found, err := c.samples(ctx, name, at, lookedBack*scrape)
	switch {
	case err != nil:
		return &Finding{Asked: name, Came: err.Error(), Err: err, Do: "ask Prometheus the same by hand"}
	case len(found) == 0:
		return &Finding{Asked: "harmed: " + r.Harmed, Expected: "series of " + name, Came: fmt.Sprintf("none in the last %s", figures.Span(lookedBack*scrape)),
			Do: "is the metric spelt right? Let the system expose it from its start on, at 0: as it is, nobody knows whether it ever counts"}
	}
	return nil
}

// of are the series of a role.
func of(list []series, as role) []series {
	return slices.DeleteFunc(slices.Clone(list), func(s series) bool { return s.role != as })
}

// checkThere wants series of the total, on each arm.
func (r reader) checkThere(list []series, scrape time.Duration) *Finding {
	wanted := map[plan.Arm]string{plan.FaultArm: ""}
	if r.Arm != nil {
		wanted = map[plan.Arm]string{plan.FaultArm: r.Arm.Label + "=" + strconv.Quote(r.Arm.Fault), plan.ControlArm: r.Arm.Label + "=" + strconv.Quote(r.Arm.Control)}
	}
	for _, arm := range []plan.Arm{plan.FaultArm, plan.ControlArm} {
		label, asked := wanted[arm]
		if !asked || slices.ContainsFunc(of(list, total), func(s series) bool { return s.arm == arm }) {
			continue
		}
		with := ""
		if label != "" {
			with = " with " + label
		}
		return &Finding{Asked: "total: " + r.Total, Expected: "series" + with, Came: fmt.Sprintf("none%s in the last %s", with, figures.Span(lookedBack*scrape)),
			Do: "is the selector right, does Prometheus scrape the system, and does it carry traffic?"}
	}
	return nil
}

// withValues adds to a finding of series that an arm lacks which values its label has.
func (r reader) withValues(ctx context.Context, c *client, f *Finding, at time.Time, scrape time.Duration) *Finding {
	if r.Arm == nil || !strings.HasPrefix(f.Came, "none with ") {
		return f
	}
	found, err := c.samples(ctx, r.Total, at, lookedBack*scrape)
	if err != nil {
		return f
	}
	var values []string
	for i := range found {
		if v := strconv.Quote(found[i].label(r.Arm.Label)); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	switch {
	case len(values) == 0:
		f.Came += ", and no series of total at all"
	case slices.Equal(values, []string{`""`}):
		f.Came += ": no series has the label " + r.Arm.Label
		f.Do = "give the counters the label of the arm, or name another one under arm"
	default:
		f.Came += ": the values of " + r.Arm.Label + " are " + strings.Join(values[:min(len(values), mostValues)], ", ")
		f.Do = "write under arm which of the values are fault and control"
	}
	return f
}

// mostValues is how many values of a label are named.
const mostValues = 10

// checkScrape wants samples as often as the document says.
func (r reader) checkScrape(list []series, scrape time.Duration) *Finding {
	var apart []int64
	for _, s := range of(list, total) {
		for i := 1; i < len(s.samples); i++ {
			apart = append(apart, s.samples[i].at-s.samples[i-1].at)
		}
	}
	asked := "samples of " + r.Total
	if len(apart) == 0 {
		return &Finding{Asked: asked, Expected: "one every " + figures.Span(scrape), Came: fmt.Sprintf("fewer than two of any series in the last %s", figures.Span(lookedBack*scrape)),
			Do: "write under measure.scrape how often Prometheus scrapes the system (scrape_interval of its job); after a start, wait until it has"}
	}
	slices.Sort(apart)
	if usual := time.Duration(apart[len(apart)/2]) * time.Millisecond; usual < scrape*4/5 || usual > scrape*6/5 {
		return &Finding{Asked: asked, Expected: "one every " + figures.Span(scrape), Came: "one every " + figures.Span(usual.Round(100*time.Millisecond)),
			Do: "write under measure.scrape how often Prometheus scrapes the system (scrape_interval of its job)"}
	}
	return nil
}

// checkWhole wants whole numbers: anything else counts no journeys.
func (r reader) checkWhole(list []series, _ time.Duration) *Finding {
	for _, s := range list {
		for _, p := range s.samples {
			if p.value != math.Trunc(p.value) || math.IsInf(p.value, 0) {
				return &Finding{Asked: s.name, Expected: "a counter of journeys", Came: strconv.FormatFloat(p.value, 'g', 6, 64), Do: "select counters: neither gauges nor what a rule computes of them"}
			}
		}
	}
	return nil
}

// latest adds up the newest values of series.
func latest(list []series) (sum float64) {
	for _, s := range list {
		if n := len(s.samples); n > 0 {
			sum += s.samples[n-1].value
		}
	}
	return sum
}

// checkParts wants what is harmed to be a part of the total.
func (r reader) checkParts(list []series, _ time.Duration) *Finding {
	if m := metric(r.Harmed); m != "" && m == metric(r.Total) {
		isOfTotal := map[string]bool{}
		for _, s := range of(list, total) {
			isOfTotal[s.name] = true
		}
		for _, s := range of(list, harmed) {
			if !isOfTotal[s.name] {
				return &Finding{Asked: "harmed: " + r.Harmed, Expected: "a part of total: " + r.Total, Came: s.name + ", which total does not select",
					Do: "let total select all journeys, also those that harmed selects"}
			}
		}
	}
	whole, part := latest(of(list, total)), latest(of(list, harmed))
	slack := 10 + whole/100 // a target reads its counters one after the other
	if part > whole+slack {
		return &Finding{Asked: "harmed: " + r.Harmed, Expected: fmt.Sprintf("a part of total (%s), at most %s", r.Total, figures.Count(int(whole))), Came: figures.Count(int(part)),
			Do: "let harmed select fewer of the counters that total selects"}
	}
	timed := of(list, bucket)
	timed = slices.DeleteFunc(timed, func(s series) bool { return !math.IsInf(s.edge, 1) })
	if n := latest(timed); part > 0 && n > 0 && part+n > whole+slack {
		return &Finding{Asked: "histogram: " + r.Duration.Histogram, Expected: fmt.Sprintf("at most %s journeys, those of total (%s) that harmed does not count", figures.Count(int(max(0, whole-part))), r.Total), Came: figures.Count(int(n)),
			Do: "let the histogram's selector leave out what harmed selects, such as code!~\"5..\": those would count twice"}
	}
	return nil
}

// checkBuckets wants a histogram with an edge at the budget.
func (r reader) checkBuckets(list []series, scrape time.Duration) *Finding {
	if r.Duration == nil {
		return nil
	}
	var edges []float64
	for _, s := range of(list, bucket) {
		if !slices.Contains(edges, s.edge) {
			edges = append(edges, s.edge)
		}
	}
	slices.Sort(edges)
	asked := "histogram: " + r.Duration.Histogram
	switch budget := r.Duration.SlowAfter; {
	case len(edges) == 0:
		return &Finding{Asked: asked, Expected: "the buckets of a classic histogram", Came: fmt.Sprintf("no series in the last %s", figures.Span(lookedBack*scrape)), Do: "select its _bucket series"}
	case !math.IsInf(edges[len(edges)-1], 1):
		return &Finding{Asked: asked, Expected: `a bucket le="+Inf"`, Came: "none", Do: "select all of its buckets"}
	case budget > 0 && !slices.Contains(edges, budget.Seconds()):
		var texts []string
		for _, e := range edges[:len(edges)-1] {
			texts = append(texts, strconv.FormatFloat(e, 'g', -1, 64)+"s")
		}
		return &Finding{Asked: asked, Expected: "a bucket whose edge is slow_after, " + figures.Span(budget), Came: "edges at " + strings.Join(texts, ", "), Do: "choose one of them as slow_after, or give the histogram this edge"}
	}
	return nil
}
