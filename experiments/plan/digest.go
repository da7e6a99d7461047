package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
)

// digestsOf returns fingerprints of the parts of an experiment. A comparison can
// say which part differs.
func digestsOf(s *experiments.System, e Experiment, saturation []float64) Digests {
	faults := make([]experiments.Fault, len(e.Faults))
	for i, f := range e.Faults {
		faults[i] = f.Fault
		if kind, ok := injectors.Lookup(f.Inject); ok { // what means the same is the same
			faults[i].Attributes = kind.Canonical(f.Attributes)
		}
	}
	type load struct {
		Phases experiments.Phases
		Rates  map[string]float64
		Repeat int                            `json:",omitempty"`
		Shares []float64                      `json:",omitempty"`
		Stages map[string][]experiments.Stage `json:",omitempty"`
	}
	type data struct {
		Digest string
		Order  experiments.Order `json:",omitempty"`
	}
	type journey struct {
		SlowAfter, Timeout time.Duration
		Steps              []experiments.Step
		Data               *data                        `json:",omitempty"`
		Traces             string                       `json:",omitempty"`
		Measured           *experiments.MeasuredJourney `json:",omitempty"`
		Command            []string                     `json:",omitempty"`
	}
	stages := map[string][]experiments.Stage{}
	rates, journeys, byJourney := map[string]float64{}, map[string]journey{}, map[string]float64{}
	for _, j := range e.Journeys {
		rates[j.Name] = j.Rate
		if j.Stages != nil {
			stages[j.Name] = j.Stages
		}
		byJourney[j.Name] = j.Limit
		steps := slices.Clone(j.Steps)
		for i := range steps {
			steps[i].Needs = nil // it describes the system and changes no request
		}
		part := journey{SlowAfter: j.SlowAfter, Timeout: j.Timeout, Steps: steps, Traces: s.Traces}
		if m, ok := measured(s, j.Name); ok {
			part.Measured = &m
		}
		if s.Traffic.Elsewhere() {
			part.Command = s.Traffic.Command
		}
		if j.Data != nil { // what is in the file decides what is sent, and not what it is called
			part.Data = &data{j.Data.Digest, j.Data.Order}
			if part.Data.Order == experiments.InTurn {
				part.Data.Order = "" // the default
			}
		}
		journeys[j.Name] = part
	}
	limits := []any{e.Limits, byJourney}
	if len(e.Alerts) > 0 {
		limits = append(limits, e.Alerts)
	}
	return Digests{
		Faults:   digest(faults),
		Journeys: digest(journeys),
		Load:     digest(load{e.Phases, rates, e.Repeat, slices.Sorted(slices.Values(saturation)), stages}),
		Limits:   digest(limits),
	}
}

// measured is what counters count of a journey. Its rate is a guess, and changes nothing.
func measured(s *experiments.System, name string) (experiments.MeasuredJourney, bool) {
	if s.Measure == nil {
		return experiments.MeasuredJourney{}, false
	}
	m, ok := s.Measure.Measured(name)
	m.Rate = 0
	return m, ok
}

// origin matches scheme, host and port of an absolute URL.
var origin = regexp.MustCompile(`https?://[^/"\s]+`)

// digest hashes the JSON of v without addresses. JSON sorts the keys of maps.
func digest(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // cannot happen: it is made of strings, numbers, lists and maps
		return "unknown: " + err.Error()
	}
	sum := sha256.Sum256(origin.ReplaceAll(text, nil))
	return "sha256:" + hex.EncodeToString(sum[:8])
}
