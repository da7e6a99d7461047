package experiments

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Measure says where the counters of real traffic are, in place of journeys that are
// sent. What became of the journeys is read from a Prometheus, scrape by scrape.
type Measure struct {
	Prometheus string            `json:"prometheus"`      // URL of its API
	Token      string            `json:"token,omitempty"` // ${env:NAME}: its value is in no document; empty: it asks for none
	Scrape     time.Duration     `json:"scrape"`          // how often it scrapes the system
	Journeys   []MeasuredJourney `json:"journeys"`        // in the order of the document
}

// A MeasuredJourney is a kind of journey as counters know it. Its selectors are those of
// PromQL, such as shop_checkouts_total{job="shop"}.
type MeasuredJourney struct {
	Name     string            `json:"name"`
	Total    string            `json:"total"`          // counters of all journeys
	Harmed   string            `json:"harmed"`         // counters of those that were harmed
	Rate     float64           `json:"rate,omitempty"` // about how many a second over both arms; 0: not known
	Timeout  time.Duration     `json:"timeout,omitempty"`
	Arm      *ArmLabel         `json:"arm,omitempty"`      // nil: there is one arm
	Duration *MeasuredDuration `json:"duration,omitempty"` // nil: how long journeys take is not measured
}

// An ArmLabel is the label that tells the arms apart, and its value for each.
type ArmLabel struct {
	Label   string `json:"label"`
	Fault   string `json:"fault"`
	Control string `json:"control"`
}

// A MeasuredDuration is a classic histogram of how long journeys take.
type MeasuredDuration struct {
	Histogram string        `json:"histogram"`            // selector of its _bucket series
	SlowAfter time.Duration `json:"slow_after,omitempty"` // beyond it a journey is slow; it is the edge of a bucket. 0: none is
}

// LongestScrape is the longest scrape interval that can be measured by.
const LongestScrape = 5 * time.Minute

// Straddle is how long before a fault is removed the last interval between two scrapes may
// begin that counts, as a multiple of the scrape interval: a longer one is left out.
const Straddle = 1.5

// Longest returns how long an interval between two scrapes may be: in a longer one a scrape
// is missing, and nobody knows on which side of an edge its journeys were.
func (m *Measure) Longest() time.Duration {
	return time.Duration(Straddle * float64(m.Scrape))
}

// Armed reports whether a label tells the arms apart.
func (m *Measure) Armed() bool { return m.Journeys[0].Arm != nil }

// Measured returns the measured journey of a name.
func (m *Measure) Measured(name string) (MeasuredJourney, bool) {
	i := slices.IndexFunc(m.Journeys, func(j MeasuredJourney) bool { return j.Name == name })
	if i < 0 {
		return MeasuredJourney{}, false
	}
	return m.Journeys[i], true
}

// measuredSchema is that journeys are sent or measured.
func measuredSchema() shape.Object {
	return shape.Object{"oneOf": []shape.Object{
		{"required": []string{"url", "journeys"}, "properties": shape.Object{"measure": false}},
		{"required": []string{"measure"}, "properties": shape.Object{"journeys": false, "control_url": false, "propagates": false}},
	}}
}

// documentSchema is what the schema of a system says beside its fields.
func documentSchema() shape.Object {
	o := requestSchema()
	maps.Copy(o, measuredSchema())
	maps.Copy(o, toxiproxyGiven())
	return o
}

func measureShape(m *Measure, env environment) shape.Shape {
	return shape.Validated{Shape: shape.Fields{
		{Name: "prometheus", Doc: "URL of the Prometheus that scrapes the system", Shape: env.inText(&m.Prometheus, httpURL{to: &m.Prometheus}), Required: true},
		{Name: "token", Doc: "bearer token that its API asks for: ${env:NAME}", Shape: bearerToken(&m.Token)},
		{Name: "scrape", Doc: "how often it scrapes the system, such as 5s", Shape: positive(duration, "0s")(&m.Scrape), Required: true},
		{Name: "journeys", Doc: "what users do, as counters of the system", Required: true,
			Shape: shape.Dict[MeasuredJourney]{To: &m.Journeys, Key: ids(), Min: 1, Max: 200, Item: func(name string, j *MeasuredJourney) shape.Shape {
				j.Name = name
				return measuredShape(j)
			}}},
	}, Check: m.check}
}

func measuredShape(j *MeasuredJourney) shape.Shape {
	return shape.Fields{
		{Name: "total", Doc: `counters of all journeys, such as shop_checkouts_total{job="shop"}`, Shape: selector(&j.Total), Required: true},
		{Name: "harmed", Doc: `counters of those that were harmed, a part of total, such as shop_checkouts_total{job="shop",code=~"5.."}`, Shape: selector(&j.Harmed), Required: true},
		{Name: "rate", Doc: "about how many come over both arms, such as 40/s: with it a plan says how precisely harm will be known", Shape: positive(rate, "0/s")(&j.Rate)},
		{Name: "timeout", Doc: "how long a journey takes at the most; the first journeys to end under a fault began before it, and do not count; 10s by default", Shape: duration(&j.Timeout)},
		{Name: "arm", Doc: "the label that tells the arms apart: lane, whose values are fault and control, or {label: lane, fault: canary, control: stable}; without it the baseline is the control",
			Shape: shape.Optional[ArmLabel]{To: &j.Arm, Item: armShape}},
		{Name: "duration", Doc: "a classic histogram of how long journeys take", Shape: shape.Optional[MeasuredDuration]{To: &j.Duration, Item: func(m *MeasuredDuration) shape.Shape {
			return shape.Fields{
				{Name: "histogram", Doc: `its buckets, of journeys that harmed does not count, such as shop_checkout_seconds_bucket{job="shop",code!~"5.."}`, Shape: selector(&m.Histogram), Required: true},
				{Name: "slow_after", Doc: "budget of a journey: the edge of a bucket, beyond which it is slow; without it none is", Shape: positive(duration, "0s")(&m.SlowAfter)},
			}
		}}},
	}
}

// armShape is the name of a label, or a label with the values of the arms.
func armShape(a *ArmLabel) shape.Shape {
	a.Fault, a.Control = "fault", "control"
	return shape.ByKind{Want: "a label such as lane, or {label: lane, fault: canary, control: stable},", Scalar: labelName(&a.Label), Mapping: shape.Validated{
		Shape: shape.Fields{
			{Name: "label", Doc: "name of the label", Shape: labelName(&a.Label), Required: true},
			{Name: "fault", Doc: "its value in the fault arm", Shape: shape.Line(&a.Fault), Required: true},
			{Name: "control", Doc: "its value in the control arm", Shape: shape.Line(&a.Control), Required: true},
		}, Check: func(d *shape.Document, _ shape.Node, path string) {
			if a.Fault == a.Control {
				d.Fail(d.At(path+".control"), shape.Diagnostic{Msg: "both arms have the value " + strconv.Quote(a.Fault)})
			}
		}}}
}

const labelPattern = `^[a-zA-Z_][a-zA-Z0-9_]*$`

var labelForm = lazyregexp.New(labelPattern)

func labelName(to *string) shape.Shape {
	return shape.Scalar[string]{To: to, Want: "the name of a label, such as lane", JSON: shape.Pattern(labelPattern, "lane"), Parse: func(s string) (string, *shape.Diagnostic) {
		if !labelForm.MatchString(s) {
			return "", &shape.Diagnostic{Msg: strconv.Quote(s) + " is not the name of a label, such as lane"}
		}
		return s, nil
	}}
}

const (
	metricPattern   = `[a-zA-Z_:][a-zA-Z0-9_:]*`
	matcherPattern  = `\s*[a-zA-Z_][a-zA-Z0-9_]*\s*(=|!=|=~|!~)\s*("([^"\\]|\\.)*"|'([^'\\]|\\.)*')\s*`
	selectorPattern = `^(` + metricPattern + `\s*(\{(` + matcherPattern + `(,` + matcherPattern + `)*,?\s*)?\})?|\{` + matcherPattern + `(,` + matcherPattern + `)*,?\s*\})$`
)

var (
	selectorForm = lazyregexp.New(selectorPattern)
	functionForm = lazyregexp.New(`^\s*[a-z_]+\s*(by\s*\([^)]*\)\s*)?\(`)
)

// selector selects series by name and labels, without a function, a range or an operator.
func selector(to *string) shape.Shape {
	return shape.Scalar[string]{To: to, Want: "a selector of counters", JSON: shape.Pattern(selectorPattern, `shop_checkouts_total{job="shop"}`), Parse: func(s string) (string, *shape.Diagnostic) {
		switch {
		case selectorForm.MatchString(s):
			return s, nil
		case functionForm.MatchString(s):
			return "", &shape.Diagnostic{Msg: "a selector has no function: rate and increase guess what was between the scrapes, and here every sample counts", Hint: "write the counters themselves, such as shop_checkouts_total{job=\"shop\"}"}
		case strings.HasSuffix(s, "]"):
			return "", &shape.Diagnostic{Msg: "a selector has no range: every sample is read", Hint: "write " + s[:strings.LastIndex(s, "[")]}
		}
		return "", &shape.Diagnostic{Msg: strconv.Quote(s) + ` is not a selector such as shop_checkouts_total{job="shop"}`}
	}}
}

// bearerToken is ${env:NAME}. Anything else may be a secret, so messages do not repeat it.
func bearerToken(to *string) shape.Shape {
	const form = `^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$`
	exact := regexp.MustCompile(form)
	one := shape.Scalar[string]{To: to, Want: "a token as ${env:NAME}", JSON: shape.Pattern(form, "${env:PROMETHEUS_TOKEN}"), Parse: func(s string) (string, *shape.Diagnostic) {
		if !exact.MatchString(s) {
			return "", &shape.Diagnostic{Msg: "a token is a secret: keep it in an environment variable", Hint: "write token: ${env:PROMETHEUS_TOKEN}"}
		}
		return s, nil
	}}
	return shape.Validated{Shape: one, Check: func(d *shape.Document, n shape.Node, _ string) { keepTemplate(d, n) }}
}

// check notes what no measurement could be made of, and applies the defaults.
func (m *Measure) check(d *shape.Document, _ shape.Node, path string) {
	if m.Scrape > LongestScrape {
		d.Fail(d.At(path+".scrape"), shape.Diagnostic{Msg: fmt.Sprintf("a scrape interval of %s is too long to measure a fault by: at most %s", short(m.Scrape), short(LongestScrape))})
	}
	for i := range m.Journeys {
		j := &m.Journeys[i]
		at := path + ".journeys." + j.Name
		if !d.Given(at + ".timeout") {
			j.Timeout = DefaultTimeout
		}
		if j.Total == j.Harmed {
			d.Fail(d.At(at+".harmed"), shape.Diagnostic{Msg: "total and harmed are the same counters: all journeys would be harmed"})
		}
		if (j.Arm != nil) != m.Armed() {
			d.Fail(d.Key(at), shape.Diagnostic{Msg: "some journeys have arm and others have none: the control would be another one for each", Hint: "give arm to all of them, or to none"})
		}
	}
}

// checkMeasure notes a system of which nothing, or twice the same, would be measured, and
// makes journeys of those that are measured.
func (s *System) checkMeasure(d *shape.Document, n shape.Node) {
	if !d.Given("measure") {
		shape.Fields{
			{Name: "url", Doc: "where journeys enter; this route goes through the proxies", Required: true},
			{Name: "journeys", Doc: "what users do, as requests in order; or measure: counters of a Prometheus", Required: true},
		}.CheckRequired(d, n, "", map[string]bool{"url": d.Given("url"), "journeys": d.Given("journeys")})
		return
	}
	for _, key := range []struct{ name, why string }{
		{"journeys", "under measure no journeys are sent: what the counters count is measured"},
		{"control_url", "under measure no journeys are sent: arm says which label tells the arms apart"},
		{"propagates", "under measure no journeys are sent, so that none can be tagged: arm says which label tells the arms apart"},
	} {
		if d.Given(key.name) {
			d.Fail(d.Key(key.name), shape.Diagnostic{Msg: key.why, Hint: "leave " + key.name + " out, or measure"})
		}
	}
	if s.Traffic.Elsewhere() {
		d.Fail(d.Key("traffic.command"), shape.Diagnostic{Msg: "under measure no journeys are sent, and this program would send some", Hint: "leave command out, or measure"})
	}
	if s.Measure == nil || s.Journeys != nil {
		return
	}
	for _, j := range s.Measure.Journeys {
		s.Journeys = append(s.Journeys, Journey{Name: j.Name, Rate: j.Rate, SlowAfter: s.Measure.Longest(), Timeout: max(j.Timeout, s.Measure.Longest())})
	}
}
