package findings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/injectors"
)

// text is an experiment as a document, for people to read and change. What is true of one
// scan alone stands in comments; see [Write].
func text(e *experiments.Experiment, run string, code scan.FindingCode, harmed *scan.CellJourney) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Found by the scan %s: %s.\n", run, strings.ReplaceAll(string(code), "_", " "))
	if harmed != nil {
		fmt.Fprintf(&b, "# It harmed %s of %s beyond its control; the 95%% interval is %s to %s.\n",
			figures.Percent(harmed.Estimate), harmed.Journey, figures.Percent(harmed.Low), figures.Percent(harmed.High))
	}
	fmt.Fprintf(&b, "version: 1\nexperiment: %s\ntitle: %s\nhypothesis: %s\nfaults:\n", e.ID, scalar(e.Title), scalar(e.Hypothesis))
	for _, fault := range e.Faults {
		b.WriteString(faultText(fault))
	}
	b.WriteString(limitsText(e.Settings.Limits))
	if p := e.Settings.Phases; p.Fault > 0 {
		fmt.Fprintf(&b, "# Long enough to show in four of five runs that the weakness is gone.\nphases: {warmup: %s, baseline: %s, fault: %s, recovery: %s}\n",
			figures.Span(p.Warmup), figures.Span(p.Baseline), figures.Span(p.Fault), figures.Span(p.Recovery))
	}
	fmt.Fprintf(&b, "if_refuted: %s\n", scalar(e.IfRefuted))
	return b.String()
}

// faultText is a fault as an item of a list.
func faultText(f experiments.Fault) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  - inject: %s\n    into: %s\n", f.Inject, scalar(f.Into))
	kind, _ := injectors.Lookup(f.Inject)
	for _, a := range kind.Attributes {
		if v, ok := f.Attributes[a.Name]; ok {
			fmt.Fprintf(&b, "    %s: %s\n", a.Name, value(a.Unit, v))
		}
	}
	if f.Share > 0 && f.Share < 1 {
		fmt.Fprintf(&b, "    share: %s\n", share(f.Share))
	}
	if f.Stream != "" {
		fmt.Fprintf(&b, "    stream: %s\n", f.Stream)
	}
	return b.String()
}

func limitsText(l experiments.Limits) string {
	parts := []string{"blast_radius: " + share(*l.BlastRadius)}
	if l.Recovery != nil {
		parts = append(parts, "recovery: "+l.Recovery.String())
	}
	if len(l.Journeys) > 0 {
		var journeys []string
		for _, name := range slices.Sorted(maps.Keys(l.Journeys)) {
			journeys = append(journeys, fmt.Sprintf("%s: {blast_radius: %s}", name, share(l.Journeys[name])))
		}
		parts = append(parts, "journeys: {"+strings.Join(journeys, ", ")+"}")
	}
	return "limits: {" + strings.Join(parts, ", ") + "}\n"
}

func share(v float64) string { return figures.ShortPercent(v, 4) }

// value is a held value of an attribute as documents write it. What is no scalar is
// written in JSON, which YAML holds.
func value(unit injectors.Unit, v any) string {
	switch held := v.(type) {
	case float64:
		return unit.Format(held)
	case string:
		return scalar(held)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "null" // held forms are JSON's own: it cannot be
	}
	return strings.TrimSpace(b.String())
}

var (
	plainForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9/_-]*( [A-Za-z0-9/_.,;()-]+)*[.]?$`)
	wordForm  = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null|nan|inf)$`)
)

// scalar is a text on one line, in quotes where YAML could take it for anything else. YAML
// knows the escapes of Go.
func scalar(s string) string {
	if plainForm.MatchString(s) && !wordForm.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}
