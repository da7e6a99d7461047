package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// digests fingerprints what an experiment does, part by part, so that a
// comparison can say which part differs.
func digests(e Experiment) Digests {
	faults := make([]experiments.Fault, len(e.Faults))
	for i, f := range e.Faults {
		faults[i] = f.Fault
	}
	type load struct {
		Phases experiments.Phases
		Rates  map[string]float64
		Repeat int `json:",omitempty"`
	}
	type what struct {
		SlowAfter, Timeout time.Duration
		Steps              []experiments.Step
	}
	rates, journeys, byJourney := map[string]float64{}, map[string]what{}, map[string]float64{}
	for _, j := range e.Journeys {
		rates[j.Name] = j.Rate
		byJourney[j.Name] = j.Limit
		steps := slices.Clone(j.Steps)
		for i := range steps {
			steps[i].Needs = nil // said of the system, not sent to it
		}
		journeys[j.Name] = what{j.SlowAfter, j.Timeout, steps}
	}
	return Digests{
		Faults:   digest(faults),
		Journeys: digest(journeys),
		Load:     digest(load{e.Phases, rates, e.Repeat}),
		Limits:   digest([]any{e.Limits, byJourney}),
	}
}

// origin matches scheme, host and port of an absolute URL.
var origin = regexp.MustCompile(`https?://[^/"\s]+`)

// digest hashes the JSON of v, which sorts keys, without addresses.
func digest(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // all that is hashed is made of strings, numbers, lists and maps
		return "unknown: " + err.Error()
	}
	sum := sha256.Sum256(origin.ReplaceAll(text, nil))
	return "sha256:" + hex.EncodeToString(sum[:8])
}
